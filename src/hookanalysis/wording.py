"""Codes of the tables in the words of a reader."""

from __future__ import annotations

from datetime import timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from . import markup
from .markup import ABSENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from .facts.measures import ClockOffset, Period

BADGES = {
    "critical": "Action needed",
    "warning": "Worth a look",
    "info": "For information",
    None: "All clear",
}
DETAILS = {
    "delivered": "accepted at the first try",
    "delivered_pending": "accepted; the sender still calls it pending",
    "delivered_unlogged": "accepted; the sender logged no attempt",
    "recovered": "accepted after a failed attempt",
    "double_processed": "processed more than once",
    "resend_after_failure": "resent after a failure that had been accepted",
    "retry_after_timeout": "tried again after a time-out; the first try had arrived",
    "resend_after_success": "resent although it had succeeded",
    "double_send": "two arrivals from one attempt",
    "replay": "arrived again with no attempt that would explain it",
    "false_failure": "accepted, yet the sender calls it failed",
    "accepted_not_processed": "answered with success, never seen by the application",
    "signature_dropped": "answered with success, dropped for its signature",
    "rejected": "answered with an error each time",
    "contradictory_status": "the sender logged success, the receiver an error",
    "never_reached": "the request never got out or through",
    "answered_upstream": "something in front of your servers answered",
    "false_success": "the sender logged success, and no log of yours has it",
    "stuck_pending": "still pending long after its time",
    "not_attempted": "the sender never tried",
    "in_flight": "still within its time",
    "orphan": "not in the sender's export, which covers the time",
    "forged": "not from the sender's addresses, or wrongly signed",
    "test": "a test event",
    "receiver_coverage": "no log of the receiver covers the time",
    "sender_coverage": "no export of the sender covers the time",
    "ambiguous": "several deliveries fit the same log lines",
    "conflict": "the exports contradict each other",
}
ERRORS = {
    "timeout": "time-out",
    "refused": "connection refused",
    "dns": "host name not found",
    "tls": "TLS failure",
    "other": "no answer",
    "signature": "signature refused",
}
CAUSES = {
    "sender": "the sender",
    "network": "the network between",
    "receiver": "your servers",
    "logs": "the logs at hand",
    "unknown": "not known",
}
HOLES = {
    "no_liveness": "nothing was written",
    "rotation": "the log went on in another file",
    "rotation_hole": "a rotated file is missing",
    "rejected_lines": "lines could not be read",
    "truncated": "the file is cut off",
    "dst_ambiguous": "the clock showed this hour twice",
    "sender_window": "older than the sender keeps",
    "sender_capped": "the export ends at a page limit",
}
METHODS = {
    "daily_median": "median of each day",
    "pooled_median": "median of all days",
    "other_streams": "taken from the other logs",
    "assumed": "assumed: nothing to measure it by",
}


def say_period(period: Period) -> str:
    """The days of a period, as asked for or as found."""
    first, last = period.since or period.first_at, period.until or period.last_at
    if period.until is not None and first is not None and period.until > first:
        last = max(first, period.until.replace(microsecond=0) - timedelta(microseconds=1))
    return say_days(period, first, last) or "No deliveries"


def say_days(period: Period, first: datetime | None, last: datetime | None) -> str:
    """The days from `first` to `last`, UTC, as the reader's calendar has them; empty for None."""
    return markup.days(period.local(first), period.local(last)) if first and last else ""


def say_detail(code: str) -> str:
    """A detail code in words."""
    return DETAILS.get(code, code.replace("_", " "))


def say_sender(row: Mapping[str, Any]) -> str:
    """What the sender said last of a delivery: `failed, 503; 2 attempts`."""
    status = row.get("last_status")
    if not isinstance(status, str) or not status:
        return markup.ABSENT
    code, error = row.get("last_http_status"), row.get("last_error_kind")
    if code is not None and code == code:  # noqa: PLR0124 - NaN is not equal to itself
        status = f"{status}, {int(code)}"
    elif isinstance(error, str) and error:
        status = f"{status}, {ERRORS.get(error, error)}"
    attempts = row.get("attempts") or 0
    return f"{status}; {attempts:,} attempts" if attempts > 1 else status


def say_answer(status: Any, error: Any) -> str:
    """What an attempt was answered: `503`, or why there was no answer."""
    if status is not None and status == status:  # noqa: PLR0124 - NaN is not equal to itself
        return str(int(status))
    return ERRORS.get(error, error) if isinstance(error, str) and error else ABSENT


def say_lag(milliseconds: float) -> str:
    """A lag beyond the usual. Below a second, it tells no more than how two clocks differ."""
    return markup.duration(milliseconds) if milliseconds >= 1000 else "< 1 s"


def say_clock(stream: str, entries: Sequence[ClockOffset]) -> dict[str, Any]:
    """How far a log's clock is from the sender's on its days (or on all), as a row of words."""
    days = [entry for entry in entries if entry.day] or list(entries)
    offsets = [entry.offset_ms for entry in days]
    lows = [entry.low_ms for entry in days if entry.low_ms is not None]
    highs = [entry.high_ms for entry in days if entry.high_ms is not None]
    method = METHODS.get(days[0].method, days[0].method)
    if zone := next((entry.zone_error_minutes for entry in days if entry.zone_error_minutes), 0):
        off = markup.duration(abs(zone) * 60_000)
        method += f"; whole quarter-hours: its time zone is off by {off}"
    return {
        "stream": stream,
        "offset": _say_ahead(min(offsets), max(offsets)),
        "between": _say_ahead(min(lows), max(highs)) if lows and highs else markup.ABSENT,
        "pairs": sum(entry.pairs for entry in days),
        "method": method,
    }


def _say_ahead(low: float, high: float) -> str:
    """An offset or a span of them: `2.3 s to 2.9 s ahead`, `763 ms behind`."""
    sides = [("behind" if value < 0 else "ahead") for value in (low, high)]
    first, last = markup.duration(abs(low)), markup.duration(abs(high))
    if sides[0] != sides[1]:
        return f"{first} {sides[0]} to {last} {sides[1]}"
    if sides[0] == "behind":
        first, last = last, first
    return f"{first} {sides[0]}" if first == last else f"{first} to {last} {sides[0]}"


def name_log(layer: str, stream: str) -> str:
    """A log by the layer that wrote it: `edge/access.log`, `app · crm.log`."""
    name = markup.tame(stream, 40)
    return name if stream.startswith(f"{layer}/") else f"{layer} · {name}"


def say_hole(code: str) -> str:
    """Why a log cannot testify, in words."""
    return HOLES.get(code, code.replace("_", " "))


def say_file(reason: str, integrity: str, tail_bytes: int) -> str:
    """What there is to know about a file."""
    notes = [reason] if reason else []
    if integrity == "truncated":
        notes.append("its end is damaged; what came before was read")
    if tail_bytes:
        size = markup.plural(tail_bytes, "byte")
        notes.append(f"{size} of an unfinished last line wait for the next load")
    return "; ".join(notes)


def short_path(path: str) -> str:
    """The last parts of a path: a report that is passed on need not tell whose folder it was."""
    parts = PurePosixPath(path.replace("\\", "/")).parts
    return "/".join(parts[-3:]) if len(parts) > 3 else path
