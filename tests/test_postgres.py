"""A table of a live PostgreSQL database is a receiver's log: read from a real server."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import hookanalysis as ha
from hookanalysis.errors import InputError

SECRET = "pa55/w@rd"
QUOTED = "pa55%2Fw%40rd"


def uuid(n: int) -> str:
    return f"06d5dc13-0000-4000-8000-{n:012d}"


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    """The folder of a server's socket; it asks the user `reader` for a password."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    bins = folders[-1] if folders else Path(shutil.which("initdb") or "absent").parent
    if not (bins / "initdb").exists():
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    # The server does not run as root, and the length of its socket's path is limited.
    home = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    account: dict[str, Any] = {"cwd": "/"}
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
        account |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def run(*command: str, text: str = "") -> None:
        made = subprocess.run(
            command, input=text, text=True, capture_output=True, check=False, timeout=120, **account
        )
        assert made.returncode == 0, made.stderr

    cluster, log = str(home / "data"), str(home / "log")
    options = f"-c listen_addresses='' -c unix_socket_directories={home} -c fsync=off"
    try:
        run(str(bins / "initdb"), "-D", cluster, "-U", "postgres", "--auth=trust", "--no-sync")
        (home / "data" / "pg_hba.conf").write_text(
            "local all postgres trust\nlocal all all scram-sha-256\n"
        )
        run(str(bins / "pg_ctl"), "-D", cluster, "-l", log, "-o", options, "-w", "start")
        yield home
    finally:
        subprocess.run(
            [str(bins / "pg_ctl"), "-D", cluster, "-m", "immediate", "-w", "stop"],
            capture_output=True, check=False, timeout=60, **account,
        )  # fmt: skip
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def query(server: Path) -> Iterator[Callable[..., Any]]:
    """Runs a statement as the owner of a fresh table of receipts."""
    import psycopg

    with psycopg.connect(f"host={server} user=postgres dbname=postgres", autocommit=True) as con:
        con.execute("DROP SCHEMA IF EXISTS shop CASCADE; DROP ROLE IF EXISTS reader")
        con.execute(
            f"""
            CREATE SCHEMA shop;
            CREATE TABLE shop."webhook-events" (
              id bigserial, webhook_event_uuid uuid, event_type text,
              received_at timestamptz DEFAULT now(), processed_at timestamptz, status text,
              customer_email text
            );
            CREATE ROLE reader LOGIN PASSWORD '{SECRET}';
            GRANT USAGE ON SCHEMA shop TO reader;
            GRANT SELECT ON shop."webhook-events" TO reader
            """
        )
        for n in range(40):
            con.execute(
                """
                INSERT INTO shop."webhook-events"
                  (webhook_event_uuid, event_type, received_at, status, customer_email)
                VALUES (%s, 'invoice.purchase', %s, 'pending', 'jane, "@example.com')
                """,
                [uuid(n), f"2026-11-20 10:{n:02d}:00.25-07"],
            )
        yield con.execute


def address(server: Path, password: str = QUOTED, table: str = "shop.webhook-events") -> str:
    return f"postgresql://reader:{password}@/postgres?host={server}&table={table}"


def test_a_table_is_read_as_it_is_now(
    server: Path, query: Callable[..., Any], tmp_path: Path
) -> None:
    case = tmp_path / "case.duckdb"
    with ha.connect(case, settings=ha.Settings()) as ws:
        (told,) = ws.load(address(server)).files
        assert (told.status, told.format, told.layer) == ("loaded", "receipts_table", "table")
        assert (told.records, told.kept, told.rejected) == (40, 40, 0)
        assert told.path == "postgresql:///postgres?table=shop.webhook-events"
        rows = ws.rows("SELECT event_uuid, logged_at, step FROM receipt_records ORDER BY line")
        assert [row[0] for row in rows] == [uuid(n) for n in range(40)]
        assert f"{rows[0][1]:%H:%M:%S.%f}" == "17:00:00.250000"
        assert {row[2] for row in rows} == {"received"}
        assert ws.load(address(server)).files[0].status == "unchanged"
        # New rows are read on; where old ones have changed, the table takes its own place.
        query(
            """
            INSERT INTO shop."webhook-events" (webhook_event_uuid, received_at, status)
            VALUES (%s, '2026-11-20 11:00:00-07', 'pending')
            """,
            [uuid(40)],
        )
        assert ws.load(address(server)).files[0].status == "grown"
        query("UPDATE shop.\"webhook-events\" SET status = 'processed', processed_at = now()")
        assert ws.load(address(server)).files[0].status == "loaded"
        steps = ws.rows(
            "SELECT step, count(*), count(DISTINCT event_uuid) FROM receipt_records GROUP BY 1"
        )
        assert steps == [("processed", 41, 41)]
        assert ws.rows("SELECT stream FROM generations") == [("/postgres/shop.webhook-events",)]
        ws.reconcile()
        assert "processed" in str(ws.event(uuid(3), source=True))
    written = case.read_bytes()
    for private in (SECRET, QUOTED, "reader", "example.com"):
        assert private.encode() not in written


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"table": "shop.nothing"}, 'relation "shop.nothing" does not exist'),
        ({"table": "pg_authid"}, "permission denied"),
        ({"password": "wr%2Fong"}, "password authentication failed"),
        ({"password": "wr%zzong"}, "invalid percent-encoded token"),
    ],
)
def test_what_cannot_be_read_is_told_without_the_password(
    server: Path, query: Callable[..., Any], change: dict[str, str], words: str
) -> None:
    del query
    with ha.connect(":memory:", settings=ha.Settings()) as ws:
        (told,) = ws.load(address(server, **change)).files
        assert told.status == "refused"
        assert words in told.reason
        for secret in (SECRET, QUOTED, "wr/ong", "wr%2Fong", "wr%zzong"):
            assert secret not in str(told.error)
            assert secret not in str(ws.rows("FROM files"))


def test_only_known_columns_are_read_and_within_the_budget(
    server: Path, query: Callable[..., Any]
) -> None:
    query("CREATE TABLE shop.people (email text, born date)")
    query("GRANT SELECT ON shop.people TO reader")
    with ha.connect(":memory:", settings=ha.Settings(max_text_gib=1e-6)) as ws:
        told = ws.load(address(server, table="shop.people"), address(server)).files
    assert told[0].reason == "no column of the table is known: its columns: email, born"
    assert told[1].reason.startswith("the file is over the size budget")


def test_reading_writes_nothing(server: Path, query: Callable[..., Any]) -> None:
    query(
        """
        CREATE FUNCTION shop.meddle() RETURNS text LANGUAGE sql AS
          'DELETE FROM shop."webhook-events" RETURNING ''x''';
        CREATE VIEW shop.trap AS
          SELECT webhook_event_uuid, received_at, shop.meddle() AS status
          FROM shop."webhook-events";
        GRANT SELECT ON shop.trap TO reader; GRANT DELETE ON shop."webhook-events" TO reader
        """
    )
    with ha.connect(":memory:", settings=ha.Settings()) as ws:
        (told,) = ws.load(address(server, table="shop.trap")).files
    assert "read-only transaction" in told.reason
    assert query('SELECT count(*) FROM shop."webhook-events"').fetchone() == (40,)


@pytest.mark.parametrize(
    "told",
    [
        "postgresql://me:pa55w0rd@db.example/app",
        "postgresql://me:pa55w0rd@more@db.example/app?table=receipts",
        "mysql://me:pa55w0rd@db.example/app?table=receipts",
        Path("postgres://me:pa55w0rd@h/d"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_and_not_repeated(told: str | Path) -> None:
    with ha.connect(":memory:", settings=ha.Settings()) as ws:
        with pytest.raises(InputError) as error:
            ws.load(told)
        assert "pa55w0rd" not in str(error.value)
        assert error.value.hint


def test_without_psycopg_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with ha.connect(":memory:", settings=ha.Settings()) as ws:
        (told,) = ws.load("postgresql://me:pa55w0rd@db.example/app?table=receipts").files
    assert "not installed" in told.reason
    assert "hookanalysis[postgres]" in str(told.error)
    assert "pa55w0rd" not in str(told)
