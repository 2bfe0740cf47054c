"""What became of each day, as the runs of `daily` found it: noted, compared, kept when pruned."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from hookanalysis.load.manifest import drop_records

from .period import Period, ask, day_bounds

if TYPE_CHECKING:
    from hookanalysis.database import Database


def note_days(db: Database, day: date, timezone: str) -> dict[date, str]:
    """Note what became of each day up to `day`, as far as it is not noted like that.

    The workspace is in a transaction of the caller. A run about an earlier day is noted under the
    latest. Returns what `find_changes` does.
    """
    query = "SELECT GREATEST(?, MAX(as_of)) FROM history WHERE timezone = ?"
    ((day,),) = db.rows(query, [day, timezone])
    # What a run about the same day has noted, it would note again.
    again = "DELETE FROM history WHERE timezone = ? AND as_of = ? AND NOT pruned"
    db.con.execute(again, [timezone, day])
    ask(db, "note_days", Period(until=day_bounds(day, timezone)[1], timezone=timezone), day=day)
    return find_changes(db, day, timezone)


def find_changes(db: Database, day: date, timezone: str) -> dict[date, str]:
    """Days that a late log, export or resend changed, as a run about `day` found: day → how."""
    found: dict[date, list[str]] = {}
    for row in ask(db, "changed_days", Period(timezone=timezone), day=day):
        told = found.setdefault(row["day"], [])
        if row["before"] != row["now"]:
            told.append(f"{row['before']:,} \N{RIGHTWARDS ARROW} {row['now']:,} {row['outcome']}")
    return {day: ", ".join(told) or "as many of each outcome" for day, told in found.items()}


def read_days(db: Database, timezone: str) -> list[dict[str, Any]]:
    """Each noted day of a zone, with its sums over all endpoints; the latest day comes last."""
    return ask(db, "noted_days", Period(timezone=timezone))


def prune(db: Database, before: date) -> tuple[str, ...]:
    """Drop the records of old logs and exports; see `Workspace.prune`."""
    zones = [zone for (zone,) in db.rows("SELECT DISTINCT timezone FROM history ORDER BY 1")]
    starts = [day_bounds(before, zone)[0] for zone in zones or ["UTC"]]
    with db.transaction():
        for zone in zones or ["UTC"]:
            note_days(db, before - timedelta(days=1), zone)
        db.con.execute("UPDATE history SET pruned = TRUE WHERE day < ?", [before])
        db.con.execute(
            """
            DELETE FROM history AS old USING history AS late WHERE old.pruned AND late.pruned
              AND old.as_of < late.as_of AND (old.timezone, old.day, old.endpoint_url)
                = (late.timezone, late.day, late.endpoint_url)
            """
        )
        # A day more is kept, for clocks that differ: what its edge does to a verdict, nobody sees.
        gone = drop_records(db, min(starts) - timedelta(days=1))
    db.con.execute("CHECKPOINT")
    return gone
