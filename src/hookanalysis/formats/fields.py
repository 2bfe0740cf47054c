"""The SQL that turns records into columns, put together from `sql/load/*.sql` and a format's form.

Everything here is text. A form says how the fields of a record are found (by a pattern, by names of
JSON keys, by columns of a header); a fit says what was learnt of one file. Both are known before
the first record is parsed, so DuckDB runs the same two statements over every chunk of the file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .forms import Fit, Form, fill, literal
from .stacks import RAISED
from .texts import scan_texts, take_texts
from .vocabulary import KEPT

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEX = "[0-9a-fA-F]"
_UUID = f"-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
# Whose id a webhook's receiver logs.
_ID_OWNERS = ("event", "webhook")
_PRIVATE_IP = (
    r"^(?:10\.|127\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|"
    r"100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|::1$|f[cd]|fe80)"
)
_FIXED_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d\d):?(\d\d)")


def scan_sql(form: Form, fit: Fit) -> str:
    """The statement over `chunk` that sorts its records: see sql/load/scan.sql."""
    return fill(
        "scan",
        records=_times(scan_texts(form, fit), "time_text", fit),
        silent=str(form.silent).upper(),
        raised=f"regexp_matches(record, {literal(RAISED)})" if form.traces else "FALSE",
        hook="TRUE" if form.is_table else _hook(form, fit),
        zone_given="TRUE" if fit.timezone else "FALSE",
    )


def fields_sql(form: Form, fit: Fit) -> str:
    """The statement over `scanned` that makes the columns of the side's table."""
    texts = take_texts(form, fit)
    if form.side == "receiver":
        told = "CAST(NULL AS VARCHAR)"
        if "exception" in form.names:
            said = scrub("named")
            told = fill("exception", text="exception", raised=literal(RAISED), said=said)
        return fill(
            "receipts",
            texts=texts,
            bare_uuids=fill("bare_uuids", text="record", ids=_ids(fit)),
            level=fill("level", text="level_word"),
            step=fill("step", text="words", level="severity", unusual="unusual"),
            path=fill("plain", text="location", length="300"),
            message=scrub("said"),
            exception=told,
            signature_head=fill("signature_head", text="record", alone=""),
            private_ip=literal(_PRIVATE_IP),
        )
    if fit.columns and "created_at" not in fit.columns:
        timed = f"SELECT *, CAST(NULL AS BIGINT) AS micros FROM ({texts})"
    else:
        timed = _times(texts, "created_at", fit)
    return fill(
        "attempts",
        texts=timed,
        endpoint_url=fill("plain", text="endpoint_url", length="500"),
        event_type=scrub("event_type", plain=r"\S+", kept=rf"\w+[_.:/-][\w.:/-]*|{KEPT}"),
        response=scrub("said"),
        error_kind=fill("error_kind", text="words"),
        signature_head=fill("signature_head", text="signature", alone=r"^\s*|"),
        status=fill(
            "status", word="word", code="code", text="words", attempted="attempted_at IS NOT NULL"
        ),
    )


def scrub(column: str, plain: str = KEPT, kept: str = KEPT) -> str:
    """An expression: the text of a column without what may be private; see sql/load/scrub.sql."""
    return fill("scrub", text=column, plain=literal(plain), kept=literal(kept))


def scrub_sql(text: str) -> str:
    """An expression: `text` (SQL) without what may be private, at most 200 characters."""
    return f"(SELECT {scrub('said')} FROM (SELECT CAST({text} AS VARCHAR) AS said))"


def _times(relation: str, column: str, fit: Fit) -> str:
    in_zone, in_zone_later = _in_zone(fit.timezone)
    return fill(
        "times",
        relation=f"({relation})",
        time=column,
        day_first="NULL::BOOLEAN" if fit.day_first is None else str(fit.day_first).upper(),
        in_zone=in_zone,
        in_zone_later=in_zone_later,
    )


def _in_zone(timezone: str | None) -> tuple[str, str]:
    """Micros of `local_at` in the zone, and its second reading where the clock showed it twice.

    The first is NULL for a time that the clock never showed, the second for all but one hour a
    year.
    """
    nothing = "CAST(NULL AS BIGINT)"
    if timezone is None:
        return nothing, nothing
    if fixed := _FIXED_OFFSET.fullmatch(timezone):
        minutes = int(f"{fixed[1]}1") * (60 * int(fixed[2]) + int(fixed[3]))
        return f"epoch_us(local_at) - {minutes * 60_000_000}", nothing
    zone = literal(timezone)
    moment = f"timezone({zone}, local_at)"

    def shown(change: str) -> str:
        return f"timezone({zone}, {moment} {change}) = local_at"

    changes = [f"{{}} INTERVAL {minutes} MINUTE" for minutes in (30, 60)]
    earlier, later = ([change.format(sign) for change in changes] for sign in "-+")
    first = " ".join(f"WHEN {shown(c)} THEN epoch_us({moment} {c})" for c in earlier)
    second = " ".join(f"WHEN {shown(c)} THEN epoch_us({moment} {c})" for c in later)
    second += f" WHEN {' OR '.join(map(shown, earlier))} THEN epoch_us({moment})"
    exists = f"zone_minutes IS NULL AND {shown('')}"
    return (
        f"CASE WHEN {exists} THEN CASE {first} ELSE epoch_us({moment}) END END",
        f"CASE WHEN {exists} THEN CASE {second} END END",
    )


def _ids(fit: Fit) -> str:
    """The senders' event ids as a part of a pattern inside of a constant; one that never fits."""
    return ("|".join(fit.event_ids) or "$.").replace("'", "''")


def _find(words: Sequence[str], pattern: str) -> str:
    """A test for a pattern, in the records that hold one of the words without which it is not."""
    held = " OR ".join(f"contains(record, {literal(word)})" for word in words)
    return f"(({held}) AND regexp_matches(record, {literal(pattern)}))"


def _hook(form: Form, fit: Fit) -> str:
    """Whether a receiver's line may be a webhook: a POST or PUT, an id, or a known path."""
    tests = [f"regexp_matches(record, {literal(_UUID)})"]
    # A pattern is asked only where its first letters are: most lines have none of them.
    tests += [_find([re.split(r"\W", ids, maxsplit=1)[0]], ids) for ids in fit.event_ids]
    owners = [word for own in _ID_OWNERS for word in (own, own.capitalize(), own.upper())]
    tests.append(_find(owners, rf"(?i)(?:{'|'.join(_ID_OWNERS)})[_.\s-]?id\W{{1,6}}\w"))
    if form.hook:
        words = " OR ".join(f"contains(record, {literal(word)})" for word in form.hook_words)
        tests += [f"(({words}) AND regexp_matches(record, {literal(form.hook)}))"]
    named = " OR ".join(f"contains(record, '{word}')" for word in ("uuid", "Uuid", "UUID"))
    tests += [f"(({named}) AND regexp_matches(record, '(?i)event[_.\\s-]?uuid'))"]
    for path in fit.endpoint_paths:
        if path != "/":
            whole = rf"(?:^|[\s\"'=(]|//[^/\s\"']*){re.escape(path)}(?:[?#\s\"'\\,;)]|$)"
            tests.append(
                f"(contains(record, {literal(path)}) AND regexp_matches(record, {literal(whole)}))"
            )
    told = "(" + " OR ".join(tests) + ")"
    aside = f" AND NOT regexp_matches(record, {literal(form.aside)})"
    return told + aside if form.aside else told
