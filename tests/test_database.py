"""The DuckDB file under a workspace: what a statement may not do, and DuckDB not print."""

from __future__ import annotations

import errno
import os
import random
import shutil
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import pytest

import hookanalysis as ha
from hookanalysis.cli import cli
from hookanalysis.database import Database
from hookanalysis.errors import InputError
from hookanalysis.opening import connect_memory, explain
from hookanalysis.running import run
from hookanalysis.settings import Settings
from hookanalysis.status import find_damage
from hookanalysis.tables import BASE_TABLES, KEPT
from test_faults import write_logs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('{path}')",
        "COPY (SELECT 1) TO '{path}.out'",
        "ATTACH '{path}.duckdb' AS other",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
    ],
)
def test_no_statement_leaves_the_workspace(statement: str, tmp_path: Path, db: Database) -> None:
    path = tmp_path / "secret.txt"
    path.write_text("secret", encoding="utf-8")
    part = Database(":memory:", memory="100MB", spill=tmp_path / "spill")
    for con in (db.con, connect_memory(), part.con):
        with pytest.raises(duckdb.Error):
            con.execute(statement.format(path=path))
    assert [file.name for file in tmp_path.iterdir()] == ["secret.txt"]


LIMITS = "SELECT current_setting('memory_limit'), current_setting('threads')"
# The version of control groups → where they say what a container may take.
GROUPS = {
    2: {"box/memory.max": "1073741824\n", "box/cpu.max": "100000 100000\n", "self": "0::/box\n"},
    1: {"memory/box/memory.limit_in_bytes": "1073741824\n", "self": "4:memory:/box\n"},
}


def test_memory_and_threads_are_a_share_of_what_is_there(tmp_path: Path) -> None:
    with ha.connect(":memory:", settings=Settings(memory_percent=10)) as ws:
        low = parse_bytes(ws)
    with ha.connect(tmp_path / "case.duckdb", settings=Settings()) as ws:
        assert parse_bytes(ws) == pytest.approx(4 * low, rel=0.1)
        assert ws.rows(LIMITS)[0][1] <= len(os.sched_getaffinity(0))
    for wrong in (0, 95):
        with pytest.raises(InputError, match="memory_percent"):
            Settings(memory_percent=wrong)


def parse_bytes(ws: ha.Workspace) -> int:
    return int(ws.rows("SELECT parse_formatted_bytes(current_setting('memory_limit'))")[0][0])


@pytest.mark.parametrize("version", GROUPS)
def test_a_container_has_the_memory_that_its_control_group_gives(
    tmp_path: Path, version: int
) -> None:
    for name, text in GROUPS[version].items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    code = f"from hookanalysis.database import Database as D; print(D(':memory:').rows({LIMITS!r}))"
    mounts = (
        f"mount --bind {tmp_path} /sys/fs/cgroup && mount --bind {tmp_path}/self /proc/$$/cgroup"
    )
    if subprocess.run(["unshare", "-m", "sh", "-c", mounts], check=False).returncode:
        pytest.skip("no file system may be mounted here")
    program = ["unshare", "-m", "sh", "-c", f'{mounts} && exec "$0" -c "$1"', sys.executable, code]
    told = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    assert told.startswith("[('409.5 MiB', ")


def test_what_is_more_than_the_memory_of_a_part_goes_to_its_folder(tmp_path: Path) -> None:
    with Database(":memory:", memory="60MB", spill=tmp_path / "spill") as db:
        db.con.execute("CREATE TABLE many AS SELECT md5(i::VARCHAR) FROM range(2_000_000) AS t(i)")
        assert [*(tmp_path / "spill").glob("duckdb_temp_*")]
        assert db.rows("SELECT count(*) FROM many") == [(2_000_000,)]


def test_duckdb_draws_no_progress_of_its_own() -> None:
    # In a notebook it would stand in the cell, and so in the report; where nobody named a script,
    # DuckDB takes the session for one that wants it.
    code = """
import hookanalysis as ha
from hookanalysis.database import Database
from hookanalysis.opening import connect_memory, explain
from hookanalysis.errors import InputError, StorageError
from hookanalysis.status import find_damage
asked = "SELECT current_setting('enable_progress_bar')"
with Database(":memory:") as db:
    print(db.rows(asked), connect_memory().execute(asked).fetchall())
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "[(False,)] [(False,)]\n"


@pytest.mark.parametrize(
    "name",
    ["md:", "md:case", "http://127.0.0.1:9/x", "sqlite:x", "", ":memory:x", "a\udcff.duckdb"],
)
def test_a_name_of_a_service_is_no_workspace(name: str) -> None:
    with pytest.raises(InputError) as caught:
        Database(name)
    assert "a file on this machine" in caught.value.reason


def test_a_name_that_no_file_can_have_is_no_workspace() -> None:
    for read_only in (False, True):
        with pytest.raises(InputError):
            Database("x" * 300, read_only=read_only)


@pytest.mark.parametrize("head", [b"SQLite format 3\0" + bytes(4096), b"id,time\n", None])
def test_another_kind_of_file_is_no_workspace(head: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "case.duckdb"
    if head is None:
        path.mkdir()
    else:
        path.write_bytes(head)
    with pytest.raises(InputError) as caught:
        Database(path)
    assert "no DuckDB file" in caught.value.reason


@pytest.mark.parametrize("end", ["wal", "wal.checkpoint", "wal.recovery", "tmp", "tmp/spilled"])
@pytest.mark.parametrize("kind", ["link", "dangling", "pipe"])
def test_nothing_is_written_through_what_stands_beside(end: str, kind: str, tmp_path: Path) -> None:
    Database(tmp_path / "case.duckdb").close()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "text").write_text("mine")
    beside = tmp_path / f"case.duckdb.{end}"
    beside.parent.mkdir(exist_ok=True)
    if kind == "pipe" and end != "tmp":  # in the place of a folder, it is not opened
        os.mkfifo(beside)
    else:
        here = "" if end == "tmp" else "text"
        beside.symlink_to(tmp_path / "mine" / (here if kind == "link" else "none"))
    for read_only in (False, True):
        with pytest.raises(InputError) as caught:
            Database(tmp_path / "case.duckdb", read_only=read_only)
        assert caught.value.where == str(beside)
    assert [(path.name, path.read_text()) for path in (tmp_path / "mine").iterdir()] == [
        ("text", "mine")
    ]


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        ("CREATE TABLE t (x INT)", "not a hookanalysis workspace"),
        ("CREATE TABLE meta (schema_version INTEGER)", "not a hookanalysis workspace"),
        ("CREATE TABLE meta AS SELECT NULL::INTEGER AS schema_version", "not a hookanalysis"),
        ("CREATE TABLE meta AS SELECT 4 AS schema_version FROM range(2)", "not a hookanalysis"),
        ("CREATE TABLE meta AS SELECT 'x' AS schema_version", "not a hookanalysis workspace"),
        ("CREATE VIEW meta AS SELECT content FROM read_text('{path}')", "not a hookanalysis"),
        ("CREATE TABLE meta AS SELECT 3 AS schema_version", "an older hookanalysis"),
        ("CREATE TABLE meta AS SELECT 9999 AS schema_version", "a newer hookanalysis"),
    ],
)
def test_a_foreign_database_is_no_workspace(statements: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    with duckdb.connect(tmp_path / "case.duckdb") as con:
        con.execute(statements.format(path=tmp_path / "secret.txt"))
    for read_only in (False, True):
        with pytest.raises(InputError, match=told):
            Database(tmp_path / "case.duckdb", read_only=read_only)


def test_all_is_shut_before_the_first_statement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = (
        "SELECT current_setting('enable_external_access'), current_setting('lock_configuration')"
    )
    seen = []
    monkeypatch.setattr(Database, "_prepare", lambda db: seen.append(db.rows(asked)))
    Database(tmp_path / "case.duckdb").close()
    assert seen == [[(False, True)]]


# What is done to a whole workspace → what is said of it.
DAMAGE = [
    (
        "DELETE FROM receipt_records WHERE file_id = 4 AND line < 50",
        "records, rejects and times",
    ),
    ("INSERT INTO rejects (file_id, generation_id) VALUES (1, 1)", "records, rejects and"),
    ("UPDATE activity SET records = 9999 WHERE file_id = 3", "records, rejects and times"),
    ("UPDATE files SET kept = kept - 1 WHERE file_id = 1", "records, rejects and times"),
    ("UPDATE activity SET generation_id = 99 WHERE file_id = 3", "of activity belongs to files"),
    ("UPDATE receipt_records SET generation_id = 1 WHERE file_id = 3", "belongs to files"),
    ("DELETE FROM files WHERE file_id = 2", "of attempt_records belongs to files"),
    ("INSERT INTO generations (generation_id) VALUES (99)", "of generations belongs to files"),
    ("INSERT INTO files FROM files LIMIT 1", "files has its own file_id"),
    (
        "INSERT INTO receipt_records FROM receipt_records SELECT * REPLACE (0 AS line) LIMIT 1",
        "records, rejects and times",
    ),
    ("UPDATE receipt_records SET byte_offset = byte_offset + 9e9::BIGINT", "was loaded"),
    ("INSERT INTO attempt_records FROM attempt_records LIMIT 1", "attempt_records has its own"),
    ("INSERT INTO attempts FROM attempts LIMIT 1", "attempts has its own"),
    ("INSERT INTO attempts (attempt_key, observations) VALUES ('x', 1)", "those of the exports"),
    ("INSERT INTO receipts FROM receipts LIMIT 1", "receipts has its own"),
    (
        "INSERT INTO receipts (receipt_id, file_id, line) VALUES (7, 4, 0)",
        "receipts belongs to receipt_records",
    ),
    (
        "DELETE FROM receipts WHERE receipt_id IN (FROM matches SELECT receipt_id LIMIT 1)",
        "matches",
    ),
    ("INSERT INTO deliveries FROM deliveries LIMIT 1", "deliveries has its own"),
    ("UPDATE deliveries SET attempts = attempts + 1 WHERE outcome = 'missed'", "of the deliveries"),
    ("DELETE FROM deliveries WHERE outcome = 'missed'", "of resends belongs to deliveries"),
]


def test_damage_is_found(samples: Path, tmp_path: Path) -> None:
    with Database(shutil.copy(samples, tmp_path / "case.duckdb")) as db:
        for change, told in DAMAGE:
            db.con.execute("BEGIN")
            db.con.execute(change)
            found = find_damage(db)
            assert [words for words in found if told in words], (change, found)
            db.con.execute("ROLLBACK")
        assert find_damage(db) == []


@pytest.mark.long
def test_the_samples_are_whole(samples: Path) -> None:
    with Database(samples, read_only=True) as db:
        assert find_damage(db) == []


def test_tables_are_listed_and_join_frames_of_others(samples: Path) -> None:
    with Database(samples, read_only=True) as db:
        listed = db.tables.set_index("name")["rows"]
        first = pd.DataFrame({"event_uuid": db.table("deliveries")["event_uuid"].head(3)})
        query = "SELECT count(*) FROM mine JOIN deliveries USING (event_uuid) WHERE attempts >= $n"
        joined = db.sql(query, mine=first, n=0)
        assert listed["deliveries"] == len(db.table("deliveries"))
        assert joined.to_numpy()[0][0] >= 3
        with pytest.raises(duckdb.CatalogException):
            db.sql("FROM mine")
        with duckdb.connect() as con:
            con.register("handed", db.arrow("deliveries"))
            assert con.sql("SELECT count(*) FROM handed").fetchall() == [(listed["deliveries"],)]
        with pytest.raises(InputError, match="no table"):
            db.arrow("nothing")


def test_a_table_that_is_not_as_it_was_made_is_told(samples: Path, tmp_path: Path) -> None:
    copy = shutil.copy(samples, tmp_path / "case.duckdb")
    with duckdb.connect(copy) as con:
        con.execute("ALTER TABLE files DROP COLUMN kept; DROP TABLE rejects")
    with pytest.raises(InputError) as caught:
        Database(copy)
    assert caught.value.reason.endswith(": files, rejects")


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        # In the place of DuckDB's own: of what opens the file, of all that is asked, of operators.
        ("CREATE MACRO current_setting(a) AS error('it ran')", "current_setting"),
        ("CREATE MACRO list(a) AS error('it ran')", "list"),
        ("CREATE MACRO duckdb_functions() AS TABLE SELECT error('it ran')", "duckdb_functions"),
        ("CREATE MACRO \"+\"(a, b) AS error('it ran')", "+"),
        ("CREATE VIEW arrivals AS SELECT error('it ran')", "arrivals"),
        ("CREATE SCHEMA s; CREATE TABLE s.deliveries AS SELECT 1", "deliveries"),
        ("ALTER TABLE rejects ALTER detail SET DEFAULT error('it ran')", "detail"),
        ("CREATE TABLE t (a INT CHECK (error('it ran') > a))", "t_a_check"),
        ("CREATE UNIQUE INDEX i ON meta (tzdata)", "i"),
    ],
)
def test_what_a_file_defines_does_not_run(statement: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / "case.duckdb"
    Database(path).close()
    with duckdb.connect(path) as con:
        con.execute(statement)
    for read_only in (False, True):
        with pytest.raises(InputError) as caught:
            Database(path, read_only=read_only)
        assert caught.value.reason == f"it holds more than tables: {name}"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AssertionError("lost"), 70),
        (MemoryError(), 70),
        (OSError(errno.ENOSPC, "No space left on device", "x"), 74),
        (PermissionError(errno.EACCES, "Permission denied", "x"), 74),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "x"), 2),
        (duckdb.IOException('IO Error: Could not write file "x"'), 74),
        (duckdb.FatalException("FATAL Error: Could not write: No space left on device"), 74),
        (duckdb.Error("Corrupt database file: computed checksum 1"), 2),
        (duckdb.BinderException("no such column"), 70),
    ],
)
def test_every_error_has_its_code(error: Exception, code: int) -> None:
    assert explain(error).exit_code == code


# Type of a column → values that loading never writes, or writes into other columns only.
HOSTILE = {
    "VARCHAR": ("NULL", "''", "'nonsense'", "'../../etc/passwd'", "repeat('x', 100000)"),
    "VARCHAR[]": ("NULL", "[]", "[NULL]", "['']"),
    "DOUBLE": ("NULL", "'nan'", "'inf'", "'-inf'", "1e308", "-1"),
    "TIMESTAMP": ("NULL", "'infinity'", "'-infinity'", "'290000-01-01 (BC)'", "'9999-12-31'"),
    "DATE": ("NULL", "'infinity'", "'-infinity'", "'9999-12-31'", "'0001-01-01'"),
    "SMALLINT": ("NULL", "-1", "0", "32767"),
    "INTEGER": ("NULL", "-1", "0", "2147483647", "-2147483648"),
    "BIGINT": ("NULL", "-1", "0", "9223372036854775807", "-9223372036854775808"),
    "UBIGINT": ("NULL", "0", "18446744073709551615"),
    "BOOLEAN": ("NULL", "TRUE"),
}
CHANGES = [
    *(
        f"UPDATE {table.name} SET {column.name} = {value} {rows}"
        for table in (*BASE_TABLES, *KEPT)
        for column in table.columns
        for value in HOSTILE[column.type]
        for rows in ("", f"WHERE rowid = (SELECT max(rowid) FROM {table.name})")
    ),
    *(f"DELETE FROM {table.name}" for table in BASE_TABLES),
    *(f"INSERT INTO {table.name} FROM {table.name}" for table in BASE_TABLES),
]
random.Random(15).shuffle(CHANGES)
COMMANDS = (
    ("status",),
    ("reconcile", "--json", "--fail-on", "never"),
    ("export", "deliveries", "-o", "deliveries.csv"),
    ("doctor",),
)


@pytest.mark.parametrize("most", [2, pytest.param(len(CHANGES), marks=pytest.mark.long)])
def test_no_value_in_a_workspace_is_a_fault_of_ours(
    most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOOKANALYSIS_WORKSPACE", "case.duckdb")
    write_logs(tmp_path / "logs")
    with ha.connect("whole.duckdb") as ws:
        ws.load("logs")
        ws.reconcile()
        ws.acknowledge("refused", "known")
    wrong = {}
    for change in CHANGES[:most]:
        shutil.copy("whole.duckdb", "case.duckdb")
        with duckdb.connect("case.duckdb") as con:
            con.execute(change)
        for words in COMMANDS:
            monkeypatch.setattr(sys, "argv", ["hookanalysis", *words])
            code = run(cli)
            told = "".join(capsys.readouterr())
            if code not in {0, 1, 2} or "Traceback" in told:
                wrong[change, words[0]] = code, told
    assert wrong == {}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE receipt_records SET duration_ms = 'inf'", "receipt_records.duration_ms"),
        ("UPDATE activity SET last_at = 'infinity', records = -1", "last_at, activity.records"),
        ("UPDATE generations SET timezone = 'Mars/Base'", "generations.timezone"),
        ("UPDATE settings SET timeout_seconds = 'nan'", "settings.timeout_seconds"),
        ("UPDATE deliveries SET first_attempt_at = '290000-01-01 (BC)'", "first_attempt_at"),
    ],
)
def test_what_is_never_written_is_told_by_its_column(
    change: str, told: str, samples: Path, tmp_path: Path
) -> None:
    copy = shutil.copy(samples, tmp_path / "case.duckdb")
    with duckdb.connect(copy) as con:
        con.execute(change)
    for read_only in (False, True):
        with pytest.raises(InputError) as caught:
            Database(copy, read_only=read_only)
        assert told in caught.value.reason


def test_what_is_open_for_reading_only_is_not_changed(tmp_path: Path) -> None:
    with ha.connect(tmp_path / "case.duckdb") as ws:
        ws.load_samples()
    with ha.connect(tmp_path / "case.duckdb", read_only=True) as ws:
        for change in (partial(ws.reconcile, full=True), ws.load_samples):
            with pytest.raises(InputError, match="is open read-only"):
                change()
