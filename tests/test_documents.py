"""Rows that stand in documents and tables: saved pages, HAR, dumps, SQLite, Parquet."""

from __future__ import annotations

import base64
import json
import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import pytest

import hookanalysis as ha
from hookanalysis.errors import DamagedError, InputError
from hookanalysis.read.sources import Source, Split

UUIDS = [f"06d5dc13-0000-4000-8000-{n:012d}" for n in range(40)]
URL = "https://shop.example/hooks"
PAGE = f"""<!DOCTYPE html>
<html><head><style>td {{ color: red }}</style></head><body><nav>Home, Events</nav>
<table><thead><tr><th>HTTP Status Code<th>ID<th>Time<th>Event<th>Idempotency<th>Response Body</tr>
<tbody><tr><td><span>200</span></td><td>9001</td><td><time datetime="2026-11-22T14:03:07Z">2 days
ago</time></td><td>invoice.purchase</td><td>{UUIDS[0]}</td><td>ok &amp; fine</td></tr>
<tr><td><td>9002<td>2026-11-22T14:03:08Z<td>invoice.void<td>{UUIDS[1]}
<td>Read timed<br>out</tr></table>
<script>document.write("<table>")</script></body></html>
"""
NESTED = f"""<div role="table"><div role="row"><div role="columnheader">Event</div>
<div role="columnheader">Date created</div><div role="columnheader">Payload</div></div>
<div role="row"><div role="cell">invoice.void</div><div role="cell">2026-11-22T14:03:07Z</div>
<div role="cell"><pre>{{"webhook_event_uuid": "{UUIDS[0]}"}}</pre>
<table><tr><th>Status<th>Webhook URL<th>Date
<tr><td>Failed<td>https://shop.example/hooks<td>2026-11-22T14:03:09Z
<tr><td>Success<td>https://shop.example/hooks<td>2026-11-22T15:03:09Z</table></div></div></div>
"""


def read(path: Path) -> list[Any]:
    """The rows of a file, in order."""
    source = Source(path, max_text_bytes=1 << 30)
    text = source.head
    size = sum(chunk.bytes for chunk in source.chunks(Split("json"), final=True))
    assert size == source.account.loaded_bytes == source.account.text_bytes
    return [json.loads(line) for line in text.decode().splitlines()]


def save(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def attempts(*paths: Path, **settings: Any) -> list[tuple[Any, ...]]:
    """What the workspace says of the attempts in files."""
    with ha.connect(":memory:", settings=ha.Settings(**settings)) as ws:
        report = ws.load(*paths)
        assert not report.refused, str(report)
        ws.table("attempts")
        return ws.rows(
            "SELECT event_uuid, status, http_status, error_kind, CAST(attempted_at AS VARCHAR)"
            " FROM attempts ORDER BY ALL"
        )


def test_a_saved_page_is_its_table(tmp_path: Path) -> None:
    path = save(tmp_path / "webhooks.html", PAGE)
    assert read(path)[0]["Response Body"] == "ok & fine"
    assert attempts(path) == [
        (UUIDS[0], "success", 200, None, "2026-11-22 14:03:07"),
        (UUIDS[1], "failed", None, "timeout", "2026-11-22 14:03:08"),
    ]


def test_a_table_inside_of_a_row_is_the_rows_attempts(tmp_path: Path) -> None:
    assert attempts(save(tmp_path / "events.html", NESTED)) == [
        (UUIDS[0], "failed", None, "other", "2026-11-22 14:03:09"),
        (UUIDS[0], "success", None, None, "2026-11-22 15:03:09"),
    ]


@pytest.mark.parametrize(
    "text", ["<html><body>Please log in</body></html>", "<html><p><table><tr><td>x</table>"]
)
def test_a_page_without_a_table_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="HTML page"):
        Source(save(tmp_path / "export.csv", text), max_text_bytes=1 << 20)


@pytest.mark.long
@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("<!---->" * 5000 + "hello", "refused"),
        ("<table>" + "<a " * 50_000, "refused"),
        ("<table><tr>" + "<td>" * 200_000, "loaded"),
    ],
    ids=["comments", "unfinished tags", "cells"],
)
def test_a_page_is_read_in_linear_time(tmp_path: Path, text: str, status: str) -> None:
    """In minutes otherwise, or never."""
    with ha.connect(":memory:") as ws:
        assert ws.load(save(tmp_path / "export.html", text)).files[0].status == status


@pytest.mark.long
def test_a_deep_page_costs_little(tmp_path: Path) -> None:
    path = save(tmp_path / "deep.html", "<html>" + "<div>" * 200_000 + "</p>" * 100_000 + PAGE)
    with pytest.raises(InputError, match="HTML page"):
        Source(path, max_text_bytes=1 << 30)


def entry(url: str, answer: Any, *, packed: bool = False) -> dict[str, Any]:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    content = {"mimeType": "application/json", "text": text}
    if packed:
        content |= {"text": base64.b64encode(text.encode()).decode(), "encoding": "base64"}
    headers = [{"name": "Cookie", "value": "session=secret"}]
    return {"request": {"url": url, "headers": headers}, "response": {"content": content}}


def test_a_har_file_is_what_the_dashboard_was_told_about_webhooks(tmp_path: Path) -> None:
    rows = [
        {"id": n, "time": f"2026-11-22T14:0{n}:00Z", "idempotency": UUIDS[n], "status_code": 200}
        for n in range(3)
    ]
    page = "https://www.showpass.com/api/webhooks/logs/?page="
    entries = [
        entry("https://www.showpass.com/api/user/", {"id": 1, "email": "jane@example.com"}),
        entry(f"{page}1", {"count": 3, "results": rows[:2]}),
        entry(f"{page}1", {"count": 3, "results": rows[:2]}, packed=True),
        entry(f"{page}2", {"count": 3, "results": [*rows[1:], rows[2]]}),
        entry("https://www.showpass.com/x/webhooks.html", "<html>"),
        {"request": {"url": "wss://x/webhooks"}},
    ]
    har = {"log": {"version": "1.2", "creator": {"name": "Firefox"}, "entries": entries}}
    path = save(tmp_path / "dashboard.har", json.dumps(har))
    assert read(path) == [*rows, rows[2]]
    assert [row[0] for row in attempts(path, endpoints=(URL,))] == UUIDS[:3]
    assert "secret" not in json.dumps(read(path))


@pytest.mark.parametrize("text", ["[]", '{"count": 0, "results": []}', '{"data":{"content":[]}}'])
def test_an_empty_export_lists_nothing(tmp_path: Path, text: str) -> None:
    with ha.connect(":memory:") as ws:
        (report,) = ws.load(save(tmp_path / "export.json", text)).files
    assert (report.status, report.reason) == ("loaded", "the export lists nothing")


# A receiver's own table, in every shape

RECEIPTS = [
    {
        "id": 9007199254740993 + n,
        "webhook_event_uuid": uuid,
        "received_at": f"2026-11-20 10:{n:02d}:12.5+00",
        "status": {3: "failed", 4: "pending"}.get(n % 10, "processed"),
        "payload": '{"note": "a\tb"}',
    }
    for n, uuid in enumerate(UUIDS)
]


def write_sqlite(path: Path) -> None:
    con = sqlite3.connect(path)
    con.execute("CREATE TABLE users (id INTEGER, email TEXT, created_at TEXT)")
    columns = "id INTEGER, webhook_event_uuid TEXT, received_at TEXT, status TEXT, payload BLOB"
    con.execute(f"CREATE TABLE receipts ({columns})")
    rows = [(*list(row.values())[:-1], str(row["payload"]).encode()) for row in RECEIPTS]
    con.executemany("INSERT INTO receipts VALUES (?, ?, ?, ?, ?)", rows)
    con.commit()
    con.close()


def write_parquet(path: Path) -> None:
    lines = "\n".join(json.dumps(row) for row in RECEIPTS)
    source = path.with_suffix(".jsonl")
    source.write_text(lines)
    with duckdb.connect() as con:
        con.execute(
            "COPY (SELECT * REPLACE (CAST(received_at AS TIMESTAMPTZ) AS received_at)"
            f" FROM read_json('{source}', columns = {{id: 'BIGINT', webhook_event_uuid: 'UUID',"
            f" received_at: 'VARCHAR', status: 'VARCHAR', payload: 'VARCHAR'}}))"
            f" TO '{path}' (FORMAT parquet)"
        )
    source.unlink()


def write_dump(path: Path) -> None:
    lines = ["--", "-- PostgreSQL database dump", "--", "", "SET client_encoding = 'UTF8';", ""]
    lines += ["COPY public.users (id, email) FROM stdin;", "1\tjane@example.com", "\\.", ""]
    lines.append(f"COPY public.receipts ({', '.join(RECEIPTS[0])}) FROM stdin;")
    escaped = [
        [str(v).replace("\\", "\\\\").replace("\t", "\\t") for v in row.values()]
        for row in RECEIPTS
    ]
    path.write_text("\n".join([*lines, *("\t".join(row) for row in escaped), "\\.", "", ""]))


def write_copy(path: Path) -> None:
    rows = ["\t".join(RECEIPTS[0])]
    rows += ["\t".join(str(v).replace("\t", "\\t") for v in row.values()) for row in RECEIPTS]
    path.write_text("\n".join(rows) + "\n")


def write_csv(path: Path) -> None:
    def quoted(value: object) -> str:
        return '"' + str(value).replace('"', '""') + '"'

    rows = [",".join(map(quoted, row)) for row in (RECEIPTS[0], *(r.values() for r in RECEIPTS))]
    path.write_text("\n".join(rows) + "\n")


def write_lines(path: Path) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in RECEIPTS))


SHAPES = {
    "sqlite": write_sqlite,
    "parquet": write_parquet,
    "dump": write_dump,
    "copy": write_copy,
    "csv": write_csv,
    "jsonl": write_lines,
}


@pytest.mark.parametrize(
    "shape",
    [pytest.param(s, marks=() if s == "sqlite" else pytest.mark.long) for s in SHAPES],
)
def test_a_receipts_table_settles_what_was_processed(tmp_path: Path, shape: str) -> None:
    table = tmp_path / "receipts"
    SHAPES[shape](table)
    export = ["ID,Time,Event,Idempotency,Webhook URL,Status,HTTP Status Code"]
    for n, uuid in enumerate(UUIDS):
        said = "Failed," if n % 10 == 5 else "Success,200"
        export.append(f"{n},2026-11-20T10:{n:02d}:12Z,invoice.purchase,{uuid},{URL},{said}")
    save(tmp_path / "export.csv", "\n".join(export) + "\n")
    with ha.connect(":memory:", settings=ha.Settings(grace_minutes=0)) as ws:
        report = ws.load(tmp_path)
        assert not report.refused, str(report)
        again = ws.load(table).files[0]
        assert again.status == "unchanged"
        ws.reconcile()
        kept = ws.rows(
            "SELECT layer, event_uuid, step, epoch_us(logged_at) % 1000000, line"
            " FROM receipt_records JOIN generations USING (generation_id) ORDER BY event_uuid"
        )
        found = dict(ws.rows("SELECT event_uuid, outcome FROM deliveries"))
    assert [row[1] for row in kept] == UUIDS
    assert {row[0] for row in kept} == {"table"}
    assert {row[3] for row in kept} == {500_000}
    assert kept[1][4] - kept[0][4] == 1
    words = {3: "unprocessed", 4: "unprocessed", 5: "unacknowledged"}
    assert found == {uuid: words.get(n % 10, "delivered") for n, uuid in enumerate(UUIDS)}


def test_a_table_that_grew_goes_on_where_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    write_sqlite(path)
    with ha.connect(":memory:") as ws:
        assert ws.load(path).files[0].kept == len(RECEIPTS)
        con = sqlite3.connect(path)
        row = (1, "16d5dc13-0000-4000-8000-000000000000", "2026-11-20 11:00:00Z", "processed", b"")
        con.execute("INSERT INTO receipts VALUES (?, ?, ?, ?, ?)", row)
        con.commit()
        con.close()
        (report,) = ws.load(path).files
        assert (report.status, report.kept) == ("grown", 1)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["app.db"]


def test_a_dump_that_breaks_off_makes_nothing_missed(tmp_path: Path) -> None:
    """The row that is lost is not the last by time: the others would seem to cover its time."""
    path = tmp_path / "receipts.sql"
    write_dump(path)
    lines = path.read_text().split("\n")
    lines.insert(-3, lines.pop(-20))
    begin = next(n for n, line in enumerate(lines) if line.startswith("COPY public.receipts"))
    for end in range(begin + 1, lines.index("\\.", begin) + 1):
        save(path, "\n".join(lines[:end]) + "\n")
        with pytest.raises(DamagedError, match="breaks off"):
            Source(path, max_text_bytes=1 << 20)
    export = ["Time,Event,Idempotency,Webhook URL,Status,HTTP Status Code"]
    for n, uuid in enumerate(UUIDS):
        export.append(f"2026-11-20T10:{n:02d}:12Z,invoice.purchase,{uuid},{URL},Success,200")
    save(tmp_path / "export.csv", "\n".join(export) + "\n")
    with ha.connect(":memory:", settings=ha.Settings(grace_minutes=0)) as ws:
        refused, _ = sorted(ws.load(tmp_path).files, key=lambda file: file.status, reverse=True)
        assert refused.lacking == (f"{tmp_path.name}/receipts.sql", None)
        ws.reconcile()
        assert ws.rows("SELECT DISTINCT outcome FROM deliveries") == [("undetermined",)]


@pytest.mark.parametrize("row", ["1\tx", "1\tx\t2026-11-20\tprocessed\t{}\tmore"])
def test_a_row_of_a_dump_has_a_cell_for_each_column(tmp_path: Path, row: str) -> None:
    path = tmp_path / "receipts.sql"
    write_dump(path)
    save(path, path.read_text().replace("\n\\.\n\n", f"\n{row}\n\\.\n\n"))
    with pytest.raises(DamagedError, match="cells"):
        Source(path, max_text_bytes=1 << 20)


def test_it_is_not_guessed_which_table_is_meant(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with sqlite3.connect(path) as con:
        con.execute("CREATE TABLE old_receipts (event_uuid TEXT, received_at TEXT)")
        con.execute("CREATE TABLE receipts (event_uuid TEXT, received_at TEXT)")
    con.close()
    with pytest.raises(InputError, match="several tables") as told:
        Source(path, max_text_bytes=1 << 20)
    assert "old_receipts, receipts" in str(told.value)


@pytest.mark.parametrize("name", ["a.db", "a.parquet"])
def test_a_damaged_table_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    (write_sqlite if name == "a.db" else write_parquet)(path)
    text = path.read_bytes()
    path.write_bytes(text[:100] + b"\xff" * (len(text) - 104) + text[-4:])
    with pytest.raises(InputError, match="cannot be read"):
        Source(path, max_text_bytes=1 << 20)


def test_a_table_has_a_budget_too(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a")
    with pytest.raises(InputError):
        list(Source(tmp_path / "a", max_text_bytes=5000).chunks(Split("json"), final=True))


def test_a_parquet_file_may_be_called_as_a_pattern(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a[1]*?.parquet")
    (tmp_path / "a1xx.parquet").write_bytes((tmp_path / "a[1]*?.parquet").read_bytes())
    assert len(read(tmp_path / "a[1]*?.parquet")) == len(RECEIPTS)
