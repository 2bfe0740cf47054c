"""The CASE of `sql/deliveries.sql` against the taxonomy: total, exclusive, and equal to Python."""

from __future__ import annotations

from typing import Any, NamedTuple

import duckdb
import pytest

import rows
from hookanalysis.database import sql_text
from hookanalysis.tables import OUTCOMES

SAYS = ("ok", "fail_http", "fail_nohttp", "pending", "no_attempt", "absent", "conflict")
MISSED = {
    "ok": "false_success",
    "fail_http": "answered_upstream",
    "fail_nohttp": "never_reached",
    "pending": "stuck_pending",
    "no_attempt": "not_attempted",
}
# What `absences` tells of a delivery, from the flags of a state.
ABSENCE = {
    "delivery_no": "delivery_no",
    "outer_covered": "receiver_covered",
    "edge_covered": "refusals_told",
    "processing_told": "processing_hidden",
    "processing_covered": "NOT processing_hidden",
    "reason": "'r'",
}

# Each state that can be: values of a flag → how many there are is their product.
FLAGS = {
    "says": SAYS,
    "counts": ((0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2)),  # arrivals, accepted
    "processed_count": (None, 0, 1, 2),
    "in_grace": (False, True),
    "receiver_covered": (False, True),
    "sender_covered": (False, True),
    "undecided": (False, True),
    "unanswered": (False, True),
    "never_sent": (False, True),
    "had_failure": (False, True),
    "success_silent": (False, True),
    "successes": (1, 2),
    "refused_with": (None, 413),
    "refusals_told": (False, True),
    "signature_failed": (False, True),
    "stranger": (False, True),
    "is_test": (False, True),
    "resend_unlisted": (False, True),
    "success_unlisted": (False, True),
    "success_unheard": (False, True),
    "said_failed": (False, True),
    "processing_hidden": (False, True),
    "weakest_rule": (1, 4),
    "type_arrives": (False, True),
}
# A flag is varied only where it says something.
POSSIBLE = (
    "COALESCE(processed_count, 0) <= accepted_count",
    "(refused_with IS NULL OR says LIKE 'fail%')",
    "(refused_with IS NOT NULL OR says <> 'fail_http')",
    "(NOT success_silent OR says = 'ok')",
    "(successes = 1 OR says = 'ok')",
    "(NOT unanswered OR undecided AND accepted_count = 1)",
    "(NOT success_unlisted OR says LIKE 'fail%' OR says = 'no_attempt' AND arrivals > 0)",
    "(NOT success_unheard OR success_unlisted)",
    "(NOT (is_test OR stranger) OR says = 'absent')",
    "(NOT type_arrives AND weakest_rule = 1 OR says = 'no_attempt')",
    "(NOT said_failed OR in_grace)",
    "(NOT processing_hidden OR processed_count IS NULL)",
)


class State(NamedTuple):
    says: str
    arrivals: int
    accepted_count: int
    processed_count: int | None
    in_grace: bool
    receiver_covered: bool
    sender_covered: bool
    undecided: bool
    unanswered: bool
    never_sent: bool
    had_failure: bool
    success_silent: bool
    successes: int
    refused_with: int | None
    refusals_told: bool
    signature_failed: bool
    stranger: bool
    is_test: bool
    resend_unlisted: bool
    success_unlisted: bool
    success_unheard: bool
    said_failed: bool
    processing_hidden: bool
    weakest_rule: int
    type_arrives: bool


def classify(s: State) -> list[str]:
    """All classes whose definition a state meets: there must be exactly one.

    Written from the definitions, each complete in itself, not from the order of the CASE.
    """
    twice = (s.processed_count or 0) > 1
    effect = s.accepted_count > 0 if s.processed_count is None else s.processed_count > 0
    plain = s.says != "conflict" and not twice
    absent = plain and s.says == "absent"
    gave_up = s.says == "ok" and s.accepted_count > 0 and s.said_failed
    waiting = plain and not absent and s.in_grace and not effect and not gave_up
    unheard = plain and not absent and not waiting and s.success_unheard and not s.accepted_count
    judged = plain and not absent and not waiting and not unheard
    nothing = judged and s.arrivals == 0
    came = judged and s.arrivals > 0
    word = nothing and s.never_sent and not s.undecided
    blank = nothing and not word  # only the receiver's logs can tell
    proof = blank and not s.undecided and s.receiver_covered
    # What came were other attempts than the one that succeeded.
    silent = came and s.accepted_count == 0 and s.success_silent
    unlisted = s.says == "no_attempt" and not s.sender_covered and not s.type_arrives
    unnamed = s.refused_with is not None or s.says == "no_attempt"
    unnamed = unnamed and not s.refusals_told and not unlisted
    # A line that only its time ties to an event that no export tells of may be another's.
    guessed = came and s.accepted_count == 0 and s.says == "no_attempt" and s.weakest_rule == 4
    # An attempt without an answer may have been accepted, where its line is open.
    maybe = came and s.accepted_count == 0 and s.says == "fail_nohttp" and s.undecided
    forged = s.stranger or s.signature_failed
    whole = came and effect and s.accepted_count > 0
    hidden = whole and s.processed_count is None and s.processing_hidden
    good = whole and not hidden
    # It may have been accepted again, by an attempt that the sender saw answered, or not.
    split = good and s.accepted_count == 1
    split = split and (s.unanswered or (s.undecided and s.successes > 1))
    # An earlier try was accepted; the success may stand in a log that is absent.
    elsewhere = good and s.accepted_count == 1 and not split
    elsewhere = elsewhere and s.success_silent and not s.receiver_covered
    once = good and s.accepted_count == 1 and not split and not elsewhere
    failed = s.says.startswith("fail")
    several = s.had_failure or s.arrivals > 1 if s.says == "ok" else failed and s.resend_unlisted
    # What came may have come by a try that succeeded, and is not listed.
    whose = once and failed and not several and s.success_unlisted
    classes = {
        "undetermined: conflict": s.says == "conflict",
        "duplicated: double_processed": s.says != "conflict" and twice,
        "unexpected: test": absent and s.sender_covered and s.is_test,
        "unexpected: forged": absent and s.sender_covered and not s.is_test and forged,
        "unexpected: orphan": absent and s.sender_covered and not s.is_test and not forged,
        "undetermined: sender_coverage": (absent and not s.sender_covered)
        or unheard
        or whose
        or (proof and unlisted),
        "pending: in_flight": waiting,
        "undetermined: ambiguous": (blank and s.undecided)
        or (silent and s.undecided)
        or guessed
        or maybe
        or split,
        "undetermined: receiver_coverage": (
            ((blank or silent) and not s.undecided)
            and (not s.receiver_covered or (blank and unnamed))
        )
        or hidden
        or elsewhere,
        "refused: contradictory_status": came
        and s.accepted_count == 0
        and s.says == "ok"
        and not (silent and (s.undecided or not s.receiver_covered)),
        "refused: rejected": came
        and s.accepted_count == 0
        and s.says != "ok"
        and not guessed
        and not maybe,
        "unprocessed: signature_dropped": came
        and s.accepted_count > 0
        and not effect
        and s.signature_failed,
        "unprocessed: accepted_not_processed": came
        and s.accepted_count > 0
        and not effect
        and not s.signature_failed,
        "duplicated: replay": good and s.accepted_count > 1,
        "unacknowledged: false_failure": once and failed and not several and not whose,
        "delivered: delivered_pending": once and s.says == "pending",
        "delivered: delivered_unlogged": once and s.says == "no_attempt",
        "recovered: recovered": once and several,
        "delivered: delivered": once and s.says == "ok" and not several,
    }
    for says, detail in MISSED.items():
        met = proof and not unlisted and not unnamed and s.says == says
        met = met or (word and detail == "never_reached")
        classes[f"missed: {detail}"] = classes.get(f"missed: {detail}", False) or met
    return [name for name, met in classes.items() if met]


@pytest.fixture(scope="module")
def judged() -> list[tuple[State, str]]:
    """Every state, and what the CASE makes of it."""
    types = rows.relation_types()
    flags: dict[str, Any] = {name: list(values) for name, values in FLAGS.items()}
    flags["arrivals"], flags["accepted_count"] = zip(*flags.pop("counts"), strict=True)
    # Values in one list vary together (arrivals and accepted_count), others freely.
    together = "UNNEST($arrivals) AS arrivals, UNNEST($accepted_count) AS accepted_count"
    free = [f"UNNEST(${name}) AS {name}" for name in FLAGS if name != "counts"]
    lists = " CROSS JOIN ".join(f"(SELECT {part})" for part in [*free, together])
    rest = {
        **{
            name: f"CAST(NULL AS {kind})"
            for name, kind in types["delivery_evidence"].items()
            if name not in flags and name != "delivery_no"
        },
        "event_uuid": "CAST(row_number() OVER () AS VARCHAR)",
        "endpoint_url": "'u'",
        "repeat_kind": "'replay'",
        "refusal_nameless": "TRUE",
        "several_paths": "FALSE",
    }
    columns = ", ".join(f"{text} AS {name}" for name, text in rest.items())
    with duckdb.connect() as con:
        con.execute(sql_text("reasons"))
        con.execute(
            f"CREATE TABLE delivery_evidence AS SELECT {columns}, *,"
            f" row_number() OVER () AS delivery_no FROM {lists} WHERE {' AND '.join(POSSIBLE)}",
            {name: list(values) for name, values in flags.items()},
        )
        for table in ("absences", "attempts", "matches", "hard_attempts", "settings"):
            kinds = ", ".join(f"{name} {kind}" for name, kind in types[table].items())
            con.execute(f"CREATE TABLE {table} ({kinds})")
        con.execute(
            f"INSERT INTO absences BY NAME SELECT"
            f" {', '.join(f'{text} AS {name}' for name, text in ABSENCE.items())}"
            " FROM delivery_evidence"
        )
        rows.insert(con, "settings", [rows.default_settings()])
        found = con.execute(
            f"SELECT {', '.join(f'e.{name}' for name in State._fields)}, outcome || ': ' || detail"
            f" FROM delivery_evidence AS e JOIN ({sql_text('deliveries')}) AS d"
            " ON d.event_uuid = e.event_uuid"
        ).fetchall()
    return [(State(*row[:-1]), row[-1]) for row in found]


def test_every_state_has_one_class_and_the_case_finds_it(judged: list[tuple[State, str]]) -> None:
    assert len(judged) > 50_000
    wrong = [(state, verdict) for state, verdict in judged if classify(state) != [verdict]]
    assert wrong == []


def test_every_class_is_reached(judged: list[tuple[State, str]]) -> None:
    reached = {verdict for _, verdict in judged}
    assert {verdict.split(": ")[0] for verdict in reached} == set(OUTCOMES)
    assert len(reached) == 24


def test_missed_needs_proof(judged: list[tuple[State, str]]) -> None:
    for state, verdict in judged:
        if verdict.startswith("missed"):
            assert state.arrivals == 0
            assert not state.in_grace
            assert state.never_sent or (state.receiver_covered and not state.undecided)
        if verdict.startswith("unexpected"):
            assert state.sender_covered
