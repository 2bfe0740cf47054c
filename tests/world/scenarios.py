"""What a played world is asked for: how much traffic, which faults, and who logs what, and how."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Literal

from .faults import DAY, DEFAULT_FAULTS, FAULTS, HOUR, MINUTE, SECOND, Fault

# An export by hand ends at a full page, and its oldest attempts are gone after 15 days.
PAGE_ROWS = 100

# The night in which New York's clocks go back from 02:00 to 01:00, at 06:00 UTC.
_SUMMER_ENDS = date(2026, 11, 1)
_SUMMER_ENDS_AT = int(datetime(2026, 11, 1, 6, tzinfo=UTC).timestamp()) * SECOND


@dataclass(frozen=True)
class Scenario:
    """One world. A fault may ask for something of its own, such as a filtered export."""

    seed: int = 7
    events: int = 500
    days: int = 3
    start: date = date(2026, 11, 19)
    faults: tuple[str, ...] = DEFAULT_FAULTS
    per_second: float | None = None
    """Events per second, on the last day from one o'clock on; None: as people buy tickets."""
    transfers: float = 0.05
    """Share of the moments at which a ticket is transferred, which makes two events."""
    edge: Literal["plain", "uuid", "none"] = "plain"
    """Whether the proxy's log holds the uuid (`$request_body`), or there is no such log."""
    app: Literal["json", "text", "none"] = "json"
    """How the shop's application writes its log, if at all."""
    hosts: int = 1
    """How many machines run the application behind the proxy; each writes a log."""
    one_server: bool = False
    """Whether the CRM lives on the shop's host, behind the same proxy."""
    absent_hosts: int = 0
    """How many of these have logs that nobody handed in."""
    sampled: float = 1
    """Share of the requests that get into the receiver's logs."""
    damaged: bool = False
    """Whether the packed logs of the first day were damaged on their way."""
    zone_hours: int = -7
    """Zone of the proxy's log."""
    local_time: bool = False
    """Whether the application writes New York's time without a zone, as the clocks go back."""
    ahead_ms: int = 2300
    """How far the shop's clock is ahead."""
    drift_ppm: int = 20
    step_ms: int = 0
    """By how much that clock is set in the middle of it all."""
    export: Literal["two", "logs", "guide", "events", "day_first"] = "two"
    """Two that overlap (CSV, JSON); or one: the Logs tab, the guide's wording, events with their
    attempts, or days before months."""
    rows: Literal["all", "failed", "capped", "expired"] = "all"
    """What an export holds: all, failed attempts only, one full page, or what is left of it when
    most is older than 15 days."""

    def __post_init__(self) -> None:
        if self.per_second is not None and self.events > 22 * HOUR // SECOND * self.per_second:
            raise ValueError("a rush must be over in 22 hours: more events per second, or fewer")

    @property
    def chosen(self) -> list[Fault]:
        """The faults, each once."""
        return [FAULTS[name] for name in dict.fromkeys(self.faults) if name != "none"]

    @property
    def begin(self) -> int:
        """Midnight of the first day, milliseconds since 1970, UTC."""
        midnight = datetime(self.start.year, self.start.month, self.start.day, tzinfo=UTC)
        return int(midnight.timestamp()) * SECOND

    @property
    def end(self) -> int:
        """Midnight after the last day."""
        return self.begin + self.days * DAY

    def is_ambiguous(self, at: int) -> bool:
        """Whether the local time of a log names two moments, of which `at` may be one."""
        return self.local_time and abs(at - _SUMMER_ENDS_AT) <= HOUR + MINUTE

    def settle(self) -> Scenario:
        """The scenario with all that its faults ask for."""
        asked: dict[str, Any] = {}
        for fault in self.chosen:
            asked |= fault.scenario
        if asked.get("local_time"):
            asked |= {"start": _SUMMER_ENDS, "days": 1, "app": "text"}
        return replace(self, **asked)


def local_zone(at: int) -> int:
    """New York's offset from UTC at a moment around the end of summer time, milliseconds."""
    return (-4 if at < _SUMMER_ENDS_AT else -5) * HOUR
