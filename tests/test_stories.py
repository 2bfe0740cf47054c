"""One event's story, checked against the logs that tell it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import hookanalysis as ha
from hookanalysis.errors import InputError
from hookanalysis.stories import VERDICTS
from hookanalysis.tables import OUTCOMES

SAMPLES = Path(__file__).parent.parent / "data" / "samples"


@pytest.fixture(scope="module")
def ws() -> Iterator[ha.Workspace]:
    with ha.connect(":memory:", settings=ha.Settings()) as workspace:
        workspace.load(SAMPLES / "sender", SAMPLES / "receiver")
        workspace.reconcile()
        yield workspace


def test_every_outcome_has_its_sentence() -> None:
    assert set(VERDICTS) == set(OUTCOMES)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_each_kind_of_event_has_a_story(ws: ha.Workspace, outcome: str) -> None:
    row = ws.table("deliveries").query(f"outcome == '{outcome}' and event_uuid.notna()").iloc[0]
    story = ws.event(row.event_uuid)
    assert any(outcome in verdict for verdict in story.verdicts)
    told = len([e for e in story.evidence if e.side == "sender"])
    assert told >= row.attempts
    assert row.event_uuid in str(story)
    assert row.event_uuid in story._repr_html_()


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


def test_an_unknown_event_is_an_error(ws: ha.Workspace) -> None:
    with pytest.raises(InputError, match="no loaded log knows"):
        ws.event("00000000-0000-4000-8000-000000000000")


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
