"""Data for the benchmarks, with its truth; written by DuckDB in seconds, the same for each size.

Every file is made of `range(n)` and hashes of it, so that two machines measure the same bytes.
"""

from __future__ import annotations

import gzip
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb

URL = "https://shop.example/webhooks/showpass"
START = "TIMESTAMP '2026-11-01 00:00:00'"

# Of 100 events: what the sender and the receiver say of the last six; the others are delivered.
TRUTH = {
    "refused": (94,),
    "missed": (95, 96),  # connection refused; and a success that nobody received
    "unacknowledged": (97,),
    "duplicated": (98,),
    "recovered": (99,),
}


@dataclass(frozen=True)
class Size:
    """How many records each file gets."""

    access_lines: int
    events: int
    days: int
    events_a_day: int


SIZES = {
    "small": Size(200_000, 50_000, 10, 2_000),
    "quarter": Size(1_250_000, 250_000, 10, 20_000),
    "full": Size(5_000_000, 1_000_000, 90, 20_000),
}

_ACCESS = """
WITH lines AS (
  SELECT i, hash(i) AS h, {start} + to_microseconds(i * {step_us}) AS moment FROM range({n}) AS r(i)
)
SELECT CASE
  WHEN h % 2000 = 1 THEN left(md5(i::VARCHAR), 20) || ' garbage'
  WHEN h % 2000 = 2 THEN '10.0.0.1 - - [' || strftime(moment, '%d/%b/%Y:%H:%M:%S')
    || ' +0000] "GET /tr'
  WHEN i % 10 = 0 THEN '34.83.8.110 - - [' || strftime(moment, '%d/%b/%Y:%H:%M:%S')
    || ' +0000] "POST /webhooks/showpass HTTP/1.1" '
    || CASE WHEN h % 50 = 0 THEN '500' ELSE '200' END || ' ' || h % 90
    || ' "-" "Showpass-Webhooks"'
  ELSE '10.' || h % 250 || '.' || h % 249 || '.7 - - [' || strftime(moment, '%d/%b/%Y:%H:%M:%S')
    || ' +0000] "GET /events/' || left(md5(h::VARCHAR), 12) || '?page=' || h % 40 || ' HTTP/1.1" '
    || CASE WHEN h % 30 = 0 THEN '404' ELSE '200' END || ' ' || h % 90000
    || ' "https://shop.example/events" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, '
    || 'like Gecko) Chrome/142.0.0.0 Safari/537.36"'
END AS line
FROM lines
ORDER BY i
"""

# One event each `step_us`; an event is a number from `first` on. One of them comes much later than
# the rest, so that for these the time of grace is over; nor is one of the last in trouble.
_EVENTS = """
WITH events AS (
  SELECT i, (i + 50) % 100 AS k, hash(i) AS h, CAST(md5('event ' || i) AS UUID)::VARCHAR AS uuid,
    {start} + to_microseconds(i * {step_us})
    + CASE WHEN i = {first} + {n} - 100 THEN INTERVAL 50 MINUTE ELSE INTERVAL 0 MINUTE END
    AS moment
  FROM range({first}, {first} + {n}) AS r(i)
)
"""

_SENDER = (
    _EVENTS
    + """
, attempts AS (
  SELECT *, 1 AS try FROM events
  UNION ALL
  SELECT * REPLACE (moment + INTERVAL 3 MINUTE AS moment), 2 AS try FROM events WHERE k = 99
)
SELECT concat_ws(',',
  CASE WHEN k = 94 OR k = 99 AND try = 1 THEN '500' WHEN k IN (95, 97) THEN '' ELSE '200' END,
  'att_' || i || '_' || try,
  strftime(moment, '%Y-%m-%dT%H:%M:%S.%gZ'),
  'invoice.purchase',
  uuid,
  CASE WHEN k = 95 THEN 'Connection refused' WHEN k = 97 THEN 'timeout' ELSE 'ok' END,
  '{url}',
  CASE WHEN k IN (94, 95, 97) OR k = 99 AND try = 1 THEN 'Failed' ELSE 'Success' END
) AS line
FROM attempts
ORDER BY i, try
"""
)
_SENDER_HEADER = "HTTP Status Code,ID,Time,Event,Idempotency,Response Body,Webhook URL,Status"

_APP = (
    _EVENTS
    + """
, receipts AS (
  SELECT *, 1 AS try FROM events WHERE k NOT IN (95, 96)
  UNION ALL
  SELECT * REPLACE (moment + INTERVAL 3 MINUTE AS moment), 2 AS try
  FROM events WHERE k IN (98, 99)
), lines AS (
  SELECT moment + to_milliseconds(CAST(20 + h % 400 AS BIGINT)) AS moment,
    CASE WHEN k = 94 OR k = 99 AND try = 1 THEN 500 ELSE 200 END AS status,
    i, try, uuid, 5 + h % 300 AS spent, h
  FROM receipts
)
SELECT '{{"time": "' || strftime(moment, '%Y-%m-%dT%H:%M:%S.%gZ') || '", "level": "'
  || CASE WHEN status = 200 THEN 'INFO", "msg": "webhook processed: order ' || i || ' of '
       || left(md5(h::VARCHAR), 8) || ' saved in ' || spent || ' ms"'
     ELSE 'ERROR", "msg": "webhook failed: KeyError(' || h % 1000 || ')"' END
  || ', "request_id": "' || md5(i || ' ' || try) || '", "webhook_event_uuid": "' || uuid
  || '", "path": "/webhooks/showpass", "status": ' || status || ', "duration_ms": ' || spent
  || ', "host": "app-1", "logger": "webhooks"}}' AS line
FROM lines
ORDER BY moment, i, try
"""
)

# The same requests in a log that names no event.
_NAMELESS = (
    _EVENTS
    + """
SELECT '34.83.8.110 - - [' || strftime(moment, '%d/%b/%Y:%H:%M:%S')
  || ' +0000] "POST /webhooks/showpass HTTP/1.1" ' || CASE WHEN k = 94 THEN 500 ELSE 200 END
  || ' 2 "-" "Showpass-Webhooks"' AS line
FROM events
WHERE k NOT IN (95, 96)
ORDER BY moment, i
"""
)

# The log's first and last hour hold no webhook, so that it testifies for every event between.
_HEARTBEATS = """
SELECT '{{"time": "' || strftime(moment, '%Y-%m-%dT%H:%M:%S.000Z')
  || '", "level": "DEBUG", "msg": "health check"}}' AS line
FROM range({start}, {start} + INTERVAL 1 HOUR, INTERVAL 1 MINUTE) AS r(moment)
"""


def make(folder: Path, size: Size) -> None:
    """Write all files of a size; done once, and kept."""
    if (folder / "truth.json").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("exports", "logs", "days", "nameless"):
        (folder / name).mkdir(parents=True)
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    step = 3 * 86_400_000_000 // size.access_lines
    access = _ACCESS.format(start=START, step_us=step, n=size.access_lines)
    _write(con, access, folder / "access.log")
    with (
        (folder / "access.log").open("rb") as plain,
        gzip.open(folder / "access.log.gz", "wb", compresslevel=6) as packed,
    ):
        shutil.copyfileobj(plain, packed, 1 << 20)
    _two_sides(con, folder / "exports/sender.csv", folder / "logs/app.jsonl", (0, size.events), 10)
    known = {"start": f"({START})", "step_us": 10 * 86_400_000_000 // size.events, "first": 0}
    _write(con, _NAMELESS.format(**known, n=size.events), folder / "nameless/access.log")
    for day in range(size.days + 1):
        span = (day * size.events_a_day, size.events_a_day)
        names = folder / "days" / f"{day:03d}"
        names.mkdir()
        _two_sides(con, names / "sender.csv", names / "app.jsonl", span, 1)
    (folder / "truth.json").write_text(json.dumps(_truth(con, size), indent=1))


def _two_sides(
    con: duckdb.DuckDBPyConnection, sender: Path, app: Path, span: tuple[int, int], days: int
) -> None:
    first, n = span
    step = (days * 86_400_000_000 - 7_200_000_000) // n
    # Day after day: event `first` happens in the second hour of its own day.
    offset = f"INTERVAL {3600 + (first // n) * (86_400 if first else 0)} SECOND"
    start = f"{START} + {offset} - to_microseconds({first * step})"
    known = {"start": f"({start})", "step_us": step, "first": first, "n": n, "url": URL}
    _write(con, _SENDER.format(**known), sender, _SENDER_HEADER)
    opening = f"({START} + INTERVAL {(first // n) * 86_400} SECOND)"
    closing = f"({opening} + INTERVAL {days * 24 - 1} HOUR)"
    parts = [
        _HEARTBEATS.format(start=opening),
        _APP.format(**known),
        _HEARTBEATS.format(start=closing),
    ]
    with app.open("wb") as whole:
        for part in parts:
            piece = app.with_suffix(".part")
            _write(con, part, piece)
            whole.write(piece.read_bytes())
            piece.unlink()


def _write(con: duckdb.DuckDBPyConnection, query: str, path: Path, header: str = "") -> None:
    # Lines as they are: no quoting, and a delimiter that no line holds.
    options = "FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER e'\\x01'"
    con.execute(f"COPY ({query}) TO '{path}' ({options})")
    if header:
        path.write_bytes(header.encode() + b"\n" + path.read_bytes())


def _truth(con: duckdb.DuckDBPyConnection, size: Size) -> dict[str, object]:
    query = (
        "SELECT count(*) FILTER (h % 2000 = 1),"  # a line that is cut still tells its time
        " count(*) FILTER (h % 2000 NOT IN (1, 2) AND i % 10 = 0)"
        " FROM (SELECT i, hash(i) AS h FROM range(?) AS r(i))"
    )
    row = con.execute(query, [size.access_lines]).fetchone()
    if row is None:
        raise RuntimeError("no truth")
    outcomes = {name: len(ks) * size.events // 100 for name, ks in TRUTH.items()}
    outcomes["delivered"] = size.events - sum(outcomes.values())
    return {
        "access_lines": size.access_lines,
        "access_rejected": row[0],
        "access_kept": row[1],
        "sender_lines": size.events + size.events // 100,
        "sender_kept": size.events + size.events // 100,
        "sender_rejected": 0,
        # 120 health checks; two events of 100 never arrive, two arrive twice.
        "app_lines": size.events + 120,
        "app_kept": size.events,
        "app_rejected": 0,
        "outcomes": outcomes,
    }


if __name__ == "__main__":
    make(Path(sys.argv[2]), SIZES[sys.argv[1]])
