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
        "timeout_us": none,
        "says": ones,
        "strayed": np.zeros(COUNT, dtype=np.uint64),
        **dict.fromkeys(("shown", "here", "surplus", "again"), no),
    }
    lines = {
        "receipt_id": np.arange(COUNT),
        "path_no": ones,
        "logged_at": moments + SECOND // 2,
        "starts_at": moments + SECOND // 2,
        "http_status": 200 * ones,
        "network": ones,
        "address": ones,
        "log": ones,
        "words": ones,
        "path": ones,
        "resolution_ms": ones.astype(float),
        **dict.fromkeys(
            ("shows_start", "notices", "begins", "by_sender", "stranger", "failed"), no
        ),
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


@pytest.mark.parametrize(
    ("own", "answer", "took", "waits"),
    [
        (NONE, 200, 0.5, 30),
        (10 * SECOND, 200, 0.5, 15),  # and 5 s, for it may note an attempt before it sends it
        (10 * SECOND, NONE, 0.5, 30 + windows.LATE_SECONDS),  # it gave up, and the work went on
        (10 * SECOND, 200, 20, 22),  # written when the work ends, perhaps by a clock 2 s ahead
    ],
)
def test_what_a_sender_saw_answered_lies_within_its_own_time_out(
    tier: Tier, own: int, answer: int, took: float, waits: float
) -> None:
    moments = tier.requests["attempted_at"] + np.arange(COUNT) * 200 * SECOND
    given = {"timeout_us": own, "http_status": answer, "says": 1 if answer == 200 else 2}
    requests = {**tier.requests, "attempted_at": moments}
    requests |= {name: np.full(COUNT, value) for name, value in given.items()}
    lines = {**tier.lines, "logged_at": moments[:-1] + int(took * SECOND)}
    found = windows.measure(requests, lines, 2 * SECOND, 30 * SECOND, SECOND, 0)
    assert set((found.high - moments) // SECOND - waits) <= {1, 2}


@pytest.mark.parametrize(
    ("begins", "state"),
    [
        (0, "line"),
        (1, "open"),
    ],  # it may have been in work; or the sender waited longer than is said
)
def test_no_request_is_known_to_begin_at_a_proxy_when_its_sender_has_left(
    tier: Tier, begins: int, state: str
) -> None:
    moments = tier.requests["attempted_at"] + np.arange(COUNT) * 200 * SECOND
    at = moments[:-1] + 60 * SECOND
    requests = {**tier.requests, "attempted_at": moments}
    requests |= {"http_status": np.full(COUNT, NONE), "says": np.full(COUNT, 2)}
    lines = {
        **tier.lines,
        "logged_at": at,
        "starts_at": at,
        "begins": np.full(COUNT - 1, begins == 1),
    }
    decided = Tier(requests, lines, tier.known).decide()
    assert {STATES[number] for number in decided["state"][:-1]} == {state}


def test_a_line_that_nobody_needs_keeps_a_time_out_near_it_open(tier: Tier) -> None:
    # Minutes from the attempt as it was noted, on either side: the clock, or what a time means.
    moments = tier.requests["attempted_at"] + np.arange(COUNT) * 3600 * SECOND
    requests = {**tier.requests, "attempted_at": moments}
    requests["http_status"], requests["says"] = np.full(COUNT, 200), np.ones(COUNT, dtype=np.int64)
    for name, value in (("http_status", NONE), ("says", 2)):
        requests[name][[10, 20, 30]] = value
    at = moments[:-1] + SECOND // 2
    at[10], at[20], at[30] = moments[10] - 500 * SECOND, moments[20] + 800 * SECOND, 0
    order = np.argsort(at)
    lines = {**tier.lines, "logged_at": at[order], "starts_at": at[order]}
    lines["notices"] = np.ones(COUNT - 1, dtype=bool)
    state = Tier(requests, lines, tier.known).decide()["state"]
    assert [STATES[state[n]] for n in (10, 20, 30)] == ["open", "none", "none"]


def test_a_line_of_a_log_in_front_repeats_one_line_and_no_more(tier: Tier) -> None:
    # Each request has a line in both logs; a proxy's own 503 stands a second from another's line.
    front, place = tier.lines, 20
    own = {name: column[place : place + 1] for name, column in front.items()}
    own["http_status"], own["log"] = np.array([503]), np.array([2])
    behind = {**front, "log": np.full(COUNT - 1, 2)}
    later = {name: front[name][:2] for name in front}
    later["logged_at"] = later["starts_at"] = front["starts_at"][:2] + 3600 * SECOND
    parts = (front, later, behind, own)
    lines = {name: np.concatenate([part[name] for part in parts]) for name in front}
    kept = windows.leave_out_echoes(tier.requests, lines, 2 * SECOND)
    assert np.count_nonzero(kept["log"] == 1) == COUNT + 1
    assert kept["http_status"][kept["log"] == 2].tolist() == [503]


def test_words_are_the_requests_only_where_all_its_lines_say_them(tier: Tier) -> None:
    moments = np.arange(COUNT, dtype=np.int64) // 2 * 200 * SECOND + 10**15
    requests = {**tier.requests, "attempted_at": moments}
    at = moments[:-1] + SECOND // 2
    words = np.where(np.arange(COUNT - 1) == 0, 2, 1)  # one of the first two says something else
    lines = {**tier.lines, "logged_at": at, "starts_at": at, "words": words}
    told = Tier(requests, lines, tier.known).decide()["told"]
    assert told.tolist() == [False, False, *[True] * (COUNT - 2)]


@pytest.mark.parametrize(("stepped", "said"), [(5, "open"), (0, "none")])
def test_lines_that_are_nobodys_keep_answers_near_them_open(
    tier: Tier, stepped: int, said: str
) -> None:
    """A clock that steps by 48 s moves lines away; without one, an absence is one."""
    moments = np.arange(COUNT, dtype=np.int64) * 400 * SECOND + 10**15
    requests = {**tier.requests, "attempted_at": moments}
    late = np.where((np.arange(COUNT) >= 20) & (np.arange(COUNT) < 20 + stepped), 48, 0)
    at = np.delete(moments + SECOND // 2 + late * SECOND, 30)  # the thirtieth has no line
    lines = {**tier.lines, "logged_at": at, "starts_at": at}
    state = Tier(requests, lines, tier.known).decide()["state"]
    told = np.array([STATES[one] for one in state])
    assert set(told[20 : 20 + stepped]) <= {said}
    assert told[30] == "none"
    assert set(np.delete(told, [*range(20, 25), 30])) == {"line"}


@pytest.mark.parametrize(("apart", "again"), [(100, [20]), (35, [])])
def test_a_line_of_nobodys_is_a_second_request_where_chance_does_not_explain_it(
    tier: Tier, apart: int, again: list[int]
) -> None:
    moments = np.arange(COUNT, dtype=np.int64) * apart * SECOND + 10**15
    given = {"attempted_at": moments, "timeout_us": np.full(COUNT, SECOND)}
    requests = {**tier.requests, **given}
    at = np.sort(np.append(moments, moments[20] + SECOND)) + SECOND // 2
    lines = {name: np.full(COUNT + 1, column[0]) for name, column in tier.lines.items()}
    lines |= {"logged_at": at, "starts_at": at, "receipt_id": np.arange(COUNT + 1)}
    lines["by_sender"] = np.ones(COUNT + 1, dtype=bool)
    decided = Tier(requests, lines, tier.known).decide()
    assert np.flatnonzero(decided["again"] >= 0).tolist() == again
