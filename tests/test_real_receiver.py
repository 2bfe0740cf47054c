"""nginx, gunicorn and a sender, really run with real faults: the verdicts must be what was done."""

from __future__ import annotations

from collections import Counter

import pytest

import hookanalysis as ha
from hookanalysis.settings import Known, Settings
from lab import programs, story
from lab.__main__ import RECEIVER

pytestmark = pytest.mark.skipif(
    programs.NGINX is None, reason="nginx is not installed (Debian: apt-get install nginx-light)"
)

SETTINGS = Settings(
    grace_minutes=2 / 60,
    timeout_seconds=1,
    tolerance_seconds=3,
    settle_seconds=1,
    sender_ips=("127.0.0.1",),
    sources=(Known(match="*partner.log", timezone="UTC"),),
)


AMBIGUOUS = ("undetermined", "ambiguous")


@pytest.fixture(scope="module")
def played(stories: dict[str, story.Story]) -> story.Story:
    return stories[RECEIVER]


@pytest.fixture(scope="module")
def verdicts(played: story.Story) -> dict[story.Key, tuple[str, str]]:
    with ha.connect(":memory:", settings=SETTINGS) as ws:
        ws.load(played.exports, played.logs)
        ws.reconcile()
        rows = ws.rows("SELECT event_uuid, endpoint_url, outcome, detail FROM deliveries")
    return {(uuid, url): (outcome, detail) for uuid, url, outcome, detail in rows}


def compare(
    truth: dict[story.Key, tuple[str, str]], said: dict[story.Key, tuple[str, str]], *, most: int
) -> None:
    """Nothing may be told wrong; what may be left open are `most` deliveries.

    A request that nobody answered in time may be answered a minute later. All of a lab happens
    within that: its time-outs, and refusals that could be theirs, cannot be told.
    """
    different = {
        key: (truth.get(key), said.get(key))
        for key in truth.keys() | said.keys()
        if truth.get(key) != said.get(key)
    }
    left_open = [key for key, (_, told) in different.items() if told == AMBIGUOUS]
    wrong = Counter(pair for pair in different.values() if pair[1] != AMBIGUOUS)
    assert not wrong
    assert len(left_open) <= most, Counter(different.values())


def test_every_verdict_is_what_was_done(
    played: story.Story, verdicts: dict[story.Key, tuple[str, str]]
) -> None:
    compare(played.truth, verdicts, most=14)


def test_the_programs_wrote_what_the_story_tells(played: story.Story) -> None:
    # A lab in which a fault did not happen would prove nothing.
    access = (played.logs / "access.log").read_text(encoding="utf-8")
    assert "GET /health" in access
    counts = Counter(outcome for outcome, _ in played.truth.values())
    assert counts["delivered"] > 250
    assert len(counts) == 9
