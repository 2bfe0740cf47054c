"""In which layer did each request leave a line? Layer by layer, from the inside out.

What an inner layer shows *must* have a line further out, wherever that layer's logs are whole; all
else *may* have one. `windows` says where in time, `assignment` what follows from it for certain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hookanalysis.database import Database, lend, sql_text
from hookanalysis.tables import TABLES

from .tier import STATES, Known, Tier
from .windows import NONE, SECOND

if TYPE_CHECKING:
    from .windows import Columns

# From the inside out.
LAYERS = ("table", "queue", "app", "edge")

# A delivery that no export lists has the number of its first receipt.
_NUMBER_UNLISTED = """
UPDATE matches
SET delivery_no = u.delivery_no
FROM (
  SELECT
    m.event_uuid, m.endpoint_url, COALESCE(MIN(a.delivery_no), MIN(m.receipt_id)) AS delivery_no
  FROM matches AS m
  LEFT JOIN attempts AS a ON a.event_uuid = m.event_uuid AND a.endpoint_url = m.endpoint_url
  WHERE m.delivery_no IS NULL
  GROUP BY ALL
) AS u
WHERE matches.delivery_no IS NULL AND u.event_uuid = matches.event_uuid
  AND u.endpoint_url = matches.endpoint_url
"""


def write_requests(db: Database) -> None:
    """Make `requests` and `candidates` of the lines that name no event; complete `matches`."""
    con = db.con
    con.execute(_NUMBER_UNLISTED)
    for name in ("requests", "candidates"):
        con.execute(f"DROP TABLE IF EXISTS {name}")
        con.execute(TABLES[name].ddl)
    for layer in LAYERS:
        asked = sql_text("assignment/tier_lines")
        lines = _plain(con.execute(asked, {"layer": layer}).fetchnumpy())
        if not np.any(lines["path_no"] >= 0):
            continue
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE tier_requests AS {sql_text('assignment/tier_requests')}",
            {"layer": layer},
        )
        requests = _read_requests(db)
        if not len(requests["path_no"]):
            continue
        tier = Tier(requests, lines, _know(db, layer))
        _write(db, layer, tier, tier.decide())
    con.execute("DROP TABLE IF EXISTS temp.tier_requests")


def _plain(columns: dict[str, Any]) -> Columns:
    """Columns without masks: a missing number is `NONE`, a missing flag false."""
    plain = {}
    for name, column in columns.items():
        values = column
        if isinstance(column, np.ma.MaskedArray):
            values = column.filled(NONE if column.dtype.kind == "i" else 0)
        plain[name] = np.asarray(values)
    return plain


def _read_requests(db: Database) -> Columns:
    query = """
        SELECT path_no, attempted_at, attempted_until, seen_from, seen_until,
          CAST(http_status AS BIGINT) AS http_status, CAST(seen_status AS BIGINT) AS seen_status,
          nth > 1 AS again,
          CAST(CASE status WHEN 'success' THEN 1 WHEN 'failed' THEN 2 ELSE 0 END AS BIGINT) AS says,
          CAST(latency_ms * 1000 AS BIGINT) AS latency_us,
          CAST(timeout_s * 1000000 AS BIGINT) AS timeout_us, shown, here,
          strayed, attempted_at IS NULL AS surplus
        FROM tier_requests
        """
    return _plain(db.con.execute(query).fetchnumpy())


def _know(db: Database, layer: str) -> Known:
    (settings,) = db.rows(sql_text("assignment/known"), [layer])
    spans = db.rows(
        """
        SELECT e.path_no, epoch_us(p.starts_at), epoch_us(p.ends_at)
        FROM proof_spans AS p JOIN endpoint_paths AS e ON e.endpoint_url = p.endpoint_url
        WHERE p.layer = ? AND p.ends_at > p.starts_at ORDER BY ALL
        """,
        [layer],
    )
    *seconds, zone_doubted = settings
    timeout, same_send, tolerance, step = (int(span * SECOND) for span in seconds)
    covered = np.array(spans, dtype=np.int64).reshape(-1, 3)
    return Known(timeout, same_send, tolerance, step, zone_doubted, covered)


def _write(db: Database, layer: str, tier: Tier, decided: Columns) -> None:
    rows, columns = tier.choices(decided)
    line, again, score, told = (decided.pop(name) for name in ("line", "again", "score", "told"))
    owners = np.concatenate([np.flatnonzero(line >= 0), np.flatnonzero(again >= 0)])
    owned = np.concatenate([line[line >= 0], again[again >= 0]])
    receipts = tier.lines["receipt_id"]
    results = {
        **decided,
        "row_no": np.arange(tier.size),
        "covered": tier.covered,
        "low": tier.windows.low,
        "high": tier.windows.high,
    }
    pairs = {
        "row_no": owners,
        "receipt_id": receipts[owned],
        "score": score[owners].astype(float),
        "told": told[owners],
    }
    choices = {"row_no": rows, "receipt_id": receipts[columns]}
    with lend(db.con, decided=results, tier_pairs=pairs, choices=choices):
        db.make(
            "tier_results",
            """
            SELECT t.*, d.* EXCLUDE (low, high), make_timestamp(d.low) AS starts_at,
              make_timestamp(d.high) AS ends_at
            FROM tier_requests AS t POSITIONAL JOIN decided AS d
            """,
        )
        db.con.execute(
            """
            INSERT INTO requests
            SELECT $layer, event_uuid, endpoint_url, attempt_key, nth, shown, $states[state + 1],
              covered, starts_at, ends_at, component, crowd, lines, left_out,
              NULLIF(stranger_id, 0)
            FROM tier_results
            """,
            {"layer": layer, "states": list(STATES)},
        )
        db.con.execute(
            """
            INSERT INTO candidates
            SELECT $layer, r.component, r.event_uuid, r.endpoint_url, r.attempt_key, r.nth,
              c.receipt_id
            FROM choices AS c
            JOIN tier_results AS r ON r.row_no = c.row_no
            """,
            {"layer": layer},
        )
        db.con.execute(f"INSERT INTO matches {sql_text('assignment/tier_matches')}")
    db.con.execute("DROP TABLE temp.tier_results")
