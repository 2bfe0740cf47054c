"""The time that a chart spans, its steps, and the rows that are drawn in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from hookanalysis.facts.period import Period, ask

if TYPE_CHECKING:
    import pandas as pd

    from hookanalysis.database import Database

_DAY = timedelta(days=1)
# Up to such a span, in steps of this unit: at most some 130 steps.
_UNITS = (
    ("minute", _DAY / 8),
    ("hour", 4 * _DAY),
    ("day", 130 * _DAY),
    ("week", 910 * _DAY),
    ("month", 3950 * _DAY),
)


class NothingToDrawError(Exception):
    """No row falls into what a chart is asked for."""


@dataclass(frozen=True)
class Window(Period):
    """A period from `since` to `until`, in steps of `unit` of the clocks in `timezone`."""

    since: datetime = datetime.min  # noqa: DTZ901 - naive is UTC
    until: datetime = datetime.max  # noqa: DTZ901
    unit: str = "hour"

    def name_step(self, at: datetime) -> str:
        """A step in words: `2026-11-22 14:00`, `2026-11-22`, `week of 2026-11-16`, `2026-11`."""
        if self.unit in {"minute", "hour"}:
            return f"{at:%Y-%m-%d %H:%M}" + (" UTC" if self.timezone == "UTC" else "")
        if self.unit == "week":
            return f"week of {at:%Y-%m-%d}"
        return at.strftime({"day": "%Y-%m-%d", "month": "%Y-%m"}.get(self.unit, "%Y"))


def find_window(ws: Database, period: Period | None, finest: str = "hour") -> Window:
    """The time to draw: as asked, else from the first delivery to the last.

    Raises:
        NothingToDrawError: There is none.
    """
    if period is None:
        (sums,) = ask(ws, "totals")
        period = Period(first_at=sums["first_at"], last_at=sums["last_at"])
    if not period.ends:
        raise NothingToDrawError
    first, last = period.ends
    start = period.since or first.replace(minute=0, second=0, microsecond=0)
    return make_window(start, period.until or last + timedelta(microseconds=1), period, finest)


def make_window(
    since: datetime, until: datetime, period: Period | None = None, finest: str = "hour"
) -> Window:
    """From `since` to `until` (UTC), in a readable number of steps, none finer than `finest`."""
    units = _UNITS[[unit for unit, _ in _UNITS].index(finest) :]
    unit = next((unit for unit, longest in units if until - since <= longest), "year")
    return Window(**{**vars(period or Period()), "since": since, "until": until, "unit": unit})


def frame(ws: Database, name: str, period: Period | None, **more: Any) -> pd.DataFrame:
    """The rows of `sql/report/<name>.sql` as a frame.

    Raises:
        NothingToDrawError: There are none.
    """
    import pandas as pd

    rows = ask(ws, name, period, **more)
    if not rows:
        raise NothingToDrawError
    return pd.DataFrame(rows)


def place(found: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Give rows of `step` (its start, by the reader's clock) the ends and words of marks."""
    import pandas as pd

    at = found["step"].astype("datetime64[us]")
    end = at + pd.DateOffset(**{f"{window.unit}s": 1})  # type: ignore[arg-type]
    utc = {"at": at, "end": end, "middle": at + (end - at) / 2}
    return found.drop(columns="step").assign(
        time=at.map(window.name_step),
        **{name: column.dt.tz_localize("UTC") for name, column in utc.items()},
    )


def count_steps(found: pd.DataFrame, window: Window, order: list[str]) -> pd.DataFrame:
    """Deliveries by step and outcome, as the table behind a chart."""
    sums = found.pivot_table("deliveries", "step", "outcome", "sum", fill_value=0).astype(int)
    wide = sums[[name for name in order if name in sums]]
    return wide.set_index(wide.index.map(window.name_step).rename(window.unit))
