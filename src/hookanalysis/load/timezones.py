"""The time-zone database that reads local times: DuckDB's own, and whether the machine's agrees.

Times are read by one database only. Others on the machine may be of another year, and then tell
other hours of the same local time: Alberta keeps summer time since 2026 in some, not in others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import duckdb

from hookanalysis.formats.trials import open_engine

if TYPE_CHECKING:
    from hookanalysis.database import Database

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
_OFFSETS = """
SELECT range, timezone($zone, CAST(range AS TIMESTAMPTZ)) - range
FROM range(CAST($start AS TIMESTAMP), CAST($stop AS TIMESTAMP), INTERVAL 1 DAY)
"""


@dataclass(frozen=True)
class Disagreement:
    """A zone of which DuckDB and the machine (Python's zoneinfo) tell different times."""

    zone: str
    since: datetime
    """The first day on which they differ, UTC."""
    ours: timedelta
    """Offset from UTC by which times are read here."""
    theirs: timedelta | None
    """The machine's offset; None where it does not know the zone."""

    def __str__(self) -> str:
        theirs = "does not know it" if self.theirs is None else f"says {_hours(self.theirs)}"
        return (
            f"{self.zone}: times are read as UTC{_hours(self.ours)} on {self.since:%Y-%m-%d};"
            f" this machine {theirs}"
        )


@cache
def name_database() -> str:
    """The database that reads local times: DuckDB's version, and a hash of its rules."""
    ((rules,),) = open_engine().execute(_FINGERPRINT).fetchall()
    return f"DuckDB {duckdb.__version__}, rules {rules}"


def compare_databases(db: Database) -> tuple[Disagreement, ...]:
    """Zones in use of which the machine's database tells other times than DuckDB's.

    The days compared are those of the workspace's logs and exports, and a year around them.
    """
    zones = db.rows("SELECT DISTINCT timezone FROM generations WHERE timezone IS NOT NULL")
    bounds = db.rows(
        "SELECT min(first_at) - INTERVAL 1 YEAR, max(last_at) + INTERVAL 1 YEAR FROM activity"
    )[0]
    if None in bounds:
        return ()
    known = (_compare(db, zone, bounds) for (zone,) in sorted(zones))
    return tuple(found for found in known if found is not None)


def _compare(db: Database, zone: str, bounds: tuple[datetime, datetime]) -> Disagreement | None:
    if zone[:1] in "+-" or zone.startswith(("UTC", "GMT")):
        return None
    rows = db.rows(_OFFSETS, {"zone": zone, "start": bounds[0].date(), "stop": bounds[1].date()})
    try:
        machine = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return Disagreement(zone, rows[0][0], rows[0][1], None)
    for moment, ours in rows:
        theirs = moment.replace(tzinfo=UTC).astimezone(machine).utcoffset()
        if theirs != ours:
            return Disagreement(zone, moment, ours, theirs)
    return None


def _hours(offset: timedelta) -> str:
    minutes = round(offset / timedelta(minutes=1))
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
