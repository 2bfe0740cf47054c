"""The rules: each has its cases, and no run of a rule fails silently.

`tests/rules/<rule>.toml` holds rows in → offending events out, at least one case of each kind:

    [[case]]
    name = "…"
    kind = "fires"            # fires, silent or null
    expect = ["event"]        # or the endpoint, where a row has no event
    weak = ["event"]          # those of which the evidence is not whole, or is contradicted
    [[case.symptoms]]         # or any other table; a column left out is NULL
    asked = { since = …, until = …, zone = "UTC" }    # of a rule that is asked of a period
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

import rows
from hookanalysis.database import Database, sql_text
from hookanalysis.tables import MERGED, RESULTS, TABLES
from hookanalysis.verdict.findings import (
    SEVERITIES,
    Finding,
    Rule,
    diagnose,
    load_rules,
    read_finding,
    read_rule,
    select_rows,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

RULES = load_rules()
FOLDER = Path(__file__).parent / "rules"
RULE_FILES = Path(__file__).parent.parent / "src" / "hookanalysis" / "rules"
CASES = {
    rule.id: tomllib.loads((FOLDER / f"{rule.id}.toml").read_text(encoding="utf-8"))["case"]
    for rule in RULES
}
# The causes of the decision table, and what is said where none of them is shown.
CAUSES = """
    wrong_path wrong_method redirect signature allowlist firewall tls dns server_down upstream
    timeout app_error payload rate_limit async_loss idempotency sender_duplicate wrong_host paused
    evidence clock zone unauthorized false_repeat incomplete
"""
# The headings of the sender's troubleshooting guide.
GUIDE_STEPS = (
    "Viewing webhook event logs",
    "Resending Events",
    "Viewing general webhook logs (Delivery Status)",
    "Check Endpoint URL",
    "Verify Server is Running",
    "Inspect HTTP Status Codes",
    "Check Signature Verification",
    "Examine the Payload",
    "Firewall and Network Issues",
    "Timeout Issues",
    "Best practices",
)
FALLBACKS = {
    "missed",
    "unprocessed",
    "refused",
    "unacknowledged",
    "unexpected",
    "repeated",
    "evidence",
}
GOOD = """/*---
id = "slow"
title = "Slow events"
guide_step = "Timeout Issues"
cause = "receiver"
severity = "info"
explain = '''Two
  lines.'''
next_check = "Look."
place = 1
[requires]
late = "it took long"
[against]
quick = "another log says otherwise"
---*/
SELECT endpoint_url, event_uuid, first_attempt_at AS happened_at, TRUE AS late,
  processed_count > 0 AS quick
FROM deliveries
WHERE lag_ms > 5000
"""
CASE_ROWS = """
SELECT COALESCE(event_uuid, endpoint_url, '') AS row_name, COALESCE(BOOL_OR({whole}), FALSE)
FROM offenders
GROUP BY row_name
ORDER BY row_name
"""
HOUR = datetime(2026, 11, 20, 10)  # noqa: DTZ001 - the tables hold UTC without a zone


@pytest.fixture
def db() -> Iterator[Database]:
    with Database(":memory:") as database:
        for table in (*MERGED, *RESULTS):
            database.con.execute(table.ddl)
        yield database


def add(db: Database, **values: object) -> None:
    db.con.table("deliveries").insert([values.get(name) for name in TABLES["deliveries"].names])


def use_rule(monkeypatch: pytest.MonkeyPatch, rule: Rule) -> None:
    monkeypatch.setattr("hookanalysis.verdict.findings.load_rules", lambda: (rule,))


@cache
def empty_tables() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    for table in TABLES.values():
        con.execute(table.ddl)
    con.execute(sql_text("report/macros"))
    con.execute(sql_text("reasons"))
    return con


def run_case(rule: Rule, case: dict[str, Any]) -> tuple[list[str], list[str]]:
    """What `rule` selects from the rows of `case`, and what of it is weak."""
    given = {name: entries for name, entries in case.items() if name in TABLES}
    assert set(case) - {"weak", "asked"} == {"name", "kind", "expect", *given}
    con = empty_tables().begin()
    try:
        for name, entries in {"settings": [rows.default_settings()], **given}.items():
            rows.insert(con, name, entries)
        select_rows(con, rule, case.get("asked"))
        whole = " AND ".join(
            column if stance == "for" else f"{column} IS NOT TRUE"
            for column, stance in rule.stances.items()
        )
        found = con.execute(CASE_ROWS.format(whole=whole)).fetchall()
    finally:
        con.rollback()
    return [name for name, _ in found], [name for name, is_whole in found if not is_whole]


def test_every_cause_has_its_rule() -> None:
    assert {rule.id for rule in RULES} >= set(CAUSES.split())
    assert {rule.id for rule in RULES if rule.place >= 80 and not rule.asked} == FALLBACKS


def test_the_order_of_causes_is_total() -> None:
    places = [rule.place for rule in RULES]
    assert len(set(places)) == len(places)


def test_every_rule_has_a_firing_a_silent_and_a_null_case() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == {rule.id for rule in RULES}
    kinds = {rule: {case["kind"] for case in cases} for rule, cases in CASES.items()}
    assert [rule for rule, found in kinds.items() if found != {"fires", "silent", "null"}] == []
    odd = {
        f"{rule}: {case['name']}"
        for rule, cases in CASES.items()
        for case in cases
        if not any(case.get(name) for name in TABLES)
        or (case["kind"] == "fires" and not case["expect"])
        or (case["kind"] == "silent" and case["expect"])
    }
    assert odd == set()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_rows_in_offending_events_out(rule: Rule) -> None:
    for case in CASES[rule.id]:
        expected = sorted(case["expect"]), sorted(case.get("weak", []))
        assert run_case(rule, case) == expected, case["name"]


def test_what_a_rule_tells_people_reads_as_sentences() -> None:
    texts = [text for rule in RULES for text in (rule.explain, rule.next_check)]
    assert [text for text in texts if not re.fullmatch(r"[A-Z].*[.]", text) or "  " in text] == []
    assert [rule.title for rule in RULES if rule.title != rule.title.strip(" .")] == []


def test_every_rule_says_what_it_promises() -> None:
    for rule in RULES:
        (statement,) = duckdb.extract_statements(rule.sql)
        assert statement.type == duckdb.StatementType.SELECT, rule.id
        assert rule.severity in SEVERITIES, rule.id
        assert rule.cause in {"sender", "network", "receiver", "logs", "unknown"}, rule.id
        assert rule.guide_step in GUIDE_STEPS, rule.id
        assert rule.requires
        assert rule.against
        assert not rule.requires.keys() & rule.against.keys()
        assert all(re.fullmatch("[a-z_]+", piece) for piece in rule.stances), rule.id
        assert all(set(own) <= {"explain", "next_check"} for own in rule.senders.values()), rule.id
    assert [rule.id for rule in RULES] == sorted(p.stem for p in RULE_FILES.glob("*.sql"))


def test_texts_of_a_header_lose_their_line_breaks() -> None:
    assert read_rule(GOOD).explain == "Two lines."


def test_rules_come_by_name() -> None:
    ids = [rule.id for rule in RULES]
    assert ids == sorted(ids)


def test_findings_count_deliveries_per_endpoint(db: Database) -> None:
    late = HOUR.replace(hour=12)
    add(db, event_uuid="1", endpoint_url="a", outcome="missed", first_attempt_at=late)
    add(db, event_uuid="2", endpoint_url="a", outcome="missed", first_attempt_at=HOUR)
    add(db, event_uuid="3", endpoint_url="b", outcome="missed")
    add(db, event_uuid="4", endpoint_url=None, outcome="unexpected", first_receipt_at=HOUR)
    add(db, event_uuid="5", endpoint_url="a", outcome="delivered", first_attempt_at=HOUR)
    diagnose(db)
    assert db.rows(
        "SELECT rule_id, severity, endpoint_url, deliveries, first_at, last_at FROM findings"
        " ORDER BY ALL"
    ) == [
        ("missed", "critical", "a", 2, HOUR, late),
        ("missed", "critical", "b", 1, None, None),
        ("unexpected", "warning", "", 1, HOUR, HOUR),
    ]
    found = db.rows("SELECT event_uuid FROM finding_deliveries ORDER BY event_uuid")
    assert found == [("1",), ("2",), ("3",), ("4",)]
    texts = db.rows("SELECT DISTINCT explain, next_check FROM findings WHERE rule_id = 'missed'")
    assert texts == [(r.explain, r.next_check) for r in RULES if r.id == "missed"]


def test_diagnosing_again_replaces_the_findings(db: Database) -> None:
    add(db, event_uuid="1", endpoint_url="a", outcome="missed")
    diagnose(db)
    diagnose(db)
    assert db.rows("SELECT COUNT(*) FROM findings") == [(1,)]
    db.con.execute("DELETE FROM deliveries")
    diagnose(db)
    assert db.rows("SELECT COUNT(*) FROM findings") == [(0,)]
    assert db.rows("SELECT COUNT(*) FROM finding_deliveries") == [(0,)]


def test_a_delivery_that_a_rule_meets_twice_counts_once(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(db, event_uuid="1", endpoint_url="a", lag_ms=9000)
    sql = GOOD.replace("FROM deliveries", "FROM deliveries CROSS JOIN RANGE(2)")
    use_rule(monkeypatch, read_rule(sql))
    diagnose(db)
    assert db.rows("SELECT deliveries FROM findings") == [(1,)]


def test_a_rule_that_cannot_run_stops_everything(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(db, event_uuid="x", endpoint_url="a", outcome="missed")
    diagnose(db)
    use_rule(monkeypatch, read_rule(GOOD.replace("lag_ms", "lagg_ms")))
    with pytest.raises(duckdb.BinderException, match="lagg_ms"), db.transaction():
        diagnose(db)
    assert db.rows("SELECT rule_id FROM findings") == [("missed",)]


def test_a_finding_that_is_contradicted_does_not_come_first(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(db, event_uuid="1", endpoint_url="a", lag_ms=9000, processed_count=1)
    add(db, event_uuid="2", endpoint_url="a", lag_ms=9000, processed_count=1)
    add(db, event_uuid="3", endpoint_url="b", lag_ms=9000)
    use_rule(monkeypatch, read_rule(GOOD))
    diagnose(db)
    found = db.rows('SELECT endpoint_url, deliveries, against FROM findings ORDER BY "rank"')
    assert found == [("b", 1, ""), ("a", 2, "quick=2/2")]


def test_evidence_is_said_in_the_words_of_its_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    use_rule(monkeypatch, read_rule(GOOD))
    row = dict.fromkeys((field.name for field in fields(Finding)), "")
    row |= {"rule_id": "slow", "evidence": "gone=0/2 late=1/2", "against": "quick=1/1"}
    found = read_finding(*row.values())
    assert found.evidence == "Shown: it took long (1 of 2). Not shown: gone."
    assert found.against == "another log says otherwise"


@pytest.mark.parametrize(
    ("formats", "told"),
    [
        (["showpass_csv"], "showpass"),
        (["showpass_csv", "showpass_json"], "showpass"),
        (["github_deliveries"], "github"),
        (["sender_table"], None),
        (["showpass_csv", "github_deliveries"], None),
        ([], None),
    ],
)
def test_advice_is_in_the_words_of_the_sender(
    db: Database, formats: list[str], told: str | None
) -> None:
    (rule,) = (rule for rule in RULES if rule.id == "signature")
    add(db, event_uuid="1", endpoint_url="a", outcome="refused")
    symptom = {"event_uuid": "1", "endpoint_url": "a", "outcome": "refused", "answer": 401}
    rows.insert(db.con, "symptoms", [{**symptom, "app_lines": 1, "signature_failed": True}])
    for number, format_id in enumerate(formats):
        rows.insert(db.con, "generations", [{"generation_id": number, "format": format_id}])
        rows.insert(db.con, "attempt_records", [{"generation_id": number, "endpoint_url": "a"}])
    diagnose(db)
    texts = db.rows("SELECT next_check FROM findings WHERE rule_id = 'signature'")
    own = rule.senders[told] if told else {}
    assert texts == [(own.get("next_check", rule.next_check),)]


def test_only_showpass_is_told_of_showpass() -> None:
    words = re.compile("(?i)showpass|dashboard|events tab|webhook_event_uuid|webhook[.]test")
    common = [
        (rule.id, text)
        for rule in RULES
        for text in (
            rule.title,
            rule.explain,
            rule.next_check,
            *rule.requires.values(),
            *rule.against.values(),
            *(t for name, own in rule.senders.items() if name != "showpass" for t in own.values()),
        )
    ]
    assert [found for found in common if words.search(found[1])] == []
