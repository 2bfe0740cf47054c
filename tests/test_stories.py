"""One event's story, checked against the logs that tell it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import hookanalysis as ha
from handwritten import World, clock, event_of
from hookanalysis.database import Database
from hookanalysis.errors import InputError
from hookanalysis.stories import tell
from hookanalysis.tables import OUTCOMES
from hookanalysis.verdict.steps import reconcile

SAMPLES = Path(__file__).parent.parent / "data" / "samples"


@pytest.fixture(scope="module")
def ws(samples: Path) -> Iterator[ha.Workspace]:
    with ha.connect(samples, read_only=True) as workspace:
        yield workspace


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_each_kind_of_event_has_a_story(ws: ha.Workspace, outcome: str) -> None:
    row = ws.table("deliveries").query(f"outcome == '{outcome}' and event_uuid.notna()").iloc[0]
    story = ws.event(row.event_uuid)
    assert any(outcome in chapter.verdict for chapter in story.chapters)
    told = len([e for e in story.evidence if e.side == "sender"])
    assert told >= row.attempts
    assert repr(story).startswith(f"event {row.event_uuid}\n")
    # With its style, without which JupyterLab sets text to the right.
    page = story._repr_html_()
    assert page.startswith("<style>")
    assert row.event_uuid in page
    assert "<table>" not in page


def test_evidence_points_to_the_line_that_says_it(ws: ha.Workspace) -> None:
    row = ws.table("deliveries").query("outcome == 'recovered'").iloc[0]
    story = ws.event(row.event_uuid.upper(), source=True)
    named = [e for e in story.evidence if e.record and "edge" not in e.says]
    assert len(named) >= 4
    assert all(row.event_uuid in e.record for e in named if e.path.endswith((".csv", ".jsonl")))
    for entry in named:
        if entry.path.endswith(".csv"):
            line = Path(entry.path).read_text().splitlines()[entry.line - 1]
            assert row.event_uuid in line


def test_the_proof_of_a_missed_event_names_the_lines_around_it(ws: ha.Workspace) -> None:
    row = ws.table("deliveries").query("detail == 'false_success'").iloc[0]
    (chapter,) = ws.event(row.event_uuid).chapters
    (proof,) = [why for why in chapter.why if why.startswith("Log ")]
    places = re.findall(r"\((\S+):(\d+)\)", proof)
    assert len(places) == 2
    before, after = (Path(path).read_text().splitlines()[int(n) - 1] for path, n in places)
    moments = re.findall(r"\d{4}:(\d\d:\d\d:\d\d)", f"{before} {after}")
    # The log writes local time, seven hours behind; the story tells UTC.
    start, end = re.findall(r" (\d\d):(\d\d:\d\d)\.\d+ UTC", proof)
    assert moments[0] <= f"{int(start[0]) - 7:02}:{start[1]}"
    assert moments[1] >= f"{int(end[0]) - 7:02}:{end[1]}"
    assert re.search(r"off the sender's \(\+\d+\.\d to \+\d+\.\d\); tolerance \d+ s", proof)


def test_what_decided_is_said_with_its_rule(ws: ha.Workspace) -> None:
    row = ws.table("deliveries").query("detail == 'retry_after_timeout'").iloc[0]
    story = ws.event(row.event_uuid)
    told = " ".join(story.chapters[0].why)
    assert "2 in the app log by uuid, 2 in the edge log by time" in told
    assert "of these accepted 2, processed 1" in told
    edges = [e for e in story.evidence if e.says.startswith("edge ")]
    assert len(edges) == 2
    assert all("tied by time, score 1.00" in e.says for e in edges)


@pytest.mark.long
def test_a_proxy_that_tried_again_is_told_from_a_sender_that_sent_twice(db: Database) -> None:
    world = World(db)
    world.tell("""
        attempt 12:10 success 200
        app 12:10:05.3 processed 200 request=r1
        app 12:10:06.3 processed 200 request=r2
        edge 12:10:06 200
    """)
    world.tell(f"""
        attempt 14:10 success 200 event={event_of(1)}
        app 14:10:05.3 processed 200 request=r3 event={event_of(1)}
        edge 14:10:05 200
        app 14:10:08.3 processed 200 request=r4 event={event_of(1)}
        edge 14:10:08 200
    """)
    reconcile(db)
    told = [" ".join(tell(db, event_of(number)).chapters[0].why) for number in (0, 1)]
    assert ["passed one request on" in text for text in told] == [True, False]


def test_an_ambiguous_event_tells_the_count_and_the_candidates(db: Database) -> None:
    world = World(db)
    world.tell(f"""
        attempt 12:10 success 200
        attempt 12:10:01 success 200 event={event_of(1)}
        edge 12:10:06 200
    """)
    db.con.execute("DELETE FROM generations WHERE generation_id = 3")
    reconcile(db)
    story = tell(db, event_of(0))
    (component,) = story.components
    assert component.title == "edge: 2 requests, 1 line that may be theirs."
    assert [row["event_uuid"] for row in component.requests] == [event_of(0), event_of(1)]
    assert [(row["status"], row["answer"]) for row in component.requests] == [
        ("success", "200")
    ] * 2
    assert {row["state"] for row in component.requests} == {"open"}
    (line,) = component.lines
    assert (line["http_status"], line["owners"]) == (200, ["story000", "story001"])
    assert component.says == (
        "2 requests may own 1 line: at least 1 of them never arrived, and nobody can tell which."
    )
    assert "none that fits" not in str(story)
    for text in (str(story), story._repr_html_()):
        assert "story000 or story001" in text
        assert "nobody can tell which" in text


@pytest.mark.long
def test_a_plain_event_shows_its_window_and_what_an_inner_layer_shows(db: Database) -> None:
    world = World(db)
    world.tell("""
        attempt 12:10 success 200
        app 12:10:05.3 processed 200 ms=100
        edge 12:10:05 200
    """)
    reconcile(db)
    (component,) = tell(db, event_of(0)).components
    (request,) = component.requests
    assert request["event_uuid"] == event_of(0)
    assert request["shown_by"] == "app 12:10:00.000 200"
    assert request["starts_at"] <= clock("12:10") <= request["ends_at"]
    assert request["state"] == "line"
    assert [line["owners"] for line in component.lines] == [["story000"]]


def test_no_proof_is_claimed_where_a_line_fits(db: Database) -> None:
    world = World(db)
    world.tell("attempt 12:10 success 200")
    world.tell("attempt 14:10 success 200\nedge 14:10:06 200", day=0)
    world.silence("12:00", "12:20")
    reconcile(db)
    assert "none that fits" not in str(tell(db, event_of(0)))


def test_the_beginning_of_an_id_is_enough(ws: ha.Workspace) -> None:
    uuid = ws.table("deliveries").event_uuid.dropna().iloc[0]
    assert ws.event(uuid[:13]).event_uuid == uuid
    with pytest.raises(InputError, match=r"\d+ events begin with"):
        ws.event(uuid[:1])
    with pytest.raises(InputError, match=r"\d+ events begin with ''"):
        ws.event(" ")


def test_a_hostile_log_stays_text_in_the_story(tmp_path: Path) -> None:
    uuid = "06d5dc13-0000-4000-8000-000000000003"
    log = tmp_path / "app.jsonl"
    log.write_text(
        '{"time":"2026-11-20T10:00:00Z","msg":"<script>alert(1)</script>",'
        f'"webhook_event_uuid":"{uuid}"}}\n'
    )
    with ha.connect(":memory:", settings=ha.Settings()) as workspace:
        workspace.load(log)
        workspace.reconcile()
        page = workspace.event(uuid, source=True)._repr_html_()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_quotations_hide_people(tmp_path: Path) -> None:
    uuid = "06d5dc13-0000-4000-8000-000000000001"
    log = tmp_path / "app.jsonl"
    log.write_text(
        '{"time":"2026-11-20T10:00:00Z","level":"info","msg":"webhook received from ada@b.example",'
        f'"webhook_event_uuid":"{uuid}","customer_name":"Ada Byron","barcode_string":"B4RC0DE",'
        '"customer_phone_number":"+1 555 0100"}\n'
    )
    with ha.connect(":memory:", settings=ha.Settings()) as workspace:
        workspace.load(log)
        workspace.reconcile()
        hidden = str(workspace.event(uuid, source=True))
        shown = str(workspace.event(uuid, source=True, redact=False))
    for secret in ("Ada Byron", "ada@b.example", "B4RC0DE", "555 0100"):
        assert secret not in hidden
        assert secret in shown
    assert uuid in hidden


def test_a_value_is_hidden_whole(tmp_path: Path) -> None:
    records = [
        '"customer_name": "Byron, \\"Jo\\" Ada"',
        '"customer_name": "Ada O\'Byron"',
        '"name": {"first": "Ada", "last": "B}yron"}',
        '"names": ["Ada Byron", "Jo"]',
        r'"body": "{\"name\": \"Byron, \\\"Jo\\\" Ada\"}"',
        '"body": "name: Byron, Ada"',
        '"row": ["{""name"": ""Byron, Ada""}"]',
    ]
    uuids = [f"06d5dc13-0000-4000-8000-{number:012}" for number in range(len(records))]
    time = '"time":"2026-11-20T10:00:00Z","level":"info"'
    (tmp_path / "app.log").write_text(
        "".join(
            f"2026-11-20 10:0{n}:00Z INFO webhook_event_uuid={uuid} {{{time},{record}}}\n"
            for n, (uuid, record) in enumerate(zip(uuids, records, strict=True))
        )
    )
    with ha.connect(":memory:", settings=ha.Settings()) as workspace:
        workspace.load(tmp_path / "app.log")
        workspace.reconcile()
        for uuid, record in zip(uuids, records, strict=True):
            hidden = str(workspace.event(uuid, source=True))
            assert f"webhook_event_uuid={uuid}" in hidden, record
            assert not re.search("Ada|yron|Jo", hidden), record


@pytest.mark.long
def test_hiding_takes_linear_time(tmp_path: Path) -> None:
    """Some 20 seconds otherwise."""
    uuid = "06d5dc13-0000-4000-8000-000000000001"
    log = tmp_path / "app.log"
    log.write_text(f"2026-11-20 10:00:00Z INFO webhook_event_uuid={uuid} {'name' * 500}\n")
    with ha.connect(":memory:", settings=ha.Settings()) as workspace:
        workspace.load(log)
        workspace.reconcile()
        assert "namename" in str(workspace.event(uuid, source=True))


def test_an_unknown_event_is_an_error(ws: ha.Workspace) -> None:
    with pytest.raises(InputError, match="no loaded log knows"):
        ws.event("00000000-0000-4000-8000-000000000000")


@pytest.mark.long
def test_a_vanished_file_is_said_in_the_story(tmp_path: Path) -> None:
    uuid = "06d5dc13-0000-4000-8000-000000000002"
    log = tmp_path / "app.jsonl"
    log.write_text(
        f'{{"time":"2026-11-20T10:00:00Z","msg":"got it","webhook_event_uuid":"{uuid}"}}\n'
    )
    with ha.connect(":memory:", settings=ha.Settings()) as workspace:
        workspace.load(log)
        workspace.reconcile()
        log.unlink()
        assert "cannot be shown" in str(workspace.event(uuid, source=True))
