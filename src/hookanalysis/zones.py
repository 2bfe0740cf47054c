"""Local times, by one time-zone database: DuckDB's, which also reads the logs and counts in SQL.

Others on the machine may be of another year, and then tell other hours of the same local time:
Alberta keeps summer time since 2026 in some, not in others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import duckdb

from .database import Database
from .errors import InputError
from .opening import connect_memory

_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d\d):?(\d\d)")

# Offsets of all zones, four times a year: another release of the rules gives another hash.
_FINGERPRINT = """
WITH moments AS (
  SELECT CAST(range AS TIMESTAMPTZ) AS moment
  FROM range(TIMESTAMP '2015-01-01', TIMESTAMP '2038-01-01', INTERVAL 3 MONTH)
), zones AS (
  SELECT name || ' ' || string_agg(
    CAST(epoch_us(timezone(name, moment)) - epoch_us(moment) AS VARCHAR), ' ' ORDER BY moment
  ) AS line
  FROM pg_timezone_names() CROSS JOIN moments GROUP BY name
)
SELECT left(md5(string_agg(line, chr(10) ORDER BY line)), 8) FROM zones
"""
# Days of the logs and exports, and of a year around them, with the offset of each zone in use.
_IN_USE = """
WITH zones AS (
  SELECT DISTINCT timezone AS zone FROM generations
  WHERE NOT regexp_matches(timezone, '^([+-]|UTC|GMT)')
), bounds AS (
  SELECT min(first_at) - INTERVAL 1 YEAR AS first, max(last_at) + INTERVAL 1 YEAR AS last
  FROM activity
), days AS (
  SELECT UNNEST(range(date_trunc('day', first), date_trunc('day', last), INTERVAL 1 DAY)) AS day_at
  FROM bounds
)
SELECT zone, day_at, timezone(zone, timezone('UTC', day_at)) - day_at FROM zones, days ORDER BY ALL
"""


def check_zone(timezone: str) -> str:
    """The zone's name, when there is such a zone.

    Raises:
        InputError: There is none.
    """
    to_local([datetime(2000, 1, 1)], timezone)  # noqa: DTZ001
    return timezone


def to_local(times: Sequence[datetime], timezone: str) -> list[datetime]:
    """Times, UTC, as the clocks of `timezone` show them; all naive."""
    return _convert("timezone($zone, timezone('UTC', at_))", times, timezone)


def to_utc(at: datetime, timezone: str) -> datetime:
    """A time of the clocks of `timezone`, in UTC; both naive."""
    return _convert("timezone('UTC', timezone($zone, at_))", [at], timezone)[0]


def _convert(how: str, times: Sequence[datetime], timezone: str) -> list[datetime]:
    if timezone == "UTC" or not times:
        return list(times)
    query = f"SELECT {how} FROM (SELECT UNNEST($times::TIMESTAMP[]) AS at_)"
    try:
        rows = _engine().execute(query, {"zone": timezone, "times": list(times)}).fetchall()
    except duckdb.Error as error:
        raise InputError(
            f"there is no time zone {timezone!r}", hint="one such as America/Edmonton, or UTC"
        ) from error
    return [at for (at,) in rows]


def name_zone(timezone: str, at: datetime | None) -> str:
    """The zone, with how far it is from UTC at `at`: `America/New_York (UTC-5)`."""
    if timezone == "UTC" or at is None:
        return timezone
    minutes = minutes_ahead(timezone, at)
    sign = "\N{MINUS SIGN}" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return f"{timezone} (UTC{sign}{hours}" + (f":{rest:02}" if rest else "") + ")"


def minutes_ahead(timezone: str, at: datetime) -> int:
    """How far the clocks of a zone, or of a fixed offset, are ahead of UTC at `at`."""
    fixed = read_offset(timezone)
    if fixed is not None:
        return fixed
    return round((to_local([at], timezone)[0] - at) / timedelta(minutes=1))


def read_offset(timezone: str) -> int | None:
    """The minutes of a fixed offset from UTC, such as -07:00; None for a zone's name."""
    fixed = _OFFSET.fullmatch(timezone)
    return int(f"{fixed[1]}1") * (60 * int(fixed[2]) + int(fixed[3])) if fixed else None


@cache
def name_database() -> str:
    """The database that reads local times: DuckDB's version, and a hash of its rules."""
    ((rules,),) = _engine().execute(_FINGERPRINT).fetchall()
    return f"DuckDB {duckdb.__version__}, rules {rules}"


def compare_databases(db: Database) -> dict[str, str]:
    """Zones of which Python's zoneinfo tells other times than DuckDB → since when, in words."""
    found: dict[str, str] = {}
    for zone, day, ours in db.rows(_IN_USE):
        try:
            theirs = day.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).utcoffset()
        except (ZoneInfoNotFoundError, ValueError):
            theirs = None
        if theirs != ours and zone not in found:
            says = "does not know it" if theirs is None else f"says {say_offset(theirs)}"
            read = f"times are read as UTC{say_offset(ours)} on {day:%Y-%m-%d}"
            found[zone] = f"{read}; this machine {says}"
    return found


def say_offset(offset: timedelta) -> str:
    """A distance from UTC: `-07:00`."""
    minutes = round(offset / timedelta(minutes=1))
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    return connect_memory()
