"""Gather the facts of a workspace: what reports, exit codes, the CLI and tests all read.

Finished results are counted here, nothing is judged, and no wall clock enters: the same workspace
gives the same facts. The counting is done by `sql/report/*.sql`; the shape is in `measures.py`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from importlib import metadata
from typing import TYPE_CHECKING, Any

from hookanalysis.errors import InputError
from hookanalysis.tables import OUTCOMES, RESULTS, SCHEMA_VERSION
from hookanalysis.verdict.findings import read_finding
from hookanalysis.words import explain_reason
from hookanalysis.zones import check_zone, to_utc

from .measures import (
    ARRIVED,
    UNJUDGED,
    ClockOffset,
    Duplicates,
    EndpointFacts,
    Facts,
    FileFacts,
    Headline,
    Hole,
    OutcomeCount,
    Period,
    RejectCount,
    Resends,
    StreamCoverage,
    Totals,
    Unknown,
    Versions,
    percent,
    round_number,
    share,
)

if TYPE_CHECKING:
    from hookanalysis.database import Database

__all__ = ["Facts", "Period", "day_bounds", "facts", "percent", "round_number"]

MAX_HOLES = 20  # of one log, the longest
FILE_STATUSES = ("loaded", "grown", "unchanged", "refused")
_GENERAL_HINT = "load the log or export that covers this time, then reconcile again"


def facts(
    db: Database,
    *,
    since: datetime | str | None = None,
    until: datetime | str | None = None,
    timezone: str = "UTC",
    endpoint: str = "",
    event_type: str = "",
) -> Facts:
    """Count what was found, for all time or for one period.

    Args:
        db: A reconciled workspace.
        since: From here on; UTC, naive or with a zone; text without a zone is of `timezone`.
        until: Up to here, exclusive. Where `reconcile` was given bounds, they hold too.
        timezone: Zone of the days and times that reports show.
        endpoint: Only deliveries for it: its URL, or enough of it to know it by; or a host, for all
            of its endpoints.
        event_type: Only deliveries of it.

    Raises:
        InputError: The results are absent or stale, the bounds are the wrong way round, or there
            is no such zone, endpoint or event type.
    """
    check_zone(timezone)
    _check_results(db)
    bounds: dict[str, Any] = {
        **_bounds(db, _moment(since, timezone), _moment(until, timezone)),
        "endpoint": _choose_host(db, endpoint) or _choose(db, "endpoint_url", endpoint),
        "event_type": _choose(db, "event_type", event_type),
    }
    found = _gather(_Source(db, bounds))
    url, event_type = bounds["endpoint"] or "", bounds["event_type"] or ""
    period = replace(found.period, timezone=timezone, endpoint=url, event_type=event_type)
    return replace(found, period=period)


def day_bounds(day: date | str, timezone: str = "UTC") -> tuple[datetime, datetime]:
    """The start of a day of a zone and of the next one, in UTC.

    Raises:
        InputError: `day` is no date, or there is no such zone.
    """
    if isinstance(day, str):
        try:
            day = date.fromisoformat(day)
        except ValueError as error:
            raise InputError(f"{day!r} is no day", hint="write it as 2026-11-22") from error
    start = datetime.combine(day, time())
    return to_utc(start, timezone), to_utc(start + timedelta(days=1), timezone)


def _moment(text: datetime | str | None, timezone: str) -> datetime | None:
    if not isinstance(text, str):
        return text
    if not text.strip():
        return None
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError as error:
        hint = "write it as 2026-11-22 or 2026-11-22 14:30"
        raise InputError(f"{text!r} is no time", hint=hint) from error
    return at if at.tzinfo else to_utc(at, timezone)


def _choose_host(db: Database, words: str) -> str | None:
    """`words`, where they are the host of several endpoints."""
    query = "SELECT COUNT(DISTINCT endpoint_url) FROM deliveries WHERE endpoint_url LIKE $start"
    ((number,),) = db.rows(query, {"start": f"%://{words}/%"}) if words else [(0,)]
    return words.lower() if number > 1 and "/" not in words else None


def _choose(db: Database, column: str, words: str) -> str | None:
    """The one value of a column of `deliveries` that `words` are, or are a part of."""
    if not words:
        return None
    rows = db.rows(f"SELECT DISTINCT {column} FROM deliveries WHERE {column} <> '' ORDER BY 1")  # noqa: S608
    known = [value for (value,) in rows]
    fitting = [words] if words in known else [value for value in known if words in value]
    if len(fitting) != 1:
        name = column.removesuffix("_url").replace("_", " ")
        shown = ", ".join(value[:100] for value in (fitting or known)[:10])
        which = "several fit" if fitting else "none fits"
        raise InputError(f"{name} {words!r}: {which}", hint=f"one of: {shown or 'none is known'}")
    return fitting[0]


class _Source:
    def __init__(self, db: Database, bounds: dict[str, Any]) -> None:
        self.db = db
        self.bounds = bounds

    def rows(self, name: str, **more: Any) -> list[tuple[Any, ...]]:
        return self.db.rows(*self.db.bind(name, {**self.bounds, **more}))


def _check_results(db: Database) -> None:
    hint = "run `hookanalysis reconcile`, or ws.reconcile()"
    if not all(db.has(table.name) for table in RESULTS):
        raise InputError("there are no results yet", where=db.path, hint=hint)
    newer = db.rows(
        """
        SELECT path FROM files
        WHERE status IN ('loaded', 'grown')
          AND file_id > COALESCE((SELECT MAX(reconciled_file_id) FROM meta), -1)
        ORDER BY file_id
        """
    )
    if newer:
        raise InputError(
            "the results are older than the data",
            reason=f"{len(newer):,} files were loaded after the last reconciliation",
            where=f"{db.path}, first {newer[0][0]}",
            hint=hint,
        )


def _bounds(
    db: Database, since: datetime | None, until: datetime | None
) -> dict[str, datetime | None]:
    judged = db.rows("SELECT since_at, until_at FROM settings") or [(None, None)]
    starts = [at for at in (_utc(since), judged[0][0]) if at is not None]
    ends = [at for at in (_utc(until), judged[0][1]) if at is not None]
    if since is not None and until is not None and max(starts) >= min(ends):
        raise InputError(
            "the period is empty",
            reason=f"it would reach from {max(starts)} to {min(ends)} UTC",
            hint="`since` must lie before `until`, and both within what was reconciled",
        )
    return {"since": max(starts, default=None), "until": min(ends, default=None)}


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None or moment.tzinfo is None:
        return moment
    return moment.astimezone(UTC).replace(tzinfo=None)


def _gather(source: _Source) -> Facts:
    period = Period(*source.rows("period")[0])
    outcomes = source.rows("outcomes")
    plain = Counter[str]()
    unlisted = 0
    for outcome, _, is_test, _, deliveries, arrived in outcomes:
        if not is_test:
            plain[outcome] += deliveries
            unlisted += arrived
    files = tuple(FileFacts(*row) for row in source.rows("files"))
    statuses = Counter(file.status for file in files)
    return Facts(
        period=period,
        totals=Totals(*source.rows("totals")[0]),
        headline=_headline(plain, unlisted),
        outcomes=tuple(_count_outcome(name, outcomes, plain.total()) for name in OUTCOMES),
        duplicates=_count_duplicates(source.rows("duplicates")),
        endpoints=_measure_endpoints(source.rows("endpoint_facts"), outcomes),
        unknowns=tuple(_explain_unknown(*row) for row in source.rows("unknowns")),
        coverage=_measure_coverage(source, period),
        clocks=tuple(ClockOffset(*row) for row in source.rows("clocks")),
        file_counts={status: statuses[status] for status in FILE_STATUSES},
        files=files,
        rejects=tuple(RejectCount(*row) for row in source.rows("rejects")),
        findings=tuple(read_finding(*row) for row in source.rows("findings")),
        resends=Resends(*source.rows("resend_counts")[0]),
        versions=_versions(source.db),
    )


def _measure_coverage(source: _Source, period: Period) -> tuple[StreamCoverage, ...]:
    """How much of the period each log or export can testify for."""
    start = period.since or period.first_at
    end = period.until or max((at for at in (period.last_at, period.horizon) if at), default=None)
    whole = (end - start).total_seconds() if start and end and start < end else 0.0
    bounds = {"start": start, "end": end} if whole else {"start": None, "end": None}
    measured = []
    for row in source.rows("coverage", **bounds):
        side, layer, stream, completeness, first_at, last_at, found = row
        holes = [
            Hole(hole["starts_at"], hole["ends_at"], seconds, hole["reason"])
            for hole in found or ()
            for seconds in [(hole["ends_at"] - hole["starts_at"]).total_seconds()]
        ]
        seconds = whole - sum(hole.seconds for hole in holes)
        longest = sorted(holes, key=lambda hole: (-hole.seconds, hole.starts_at))[:MAX_HOLES]
        entry = StreamCoverage(
            side=side,
            layer=layer,
            stream=stream,
            completeness=completeness,
            starts_at=first_at,
            ends_at=last_at,
            covered_share=share(seconds, whole),
            covered_seconds=seconds,
            hole_count=len(holes),
            holes=tuple(sorted(longest, key=lambda hole: hole.starts_at)),
        )
        measured.append(entry)
    return tuple(measured)


def _headline(plain: Counter[str], unlisted: int) -> Headline:
    judged = plain.total() - sum(plain[name] for name in UNJUDGED) - unlisted
    delivered = sum(plain[name] for name in ARRIVED)
    missed, possibly = plain["missed"], plain["missed"] + plain["undetermined"] - unlisted
    return Headline(
        judged=judged,
        delivered=delivered,
        missed=missed,
        possibly_missed=possibly,
        unlisted=unlisted,
        delivered_share=share(delivered, judged),
        missed_share=share(missed, judged),
        possibly_missed_share=share(possibly, judged),
    )


def _count_outcome(name: str, rows: list[tuple[Any, ...]], total: int) -> OutcomeCount:
    details, tests = Counter[str](), 0
    for outcome, detail, is_test, _, deliveries, _ in rows:
        if outcome == name and is_test:
            tests += deliveries
        elif outcome == name:
            details[detail] += deliveries
    count = details.total()
    return OutcomeCount(name, OUTCOMES[name], count, share(count, total), tests, dict(details))


def _count_duplicates(rows: list[tuple[Any, ...]]) -> Duplicates:
    names = ("deliveries", "harmful", "harmless", "unknown", "extra_accepted", "extra_processed")
    sums = {name: sum(row[place] for row in rows) for place, name in enumerate(names, start=1)}
    return Duplicates(**sums, details={row[0]: row[1] for row in rows})


def _measure_endpoints(
    rows: list[tuple[Any, ...]], outcomes: list[tuple[Any, ...]]
) -> tuple[EndpointFacts, ...]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    unlisted = Counter[str]()
    for outcome, _, is_test, url, deliveries, arrived in outcomes:
        if not is_test:
            counts[url][outcome] += deliveries
            unlisted[url] += arrived
    measured = []
    for url, attempts, succeeded, failed, client_errors, server_errors, unanswered, *lags in rows:
        plain, finished = counts[url], succeeded + failed
        head = _headline(plain, unlisted[url])
        entry = EndpointFacts(
            endpoint_url=url,
            deliveries=plain.total(),
            delivered=head.delivered,
            missed=head.missed,
            possibly_missed=head.possibly_missed,
            outcomes={name: plain[name] for name in OUTCOMES},
            attempts=attempts,
            succeeded=succeeded,
            failed=failed,
            client_errors=client_errors,
            server_errors=server_errors,
            unanswered=unanswered,
            success_rate=share(succeeded, finished),
            failure_rate=share(failed, finished),
            error_rate=share(client_errors + server_errors, finished),
            **dict(zip(_LAGS, lags, strict=True)),
        )
        measured.append(entry)
    return tuple(measured)


_LAGS = ("lag_p50_ms", "lag_p95_ms", "lag_p99_ms", "lag_deliveries")


def _explain_unknown(
    code: str, deliveries: int, reason: str, first_at: datetime | None, last_at: datetime | None
) -> Unknown:
    says, remedy = explain_reason(reason)
    return Unknown(code or "unknown", deliveries, says, remedy or _GENERAL_HINT, first_at, last_at)


def _versions(db: Database) -> Versions:
    (tzdata,) = (db.rows("SELECT tzdata FROM meta") or [(None,)])[0]
    return Versions(metadata.version("hookanalysis"), SCHEMA_VERSION, tzdata or "")
