"""Diagnosis: `rules/*.sql` say why. Each rule selects offending deliveries; together: findings.

A rule is one SELECT of `endpoint_url, event_uuid, happened_at` under a header comment of TOML:

    /*---
    id = "missed"             # the name of the file
    title, guide_step, cause, severity, explain, next_check
    [[case]]                  # rows in → offending events out; at least one of each kind
    name = "…"
    kind = "fires"            # fires, silent or null
    expect = ["event"]
    [[case.deliveries]]       # or any other table; a column left out is NULL
    ---*/
    SELECT …
"""

from __future__ import annotations

import tomllib
from contextlib import contextmanager
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from .errors import InputError
from .tables import FINDING_DELIVERIES, FINDINGS, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from importlib.resources.abc import Traversable

    from .database import Database

SEVERITIES = ("info", "warning", "critical")
CAUSES = ("sender", "network", "receiver", "logs", "unknown")
CASE_KINDS = ("fires", "silent", "null")
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
COLUMNS = ["endpoint_url", "event_uuid", "happened_at"]

_OPENING, _CLOSING = "/*---", "---*/"

# A rule may come upon a delivery by several ways; a finding counts it once.
_STORE_DELIVERIES = """
INSERT INTO finding_deliveries
SELECT $rule_id, COALESCE(endpoint_url, ''), event_uuid, MIN(happened_at)
FROM offenders
GROUP BY ALL
"""
_STORE_FINDINGS = """
INSERT INTO findings
SELECT
  $id, $title, $severity, $cause, $guide_step,
  endpoint_url, COUNT(*), MIN(happened_at), MAX(happened_at), $explain, $next_check
FROM finding_deliveries
WHERE rule_id = $id
GROUP BY endpoint_url
"""


@dataclass(frozen=True)
class Finding:
    """One rule's statement about the deliveries of one endpoint. Times are UTC."""

    rule_id: str
    title: str
    severity: str  # one of SEVERITIES
    cause: str  # one of CAUSES
    guide_step: str  # one of GUIDE_STEPS
    endpoint_url: str  # empty where nobody knows it
    deliveries: int
    first_at: datetime | None
    last_at: datetime | None
    explain: str
    next_check: str


@dataclass(frozen=True)
class Case:
    """Rows in (`given`: table → rows), offending events out."""

    name: str
    kind: str  # one of CASE_KINDS
    given: Mapping[str, list[dict[str, Any]]]
    expect: tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    """One file of `rules/`."""

    id: str
    title: str
    guide_step: str
    cause: str
    severity: str
    explain: str
    next_check: str
    sql: str
    cases: tuple[Case, ...] = ()


_KEYS = tuple(key.name for key in fields(Rule) if key.name not in {"sql", "cases"})


def load_rules(folder: str | Path | None = None) -> tuple[Rule, ...]:
    """The rules of `folder` (by default the package's own), by name.

    Raises:
        InputError: A file is no rule; says which key is missing or wrong.
    """
    home: Traversable = Path(folder) if folder else resources.files("hookanalysis") / "rules"
    files = [file for file in home.iterdir() if file.name.endswith(".sql")]
    if not files:
        raise InputError("there are no rules", where=str(home), hint="reinstall hookanalysis")
    files.sort(key=lambda file: file.name)
    return tuple(read_rule(file.name, file.read_text(encoding="utf-8")) for file in files)


def read_rule(file_name: str, text: str) -> Rule:
    """One rule from the text of its file.

    Raises:
        InputError: The header is missing or wrong, or the rest is not one SELECT.
    """
    opening, _, rest = text.lstrip().partition(_OPENING)
    header, closing, _ = rest.partition(_CLOSING)
    if opening or not closing:
        raise _misread(file_name, "it does not begin with a header", f"{_OPENING} TOML {_CLOSING}")
    try:
        raw = tomllib.loads(header)
    except tomllib.TOMLDecodeError as error:
        raise _misread(file_name, f"its header is no TOML: {error}") from error
    cases = tuple(_read_case(file_name, entry) for entry in raw.pop("case", []))
    wrong = sorted(set(raw) ^ set(_KEYS))
    if wrong:
        raise _misread(file_name, f"missing or unknown keys: {', '.join(wrong)}")
    words = {key: " ".join(str(raw[key]).split()) for key in _KEYS}
    _check_word(file_name, "id", words["id"], [file_name.removesuffix(".sql")])
    _check_word(file_name, "severity", words["severity"], SEVERITIES)
    _check_word(file_name, "cause", words["cause"], CAUSES)
    _check_word(file_name, "guide_step", words["guide_step"], GUIDE_STEPS)
    return Rule(**words, sql=_single_select(file_name, text), cases=cases)


def run_case(rule: Rule, case: Case) -> tuple[str, ...]:
    """The events that `rule` selects from the rows of `case`, in a database of their own."""
    with duckdb.connect() as con:
        for table in TABLES.values():
            con.execute(table.ddl)
        for name, rows in case.given.items():
            for row in rows:
                con.table(name).insert([row.get(column) for column in TABLES[name].names])
        with _named(rule):
            _select_offenders(con, rule)
            found = con.execute("SELECT event_uuid FROM offenders ORDER BY event_uuid").fetchall()
    return tuple(uuid for (uuid,) in found)


def diagnose(db: Database, rules: Iterable[Rule] | None = None) -> None:
    """Run the rules over the deliveries; fills `finding_deliveries` and `findings` anew.

    The caller holds the transaction: a rule that fails leaves nothing half done.

    Raises:
        InputError: A rule cannot be run; names it, and says why.
    """
    for table in (FINDING_DELIVERIES, FINDINGS):
        db.con.execute(f"DROP TABLE IF EXISTS {table.name}")
        db.con.execute(table.ddl)
    for rule in load_rules() if rules is None else rules:
        with _named(rule):
            _select_offenders(db.con, rule)
            db.con.execute(_STORE_DELIVERIES, {"rule_id": rule.id})
            db.con.execute(_STORE_FINDINGS, {key: getattr(rule, key) for key in _KEYS})
    db.con.execute("DROP VIEW IF EXISTS temp.offenders")


@contextmanager
def _named(rule: Rule) -> Iterator[None]:
    # A rule that were passed over would read as "nothing found": every failure stops the run.
    try:
        yield
    except duckdb.Error as error:
        raise _failed(rule, str(error).splitlines()[0]) from error


def _select_offenders(con: duckdb.DuckDBPyConnection, rule: Rule) -> None:
    con.execute(f"CREATE OR REPLACE TEMP VIEW offenders AS {rule.sql}")
    offered = [row[0] for row in con.execute("DESCRIBE offenders").fetchall()]
    if offered != COLUMNS:
        raise _failed(rule, f"it selects {', '.join(offered)}, not {', '.join(COLUMNS)}")


def _failed(rule: Rule, reason: str) -> InputError:
    return InputError(
        f"rule {rule.id!r} cannot be run",
        reason=reason,
        where=f"rules/{rule.id}.sql",
        hint="mend the rule, or take its file out of the folder; no finding was stored",
    )


def _misread(file_name: str, reason: str, hint: str = "compare it with another rule") -> InputError:
    return InputError("this is no rule", reason=reason, where=f"rules/{file_name}", hint=hint)


def _check_word(file_name: str, key: str, word: str, known: Iterable[str]) -> None:
    if word not in known:
        raise _misread(file_name, f"{key} is {word!r}", f"one of: {', '.join(known)}")


def _read_case(file_name: str, raw: dict[str, Any]) -> Case:
    given = {name: rows for name, rows in raw.items() if name in TABLES}
    wrong = set(raw) ^ {"name", "kind", "expect", *given}
    for name, rows in given.items():
        wrong |= {f"{name}.{key}" for row in rows for key in row if key not in TABLES[name].names}
    if wrong:
        raise _misread(file_name, f"a case with missing or unknown keys: {sorted(wrong)}")
    _check_word(file_name, "kind", raw["kind"], CASE_KINDS)
    return Case(raw["name"], raw["kind"], given, tuple(sorted(raw["expect"])))


def _single_select(file_name: str, text: str) -> str:
    try:
        statements = duckdb.extract_statements(text)
    except duckdb.Error as error:
        raise _misread(file_name, str(error).splitlines()[0]) from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise _misread(file_name, "below its header it is not exactly one SELECT")
    return text.strip().removesuffix(";")
