"""One layer without a uuid: what is said of a crowd that nobody can tell apart."""

from __future__ import annotations

import numpy as np
import pytest

from hookanalysis.verdict import windows
from hookanalysis.verdict.tier import STATES, Known, Tier
from hookanalysis.verdict.windows import NONE, SECOND

COUNT = 40


@pytest.fixture
def tier() -> Tier:
    """Forty attempts a second apart, a line for each but the last."""
    moments = np.arange(COUNT, dtype=np.int64) * SECOND + 10**15
    none, no = np.full(COUNT, NONE), np.zeros(COUNT, dtype=bool)
    ones = np.ones(COUNT, dtype=np.int64)
    requests = {
        "path_no": ones,
        "attempted_at": moments,
        "attempted_until": none,
        "http_status": 200 * ones,
        "seen_from": none,
        "seen_until": none,
        "seen_status": none,
        "latency_us": none,
        "says": ones,
        **dict.fromkeys(("shown", "here", "surplus", "again"), no),
    }
    lines = {
        "receipt_id": np.arange(COUNT),
        "path_no": ones,
        "logged_at": moments + SECOND // 2,
        "starts_at": moments + SECOND // 2,
        "http_status": 200 * ones,
        "network": ones,
        "path": ones,
        "resolution_ms": ones.astype(float),
        **dict.fromkeys(("shows_start", "by_sender", "stranger"), no),
    }
    lines = {name: column[:-1] for name, column in lines.items()}
    spans = np.array([[1, 0, 2 * 10**15]])
    known = Known(30 * SECOND, 60 * SECOND, 2 * SECOND, 0, zone_doubted=False, spans=spans)
    return Tier(requests, lines, known)


def test_in_a_row_only_what_cannot_be_shifted_has_its_line(tier: Tier) -> None:
    decided = tier.decide()
    assert {STATES[state] for state in decided["state"]} == {"open"}
    assert np.count_nonzero(decided["left_out"]) == 1


@pytest.mark.parametrize("most", [0, 100, 400, 800])
def test_a_crowd_is_left_open_and_never_an_error(
    tier: Tier, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(windows, "MOST_PAIRS", most)
    decided = tier.decide()
    assert {STATES[state] for state in decided["state"]} == {"open"}
    rows, columns = tier.choices(decided)
    assert len(rows) == len(columns)
