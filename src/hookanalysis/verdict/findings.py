"""The rules, run over the results: who explains what, how surely, and by which lines.

A rule of `rules/` is a SELECT of what went wrong, under a header that says what it means and needs:

    /*---
    id = "wrong_path"         # the name of the file
    title, guide_step, cause, severity, explain, next_check
    place = 20                # order among the rules that explain a delivery equally well; from 80
                              # on it says what happened, not why: any cause goes before it
    [requires]                # column → what it shows; TRUE where the evidence is there, or where
                              # the SELECT has no such column, for its WHERE asks for it
    answered = "the sender was answered 404 or 410"
    [against]                 # column → what contradicts the rule, so that others go before it
    served = "…"
    [senders.showpass]        # texts for one sender's exports (the beginning of their format's id)
    next_check = "…"
    ---*/
    SELECT endpoint_url, event_uuid, happened_at, served
    FROM …
    WHERE answer IN (404, 410)

A row is about one delivery; or, without event_uuid, about an endpoint as a whole (or all of them):
then a column `what` may say in words what is to be seen there, and `ends_at` until when.

A rule whose SELECT names $since, $until and $zone is asked of each period that facts are about.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any

import duckdb

from hookanalysis.database import Database, sql_text
from hookanalysis.tables import TABLES
from hookanalysis.words import explain_reason, sentence

SEVERITIES = ("info", "warning", "critical")

DIAGNOSED = ("finding_deliveries", "finding_spans", "findings", "finding_evidence")
_OFFENDER = (
    "endpoint_url VARCHAR, event_uuid VARCHAR, happened_at TIMESTAMP, ends_at TIMESTAMP,"
    " what VARCHAR"
)
# What the rules select, until the findings are written. A rule may come upon a delivery by several
# of its attempts; what one of them shows counts.
_WORK_TABLES = {
    "rule_headers": "rule_id VARCHAR, title VARCHAR, guide_step VARCHAR, cause VARCHAR,"
    " severity VARCHAR, explain VARCHAR, next_check VARCHAR, place BIGINT",
    "rule_texts": "rule_id VARCHAR, sender VARCHAR, explain VARCHAR, next_check VARCHAR",
    "rule_rows": f"rule_id VARCHAR, {_OFFENDER}",
    "rule_signs": "rule_id VARCHAR, endpoint_url VARCHAR, event_uuid VARCHAR, piece VARCHAR,"
    " stance VARCHAR, holds BOOLEAN",
}
_ADD_ROWS = """
INSERT INTO rule_rows
SELECT
  $rule_id, COALESCE(endpoint_url, ''), event_uuid, MIN(happened_at),
  MAX(COALESCE(ends_at, happened_at)), what
FROM offenders
GROUP BY ALL
"""
_ADD_SIGNS = """
INSERT INTO rule_signs
SELECT
  $rule_id, COALESCE(endpoint_url, ''), event_uuid, UNNEST($pieces), UNNEST($stances),
  UNNEST([{holds}])
FROM offenders
GROUP BY COALESCE(endpoint_url, ''), event_uuid
"""
_MOST_WORDS = 4
_SIGN = re.compile(r"(\w+)=(\d+)/(\d+)")
_SORT_ROWS = """
INSERT INTO finding_deliveries
SELECT rule_id, endpoint_url, event_uuid, happened_at FROM chosen_rows
WHERE event_uuid IS NOT NULL;
INSERT INTO finding_spans
SELECT rule_id, endpoint_url, happened_at, ends_at FROM chosen_rows WHERE event_uuid IS NULL
"""


@dataclass(frozen=True)
class Rule:
    """One file of `rules/`."""

    id: str
    title: str
    guide_step: str
    cause: str  # sender, network, receiver, logs or unknown
    severity: str  # one of SEVERITIES
    explain: str
    next_check: str
    place: int
    requires: Mapping[str, str]
    against: Mapping[str, str]
    sql: str
    senders: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def asked(self) -> bool:
        """It is asked of a period, when facts are gathered, and not of the whole workspace."""
        return "$since" in self.sql

    @property
    def stances(self) -> dict[str, str]:
        """Column of the SELECT → stance of that piece of evidence: for or against."""
        return {**dict.fromkeys(self.requires, "for"), **dict.fromkeys(self.against, "against")}


@cache
def load_rules() -> tuple[Rule, ...]:
    """All rules, by name."""
    home = resources.files("hookanalysis") / "rules"
    files = sorted(home.iterdir(), key=lambda file: file.name)
    texts = (f.read_text(encoding="utf-8") for f in files if f.name.endswith(".sql"))
    return tuple(map(read_rule, texts))


def read_rule(text: str) -> Rule:
    """One rule from the text of its file."""
    header = text.partition("/*---")[2].partition("---*/")[0]
    return Rule(**_flow(tomllib.loads(header)), sql=text.strip().removesuffix(";"))


def _flow(value: Any) -> Any:
    """TOML's texts without their line breaks."""
    if isinstance(value, dict):
        return {key: _flow(inner) for key, inner in value.items()}
    return " ".join(value.split()) if isinstance(value, str) else value


@dataclass(frozen=True)
class Shown:
    """One line of a log that shows a finding, or what a rule counted. Times are UTC."""

    at: datetime | None  # by the clock of its log
    says: str
    file: str  # empty where no single line says it
    line: int | None


@dataclass(frozen=True)
class Finding:
    """One rule's statement about one endpoint. Times are UTC."""

    rule_id: str
    title: str
    severity: str  # one of SEVERITIES
    cause: str  # sender, network, receiver, logs or unknown
    guide_step: str  # heading of the sender's troubleshooting guide
    endpoint_url: str  # empty where nobody knows it
    deliveries: int  # 0 where it is about the endpoint as a whole
    first_at: datetime | None
    last_at: datetime | None
    explain: str
    next_check: str
    confidence: float  # share of the required evidence that was found, 0 to 1
    rank: int  # place among all findings of the workspace
    evidence: str  # what of the required evidence was found, and what was not
    against: str  # what speaks against it
    before: int = 0  # deliveries of the four weeks before the period
    acknowledged: str = ""  # the note of somebody who knows of it; empty: nobody does
    seen: str = ""  # what this case showed: `500 KeyError 'ticket_items'`; empty: no answer
    lines: tuple[Shown, ...] = ()  # the few that show it


def read_finding(*row: Any) -> Finding:
    """A row of `findings`, its evidence in the words of its rule."""
    finding = Finding(*row)
    shown, lacking = _say_signs(finding.rule_id, finding.evidence)
    against, _ = _say_signs(finding.rule_id, finding.against)
    said = (shown and f"Shown: {shown}.", lacking and f"Not shown: {lacking}.")
    return replace(finding, evidence=" ".join(filter(None, said)), against=against)


def judge_period(db: Database, period: Mapping[str, Any]) -> list[Finding]:
    """What the rules find that are asked of a period: `since`, `until` (UTC) and `zone`.

    The macros of `sql/report/` must have been made.
    """
    found = []
    for rule in load_rules():
        if rule.asked:
            select_rows(db.con, rule, period)
            sums = [f"COUNT(*) FILTER ({piece})" for piece in rule.stances]
            query = f"SELECT MIN(happened_at), MAX(ends_at), COUNT(*), [{', '.join(sums)}]"
            ((first, last, rows, held),) = db.rows(f"{query} FROM offenders")
            whats = [row[0] for row in db.rows("SELECT what FROM offenders ORDER BY ALL DESC")]
            if rows:
                found.append(_judge(rule, whats, (first, last), rows, held))
    return found


def _judge(
    rule: Rule, whats: list[str], span: tuple[datetime, datetime], rows: int, held: list[int]
) -> Finding:
    """The finding of a rule of which each row says in words what there is to be seen."""
    words = [explain_reason(f"{rule.id} {what}")[0] for what in whats[:_MOST_WORDS]]
    title = sentence("; ".join(words)) + (" …" if len(whats) > _MOST_WORDS else "")
    counts = dict(zip(rule.stances, held, strict=True))
    signs, against = (
        " ".join(f"{piece}={counts[piece]}/{rows}" for piece in pieces if counts[piece] >= least)
        for pieces, least in ((rule.requires, 0), (rule.against, 1))
    )
    sure = sum(counts[piece] for piece in rule.requires) / (rows * len(rule.requires))
    texts = (rule.severity, rule.cause, rule.guide_step, "", 0, *span, rule.explain)
    return read_finding(rule.id, title, *texts, rule.next_check, sure, 0, signs, against)


def say_ground(finding: Finding) -> str:
    """What it rests on, and what speaks against it, in words."""
    against = f"Against it: {finding.against}." if finding.against else ""
    return f"{finding.evidence} {against}".strip()


def _say_signs(rule_id: str, signs: str) -> tuple[str, str]:
    """The pieces that were found, each with how often, and those that were not."""
    words = next(({**r.requires, **r.against} for r in load_rules() if r.id == rule_id), {})
    counts = {piece: (int(held), int(asked)) for piece, held, asked in _SIGN.findall(signs)}
    shown: list[str] = []
    lacking: list[str] = []
    for piece in (piece for piece in {**words, **counts} if piece in counts):
        held, asked = counts[piece]
        often = f" ({held} of {asked})" if 0 < held < asked else ""
        (shown if held else lacking).append(words.get(piece, piece) + often)
    return "; ".join(shown), "; ".join(lacking)


def diagnose(db: Database) -> None:
    """Run the rules over the results; fills the tables `DIAGNOSED` anew.

    The caller holds the transaction: a rule that fails leaves nothing half done.
    """
    for name in DIAGNOSED:
        db.con.execute(f"DROP TABLE IF EXISTS {name}")
        db.con.execute(TABLES[name].ddl)
    for name, columns in _WORK_TABLES.items():
        db.con.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({columns})")
    rules = [rule for rule in load_rules() if not rule.asked]
    _store_headers(db, rules)
    for rule in rules:
        _run_rule(db, rule)
    chosen = sql_text("diagnosis/chosen_rows")
    db.con.execute(f"CREATE OR REPLACE TEMP TABLE chosen_rows AS {chosen}")
    db.con.execute(_SORT_ROWS)
    for name in ("findings", "finding_evidence"):
        db.con.execute(f"INSERT INTO {name} BY NAME {sql_text(f'diagnosis/{name}')}")
    for name in ("offenders", "chosen_rows", *_WORK_TABLES):
        db.con.execute(f"DROP TABLE IF EXISTS temp.{name}")


def _store_headers(db: Database, rules: Iterable[Rule]) -> None:
    headers, texts = [], []
    for rule in rules:
        words = (rule.title, rule.guide_step, rule.cause, rule.severity)
        headers.append((rule.id, *words, rule.explain, rule.next_check, rule.place))
        texts += [
            (rule.id, sender, own.get("explain"), own.get("next_check"))
            for sender, own in rule.senders.items()
        ]
    for table, rows in (("rule_headers", headers), ("rule_texts", texts)):
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            db.con.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


def select_rows(
    con: duckdb.DuckDBPyConnection, rule: Rule, period: Mapping[str, Any] | None = None
) -> None:
    """Run a rule into the temporary table `offenders`.

    `period` is for a rule that is asked of one: `since`, `until` (UTC) and `zone`.
    """
    pieces = "".join(
        f", {piece} BOOLEAN DEFAULT {stance == 'for'}" for piece, stance in rule.stances.items()
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE offenders ({_OFFENDER}{pieces})")
    con.execute(f"INSERT INTO offenders BY NAME {rule.sql}", period)


def _run_rule(db: Database, rule: Rule) -> None:
    select_rows(db.con, rule)
    if not db.rows("FROM offenders LIMIT 1"):
        return
    db.con.execute(_ADD_ROWS, {"rule_id": rule.id})
    pieces, stances = list(rule.stances), list(rule.stances.values())
    holds = ", ".join(f"COALESCE(BOOL_OR({piece}), FALSE)" for piece in pieces)
    given = {"rule_id": rule.id, "pieces": pieces, "stances": stances}
    db.con.execute(_ADD_SIGNS.format(holds=holds), given)
