"""What facts, lists and charts are about: a time, a zone, an endpoint; and how it is asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib import resources
from typing import Any

from hookanalysis.database import Database
from hookanalysis.errors import InputError
from hookanalysis.outputs import private
from hookanalysis.tables import OUTCOMES
from hookanalysis.zones import name_zone, to_local, to_utc

MAX_EVENTS = 200  # of these are listed and drawn
_UTC = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?) UTC")


@dataclass(frozen=True)
class Period:
    """What the numbers are about. A delivery belongs to the time of its first attempt."""

    since: datetime | None = None  # as asked; None: from the first
    until: datetime | None = None  # as asked, exclusive; None: to the last
    first_at: datetime | None = None  # first delivery in it
    last_at: datetime | None = None  # last delivery in it
    horizon: datetime | None = None  # last time that the sender's exports testify
    timezone: str = "UTC"  # of the days and times that a reader is shown; the facts are in UTC
    endpoint: str = ""  # only its deliveries: a URL, or a host; empty: all
    event_type: str = ""  # only deliveries of it; empty: all

    def local(self, at: datetime) -> datetime:
        """A time as the reader's clock shows it."""
        return to_local([at], self.timezone)[0]

    def say_times(self, text: str) -> str:
        """A text whose times, such as `2026-11-22 14:03 UTC`, are those of the reader's clock."""
        return _UTC.sub(
            lambda at: f"{self.local(datetime.fromisoformat(at[1])):%Y-%m-%d %H:%M}", text
        )

    @property
    def ends(self) -> tuple[datetime, datetime] | None:
        """Its first and its last moment, as asked for or as found; None where it holds nothing."""
        first = self.since or self.first_at
        # Fractions of a second are what an incident's end was made exclusive with.
        moment, least = timedelta(microseconds=1), datetime.min  # noqa: DTZ901 - UTC
        end = self.until and max(self.until.replace(microsecond=0), least + moment) - moment
        last = end or self.last_at
        return (first, max(first, last)) if first and last else None

    @property
    def words(self) -> str:
        """Its days, such as `Sunday 22 November 2026`."""
        return self.say_days(*self.ends) if self.ends else "No deliveries"

    @property
    def zone(self) -> str:
        """The reader's zone, and how far it is from UTC at the end."""
        return name_zone(self.timezone, self.last_at)

    def say_days(self, first: datetime | None, last: datetime | None) -> str:
        """The days from `first` to `last`, UTC, by the reader's calendar; empty for None."""
        return say_days(self.local(first), self.local(last)) if first and last else ""

    def say_span(self, first: datetime | None, last: datetime | None) -> str:
        """From `first` to `last`, UTC, by the reader's clock; with days where there are more."""
        if not (first and last):
            return ""
        ends = [self.local(first), self.local(last)]
        days = {self.local(at).date() for at in (*(self.ends or ()), first, last)}
        said = [f"{at:%H:%M}" if len(days) == 1 else f"{at.day} {at:%b %H:%M}" for at in ends]
        if ends[0].date() == ends[1].date() and len(days) > 1:
            said[1] = f"{ends[1]:%H:%M}"
        return said[0] if said[0].endswith(said[1]) else "\N{EN DASH}".join(said)


def ask(ws: Database, name: str, period: Period | None = None, **more: Any) -> list[dict[str, Any]]:
    """The rows of a query of `sql/report/`, named by the first word of its header.

    Times `*_at` are by the clock of the `period`; without one, all is asked, and UTC. `more` are
    other `$name`s of the query.
    """
    period, text = period or Period(), _read_queries()[name]
    given = {**vars(period), "zone": period.timezone, **more}
    ws.make_macros(text)
    with private():
        found = ws.con.execute(text, {key: given[key] for key in re.findall(r"\$(\w+)", text)})
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    timed = [(row, key) for row in rows for key in names if key.endswith("_at") and row[key]]
    local = to_local([row[key] for row, key in timed], period.timezone)
    for (row, key), at in zip(timed, local, strict=True):
        row[key] = at
    return rows


@cache
def _read_queries() -> dict[str, str]:
    """Each query of `sql/report/` by its name; a file may hold several."""
    folder = resources.files("hookanalysis").joinpath("sql", "report")
    header = re.compile(r"^/\* (\w+): .*?(?=^/\* \w+: |\Z)", re.MULTILINE | re.DOTALL)
    texts = [file.read_text("utf-8") for file in folder.iterdir()]
    return {query[1]: query[0] for text in texts for query in header.finditer(text)}


def pick_outcomes(words: str = "") -> dict[str, Any]:
    """Some outcomes, as `listed_deliveries` is asked for them; by default all but `delivered`.

    Raises:
        InputError: One is none.
    """
    names = words.replace(",", " ").split() or [name for name in OUTCOMES if name != "delivered"]
    if unknown := [name for name in names if name not in OUTCOMES]:
        hint = f"one or more of: {', '.join(OUTCOMES)}"
        raise InputError(f"there is no outcome {unknown[0]!r}", hint=hint)
    return {"outcomes": names, "by_outcome": False}


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
    check_year(day)
    start = datetime.combine(day, time())
    return to_utc(start, timezone), to_utc(start + timedelta(days=1), timezone)


def check_year(day: date) -> None:
    """Check that the clocks of every zone can tell a day and its neighbours.

    Raises:
        InputError: They cannot.
    """
    if not 1 < day.year < 9999:
        raise InputError(f"{day} is beyond what a calendar can tell", hint="such as 2026-11-22")


def say_days(first: datetime, last: datetime) -> str:
    """The days from `first` to `last` (both in it) in words, such as `Sunday 22 November 2026`."""
    start, end = first.date(), last.date()
    if start == end:
        return f"{start:%A} {start.day} {start:%B %Y}"
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day}\N{EN DASH}{end.day} {end:%B %Y}"
    left = f"{start.day} {start:%B}" + (f" {start.year}" if start.year != end.year else "")
    return f"{left} \N{EN DASH} {end.day} {end:%B %Y}"
