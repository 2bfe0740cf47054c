"""Times as the clock on a reader's wall shows them.

The zones are DuckDB's, as in loading and in the SQL of the reports: another copy of the time-zone
database may know another law.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta
from functools import cache

import duckdb

from hookanalysis.database import connect_memory
from hookanalysis.errors import InputError

# Each change of a year's offsets; the law of every zone changes on half hours of UTC.
_CHANGES = """
WITH moments AS (
  SELECT CAST(UNNEST(GENERATE_SERIES($first, $last, INTERVAL 30 MINUTE)) AS TIMESTAMP) AS utc_at
),
offsets AS (
  SELECT utc_at, timezone($zone, timezone('UTC', utc_at)) - utc_at AS ahead FROM moments
),
neighbours AS (
  SELECT utc_at, ahead, LAG(ahead) OVER (ORDER BY utc_at) AS before FROM offsets
)
SELECT utc_at, ahead FROM neighbours WHERE before IS DISTINCT FROM ahead ORDER BY utc_at
"""


def check_zone(timezone: str) -> str:
    """The zone's name, when there is such a zone.

    Raises:
        InputError: There is none.
    """
    _changes(timezone, 2000)
    return timezone


def to_local(at: datetime, timezone: str) -> datetime:
    """A time, UTC, as the clocks of `timezone` show it; both naive."""
    return at if timezone == "UTC" else at + _ahead(at, timezone)


def to_utc(at: datetime, timezone: str) -> datetime:
    """A time of the clocks of `timezone`, in UTC; both naive."""
    if timezone == "UTC":
        return at
    check_zone(timezone)
    with connect_memory() as con:
        query = "SELECT timezone('UTC', timezone($zone, CAST($at AS TIMESTAMP)))"
        found: datetime = con.execute(query, {"zone": timezone, "at": at}).fetchall()[0][0]
    return found


def name_zone(timezone: str, at: datetime | None) -> str:
    """The zone, with how far it is from UTC at `at`: `America/New_York (UTC-5)`."""
    if timezone == "UTC" or at is None:
        return timezone
    minutes = round(_ahead(at, timezone).total_seconds() / 60)
    sign = "\N{MINUS SIGN}" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return f"{timezone} (UTC{sign}{hours}" + (f":{rest:02}" if rest else "") + ")"


def _ahead(at: datetime, timezone: str) -> timedelta:
    changes = _changes(timezone, at.year)
    return changes[bisect_right(changes, at, key=lambda change: change[0]) - 1][1]


@cache
def _changes(timezone: str, year: int) -> tuple[tuple[datetime, timedelta], ...]:
    span = {"first": datetime(year, 1, 1), "last": datetime(year, 12, 31, 23, 30)}  # noqa: DTZ001
    try:
        with connect_memory() as con:
            found = con.execute(_CHANGES, {"zone": timezone, **span}).fetchall()
    except duckdb.Error as error:
        raise InputError(
            f"there is no time zone {timezone!r}", hint="one such as America/Edmonton, or UTC"
        ) from error
    return tuple((at, ahead) for at, ahead in found)
