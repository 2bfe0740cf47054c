"""One rule: a SELECT of what went wrong, under a header that says what it means and what it needs.

    /*---
    id = "wrong_path"         # the name of the file
    title, guide_step, cause, severity, explain, next_check
    place = 20                # order among the rules that explain a delivery equally well
    fallback = true           # it says what happened, not why: any cause goes before it
    [requires]                # column → what it shows; TRUE where the evidence is there
    answered = "the sender was answered 404 or 410"
    [against]                 # column → what contradicts the rule, so that others go before it
    served = "…"
    [senders.showpass]        # texts for one sender's exports (the beginning of their format's id)
    next_check = "…"
    ---*/
    SELECT endpoint_url, event_uuid, happened_at, answered, served
    FROM …

A row is about one delivery; or, where event_uuid is NULL, about an endpoint as a whole: then a
column `what` may say in words what is to be seen there, and `ends_at` until when.

A rule whose SELECT names $since, $until and $zone is asked of each period that facts are about.
"""

from __future__ import annotations

import re
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import duckdb

from hookanalysis.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SEVERITIES = ("info", "warning", "critical")
CAUSES = ("sender", "network", "receiver", "logs", "unknown")
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
_OPTIONAL = {"ends_at", "what"}

_OPENING, _CLOSING = "/*---", "---*/"
_OWN_TEXTS = ("explain", "next_check")
_TEXTS = ("id", "title", "guide_step", "cause", "severity", "explain", "next_check")


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
    place: int
    fallback: bool
    requires: Mapping[str, str]
    against: Mapping[str, str]
    senders: Mapping[str, Mapping[str, str]]
    sql: str

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
    """All rules, by name.

    Raises:
        InputError: A file is no rule; says which key is missing or wrong.
    """
    home = resources.files("hookanalysis") / "rules"
    files = [file for file in home.iterdir() if file.name.endswith(".sql")]
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
    requires, against = (
        _read_signs(file_name, raw.pop(key, {})) for key in ("requires", "against")
    )
    senders = _read_senders(file_name, raw.pop("senders", {}))
    place, fallback = raw.pop("place", None), raw.pop("fallback", False)
    wrong = sorted(set(raw) ^ set(_TEXTS))
    if wrong:
        raise _misread(file_name, f"missing or unknown keys: {', '.join(wrong)}")
    words = {key: " ".join(str(raw[key]).split()) for key in _TEXTS}
    _check_word(file_name, "id", words["id"], [file_name.removesuffix(".sql")])
    _check_word(file_name, "severity", words["severity"], SEVERITIES)
    _check_word(file_name, "cause", words["cause"], CAUSES)
    _check_word(file_name, "guide_step", words["guide_step"], GUIDE_STEPS)
    if not isinstance(place, int) or not requires or not against or set(requires) & set(against):
        raise _misread(file_name, "it needs a place and evidence, each piece either for or against")
    sql = _single_select(file_name, text)
    return Rule(
        **words,
        requires=requires,
        against=against,
        senders=senders,
        place=place,
        fallback=bool(fallback),
        sql=sql,
    )


def select_rows(
    con: duckdb.DuckDBPyConnection, rule: Rule, period: Mapping[str, Any] | None = None
) -> tuple[list[str], bool]:
    """Run `rule` into the temporary table `offenders`; returns its columns, and if it has rows.

    `period` is for a rule that is asked of one: `since`, `until` (UTC) and `zone`.

    Raises:
        InputError: A column that the header promises is not there, or one more is.
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE offenders AS {rule.sql}", period)
    first = con.execute("SELECT * FROM offenders LIMIT 1")
    offered = [column[0] for column in first.description or ()]
    promised = [*COLUMNS, *rule.stances]
    if [column for column in offered if column not in _OPTIONAL] != promised:
        raise _failed(rule, f"it selects {', '.join(offered)}, not {', '.join(promised)}")
    return offered, first.fetchone() is not None


@contextmanager
def named(rule: Rule) -> Iterator[None]:
    """Name `rule` in what the database has to say against it.

    A rule that were passed over would read as "nothing found": every failure stops the run.
    """
    try:
        yield
    except duckdb.Error as error:
        raise _failed(rule, str(error).splitlines()[0]) from error


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


def _read_signs(file_name: str, raw: dict[str, Any]) -> dict[str, str]:
    if not all(re.fullmatch("[a-z_]+", key) and isinstance(raw[key], str) for key in raw):
        raise _misread(file_name, 'a piece of evidence is `column = "what it shows"`')
    return raw


def _read_senders(file_name: str, raw: dict[str, Any]) -> dict[str, dict[str, str]]:
    if not all(isinstance(texts, dict) and set(texts) <= set(_OWN_TEXTS) for texts in raw.values()):
        raise _misread(file_name, f"a sender's own texts are {' and '.join(_OWN_TEXTS)}")
    return {
        sender: {key: " ".join(str(words).split()) for key, words in texts.items()}
        for sender, texts in raw.items()
    }


def _single_select(file_name: str, text: str) -> str:
    try:
        statements = duckdb.extract_statements(text)
    except duckdb.Error as error:
        raise _misread(file_name, str(error).splitlines()[0]) from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise _misread(file_name, "below its header it is not exactly one SELECT")
    return text.strip().removesuffix(";")
