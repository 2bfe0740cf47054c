"""What a chart or a list is about, and the rows that it is made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from hookanalysis import markup
from hookanalysis.words import HOLES, say
from hookanalysis.zones import to_local

if TYPE_CHECKING:
    import pandas as pd

    from hookanalysis.database import Database
    from hookanalysis.facts.measures import Period

_DAY = timedelta(days=1)
_ALL_TIME = {"timezone": "UTC", **dict.fromkeys(("since", "until", "endpoint", "event_type"))}
# Up to such a span, in steps of this unit: at most some 130 steps.
_UNITS = (
    ("minute", _DAY / 8),
    ("hour", 4 * _DAY),
    ("day", 130 * _DAY),
    ("week", 910 * _DAY),
    ("month", 3950 * _DAY),
)


@dataclass(frozen=True)
class Window:
    """What a chart is about: from `since` to `until` (UTC, exclusive), in steps of `unit`.

    Steps and words are those of the clocks in `timezone`.
    """

    since: datetime
    until: datetime
    unit: str
    timezone: str = "UTC"
    endpoint: str | None = None
    event_type: str | None = None

    @property
    def words(self) -> str:
        """Its days, such as `Sunday 22 November 2026`."""
        return markup.days(
            self.local(self.since), self.local(self.until - timedelta(microseconds=1))
        )

    def local(self, at: datetime) -> datetime:
        """A time as the reader's clock shows it."""
        return to_local(at, self.timezone)

    def name_step(self, at: datetime) -> str:
        """A step in words: `2026-11-22 14:00`, `2026-11-22`, `week of 2026-11-16`, `2026-11`."""
        if self.unit in {"minute", "hour"}:
            return f"{at:%Y-%m-%d %H:%M}" + (" UTC" if self.timezone == "UTC" else "")
        if self.unit == "week":
            return f"week of {at:%Y-%m-%d}"
        return at.strftime({"day": "%Y-%m-%d", "month": "%Y-%m"}.get(self.unit, "%Y"))


def ask(
    ws: Database, name: str, within: Window | Period | None = None, **more: Any
) -> pd.DataFrame:
    """Run `sql/report/<name>.sql`.

    Args:
        ws: A reconciled workspace.
        name: The file.
        within: What it is asked about: its time, endpoint and event type; None for all.
        more: Other `$name`s of the query, or some of these in the place of those of `within`.
    """
    values = {**_ALL_TIME, **(vars(within) if within else {}), **more}
    text, used = ws.bind(name, {**values, "zone": values["timezone"]})
    return ws.sql(text, **used)


def name_intervals(frame: pd.DataFrame, window: Window) -> pd.DataFrame:
    """The rows of `intervals` as they are drawn: cut to the window, and in words.

    `at` and `end` are by the reader's clock; `seconds` is how long an interval lasts, and `lasts`
    the same in words.
    """
    starts = frame["starts_at"].where(frame["starts_at"] > window.since, window.since)
    ends = frame["ends_at"].where(frame["ends_at"] < window.until, window.until)
    seconds = (ends - starts).dt.total_seconds()
    at, end = (
        moments.map(window.local).astype("datetime64[us]").dt.tz_localize("UTC")
        for moments in (starts, ends)
    )
    return frame.assign(
        at=at,
        end=end,
        seconds=seconds,
        lasts=(seconds * 1000).map(markup.duration),
        log=[markup.log_name(*log) for log in zip(frame["layer"], frame["stream"], strict=True)],
        reason=frame["reason"].fillna("").astype(str).map(lambda code: say(code, HOLES)),
    )


def ask_rows(
    ws: Database, name: str, period: Period | None = None, **more: Any
) -> list[dict[str, Any]]:
    """As `ask`, but as rows for a table: None where there is nothing, times by the reader's clock.

    Args:
        ws: A reconciled workspace.
        name: The file of `sql/report/`.
        period: Whose deliveries, and whose clock; None for all, and UTC.
        more: Other `$name`s of the query.
    """
    frame = ask(ws, name, period, **more)
    for column in frame.select_dtypes("datetime"):
        if period:
            frame[column] = frame[column].map(period.local, na_action="ignore")
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(key): value for key, value in row.items()} for row in plain.to_dict("records")]


def find_window(ws: Database, period: Period | None, *, finest: str = "hour") -> Window | None:
    """The time to draw: as asked, else from the first delivery to the last; None when empty."""
    import pandas as pd

    since, until = (period.since, period.until) if period else (None, None)
    timezone = period.timezone if period else "UTC"
    only = (period.endpoint or None, period.event_type or None) if period else (None, None)
    ever = (datetime.min, datetime.max)  # noqa: DTZ901 - naive is UTC
    asked = Window(since or ever[0], until or ever[1], "", timezone, *only)
    first, last = ask(ws, "window", asked).astype("datetime64[us]").iloc[0]
    if (since is None or until is None) and pd.isna(first):
        return None
    start = since or first.to_pydatetime().replace(minute=0, second=0, microsecond=0)
    end = until or last.to_pydatetime() + timedelta(microseconds=1)
    return replace(asked, since=start, until=end, unit=choose_unit(start, end, finest))


def choose_unit(since: datetime, until: datetime, finest: str = "minute") -> str:
    """The unit of steps that gives a readable number of them, and none finer than `finest`."""
    units = _UNITS[[unit for unit, _ in _UNITS].index(finest) :]
    return next((unit for unit, longest in units if until - since <= longest), "year")


def make_window(since: datetime, until: datetime, timezone: str = "UTC") -> Window:
    """From `since` to `until`, in steps that give a readable number of them."""
    return Window(since, until, choose_unit(since, until, "hour"), timezone)
