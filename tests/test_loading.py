"""Loading: exactly once, by content, whole or not at all."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hookanalysis as ha
from hookanalysis.errors import BusyError, InputError
from hookanalysis.formats.probing import try_file
from hookanalysis.load import files, manifest
from hookanalysis.read.sources import Source
from hookanalysis.settings import Known
from hookanalysis.tables import TABLES
from tiers import some
from wrapping import PACKINGS, UNPROVEN

FEW_AND_MANY = pytest.mark.parametrize("examples", [2, pytest.param(6, marks=pytest.mark.long)])
Content = dict[str, list[tuple[Any, ...]]]

SHOWPASS = "34.83.8.110"


def uuid(n: int) -> str:
    return f"06d5dc13-0000-4000-8000-{n:012d}"


def access_line(
    n: int, request: str = "POST /webhooks/showpass HTTP/1.1", status: int = 200
) -> str:
    at = f"20/Nov/2026:{10 + n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d} +0000"
    return f'{SHOWPASS} - - [{at}] "{request}" {status} {100 + n} "-" "Showpass"\n'


def app_line(n: int) -> str:
    at = f"2026-11-20T{10 + n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}Z"
    return f'{{"time":"{at}","level":"info","msg":"processed","webhook_event_uuid":"{uuid(n)}"}}\n'


def export_text(*rows: tuple[int, str, str]) -> str:
    """Rows of (event, status, code)."""
    head = "ID,Time,Event,Idempotency,Webhook URL,Status,HTTP Status Code,Response Body\n"
    body = "".join(
        f"at{n},2026-11-20T10:{n:02d}:00Z,invoice.purchase,{uuid(n)},https://a.example/w,{s},{c},\n"
        for n, s, c in rows
    )
    return head + body


ACCESS = [access_line(n) if n % 3 else access_line(n, "GET / HTTP/1.1") for n in range(0, 600, 7)]


@pytest.fixture
def ws() -> Iterator[ha.Workspace]:
    with ha.connect(":memory:", settings=ha.Settings()) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Content:
    """What a fresh workspace holds of `ACCESS`, loaded at once."""
    log = tmp_path_factory.mktemp("whole") / "access.log"
    log.write_text("".join(ACCESS))
    return loaded(log.parent, log)


def statuses(report: ha.LoadReport) -> list[str]:
    return [file.status for file in report.files]


def content(ws: ha.Workspace) -> Content:
    """All that the logs said, without the numbers that loading gave to files and generations."""
    found: Content = {}
    for table in (TABLES["attempt_records"], TABLES["receipt_records"]):
        names = ", ".join(n for n in table.names if n not in {"file_id", "generation_id"})
        query = f"SELECT {names} FROM {table.name} ORDER BY ALL"
        found[table.name] = ws.rows(query)
    found["activity"] = ws.rows(
        """
        SELECT split(g.stream, '/')[-1], minute_at, min(first_at), max(last_at), sum(records)
        FROM activity JOIN generations AS g USING (generation_id) GROUP BY ALL ORDER BY ALL
        """
    )
    for view in ("attempts", "coverage"):
        given = {"file_id", "line", "delivery_no"}
        names = ", ".join(c for c in ws.table(view).columns if c not in given)
        names = names.replace("stream", "split(stream, '/')[-1]")  # without its folder
        found[view] = ws.rows(f"SELECT {names} FROM {view} ORDER BY ALL")
    return found


def stored(ws: ha.Workspace) -> Content:
    """All that loading writes of logs, from which the rest follows."""
    names = ("attempt_records", "receipt_records", "activity", "generations", "rejects")
    return {name: ws.rows(f"FROM {name} ORDER BY ALL") for name in names}


def loaded(folder: Path, *paths: Path) -> Content:
    """What a fresh workspace holds after loading the paths one by one."""
    file = folder / "fresh.duckdb"
    file.unlink(missing_ok=True)
    with ha.connect(file, settings=ha.Settings()) as workspace:
        for path in paths:
            workspace.load(path)
        return content(workspace)


def test_the_same_file_twice_adds_nothing(ws: ha.Workspace, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text("".join(ACCESS))
    assert statuses(ws.load(log)) == ["loaded"]
    before = stored(ws)
    assert statuses(ws.load(log)) == ["unchanged"]
    assert stored(ws) == before
    assert len(before["receipt_records"]) == sum("POST" in line for line in ACCESS)


def test_a_grown_log_goes_on_where_it_ended(
    ws: ha.Workspace, tmp_path: Path, whole: Content
) -> None:
    log = tmp_path / "access.log"
    log.write_text("".join(ACCESS[:30]))
    ws.load(log)
    log.write_text("".join(ACCESS))
    report = ws.load(log)
    assert statuses(report) == ["grown"]
    assert report.files[0].records == len(ACCESS) - 30
    assert content(ws) == whole
    lines = ws.rows("SELECT max(line) FROM receipt_records")[0][0]
    assert lines == max(n for n, line in enumerate(ACCESS, 1) if "POST" in line)


@pytest.mark.parametrize(
    "name", some(["access.log.1", "elsewhere.log", "access.log-20261120"], "access.log.1")
)
def test_a_renamed_log_is_the_same_log(ws: ha.Workspace, tmp_path: Path, name: str) -> None:
    log = tmp_path / "access.log"
    log.write_text("".join(ACCESS))
    ws.load(log)
    before = stored(ws)
    assert statuses(ws.load(log.rename(tmp_path / name))) == ["unchanged"]
    assert stored(ws) == before


@pytest.mark.parametrize("packing", some(PACKINGS, "gzip", "zstd"))
def test_a_packed_log_is_the_same_log(
    ws: ha.Workspace, tmp_path: Path, whole: Content, packing: str
) -> None:
    log = tmp_path / "access.log"
    log.write_text("".join(ACCESS[:40]))
    ws.load(log)
    packed = tmp_path / "access.log.1"
    packed.write_bytes(PACKINGS[packing]("".join(ACCESS).encode()))
    report = ws.load(packed)
    assert (statuses(report), report.files[0].reason) == (["grown"], "")
    log.write_text("".join(ACCESS))
    assert statuses(ws.load(log)) == ["unchanged"]
    assert content(ws) == whole


@pytest.mark.parametrize("packing", sorted(PACKINGS.keys() - {"zip"}))
def test_a_packed_log_that_breaks_off_is_damaged_and_not_empty(
    ws: ha.Workspace, tmp_path: Path, packing: str
) -> None:
    """Of some not one line can be read: they hold their text in one block."""
    stored = PACKINGS[packing]("".join(ACCESS).encode())
    path = tmp_path / "access.log"
    for cut in (14, len(stored) // 2):
        path.write_bytes(stored[:cut])
        (file,) = ws.load(path).files
        assert "damaged" in file.reason, str(file)


@pytest.mark.parametrize("packing", UNPROVEN)
def test_a_log_packed_without_a_checksum_says_so(
    ws: ha.Workspace, tmp_path: Path, packing: str
) -> None:
    packed = tmp_path / "access.log"
    packed.write_bytes(UNPROVEN[packing]("".join(ACCESS).encode()))
    (file,) = ws.load(packed).files
    assert file.status == "loaded"
    assert "without a checksum" in file.reason


def test_a_truncated_and_rewritten_log_is_a_new_one(ws: ha.Workspace, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text("".join(access_line(n) for n in range(5)))
    ws.load(log)
    log.write_text("".join(access_line(n) for n in range(100, 140)))
    assert statuses(ws.load(log)) == ["loaded"]
    assert len(ws.table("receipt_records")) == 45
    assert ws.table("generations").stream.nunique() == 1


def tables(ws: ha.Workspace) -> Content:
    """All rows of all tables of the contract that are there."""
    return {name: ws.rows(f"FROM {name} ORDER BY ALL") for name in TABLES if ws.has(name)}


def test_what_is_forgotten_was_never_loaded(ws: ha.Workspace, tmp_path: Path) -> None:
    log, app, export = (tmp_path / name for name in ("access.log", "app.jsonl", "export.csv"))
    log.write_text("".join(ACCESS))
    app.write_text("".join(app_line(n) for n in range(30)) + "not a line\n")
    export.write_text(export_text(*((n, "Success", "200") for n in range(30))))
    ws.load(log, export)
    ws.reconcile()
    before = tables(ws)
    ws.load(app)
    both = tables(ws)
    assert ws.forget(app) == (str(app),)
    assert not ws.has("deliveries"), "results that rest on it"
    ws.reconcile()
    assert tables(ws) == before
    assert statuses(ws.load(app)) == ["loaded"]
    assert tables(ws) == both


def test_a_log_is_forgotten_under_each_of_its_names(ws: ha.Workspace, tmp_path: Path) -> None:
    first, later, other = (tmp_path / name for name in ("access.log", "old/access.log", "a.log"))
    later.parent.mkdir()
    first.write_text("".join(ACCESS[:30]))
    other.write_text("".join(access_line(n) for n in range(4000, 4030)))
    ws.load(other)
    before = tables(ws)
    ws.load(first)
    later.write_text("".join(ACCESS))
    ws.load(later, later, tmp_path / "nowhere.log")
    assert ws.forget(tmp_path / "old", tmp_path / "nowhere.log") == (
        str(first),
        str(later),
        str(tmp_path / "nowhere.log"),
    )
    assert tables(ws) == before
    ws.load(first)
    assert ws.forget(stream=manifest.stream_of(first)) == (str(first),)
    assert tables(ws) == before
    with pytest.raises(InputError, match="nothing is loaded that could be forgotten"):
        ws.forget(first, other)
    assert tables(ws) == before


def test_an_export_is_forgotten_that_was_refused_at_first(ws: ha.Workspace, tmp_path: Path) -> None:
    export = tmp_path / "export.csv"
    export.write_text("nothing;of\nthe;sender's\n")
    log = tmp_path / "access.log"
    log.write_text("".join(ACCESS))
    ws.load(log)
    before = tables(ws)
    ws.load(export)
    export.write_text(export_text((1, "Success", "200")))
    assert statuses(ws.load(export)) == ["loaded"]
    assert ws.forget(export) == (str(export),)
    assert tables(ws) == before


@pytest.mark.parametrize(
    "known",
    [
        {"timezone": "America/Edmonton", "stream": "web1", "layer": "queue"},
        pytest.param({"timezone": "-07:00", "format": "app_text"}, marks=pytest.mark.long),
    ],
)
def test_a_file_is_read_again_with_what_is_known_now(
    ws: ha.Workspace, tmp_path: Path, known: dict[str, Any]
) -> None:
    log, other = tmp_path / "app.log", tmp_path / "access.log"
    lines = [f"2026-11-20 10:00:{n:02d} INFO got webhook_event_uuid={uuid(n)}\n" for n in range(9)]
    log.write_text("".join(lines))
    ws.load(log, timezone="UTC")
    log.write_text("".join(lines) + "2026-11-20 10:01:00 INFO and grown\n")
    read = tables(ws)
    assert "zone is unknown" in str(ws.load(log, again=True).files[0].error)
    assert {**tables(ws), "files": []} == {**read, "files": []}, "the old reading stays"
    ws.forget(log)
    ws.load(log, timezone="UTC")
    assert statuses(ws.load(log, again=True, **known)) == ["loaded"]
    with ha.connect(tmp_path / "fresh.duckdb", settings=ha.Settings()) as fresh:
        fresh.load(log, **known)
        assert tables(ws) == tables(fresh)
    # What another log says in the same words is another reading.
    other.write_text(log.read_text())
    ws.load(other, stream="web2", timezone="UTC")
    ws.load(log, again=True, stream="web3", timezone="UTC")
    assert sorted(ws.table("generations").stream) == ["web2", "web3"]


@pytest.mark.parametrize("end", some(["", access_line(4)], access_line(4)))
def test_an_edited_file_that_is_read_again_takes_its_own_place(
    ws: ha.Workspace, tmp_path: Path, end: str
) -> None:
    log, sent = tmp_path / "access.log", tmp_path / "sent.csv"
    lines = "".join(map(access_line, range(4)))
    export = export_text((1, "Success", "200"), (2, "Failed", "500"))
    log.write_text(f"{lines}a line that tells nothing\n")
    sent.write_text(f"{export}x,y\n")
    ws.load(log, sent)
    log.write_text(lines + end)
    sent.write_text(export)
    assert statuses(ws.load(log, sent, again=True)) == ["loaded", "loaded"]
    with ha.connect(tmp_path / "fresh.duckdb", settings=ha.Settings()) as fresh:
        fresh.load(log, sent)
        assert content(ws) == content(fresh)
    assert ws.rows("SELECT count(*) FROM rejects") == [(0,)]
    # A log that only begins alike is another one.
    log.write_text(access_line(9) + lines)
    ws.load(log, again=True, stream="next")
    assert ws.rows("SELECT count(*) FROM files WHERE path = $1", [str(log)]) == [(2,)]


def test_looking_at_records_early_hides_no_later_ones(ws: ha.Workspace, tmp_path: Path) -> None:
    app, export = tmp_path / "app.jsonl", tmp_path / "export.csv"
    export.write_text(export_text(*((n, "Success", "200") for n in range(30))))
    app.write_text("".join(app_line(n) for n in range(30)))
    ws.load(export)
    assert (len(ws.table("attempts")), len(ws.table("receipts"))) == (30, 0)
    ws.load(app)
    assert len(ws.table("receipts")) == 30
    ws.reconcile()
    assert (len(ws.table("attempts")), len(ws.table("receipts"))) == (30, 30)


def test_sql_only_reads_unless_somebody_means_to_edit(ws: ha.Workspace, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text("".join(ACCESS))
    ws.load(log)
    before = tables(ws)
    for query in ("DELETE FROM activity", "DROP TABLE files", "COMMIT; DELETE FROM activity"):
        with pytest.raises(InputError, match="would change the workspace"):
            ws.sql(query)
    assert ws.sql("SELECT count(*) AS n FROM files WHERE path = $path", path=str(log)).n[0] == 1

    def fail() -> None:
        with ws.edit():
            ws.sql("DELETE FROM activity")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert tables(ws) == before
    with ws.edit():
        ws.sql("DELETE FROM activity")
    assert {**tables(ws), "activity": before["activity"]} == before != tables(ws)


def test_equal_lines_are_all_kept(ws: ha.Workspace, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text(access_line(1) * 3)
    ws.load(log)
    assert len(ws.table("receipt_records")) == 3


def test_an_unfinished_line_waits_for_its_end(ws: ha.Workspace, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    whole = access_line(1) + access_line(2)
    log.write_text(whole[:-20])
    assert ws.load(log).files[0].records == 1
    assert ws.table("files").tail_bytes.tolist() == [len(access_line(2)) - 20]
    log.write_text(whole)
    assert statuses(ws.load(log)) == ["grown"]
    assert ws.table("receipt_records").line.tolist() == [1, 2]
    assert not len(ws.table("rejects"))


def test_an_older_shorter_copy_adds_nothing(ws: ha.Workspace, tmp_path: Path) -> None:
    log, copy = tmp_path / "access.log", tmp_path / "backup.log"
    log.write_text("".join(ACCESS))
    copy.write_text("".join(ACCESS[:50]))
    ws.load(log)
    before = stored(ws)
    assert statuses(ws.load(copy)) == ["unchanged"]
    assert stored(ws) == before


def test_the_beginning_of_an_export_adds_nothing_whenever_it_comes(tmp_path: Path) -> None:
    short, long, other = (tmp_path / f"{name}.csv" for name in ("short", "long", "other"))
    rows = [(n, "Success", "200") for n in range(9)]
    short.write_text(export_text(*rows[:5]))
    long.write_text(export_text(*rows))
    orders = ((long,), (short, long, short), (long, short, long))
    found = [loaded(tmp_path, *order) for order in orders]
    for table in ("attempt_records", "attempts"):
        assert all(one[table] == found[0][table] for one in found), table
    # As long as the other, and not the same.
    other.write_text(export_text(*rows[:4], (4, "Pending", "200")))
    assert len(loaded(tmp_path, long, other)["attempt_records"]) == 9 + 5


def test_a_trimmed_or_joined_copy_is_not_counted_twice(ws: ha.Workspace, tmp_path: Path) -> None:
    log, tail, joined = (tmp_path / name for name in ("access.log", "tail.log", "all.log"))
    log.write_text("".join(ACCESS))
    tail.write_text("".join(ACCESS[20:]))
    joined.write_text("".join(access_line(n) for n in range(4000, 4030)) + "".join(ACCESS))
    ws.load(log)
    before = stored(ws)
    assert statuses(ws.load(tail)) == ["unchanged"]
    report = ws.load(joined)
    assert statuses(report) == ["refused"]
    assert "repeats records" in str(report.files[0].error)
    assert stored(ws) == before


def test_two_hosts_may_write_equal_lines(ws: ha.Workspace, tmp_path: Path) -> None:
    for host in ("web1", "web2"):
        (tmp_path / host).mkdir()
        (tmp_path / host / "access.log").write_text("".join(ACCESS[:20]))
    ws.load(tmp_path / "web1" / "access.log", stream="web1")
    assert statuses(ws.load(tmp_path / "web2" / "access.log", stream="web2")) == ["loaded"]
    assert len(ws.table("receipt_records")) == 2 * sum("POST" in line for line in ACCESS[:20])


def test_what_two_hosts_write_alike_by_chance_is_no_copy(ws: ha.Workspace, tmp_path: Path) -> None:
    """Lines without an id: 40 of 80 in the same second, or all, but more or less often."""
    line = [access_line(n).replace(f" {100 + n} ", " 2 ") for n in range(400)]
    hosts = {
        "sparse/web1/access.log": [line[n] for n in range(0, 240, 2)],
        "sparse/web2/access.log": [line[n] for n in range(0, 240, 3)],
        "dense/web1/access.log": [line[n] for n in range(240, 400) for _ in range(1 + n % 2)],
        "dense/web2/access.log": [line[n] for n in range(240, 400) for _ in range(1 + n % 3)],
    }
    for name, lines in hosts.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("".join(lines))
        assert statuses(ws.load(tmp_path / name)) == ["loaded"], name
    copy = tmp_path / "copy.log"
    copy.write_text("".join([*hosts["dense/web2/access.log"][9:], access_line(401)]))
    assert statuses(ws.load(copy)) == ["refused"]


def test_pending_becomes_final_in_any_order(tmp_path: Path) -> None:
    early, late = tmp_path / "early.csv", tmp_path / "late.csv"
    early.write_text(export_text((1, "Success", "200"), (2, "Pending", "")))
    late.write_text(export_text((2, "Failed", "500"), (3, "Success", "200")))
    one, other = loaded(tmp_path, early, late), loaded(tmp_path, late, early)
    assert one["attempts"] == other["attempts"]
    by_key = {row[0]: row for row in one["attempts"]}
    assert sorted(by_key) == ["at1", "at2", "at3"]
    assert "failed" in by_key["at2"]


@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.long)])
def test_any_order_gives_the_same_tables(tmp_path: Path, step: int) -> None:
    files = [tmp_path / name for name in ("access.log", "app.jsonl", "export.csv")]
    files[0].write_text("".join(ACCESS))
    files[1].write_text("".join(app_line(n) for n in range(30)))
    files[2].write_text(export_text(*((n, "Success", "200") for n in range(30))))
    found = [loaded(tmp_path, *order) for order in [*permutations(files)][::step]]
    assert all(other == found[0] for other in found)
    assert len(found[0]["attempt_records"]) == 30


@FEW_AND_MANY
def test_growing_in_any_steps_equals_loading_at_once(
    tmp_path: Path, whole: Content, examples: int
) -> None:
    log, text = tmp_path / "access.log", "".join(ACCESS)
    file = tmp_path / "grown.duckdb"

    @settings(max_examples=examples, deadline=None)
    @given(cuts=st.lists(st.integers(0, len(text)), min_size=1, max_size=3))
    def check(cuts: list[int]) -> None:
        file.unlink(missing_ok=True)
        with ha.connect(file, settings=ha.Settings()) as workspace:
            for cut in [*sorted(cuts), len(text)]:
                log.write_text(text[:cut])
                # A first line that is not finished yet fits no format; the next load brings it.
                workspace.load(log, format="access_combined")
            assert content(workspace) == whole

    check()


@FEW_AND_MANY
def test_a_log_rotated_anywhere_equals_the_whole(
    tmp_path: Path, whole: Content, examples: int
) -> None:
    first, second = (tmp_path / name for name in ("access.log.1", "access.log.0"))

    def said(found: Content) -> Content:
        # Where a line stands depends on the file; what it says does not.
        receipts = sorted(tuple(map(str, row[2:])) for row in found["receipt_records"])
        return {**found, "receipt_records": receipts}

    @settings(max_examples=examples, deadline=None)
    @given(cut=st.integers(1, len(ACCESS) - 1))
    def check(cut: int) -> None:
        first.write_text("".join(ACCESS[:cut]))
        second.write_text("".join(ACCESS[cut:]))
        assert said(loaded(tmp_path, first, second)) == said(whole)

    check()


TRACED = [
    f"2026-11-20T10:00:00Z INFO hooks: received webhook_event_uuid={uuid(1)}\n",
    f"2026-11-20T10:00:01Z ERROR hooks: failed webhook_event_uuid={uuid(1)}\n",
    "Traceback (most recent call last):\n",
    '  File "app.py", line 3, in handle\n',
    "KeyError: amount\n",
    "During handling of the above exception, another exception occurred:\n",
    "ValueError: of jane@example.com\n",
    "2026-11-20T10:00:02Z ERROR worker: nothing to do with it\n",
    "IndexError: of a line that is not kept\n",
]
RAISED = [(1, None), (2, "KeyError: amount\nValueError: of [email]")]


@pytest.mark.parametrize("size", some([1, 97, 1 << 20], 97))
def test_a_stack_trace_belongs_to_its_line_wherever_reading_stops(
    ws: ha.Workspace, tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "Source", partial(Source, chunk_bytes=size))
    log = tmp_path / "app.log"
    log.write_text("".join(TRACED))
    (told,) = ws.load(log).files
    assert (told.records, told.kept, told.rejected, told.ignored) == (9, 2, 0, 6)
    assert ws.rows("SELECT line, exception FROM receipt_records ORDER BY line") == RAISED
    if size == 97:
        ws.reconcile()
        story = str(ws.event(uuid(1)))
        assert (
            "“hooks: failed webhook_event_uuid=[id]” raised KeyError: amount … ValueError" in story
        )


@pytest.mark.parametrize(
    "cut", [pytest.param(n, marks=() if n in {2, 4} else pytest.mark.long) for n in range(1, 9)]
)
def test_a_stack_trace_may_be_finished_later(ws: ha.Workspace, tmp_path: Path, cut: int) -> None:
    log = tmp_path / "app.log"
    log.write_text("".join(TRACED[:cut]))
    ws.load(log)
    log.write_text("".join(TRACED))
    assert statuses(ws.load(log)) == ["grown"]
    assert ws.rows("SELECT line, exception FROM receipt_records ORDER BY line") == RAISED


def test_rejects_and_bytes_are_accounted_for(ws: ha.Workspace, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    lines = [*ACCESS[:10], "garbage\n", *ACCESS[10:30], "\n", 'half "POST /x\n', *ACCESS[30:]]
    log.write_text("".join(lines))
    report = ws.load(log).files[0]
    rejects = ws.table("rejects")
    assert rejects.line.tolist() == [11, 33]
    assert rejects.byte_offset.tolist() == [sum(map(len, lines[:10])), sum(map(len, lines[:32]))]
    assert rejects.bytes.tolist() == [len(lines[10]), len(lines[32])]
    assert (report.records, report.rejected, report.ignored) == (len(lines), 2, 1)
    row = ws.table("files").iloc[0]
    assert row.text_bytes == log.stat().st_size
    seen = ws.rows("SELECT sum(records) FROM activity")[0][0]
    assert seen + report.rejected + report.ignored == len(lines)


def test_one_bad_file_does_not_keep_the_others_out(ws: ha.Workspace, tmp_path: Path) -> None:
    good = tmp_path / "access.log"
    good.write_text("".join(ACCESS))
    packed = gzip.compress("".join(ACCESS).encode())
    bad = {
        "page.csv": b"<!doctype html><html><body>Please log in</body></html>",
        "book.csv": b"PK\x03\x04" + bytes(60),
        "poem.txt": b"Roses are red,\nviolets are blue\n" * 9,
        "part.csv": b"ID,Time,Event\n1,2026-11-20T10:00:00Z,invoice.purchase\n",
        "zone.csv": export_text((1, "Success", "200")).replace("Z,", ",").encode(),
        "damaged.log.gz": packed[:60] + bytes([packed[60] ^ 8]) + packed[61:],
    }
    for name, data in bad.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "empty.log").write_bytes(b"")
    offered = [*(tmp_path / name for name in (*bad, "missing.log", "empty.log")), good]
    report = ws.load(*offered)
    by_name = {Path(file.path).name: file for file in report.files}
    assert {n for n, f in by_name.items() if f.status == "refused"} == {*bad, "missing.log"}
    for file in report.refused:
        told = str(file.error).splitlines()
        assert told[0].startswith(" error: ")
        assert any(line.startswith("  hint: ") for line in told), told
        assert len(told) <= 4
    assert by_name["access.log"].kept == sum("POST" in line for line in ACCESS)
    assert by_name["empty.log"].records == 0
    assert len(ws.table("generations")) == 1
    manifest_rows = ws.rows("SELECT count(*) FROM files WHERE status = 'refused'")
    assert manifest_rows == [(len(bad) + 1,)]


# Wider than a cell that the csv module takes.
WIDE = "x" * 140_000


LONG = {
    "one": WIDE + "\n",
    "quote": f'x,"weird\n{WIDE}\n',
    "head": f"Time,Event,{WIDE}\n1,2,3\n",
    "cells": f"a,b,{WIDE}\nc,d,e\n" * 2,
}


def test_a_long_line_is_no_reason_to_stop(ws: ha.Workspace, tmp_path: Path) -> None:
    for name, text in LONG.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "b.log").write_text("".join(ACCESS))
    report = ws.load(*(tmp_path / name for name in LONG), tmp_path / "b.log")
    told = {Path(file.path).name: file.status for file in report.files}
    assert told == {**dict.fromkeys(LONG, "refused"), "b.log": "loaded"}


@pytest.mark.long
@pytest.mark.parametrize("name", LONG)
def test_a_long_line_is_no_reason_not_to_try_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(LONG[name])
    assert not try_file(tmp_path / name)[1]


def test_a_link_to_a_folder_is_told(ws: ha.Workspace, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "more").symlink_to(tmp_path)
    (told,) = ws.load(tmp_path / "logs").files
    assert told.status == "refused"
    assert "a folder cannot be read" in told.reason


@pytest.mark.long
def test_a_damaged_log_says_which_stream_lacks_it(ws: ha.Workspace, tmp_path: Path) -> None:
    packed = bytearray(gzip.compress("".join(ACCESS).encode()))
    packed[-6] ^= 1
    (tmp_path / "edge").mkdir()
    log = tmp_path / "edge" / "access.log.1.gz"
    log.write_bytes(packed)
    (tmp_path / "notes.txt").write_text("no log\n")
    assert statuses(ws.load(log, tmp_path / "notes.txt")) == ["refused", "refused"]
    found = ws.rows("SELECT lacking_stream, lacking_layer FROM files ORDER BY file_id")
    assert found == [("edge/access.log", None), (None, None)]
    log.write_bytes(gzip.compress("".join(ACCESS).encode() * 500)[:-6] + bytes(6))
    told = ws.load(log, layer="edge")
    assert statuses(told) == ["refused"]
    assert told.files[0].lacking == ("edge/access.log", "edge")
    naive = tmp_path / "app.log"
    naive.write_text("2026-11-20 10:00:00,123 INFO webhooks: processed a request in 35ms\n" * 3)
    assert ws.load(naive).files[0].lacking[1] == "app"


@pytest.mark.long
def test_a_log_of_which_no_line_can_be_read_is_refused_and_lacks_nowhere(
    ws: ha.Workspace, tmp_path: Path
) -> None:
    junk = [f"kernel: usb 1-{n}: new device\n" for n in range(9)]
    log = tmp_path / "messages"
    log.write_text("".join(junk))
    (told,) = ws.load(log).files
    assert (told.status, told.lacking) == ("refused", (None, None))
    assert "hardly any of its first lines tells a time" in told.reason
    assert told.error is not None
    assert told.error.where.startswith(f"{log}:1")
    assert f"formats try {log}" in told.error.hint
    assert [len(ws.table(name)) for name in ("generations", "rejects", "activity")] == [0, 0, 0]
    # With some good lines among them it is a log, whose notices are passed over and whose requests
    # without a time are rejects; that stays so when more of both follow.
    junk += [f"Nov 20 10:00:{n:02d} web1 kernel: usb 1-{n}: new device\n" for n in range(9)]
    junk += [f"POST /hooks/{n} 500\n" for n in range(9)]
    log.write_text("".join(app_line(n) for n in range(20)) + "".join(junk))
    (told,) = ws.load(log).files
    assert (told.status, told.kept, told.rejected) == ("loaded", 20, 9)
    with log.open("a") as more:
        more.write("".join(junk))
    (told,) = ws.load(log).files
    assert (told.status, told.rejected, told.ignored) == ("grown", 9, 9)
    assert ws.table("rejects").reason.tolist() == ["no_time"] * 18


def test_the_layer_of_a_log_is_told(ws: ha.Workspace, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text("".join(ACCESS))
    assert "access_combined (edge)" in str(ws.load(log))
    assert "access_combined (app)" in str(ws.load(log, layer="app", stream="gunicorn"))
    assert ws.rows("SELECT DISTINCT layer FROM generations ORDER BY 1") == [("app",), ("edge",)]


def test_several_endpoints_in_one_export_are_noticed(ws: ha.Workspace, tmp_path: Path) -> None:
    head = "ID,Time,Event,Idempotency,Status\n"

    def export(*rows: tuple[int, int, str]) -> str:
        """Rows of (event, second, status)."""
        lines = (
            f"a{n}-{at},2026-11-20T10:{n:02d}:{at:02d}Z,invoice.purchase,{uuid(n)},{status}\n"
            for n, at, status in rows
        )
        return head + "".join(lines)

    retried = [row for n in range(5) for row in ((n, 0, "Failed"), (n, 9, "Success"))]
    twofold = [(n, at, "Success") for n in range(5) for at in (0, 1)]
    one_fails = [row for n in range(5) for row in ((n, 0, "Success"), (n, 9, "Failed"))]
    told = {}
    for name, rows in {"retried": retried, "twofold": twofold, "one_fails": one_fails}.items():
        file = tmp_path / f"{name}.csv"
        file.write_text(export(*rows))
        told[name] = ws.load(file).files[0].reason
    assert not told["retried"]
    assert "several endpoints" in told["twofold"]
    assert "several endpoints" in told["one_fails"]
    own = ha.Settings(sources=(Known(endpoint="https://a.example/w"),))
    with ha.connect(":memory:", settings=own) as other:
        assert not other.load(tmp_path / "twofold.csv").files[0].reason


def test_a_zone_makes_a_naive_export_readable(ws: ha.Workspace, tmp_path: Path) -> None:
    export = tmp_path / "export.csv"
    export.write_text(export_text((1, "Success", "200")).replace("Z,", ","))
    ws.load(export, timezone="America/New_York")
    assert str(ws.table("attempts").attempted_at[0]) == "2026-11-20 15:01:00"
    assert ws.table("generations").timezone[0] == "America/New_York"


def test_an_unknown_zone_or_format_is_refused(ws: ha.Workspace, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text("".join(ACCESS))
    assert statuses(ws.load(log, timezone="Mars/Olympus")) == ["refused"]
    assert statuses(ws.load(log, format="apache_fancy")) == ["refused"]
    assert statuses(ws.load(log)) == ["loaded"]


def test_one_tab_of_the_dashboard_is_no_complete_export(ws: ha.Workspace, tmp_path: Path) -> None:
    for name, status, code in (("failed", "Failed", "500"), ("good", "Success", "200")):
        path = tmp_path / f"{name}.csv"
        text = export_text(*((n, status, code) for n in range(12)))
        path.write_text(text.replace("\nat", f"\n{name}"))
        ws.load(path)
    assert ws.table("generations").completeness.tolist() == ["failures", "successes"]


@pytest.mark.parametrize(
    ("name", "stream"),
    [
        ("access.log", "logs/access.log"),
        ("access.log.1", "logs/access.log"),
        ("access.log.12.gz", "logs/access.log"),
        ("access.log-20261120.gz", "logs/access.log"),
        ("access.log.2026-11-20", "logs/access.log"),
        ("access-2026-11-20.log", "logs/access.log"),
        ("app.jsonl.2.gz", "logs/app.jsonl"),
        ("web2.log", "logs/web2.log"),
    ],
)
def test_rotation_does_not_change_the_stream(tmp_path: Path, name: str, stream: str) -> None:
    assert manifest.stream_of(tmp_path / "logs" / name) == stream


@pytest.mark.long
def test_a_second_process_is_told_who_holds_the_workspace(tmp_path: Path) -> None:
    file = tmp_path / "case.duckdb"
    with ha.connect(file):
        code = f"import hookanalysis as ha; ha.connect({str(file)!r})"
        run = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
    assert f"process {os.getpid()}" in run.stderr
    assert "BusyError" in run.stderr


def test_a_newer_or_foreign_file_is_refused(tmp_path: Path) -> None:
    newer, foreign, text = (tmp_path / n for n in ("newer.duckdb", "foreign.duckdb", "text.duckdb"))
    with ha.connect(newer) as workspace:
        workspace.con.execute("UPDATE meta SET schema_version = 999")
    import duckdb

    with duckdb.connect(str(foreign)) as con:
        con.execute("CREATE TABLE t (a INTEGER)")
    text.write_text("not a database, but long enough to look like a file of one\n" * 400)
    for path in (newer, foreign, text):
        with pytest.raises(InputError) as caught:
            ha.connect(path)
        assert caught.value.hint


def test_reading_a_missing_workspace_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such workspace"):
        ha.connect(tmp_path / "none.duckdb", read_only=True)


def test_busy_is_its_own_exit_code() -> None:
    assert (BusyError.exit_code, InputError.exit_code) == (75, 2)


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Content]:
    """The logs of four hosts, and what a clean run makes of them."""
    folder = tmp_path_factory.mktemp("hosts")
    logs = folder / "logs"
    logs.mkdir()
    for n in range(4):
        text = "".join(access_line(s) for s in range(n * 500, n * 500 + 500))
        (logs / f"host{n}.log").write_text(text)
    return logs, loaded(folder, logs)


@pytest.mark.parametrize(
    "chunks", [2, *(pytest.param(n, marks=pytest.mark.long) for n in (0, 1, 3))]
)
def test_killed_in_mid_load_then_run_again_equals_a_clean_run(
    tmp_path: Path, hosts: tuple[Path, Content], chunks: int
) -> None:
    """`kill -9` while files are loaded: each is there whole or not at all; a rerun completes."""
    logs, clean = hosts
    file = tmp_path / "killed.duckdb"
    code = (
        "import hookanalysis as ha, sys\n"
        f"ws = ha.connect({str(file)!r})\n"
        "print('open', flush=True)\n"
        f"ws.load({str(logs)!r}, progress=lambda *_: print('chunk', flush=True))\n"
    )
    program = [sys.executable, "-c", code]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for _ in range(1 + chunks):
            child.stdout.readline()
        child.send_signal(signal.SIGKILL)
    with ha.connect(file) as workspace:
        per_file = workspace.rows("SELECT count(*) FROM receipt_records GROUP BY file_id")
        assert all(count == (500,) for count in per_file)
        workspace.load(logs)
        assert content(workspace) == clean


# In its header, and in a line.
@pytest.mark.parametrize("cut", [60, 75, pytest.param(110, marks=pytest.mark.long)])
def test_a_w3c_log_may_be_cut_in_a_line_and_grow(tmp_path: Path, cut: int) -> None:
    line = "2026-11-22 14:03:{:02d} POST /hook 200 35\n"
    text = "#Fields: date time cs-method cs-uri-stem sc-status time-taken\n" + "".join(
        line.format(second) for second in range(5)
    )
    text += (
        "#Fields: date time cs-method sc-status cs-uri-stem\n2026-11-22 14:04:00 POST 500 /hook\n"
    )
    path = tmp_path / "iis.log"
    with ha.connect(tmp_path / "w.duckdb", settings=ha.Settings()) as ws:
        for size in (cut, len(text) - 20, len(text)):
            path.write_text(text[:size])
            ws.load(path)
        found = ws.table("receipts")["http_status"].value_counts().to_dict()
        assert (found, len(ws.table("rejects"))) == ({200: 5, 500: 1}, 0)


def test_two_values_under_one_key_are_a_noted_reject(ws: ha.Workspace, tmp_path: Path) -> None:
    def pairs(n: int) -> str:
        return f'"webhook_event_uuid":"{uuid(n)}","status":200'

    more = ['"status":500', '"service":"a","service":"a"', '"http":{"status":500}', '"a":1']
    more += ['"res":{"a":[{"b":1,"b":2}]}', '"res":{"a":[{"b":1,"b":1}]}']
    lines = (
        f'{{"time":"2026-11-22T14:03:0{n}Z","msg":"webhook processed",{pairs(n)},{text}}}\n'
        for n, text in enumerate(more)
    )
    (tmp_path / "app.jsonl").write_text("".join(lines))
    rows = [
        f'{{"id":"a{n}","endpoint_url":"https://h/x","http_status_code":200,'
        f'"attempted_at":"2026-11-22T14:03:0{n}Z","webhook_event_uuid":"{uuid(n)}"}}'
        for n in range(8)
    ]
    # Most of them; whose list it is, the others tell.
    rows[3:] = [row.replace('"id"', '"http_status_code":500,"id"') for row in rows[3:]]
    (tmp_path / "export.json").write_text(f"[{','.join(rows)}]")
    report = ws.load(tmp_path / "app.jsonl", tmp_path / "export.json")
    assert not report.refused, str(report)
    assert set(ws.table("rejects")["reason"]) == {"duplicate_key"}
    assert [file.rejected for file in report.files] == [2, 5]
    assert len(ws.table("receipt_records")) == 4
    assert len(ws.table("attempt_records")) == 3
