"""Formats: every sample, what holds for all of them, and how a file is recognised."""

from __future__ import annotations

import os
import random
import re
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

import hookanalysis as ha
from checking import check_formats
from hookanalysis.errors import InputError
from hookanalysis.formats.detect import detect
from hookanalysis.formats.engine import connect_parser
from hookanalysis.formats.format import Format, load_formats
from hookanalysis.formats.logs import Binding
from hookanalysis.formats.probing import describe_format
from hookanalysis.formats.trials import take_records
from hookanalysis.settings import Known
from hookanalysis.tables import TABLES
from tiers import some

FORMATS = load_formats()
EVENT = "06d5dc13-7e24-4f2b-9d5e-0d8a5a3c9b11"
OTHER = "b0000000-0000-4000-8000-000000000002"
TIME = "22/Nov/2026:14:03:07 +0000"


def name(entry: Format) -> str:
    return entry.id


@cache
def engine() -> duckdb.DuckDBPyConnection:
    return connect_parser()


@cache
def binding_of(format_id: str) -> Binding:
    """How a file like a format's first sample is read."""
    text = next(entry.samples[0].text for entry in FORMATS if entry.id == format_id)
    return detect(text.encode(), format_id, Known(format=format_id))


def run(binding: Binding, text: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What scanning says of each record, and the columns of those that are kept."""
    con = engine()
    con.register("chunk", take_records(text.encode(), binding.split))
    con.execute(f"CREATE OR REPLACE TEMP TABLE scanned AS {binding.scan_sql}")
    con.unregister("chunk")
    scanned = rows(con, "SELECT * FROM scanned ORDER BY byte_offset")
    return scanned, rows(con, f"SELECT * FROM ({binding.fields_sql}) ORDER BY byte_offset")


def rows(con: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    result = con.execute(query)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def load(text: str, **known: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    return run(detect(text.encode(), "a.log", Known(**known)), text)


def access(request: str, agent: str = "agent", rest: str = "") -> str:
    return f'34.83.8.110 - - [{TIME}] "{request}" 200 2 "-" "{agent}"{rest}\n'


# Every format


@pytest.mark.parametrize("told", [False, pytest.param(True, marks=pytest.mark.long)])
@pytest.mark.parametrize("entry", FORMATS, ids=name)
def test_samples_become_what_they_say(entry: Format, *, told: bool) -> None:
    others = [other for other in FORMATS if other.id != entry.id]
    wrong = check_formats([entry, *(replace(other, samples=()) for other in others)], told=told)
    assert wrong == []


def test_a_sample_that_is_not_met_is_told() -> None:
    entry = next(entry for entry in FORMATS if entry.id == "access_common")
    sample = entry.samples[0]
    expect = ({"http_status": 500}, *sample.expect[1:])
    wrong = check_formats([replace(entry, samples=(replace(sample, expect=expect),))])
    assert wrong == ["access_common, sample 1, record 1: http_status is 201 instead of 500"]
    twin = replace(entry, id="twin", rank=entry.rank + 1, samples=())
    assert "access_common, sample 1: it is taken for twin" in check_formats([entry, twin])


PIECES = ['"', "\\", " ", "[", "]", "-", "é", "1", "x", ",", "", "\t"]
LINES = [
    line
    for entry in FORMATS
    if entry.split == "lines"
    for sample in entry.samples
    for line in sample.text.splitlines()
]


def anything(dice: random.Random) -> str:
    """Any text, or a sample's line with a few characters changed, taken out, or repeated."""
    if dice.random() < 0.3:
        letters = (
            chr(dice.choice([dice.randint(1, 255), dice.randint(256, 0xD7FF)])) for _ in "x" * 80
        )
        return "".join(letters)[: dice.randint(0, 80)].replace("\n", " ")
    line = dice.choice(LINES)
    for _ in range(dice.randint(0, 3)):
        at = dice.randint(0, len(line))
        line = line[:at] + dice.choice(PIECES) + line[at + dice.randint(0, 2) :]
    return line


# One of each kind of text; the others are long.
KINDS = {
    "access_combined", "access_w3c", "app_json", "app_text", "receipts_table", "sender_json",
    "showpass_csv",
}  # fmt: skip


@pytest.mark.parametrize(
    "entry",
    [pytest.param(e, marks=() if e.id in KINDS else pytest.mark.long) for e in FORMATS],
    ids=name,
)
def test_every_record_gets_one_verdict_and_the_columns_of_the_table(entry: Format) -> None:
    binding, con = binding_of(entry.id), engine()
    dice = random.Random(entry.id)
    # `EXAMPLES=9 pytest tests/test_formats.py` draws more lines.
    drawn = [f"{anything(dice)}\n" for _ in range(60 * int(os.environ.get("EXAMPLES", "1")))]
    con.register("sample", take_records(entry.samples[0].text.encode(), binding.split))
    con.execute(
        "CREATE OR REPLACE TEMP TABLE chunk AS SELECT line, byte_offset, record FROM sample"
        " UNION ALL SELECT 1000 + number, 1000000 + number * 1000, record"
        " FROM (SELECT UNNEST($1) AS record, UNNEST(range(1, len($1) + 1)) AS number)",
        [[*drawn, None]],
    )
    con.unregister("sample")
    given = rows(con, "SELECT line FROM chunk WHERE record IS NOT NULL ORDER BY line")
    con.execute(f"CREATE OR REPLACE TEMP TABLE scanned AS {binding.scan_sql}")
    con.execute("DROP TABLE chunk")
    con.execute(f"CREATE OR REPLACE TEMP TABLE told AS {binding.fields_sql}")

    scanned = rows(con, "SELECT * FROM scanned ORDER BY line")
    # A sender's record may list several attempts; of what was drawn, none does.
    assert {row["line"] for row in scanned} == {row["line"] for row in given}
    assert [row["line"] for row in scanned][-len(drawn) :] == list(range(1001, 1001 + len(drawn)))
    for row in scanned:
        verdict = row["verdict"]
        assert verdict in {"keep", "count", "ignore", "reject"}
        assert (row["reason"] is not None) == (verdict == "reject")
        if verdict != "ignore":  # of these, what names an exception is there, too
            assert (row["record"] is not None) == (verdict in {"keep", "reject"})
        untimed = entry.id == "gitlab_hook_events" and verdict == "keep" and row["zoned"] is None
        assert (row["zoned"] is not None) == (verdict in {"keep", "count"}) or untimed
        zoned = row["zoned"] or (row["zoned"] is False and binding.timezone is not None)
        assert (row["at"] is not None) == bool(zoned)
    kept = {row["line"] for row in scanned if row["verdict"] == "keep"}
    fields = rows(con, "SELECT line, byte_offset FROM told")
    assert {row["line"] for row in fields} == kept
    assert len({row["byte_offset"] for row in fields}) == len(fields)

    table = TABLES["attempt_records"] if entry.side == "sender" else TABLES["receipt_records"]
    assert [row[0] for row in con.execute("DESCRIBE told").fetchall()] == list(table.names[2:])
    con.execute(table.ddl.replace("TABLE IF NOT EXISTS", "OR REPLACE TEMP TABLE"))
    con.execute(f"INSERT INTO {table.name} SELECT 1, 2, * FROM told")
    con.execute(f"DROP TABLE {table.name}")


@pytest.mark.long
def test_which_way_an_object_is_parsed_changes_nothing() -> None:
    lines = [
        line
        for entry in FORMATS
        if entry.id == "app_json"
        for sample in entry.samples
        for line in sample.text.splitlines()
        if line.startswith("{")
    ]
    bindings = []
    for first in range(len(lines)):
        # Each line in turn is all that detection sees; the others then come as a surprise.
        try:
            binding = detect(f"{lines[first]}\n".encode(), "a", Known(timezone="UTC"))
        except InputError:
            continue
        if not binding.formats:  # else one of a server's, which refines what it fits
            bindings.append(binding)
    assert len(bindings) >= 20
    seen: dict[str, list[Any]] = {}
    # Those that read with the same words read the same.
    for binding in {(b.scan_sql, b.fields_sql): b for b in bindings}.values():
        _, fields = run(binding, "\n".join(lines) + "\n")
        for row in fields:
            seen.setdefault(f"{row['line']} {row['event_uuid']}", []).append(row)
    assert len(seen) > 8
    for found in seen.values():
        assert all(row == found[0] for row in found)


# The event's uuid

_NAMED = [
    "webhook_event_uuid={u}", "webhook_event_uuid: {u}", "'webhook_event_uuid': '{u}'",
    "'webhook_event_uuid': UUID('{u}')", '"webhook_event_uuid" => "{u}"',
    "[webhook_event_uuid] => {u}", "map[webhook_event_uuid:{u} x:1]", "WebhookEventUUID:{u}",
    "webhookEventUuid={u}", "Key (webhook_event_uuid)=({u}) already exists",
    " webhook_event_uuid | {u}", "\x1b[36mwebhook_event_uuid\x1b[0m=\x1b[35m{u}\x1b[0m",
    "&quot;webhook_event_uuid&quot;:&quot;{u}&quot;", "%22webhook_event_uuid%22%3A%22{u}%22",
    "webhook.event.uuid={u}", "Webhook Event UUID: {u}", '{{"webhook_event_uuid":"{u}"}}',
    '{{"webhook_event_uuid": "{u}"}}', r"\x22webhook_event_uuid\x22:\x22{u}\x22",
    r"{{\"webhook_event_uuid\":\"{u}\"}}", r"{{\\\"webhook_event_uuid\\\": \\\"{u}\\\"}}",
    "#7B#22webhook_event_uuid#22:#22{u}#22", r"\u0022webhook_event_uuid\u0022:\u0022{u}\u0022",
    "payload.webhook_event_uuid={u}", 'webhook_event_uuid="urn:uuid:{u}"',
    "webhook_event_uuid={{{u}}}", '("webhook_event_uuid", "{u}")', "X-Webhook-Event-Uuid: {u}",
    r"a\nwebhook_event_uuid: {u}", "webhook_event_uuid {u}", "webhook_event_uuid={u}&x=1",
]  # fmt: skip
_NOT_NAMED = [
    "previous_webhook_event_uuid={u}", "previousWebhookEventUuid={u}",
    "last-webhook-event-uuid={u}", "webhook_event_uuid= request_id={u}",
    "webhook_event_uuid=, request_id={u}", "webhook_event_uuid=null id={u}",
    'webhook_event_uuid="" id="{u}"', 'webhook_event_uuid="" {u}', "webhook_event_uuids: {u}",
    '"webhook_event_uuid":"","x":"{u}"', "webhook_event_uuid: (none) {u}", "event_uuid={u}",
    '{{"webhook_event_uuid":null,"id":"{u}"}}', "INSERT (webhook_event_uuid) VALUES ('{u}')",
    "request_id={u}", "processed webhook {u} in 35ms",
]  # fmt: skip


def uuids_of(texts: list[str]) -> dict[str, tuple[list[str], list[str]]]:
    """For each text of a log line: the events that it names, and its bare uuids."""
    lines = [f"2026-11-22 14:03:07Z INFO POST {text}" for text in texts]
    _, fields = load("\n".join(lines) + "\n")
    found: dict[str, tuple[list[str], list[str]]] = {text: ([], []) for text in texts}
    for row in fields:
        named, bare = found[texts[row["line"] - 1]]
        named += [row["event_uuid"]] if row["event_uuid"] else []
        bare += row["candidate_uuids"] or []
    return found


def test_a_uuid_behind_its_key_is_the_event() -> None:
    values = [EVENT, EVENT.upper(), EVENT.replace("-", "")]
    texts = [text.format(u=value) for value in values for text in _NAMED]
    assert uuids_of(texts) == dict.fromkeys(texts, ([EVENT], []))


def test_a_uuid_behind_anything_else_is_only_a_candidate() -> None:
    texts = [text.format(u=EVENT) for text in _NOT_NAMED]
    assert uuids_of(texts) == dict.fromkeys(texts, ([], [EVENT]))


def test_a_longer_or_shorter_word_is_no_uuid() -> None:
    values = [EVENT, EVENT.replace("-", "")]
    tails = ("0", "f", "_x", "g")
    texts = [f"webhook_event_uuid={value}{tail}" for value in values for tail in tails]
    texts += [f"webhook_event_uuid={EVENT[:-cut]}" for cut in (1, 2, 12)]
    assert uuids_of(texts) == dict.fromkeys(texts, ([], []))


def test_a_batch_gives_one_row_for_each_event() -> None:
    text = f"2026-11-22 14:03:07Z INFO webhook_event_uuid={OTHER},webhook_event_uuid={EVENT}\n"
    _, fields = load(text * 2)
    assert [row["event_uuid"] for row in fields] == [EVENT, OTHER] * 2 or [
        row["event_uuid"] for row in fields
    ] == [OTHER, EVENT] * 2
    assert len({row["byte_offset"] for row in fields}) == 4
    assert [row["line"] for row in fields] == [1, 1, 2, 2]


# Times


ZONED = {
    "2026-11-22T14:03:07Z": "2026-11-22 14:03:07",
    "2026-11-22T14:03:07.123456789Z": "2026-11-22 14:03:07.123456",
    "2026-11-22 14:03:07,123 +0100": "2026-11-22 13:03:07.123000",
    "2026-11-22T14:03:07+05:30": "2026-11-22 08:33:07",
    "2026-11-22 14:03:07 UTC": "2026-11-22 14:03:07",
    "22/Nov/2026:14:03:07 -0700": "2026-11-22 21:03:07",
    "Nov 22, 2026 1:05 PM MST": "2026-11-22 20:05:00",
    "Jul 22, 2026, 1:05 p.m. MDT": "2026-07-22 19:05:00",
    "2026-07-22 14:03:07 PST": "2026-07-22 22:03:07",
    "Sun, 22 Nov 2026 13:05:07 GMT": "2026-11-22 13:05:07",
    "Sun Nov 22 13:05:07 UTC 2026": "2026-11-22 13:05:07",
    "Sun Nov 22 2026 14:03:07 GMT+0100 (CET)": "2026-11-22 13:03:07",
    "2026-11-22T14:03:07+01:00[Europe/Paris]": "2026-11-22 13:03:07",
    "1795356187": "2026-11-22 14:03:07",
    "1795356187.57": "2026-11-22 14:03:07.570000",
    "1795356187123": "2026-11-22 14:03:07.123000",
    "1795356187123456": "2026-11-22 14:03:07.123456",
    "1795356187123456789": "2026-11-22 14:03:07.123456",
}
NAIVE = (
    "2026-11-22T14:03:07", "2026-11-22 14:03:07,123", "22 Nov 2026 13:05:00",
    "November 2, 2026 1:05:07 PM", "2026-07-22 14:03:07 BST", "2026-07-22 14:03:07 IST",
)  # fmt: skip
NO_TIMES = (
    "2026-02-30T00:00:00Z", "2026-11-22 14:03:60Z", "1605-11-22T14:03:07Z", "infinity", "epoch",
    "2101-01-01T00:00:00Z", "1970-01-01 00:00:00", "179535618", "soon", "2026-11-22",
    "2026-11-22T14:03:07\u221207:00", "-1795356187", "9795356187",
)  # fmt: skip


def moments(texts: Iterable[str], **known: Any) -> dict[str, tuple[str, str | None, Any]]:
    """For each text of a time: verdict or reason, the moment, and whether it names its zone."""
    lines = "".join(f'{{"time": "{text}", "level": "info"}}\n' for text in texts)
    scanned, _ = load(lines, format="app_json", **known)
    told = [(r["reason"] or r["verdict"], r["at"] and str(r["at"]), r["zoned"]) for r in scanned]
    return dict(zip(texts, told, strict=True))


def test_a_time_with_a_zone_is_read() -> None:
    assert moments(ZONED) == {text: ("count", at, True) for text, at in ZONED.items()}


def test_a_time_without_a_zone_is_left_open() -> None:
    assert moments(NAIVE) == dict.fromkeys(NAIVE, ("count", None, False))


@pytest.mark.parametrize(
    ("zone", "expected"),
    some(
        [
            ("America/Edmonton", "2026-07-01 20:00:00"),
            ("america/edmonton", "2026-07-01 20:00:00"),
            ("-07:00", "2026-07-01 21:00:00"),
            ("+0545", "2026-07-01 08:15:00"),
            ("UTC", "2026-07-01 14:00:00"),
        ],
        "america/edmonton",
        "+0545",
    ),
)
def test_a_given_zone_is_used_where_the_text_has_none(zone: str, expected: str) -> None:
    assert moments(["2026-07-01 14:00:00", "2026-07-01T14:00:00Z"], timezone=zone) == {
        "2026-07-01 14:00:00": ("count", expected, False),
        "2026-07-01T14:00:00Z": ("count", "2026-07-01 14:00:00", True),
    }


def test_no_time_is_guessed() -> None:
    found = moments(["2026-11-22T14:03:07Z", *NO_TIMES], timezone="UTC")
    assert {text: found[text][0] for text in NO_TIMES} == dict.fromkeys(NO_TIMES, "bad_time")


def test_a_time_that_the_clock_showed_twice_has_two_readings() -> None:
    times = ["2026-11-01 00:30:00", "2026-11-01 01:30:00", "2026-03-08 02:30:00"]
    lines = "".join(f'{{"time": "{time}", "level": "info"}}\n' for time in times)
    scanned, _ = load(lines, timezone="America/New_York", format="app_json")
    assert [row["reason"] for row in scanned] == [None, None, "clock_change"]
    readings = [(str(row["at"]), str(row["later_at"])) for row in scanned]
    assert readings == [
        ("2026-11-01 04:30:00", "None"),
        ("2026-11-01 05:30:00", "2026-11-01 06:30:00"),
        ("None", "None"),
    ]
    half_hour, _ = load(
        '{"time": "2026-04-05 01:45:00", "level": "info"}\n',
        timezone="Australia/Lord_Howe",
        format="app_json",
    )
    assert str(half_hour[0]["later_at"] - half_hour[0]["at"]) == "0:30:00"


def dated(*days: str) -> str:
    return "".join(f"{day} 10:00:00 +0000 INFO POST\n" for day in days)


def test_day_and_month_are_proven() -> None:
    scanned, _ = load(dated("03/04/2026", "13/04/2026"))
    assert [str(row["at"])[:10] for row in scanned] == ["2026-04-03", "2026-04-13"]
    scanned, _ = load(dated("03/04/2026", "04/13/2026"))
    assert [str(row["at"])[:10] for row in scanned] == ["2026-03-04", "2026-04-13"]


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("12/01/2026, 3:08:09 PM", "2026-12-01 15:08:09"),  # JavaScript in English of the US
        ("22/11/2026, 3:08:09 PM", "2026-11-22 15:08:09"),
        ("12/01/2026, 3:08:09 pm", None),
        ("12/01/2026 3:08:09 PM", None),
    ],
)
def test_a_day_that_javascript_wrote_has_its_month_first(
    told: str, read: str | None, tmp_path: Path
) -> None:
    log = tmp_path / "nest.log"
    log.write_text(f"[Nest] 31  - {told}     LOG [Hooks] POST /hook 200\n")
    with ha.connect(":memory:") as ws:
        ws.load(log, timezone="UTC")
        found = [f"{at}" for (at,) in ws.rows("SELECT logged_at FROM receipt_records")]
    assert found == ([read] if read else [])


@pytest.mark.parametrize("days", [("03/04/2026",), ("13/04/2026", "04/13/2026")])
def test_day_and_month_are_not_guessed(days: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="order of day and month") as error:
        load(dated(*days))
    assert "day_first" in error.value.hint


def test_day_and_month_are_as_given() -> None:
    scanned, _ = load(dated("03/04/2026"), day_first=True)
    assert str(scanned[0]["at"])[:10] == "2026-04-03"


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(InputError, match="no time zone 'MST7'"):
        load(dated("2026-04-03"), timezone="MST7")


CUT = {
    "access": '1.2.3.4 - - [22/Nov/2026:14:03:07 +0000] "POST /hooks/a HTTP/1.1" 200 2 "-" "S/1"',
    "JSON": '{"time":"2026-11-22T14:03:07Z","method":"POST","path":"/hooks/a","status":200}',
    "words": 'time=2026-11-22T14:03:07Z level=info method=POST path="/hooks/a" status=200',
    "text": '2026-11-22T14:03:07Z INFO "POST /hooks/a" 200',
}


@pytest.mark.parametrize("log", some(CUT, "JSON"))
def test_a_line_that_was_cut_tells_no_other_path_or_status(log: str) -> None:
    line = CUT[log]
    _, rows = load("".join(f"{line[:end]}\n" for end in range(len(line), 0, -1)) + f"{line}\n" * 20)
    assert {row["path"] for row in rows} <= {"/hooks/a", None}
    assert {row["http_status"] for row in rows} <= {200, None}
    assert [row["path"] for row in rows][-20:] == ["/hooks/a"] * 20


# Recognition


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello\nworld\n", "neither a table nor JSON"),
        (
            '1.2.3.4 - - [noon] "GET / HTTP/1.1" 200 5\n',
            "like access_combined (nginx and Apache access log, combined), but from column",
        ),
        ("\x01\x02\n", "neither a table nor JSON"),
        (
            "Ticket,Moment\n1,2\n3,4\n",
            "looks like a table, but its columns are none that are known",
        ),
        ('{"a":1,"b":{"c":2}}\n', "their keys: a, b"),
        ("<?xml version='1.0'?>\n<log/>\n", "XML"),
        ("webhook_event_uuid,created_at\nevt_1,soon\n", "the time or the event is missing (1)"),
    ],
)
def test_an_unknown_file_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match="no format fits") as error:
        load(text)
    assert words in error.value.reason
    assert error.value.where.startswith("a.log:1")
    assert "formats try a.log" in error.value.hint


@pytest.mark.parametrize("delimiter", some([",", ";", "\t"], ";"))
def test_a_table_with_a_header_is_no_free_text(delimiter: str) -> None:
    rows = [("Time", "Id"), ("11/22/2026 2:03:10 PM", "A1"), ("11/23/2026 2:03:10 PM", "A2")]
    text = "".join(f"{delimiter.join(row)}\n" for row in rows)
    with pytest.raises(InputError, match="lacks a column"):
        load(text)
    # Without a header, lines are lines, however many commas they have.
    scanned, _ = load("".join(f"2026-11-22 14:03:0{n}Z, POST /a, b\n" for n in range(5)))
    assert [row["verdict"] for row in scanned] == ["keep"] * 5


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InputError, match="lacks a column") as error:
        load("exported\nID,Time,Event,HTTP Status Code\n1,2026-11-22T14:03:07Z,x,200\n")
    assert "missing: event_uuid or payload or idempotency" in error.value.reason
    assert "found: ID, Time, Event, HTTP Status Code" in error.value.reason
    assert error.value.where == "a.log:2"


# Lists of a sender that nobody described: they hold event ids and times, as a receiver's tables do.
LISTS = (
    '[{"id":"del_1","event_id":"evt_1","status":"delivered","attempts":1,"delivered_at":"%s"}]\n',
    '{"delivery_list":[{"event":{"id":"evt_1"},"at":"%s","response":{"code":500}}],"more":[]}\n',
    '{"delivery_id":"del_1","event_type":"a.b","status":"failed","attempts":2,"created_at":"%s"}\n',
    "id,event_id,created_at,response_status\n1,evt_1,%s,200\n",
    "message_id,created_at,endpoint_url,attempt_number,response_code\nm-1,%s,https://a.b/c,2,200\n",
    "Message ref;Sent;Answer;Why\nm-1;%s;;timed out\nm-2;%s;200;\n",
)


@pytest.mark.parametrize("text", some(LISTS, LISTS[0], LISTS[3]))
def test_a_senders_list_is_no_receipts_table_and_its_settings_are_drafted(text: str) -> None:
    text = text.replace("%s", "2026-11-22T14:03:07Z")
    with pytest.raises(InputError) as error:
        load(text)
    told = re.search(
        r'a sender\'s list, .*: format = "(sender_\w+)", (columns = .*?\});', error.value.hint
    )
    assert told
    _, found = load(text, format=told[1], **tomllib.loads(told[2]))
    assert found[0]["event_uuid"] in {"evt_1", "del_1", "m-1"}
    assert f"{found[0]['attempted_at']}" == "2026-11-22 14:03:07"
    assert found[0]["status"] in {"success", "failed"}


def test_a_table_is_what_the_user_says() -> None:
    # Most of its columns are unknown, and one is a name that senders use.
    text = "id,name,message_id,exception,processed_at,created_at,updated_at,attempts\n"
    text += "1,x,evt_1,,2026-11-22 14:03:08Z,2026-11-22 14:03:07Z,2026-11-22 14:03:08Z,1\n"
    with pytest.raises(InputError) as error:
        load(text)
    assert 'format = "receipts_table", columns = {event_id = "message_id"' in error.value.hint
    columns = {"event_id": "message_id", "time": "created_at"}
    _, found = load(text, format="receipts_table", columns=columns)
    assert (found[0]["event_uuid"], found[0]["message"]) == ("evt_1", "processed")


EPOCHS = [f"1795356187{digits}" for digits in ("", ".0", "0" * 3, "0" * 6, "0" * 9)]


def test_columns_lead_into_objects_and_epochs_are_read() -> None:
    columns = {
        "event_id": "ref",
        "attempted_at": "try/Sent at",
        "http_status": "try/response/status",
        "error": "时间",
    }
    text = '{"ref":"k-1","try":{"Sent at":%s,"response":{"status":"503 Busy"}},"时间":"busy"}\n'
    rest = '{"ref":"k-2","try":{"Sent at":"%s","response":{"status":204}},"other":{}}\n'
    text = "".join((text + rest) % (epoch, epoch) for epoch in EPOCHS)
    _, found = load(text, format="sender_json", columns=columns)
    assert [(row["event_uuid"], row["http_status"]) for row in found] == [
        ("k-1", 503),
        ("k-2", 204),
    ] * len(EPOCHS)
    assert {f"{row['attempted_at']}" for row in found} == {"2026-11-22 14:03:07"}
    table = "ref;Sent;Answer\n" + "".join(f"k-{epoch};{epoch};200\n" for epoch in EPOCHS)
    columns = {"event_id": "ref", "attempted_at": "Sent", "http_status": "Answer"}
    _, found = load(table, format="sender_table", columns=columns)
    assert [f"{row['attempted_at']}" for row in found] == ["2026-11-22 14:03:07"] * len(EPOCHS)


STATUSES = {
    "success": "Success succeeded DELIVERED ok completed true acknowledged done",
    "failed": "Failed failure error undelivered rejected false timed_out expired abandoned"
    " discarded dropped unreachable exhausted gave_up cancelled unsuccessful dead",
    "pending": "Pending queued scheduled retrying in_progress waiting",
}


def test_words_of_status_are_understood() -> None:
    wanted = {word: status for status, words in STATUSES.items() for word in words.split()}
    rows = [f"k-{n},2026-11-22T14:03:07Z,{word}\n" for n, word in enumerate(wanted)]
    columns = {"event_id": "Ref", "attempted_at": "When", "status": "Outcome"}
    _, found = load("Ref,When,Outcome\n" + "".join(rows), format="sender_table", columns=columns)
    assert dict(zip(wanted, (row["status"] for row in found), strict=True)) == wanted


def test_a_column_given_twice_is_refused() -> None:
    with pytest.raises(InputError, match="twice"):
        load("ID,Time,Status,status,Idempotency\n1,2026-11-22T14:03:07Z,x,y,z\n")


def test_a_table_without_rows_is_a_table() -> None:
    assert load("Time,Status,Idempotency\n") == ([], [])


def test_a_format_can_be_forced_and_must_then_fit() -> None:
    line = access("POST /a HTTP/1.1")
    scanned, _ = load("garbage\n" * 9 + line, format="access_combined")
    assert [row["verdict"] for row in scanned] == ["reject"] * 9 + ["keep"]
    with pytest.raises(InputError, match="the file is no app_json"):
        load(line, format="app_json")
    with pytest.raises(InputError, match="there is no format 'nginx'") as error:
        load(line, format="nginx")
    assert "access_combined" in error.value.hint


def test_the_greater_part_of_a_file_decides() -> None:
    with pytest.raises(InputError, match="no format fits") as error:
        load("garbage\n" * 19 + access("GET / HTTP/1.1"))
    assert "its lines begin like those of no known log" in error.value.reason


def test_of_two_formats_that_fit_the_higher_refines() -> None:
    entry = next(entry for entry in FORMATS if entry.id == "access_combined")
    twin = replace(entry, id="twin", rank=entry.rank + 1)
    binding = detect(access("GET /").encode(), "a", formats=[entry, twin])
    assert binding.format.id == "twin"


@pytest.mark.parametrize("turn", some([0, 1, 2], 0))
def test_headers_go_by_name_in_any_order_and_between_any_delimiters(turn: int) -> None:
    header = ["  webhook url ", '"STATUS"', "iDeMpOtEnCy", "http-status_code", "Extra", "Time"]
    row = ["https://t.example/h", "Success", EVENT, "200 OK", "x", "2026-11-22T14:03:07Z"]
    orders = [list(range(6)), [5, 4, 3, 2, 1, 0], [2, 0, 5, 1, 3, 4]]
    found, ends = [], [(",", "\n"), ("\t", "\r\n"), (";", "\n")]
    for order, (delimiter, end) in zip(orders, ends[turn:] + ends[:turn], strict=True):
        lines = [delimiter.join(cells[i] for i in order) for cells in (header, row)]
        found += load(end.join(["", "notes", *lines, ""]))[1]
    kept = [{k: v for k, v in row.items() if k != "byte_offset"} for row in found]
    assert kept[0] == kept[1] == kept[2]
    assert kept[0]["status"] == "success"
    assert (kept[0]["http_status"], kept[0]["line"]) == (200, 4)


def test_the_same_row_has_the_same_hash_in_any_file() -> None:
    comma = f"Time,Status,Idempotency\n2026-11-22T14:03:07Z,Success,{EVENT}\n"
    tabs = f'Idempotency\tStatus\tTime\n{EVENT}\t "Success"\t2026-11-22 07:03:07 MST\n'
    json = f'[{{"idempotency":"{EVENT}","status":"Success","time":1795356187}}]'
    found = [load(text)[1][0]["row_hash"] for text in (comma, tabs, json + "\n")]
    assert found[0] is not None
    assert len(set(found)) == 1


def test_an_own_table_needs_only_its_names(tmp_path: Path) -> None:
    text = f"Sent (local);Key;Answer\n2026-11-22 07:03:07;{EVENT};200\n"
    (tmp_path / "ours.toml").write_text(
        'id = "ours"\ntitle = "our spreadsheet"\nextends = "showpass_csv"\n[names]\n'
        'attempted_at = ["Sent (local)"]\nevent_uuid = ["Key"]\nhttp_status = ["Answer"]\n'
        f'[[sample]]\ntimezone = "-07:00"\ntext = """{text}"""\n'
        "expect = [{ attempted_at = 2026-11-22T14:03:07, http_status = 200 }]\n",
        encoding="utf-8",
    )
    formats = [e for e in load_formats(tmp_path) if e.id in {"ours", "showpass_csv"}]
    assert check_formats([replace(e, samples=e.samples[:1]) for e in formats]) == []
    assert detect(text.encode(), "a", formats=formats).format.id == "ours"
    plain = f"Time,Idempotency\n2026-11-22T14:03:07Z,{EVENT}\n"
    assert detect(plain.encode(), "a", formats=formats).format.id == "showpass_csv"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id = 'x'\ntitle = 'x'\nside = 'receiver'\nsplit = 'lines'\n", "no [[sample]]"),
        ("id = 'y'\n", "not the name of the file"),
        ("id = \n", "value"),
        ("id = 'x'\nextends = 'z'\n", "'z', which is no other format"),
        ("id = 'x'\nextends = 'app_json'\ncolour = 1\n[[sample]]\ntext = ''\n", "'colour'"),
        ("id = 'x'\nextends = 'app_json'\n[names]\nhue = ['h']\n[[sample]]\ntext=''\n", "'hue'"),
        ("id = 'x'\nextends = 'app_json'\nlayer = 'egde'\n[[sample]]\ntext = ''\n", "'egde'"),
        ("id = 'x'\nextends = 'app_json'\ntime_marks = 'on'\n[[sample]]\ntext = ''\n", "'on'"),
        ("id = 'x'\ntitle = 'x'\n[[sample]]\ntext = ''\nexpect = []\n", "'side'"),
    ],
)
def test_a_broken_format_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="a format cannot be used") as error:
        load_formats(tmp_path)
    assert words in error.value.reason
    assert error.value.where.endswith("x.toml")


# What is kept


def test_a_line_is_kept_for_its_method_its_uuid_or_its_path() -> None:
    head = "2026-11-22 14:03:07Z INFO"
    lines = [
        f"{head} POST /a", f"{head} PUT /a", f"{head} GET /a", f"{head} done {EVENT}",
        f"{head} webhook_event_uuid={EVENT.replace('-', '')}", f"{head} GET /hook?x",
        f"{head} GET /hook/list", f"{head} GET https://x.example/hook", f"{head} bad signature",
        f"{head} OUTPUT", f"{head} heartbeat",
    ]  # fmt: skip
    binding = detect("\n".join(lines).encode(), "a", endpoint_paths=["/hook", "/"])
    scanned, _ = run(binding, "\n".join(lines) + "\n")
    kept = [row["verdict"] == "keep" for row in scanned]
    assert kept == [True, True, False, True, True, True, False, True, True, False, False]


# What may not leave a record

CANARIES = {
    "customer_name": "Zebedee Quux", "customer_email": "zebedee@quux.example",
    "customer_phone_number": "+1 (403) 555-0187", "barcode_string": "ZB55AA12QX77",
    "secret": "s3cr3t-t0ken-zq",
}  # fmt: skip


def private(values: Iterable[Any]) -> list[str]:
    told = " ".join(str(value) for value in values).lower()
    parts = ["zebedee", "quux", "555-0187", "5550187", "zb55aa12qx77", "s3cr3t"]
    return [part for part in parts if part in told]


def payload() -> str:
    items = ", ".join(f'"{key}": "{value}"' for key, value in CANARIES.items())
    return f'{{"id": "{OTHER}", "data": {{{items}}}, "webhook_event_uuid": "{EVENT}"}}'


def leaks() -> dict[str, list[str]]:
    """Kind of file → a head, and records each of which tells of a person."""
    body = payload()
    double, slashed = body.replace('"', '""'), body.replace('"', '\\"')
    escaped = body.replace('"', "\\x22")
    words = f"for Zebedee Quux <zebedee@quux.example> tel. {CANARIES['customer_phone_number']}"
    pairs = ", ".join(f"{key}={value}" for key, value in CANARIES.items())
    url = "https://zebedee:s3cr3t-t0ken-zq@t.example/h?token=s3cr3t-t0ken-zq"
    said = f"Barcode {CANARIES['barcode_string']} {words}; {pairs}"
    line = '{"time": "2026-11-22T14:03:07Z", "level": "info", "msg": '
    head = "2026-11-22 14:03:07Z INFO POST"
    return {
        "csv": [
            "Time,Payload,Webhook URL,Event,Response,HTTP Status Code\n",
            f'2026-11-22T14:03:07Z,"{double}",{url},invoice.purchase,"{double}",500\n',
            f'2026-11-22T14:03:07Z,"{double}",{url},For Zebedee Quux,"{said}",500\n',
        ],
        "json": ["", f'[{{"time": 1795356187, "payload": {body}, "response_body": {body}}}]\n'],
        "access": [
            "",
            access("POST /h HTTP/1.1", rest=f' "{escaped}"'),
            access("POST /u/zebedee@quux.example/h?e=zebedee@quux.example HTTP/1.1"),
        ],
        "app": [
            "",
            f'{line}"got {slashed}", "method": "POST", "body": {body}}}\n',
            f'{line}"POST {said}", "customer_name": "Zebedee Quux"}}\n',
        ],
        "text": [
            "",
            f"{head} got {body}\n",
            f"{head} /h {said}\n",
            f"{head} {body.replace(chr(34), chr(39))}\n",
            f"{head} " + "x " * 970 + body + words + "\n",
        ],
    }


@pytest.mark.parametrize("kind", leaks())
def test_nothing_private_leaves_a_record(kind: str) -> None:
    head, *records = leaks()[kind]
    _, fields = load(head + "".join(records))
    assert len(fields) == len(records)
    assert [private(row.values()) for row in fields] == [[]] * len(records)


def test_two_payloads_that_differ_in_private_data_only_differ_in_their_hash() -> None:
    mine, yours = payload(), payload().replace("Zebedee", "Griselda")
    found = [load(f'[{{"time": 1795356187, "payload": {body}}}]\n')[1][0] for body in (mine, yours)]
    different = {key for key in found[0] if found[0][key] != found[1][key]}
    assert different == {"payload_hash", "row_hash"}


def test_hostile_characters_do_not_leave_a_record() -> None:
    evil = "a\x1b[31m error \u202e\u2066\x07\x9b b"
    line = '{"time": 1795356187, "level": "info", "method": "POST", "path": "/EVIL", "msg": "EVIL"}'
    texts = [
        line.replace("EVIL", evil).replace("\x1b", "\\u001b").replace("\x07", "\\u0007") + "\n"
    ]
    texts += [f"2026-11-22 14:03:07Z INFO POST /x {evil}\n"]
    for text in texts:
        _, fields = load(text)
        told = " ".join(str(value) for value in fields[0].values())
        assert "error" in told
        assert told.isprintable()
        assert not set(told) & set("\x1b\u202e\u2066\x07\x9b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Name or service not known", "Name or service not known"),
        ("Internal Server Error", "Internal Server Error"),
        ("webhook processed in 1500ms status=200", "webhook processed in 1500ms status=200"),
        ("webhook failed: KeyError('x')", 'webhook failed: KeyError("…")'),
        ("webhook failed: KeyError('ticket_items')", "webhook failed: KeyError('ticket_items')"),
        ('null value in column "currency"', "null value in column 'currency'"),
        ("missing field: 'customer_email': 'jane'", "missing field: 'customer_email':…"),
        ("KeyError: 'jane_doe' for \"may\"", 'KeyError: "…" for "…"'),
        ('{"error": "no"}', "{…}"),
        ("a\nset\tof", "a set of"),
        ("", None),
        ("word " * 100, ("word " * 40)),
        ("no order for jane doe, JOHN SMITH or O'Brien", "no order for […] […] […] […] or […]"),
        ("received jane-doe, Jane_Doe and \u5f20\u4e09", "received […] […] and […]"),
        ("jane", "[…]"),
        ("sqlalchemy.exc.IntegrityError: duplicate", "sqlalchemy.exc.IntegrityError: duplicate"),
    ],
)
def test_what_is_not_private_stays(text: str, expected: str | None) -> None:
    with connect_parser() as con:
        found = con.execute("SELECT scrub($1)", [text]).fetchall()[0][0]
    assert found == expected


# The sender's words


# Status, HTTP status code, response: status, http_status, error_kind
ATTEMPTS = {
    ("Success", "200 OK", ""): ("success", 200, None),
    ("Success", "500", ""): ("success", 500, None),
    ("FAILED", "404 Not Found", "x"): ("failed", 404, None),
    ("", "204", ""): ("success", 204, None),
    ("", "302", ""): ("failed", 302, None),
    ("Unsuccessful", "", ""): ("failed", None, "other"),
    ("Not delivered", "", ""): ("failed", None, "other"),
    ("Pending", "", ""): ("pending", None, None),
    ("", "", ""): ("pending", None, None),
    ("Failed", "0", "timeout"): ("failed", None, "timeout"),
    ("", "", "Read timed out"): ("failed", None, "timeout"),
    ("Failed", "", "TLS handshake timeout"): ("failed", None, "timeout"),
    ("Failed", "", "Connection refused"): ("failed", None, "refused"),
    ("Failed", "", "Connection reset by peer"): ("failed", None, "other"),
    ("Failed", "", "SSL: unexpected EOF"): ("failed", None, "other"),
    ("Failed", "", "Name or service not known"): ("failed", None, "dns"),
    ("Failed", "", "certificate verify failed"): ("failed", None, "tls"),
    ("Failed", "503", "Connection refused"): ("failed", 503, None),
    ("Failed", "401", "Invalid signature"): ("failed", 401, "signature"),
    ("Failed", "502", "signature"): ("failed", 502, None),
    ("Success", "200", "signature ok"): ("success", 200, None),
}


def test_status_and_error() -> None:
    lines = [",".join(("1795356187", EVENT, *told)) for told in ATTEMPTS]
    header = "Time,Idempotency,Status,HTTP Status Code,Response"
    _, fields = load("\n".join([header, *lines]) + "\n")
    found = [(row["status"], row["http_status"], row["error_kind"]) for row in fields]
    assert dict(zip(ATTEMPTS, found, strict=True)) == ATTEMPTS


# The receiver's words


STEPS = {
    "webhook received": "received",
    "Incoming webhook": "received",
    "webhook processed": "processed",
    "event handled successfully": "processed",
    "processed 3 tickets, 0 errors": "processed",
    "no duplicates, processed": "processed",
    "duplicate webhook ignored": "duplicate",
    "already processed, skipping": "duplicate",
    "webhook failed: no such ticket": "failed",
    "could not store event": "failed",
    "not processed": "failed",
    "invalid signature, webhook ignored": "signature_failed",
    "signature verification failed": "signature_failed",
    "Signature does not match": "signature_failed",
    "missing signature": "signature_failed",
    "signature verified": None,
    "signature verified, webhook processed": "processed",
    "signature ok, processing failed": "failed",
    "processing webhook": None,
    "request completed": None,
    "will be processed later": None,
    "webhook queued": None,
    "heartbeat": None,
}


def test_words_tell_a_step() -> None:
    lines = [f"2026-11-22 14:03:07Z INFO POST {words} {EVENT}\n" for words in STEPS]
    _, fields = load("".join(lines))
    assert dict(zip(STEPS, (row["step"] for row in fields), strict=True)) == STEPS


def test_an_error_without_words_is_a_failure() -> None:
    _, fields = load(f"2026-11-22 14:03:07Z ERROR ticket {EVENT}\n")
    assert (fields[0]["level"], fields[0]["step"]) == ("error", "failed")


# The command line's view


def test_formats_can_be_listed_and_described() -> None:
    entries = load_formats()
    assert [entry.id for entry in entries] == sorted(entry.id for entry in entries)
    for entry in entries:
        assert entry.title in describe_format(entry.id)
    with pytest.raises(InputError, match="there is no format 'x'"):
        describe_format("x")


def test_a_long_head_that_breaks_off_is_recognised() -> None:
    text = access("POST /h HTTP/1.1").encode() * 5000
    binding = detect(text[: 1 << 18], "a")
    assert binding.sampled == {"fits": 200}
    assert np.frombuffer(text, np.uint8).size > 1 << 18
