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
from hookanalysis.errors import InputError
from hookanalysis.tables import MERGED, RESULTS, TABLES
from hookanalysis.verdict.findings import Finding, diagnose, read_finding
from hookanalysis.verdict.rules import Rule, load_rules, named, read_rule, select_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

RULES = load_rules()
FOLDER = Path(__file__).parent / "rules"
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
SELECT COALESCE(event_uuid, endpoint_url) AS row_name, COALESCE(BOOL_OR({whole}), FALSE)
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
        with named(rule):
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
    assert {rule.id for rule in RULES if rule.fallback} == FALLBACKS


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


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("/*---", "/* ", "it does not begin with a header"),
        ("---*/", "*/", "it does not begin with a header"),
        ('id = "slow"', 'id = "fast"', "id is 'fast'"),
        ('severity = "info"', 'severity = "fatal"', "severity is 'fatal'"),
        ('cause = "receiver"', 'cause = "weather"', "cause is 'weather'"),
        ('"Timeout Issues"', '"Timeouts"', "guide_step is 'Timeouts'"),
        ('next_check = "Look."', "", "missing or unknown keys: next_check"),
        ("title =", "titel =", "missing or unknown keys: titel, title"),
        ('next_check = "Look."', "next_check =", "its header is no TOML"),
        ("place = 1", 'place = "1"', "it needs a place"),
        ("[requires]", "[other]", "missing or unknown keys: other"),
        ('[against]\nquick = "another log says otherwise"', "", "it needs a place and evidence"),
        ("[against]", "[senders.stripe]\ntitle = 'x'\n[against]", "a sender's own texts are"),
        ('late = "it took long"', 'late = "x"\nquick = "y"', "either for or against"),
        ('late = "', '"1 late" = "', "a piece of evidence is"),
        ("WHERE", "; DROP TABLE deliveries; --", "not exactly one SELECT"),
        ("SELECT", "DELETE FROM deliveries --", "syntax error"),
    ],
)
def test_a_file_that_is_no_rule_is_refused_with_the_reason(old: str, new: str, reason: str) -> None:
    assert old in GOOD
    with pytest.raises(InputError) as caught:
        read_rule("slow.sql", GOOD.replace(old, new, 1))
    assert reason in caught.value.reason
    assert caught.value.where == "rules/slow.sql"
    assert caught.value.hint


def test_texts_of_a_header_lose_their_line_breaks() -> None:
    assert read_rule("slow.sql", GOOD).explain == "Two lines."


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
    use_rule(monkeypatch, read_rule("slow.sql", sql))
    diagnose(db)
    assert db.rows("SELECT deliveries FROM findings") == [(1,)]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("lag_ms", "lagg_ms", "lagg_ms"),
        ("first_attempt_at AS happened_at", "first_attempt_at", "it selects"),
        ("lag_ms > 5000", "CAST(event_uuid AS INTEGER) > 1", "Could not convert"),
    ],
)
def test_a_rule_that_cannot_run_stops_everything_and_is_named(
    db: Database, monkeypatch: pytest.MonkeyPatch, old: str, new: str, reason: str
) -> None:
    add(db, event_uuid="x", endpoint_url="a", outcome="missed")
    diagnose(db)
    use_rule(monkeypatch, read_rule("slow.sql", GOOD.replace(old, new)))
    with pytest.raises(InputError) as caught, db.transaction():
        diagnose(db)
    assert caught.value.what == "rule 'slow' cannot be run"
    assert reason in caught.value.reason
    assert db.rows("SELECT rule_id FROM findings") == [("missed",)]


def test_a_contradicted_cause_gives_way_to_what_happened(db: Database) -> None:
    for number, let_in in (("1", False), ("2", True)):
        add(db, event_uuid=number, endpoint_url="a", outcome="refused", accepted_count=0)
        rows.insert(
            db.con,
            "symptoms",
            [
                {
                    "event_uuid": number,
                    "endpoint_url": "a",
                    "answer": 404,
                    "http_status": 404,
                    "edge_status": 404,
                    "edge_lines": 1,
                    "app_lines": 0,
                    "happened_at": HOUR,
                    "run_size": 1,
                    "accepted_before": HOUR if let_in else None,
                    "accepted_after": HOUR if let_in else None,
                }
            ],
        )
    diagnose(db)
    found = db.rows("SELECT rule_id, event_uuid FROM finding_deliveries ORDER BY ALL")
    assert found == [("refused", "2"), ("wrong_path", "1")]


def test_a_finding_that_is_contradicted_does_not_come_first(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(db, event_uuid="1", endpoint_url="a", lag_ms=9000, processed_count=1)
    add(db, event_uuid="2", endpoint_url="a", lag_ms=9000, processed_count=1)
    add(db, event_uuid="3", endpoint_url="b", lag_ms=9000)
    use_rule(monkeypatch, read_rule("slow.sql", GOOD))
    diagnose(db)
    found = db.rows('SELECT endpoint_url, deliveries, against FROM findings ORDER BY "rank"')
    assert found == [("b", 1, ""), ("a", 2, "quick=2/2")]


def test_evidence_is_said_in_the_words_of_its_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    use_rule(monkeypatch, read_rule("slow.sql", GOOD))
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
