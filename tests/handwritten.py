"""A small two-sided world, written as lines of text: what the logs of one delivery say.

Around it lies a healthy day: an event every half hour, seen by the sender, by the edge and by the
application, whose clocks are five seconds ahead; and a line of somebody else each minute.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import rows
from hookanalysis.verdict.steps import STEPS, run_step

if TYPE_CHECKING:
    from hookanalysis.database import Database

DAY = datetime(2026, 11, 20)  # noqa: DTZ001 - UTC, naive as in the tables
AHEAD = timedelta(seconds=5)
URL = "https://shop.example/hooks"
OTHER_URL = "https://crm.example/webhooks"
PATHS = {URL: "/hooks", OTHER_URL: "/webhooks"}
SENDER, EDGE, APP = 1, 2, 3
# The seconds of a minute in which a line is written: 0, 5, … 50.
_EVERY_FIVE = sum(1 << second for second in range(0, 55, 5))
STREAMS = {EDGE: "edge", APP: "app"}


def event_of(number: int) -> str:
    """The event of a story; that of the first is `UUID`."""
    return f"story{number:03}-0000-4000-8000-000000000000"


UUID = event_of(0)


def clock(text: str) -> datetime:
    """`12:00`, `12:00:05.25` of the first day, or `1 12:00` of the next."""
    days, _, time = text.rpartition(" ")
    parts = [float(part) for part in time.split(":")]
    hours, minutes, seconds = (*parts, 0.0)[:3]
    return DAY + timedelta(days=int(days or 0), hours=hours, minutes=minutes, seconds=seconds)


def settle(db: Database) -> None:
    """Judge the deliveries, and nothing that follows from the verdicts."""
    for step in STEPS[: STEPS.index("deliveries") + 1]:
        run_step(db, step)


class World:
    """Fills a workspace; each line that is written gets the next place in its file."""

    def __init__(self, db: Database, *, days: int = 1, **settings: Any) -> None:
        self.db = db
        self.places = {SENDER: 0, EDGE: 0, APP: 0}
        self.rows: dict[str, list[rows.Row]] = {}
        rows.insert(db.con, "settings", [rows.default_settings(**settings)])
        self._add("files", file_id=1, path="everything", status="loaded")
        self.generation(SENDER, "sender", "export", None, completeness="all")
        self.generation(EDGE, "receiver", "edge", "edge", time_marks="end")
        self.generation(APP, "receiver", "app", "app", time_marks="start", time_resolution_ms=1)
        self.event = UUID
        if days:
            self.alive("00:00", f"{days - 1} 23:59")
        for half_hour in range(48 * days):
            if 2 <= half_hour % 48 < 46:
                self._background(half_hour)
        self._write()

    def generation(
        self, number: int, side: str, stream: str, layer: str | None, **more: Any
    ) -> None:
        """Announce a log."""
        known = {"time_resolution_ms": 1000, "integrity": "whole", "loaded_lines": 10**6}
        place = {"generation_id": number, "side": side, "stream": stream, "layer": layer}
        self._add("generations", **{**known, **place, **more})
        self._write()

    def alive(self, start: str, end: str, *generations: int) -> None:
        """Let lines of others be written every minute of a time; without, in both logs."""
        first, last = clock(start), clock(end)
        minutes = "range(CAST($first AS TIMESTAMP), CAST($last AS TIMESTAMP), INTERVAL 1 MINUTE)"
        # Ten lines each minute, numbered through the day.
        query = f"""
            INSERT INTO activity
            SELECT $log, 1, m, m, m + INTERVAL 50 SECOND, $line + 10 * n, $line + 10 * n + 9, 10, 0,
                   NULL, $seconds
            FROM (SELECT m, row_number() OVER (ORDER BY m) - 1 AS n FROM {minutes} AS r(m))
        """
        for generation in generations or (EDGE, APP):
            known = {"log": generation, "line": self.line_at(first), "seconds": _EVERY_FIVE}
            until = last + timedelta(minutes=1)
            self.db.con.execute(query, {**known, "first": first, "last": until})

    def line_at(self, time: datetime) -> int:
        """The line that somebody else's request has at a time."""
        return (time - DAY) // timedelta(minutes=1) * 10

    def silence(self, start: str, end: str, *generations: int) -> None:
        """Take the lines of a time away again, and those of our requests in it."""
        for generation in generations or (EDGE, APP):
            for table, column in (("activity", "minute_at"), ("receipt_records", "logged_at")):
                self.db.con.execute(
                    f"DELETE FROM {table} WHERE generation_id = ? AND {column} BETWEEN ? AND ?",
                    [generation, clock(start), clock(end)],
                )

    def tell(self, story: str, day: int = 0) -> None:
        """Write the lines of a story; see the methods named after their first words.

        Each day has an event of its own, unless a line names another: `event=…`.
        """
        self.event = event_of(day)
        for line in filter(None, map(str.strip, story.splitlines())):
            what, time, *words = line.split()
            told = dict(word.split("=", 1) for word in words if "=" in word)
            words = [word for word in words if "=" not in word]
            getattr(self, what)(clock(time) + timedelta(days=day), *words, **told)
        self._write()

    def attempt(self, time: datetime, status: str, answer: str = "", **more: str) -> None:
        """`attempt 12:00 failed timeout id=a2`: status, and a code or the kind of error."""
        code = int(answer) if answer.isdigit() else None
        place = self._place(SENDER)
        self._add(
            "attempt_records",
            **place,
            attempt_id=more.get("id", f"attempt {place['line']}") or None,
            event_uuid=more.get("event", self.event),
            endpoint_url=more.get("url", URL) or None,
            event_type=more.get("type", "invoice.purchase"),
            transaction_id=more.get("transaction"),
            attempted_at=None if status == "none" else time,
            created_at=time,
            status=status,
            http_status=code,
            error_kind=None if code else answer or None,
            latency_ms=float(more["ms"]) if "ms" in more else None,
            row_hash=hash((time, status, answer)) % 2**32,
        )

    def app(self, time: datetime, step: str, answer: str = "", **more: str) -> None:
        """`app 12:00:05.2 processed 200 request=r1`: a line of the application."""
        self._add(
            "receipt_records",
            **self._place(int(more.get("log", APP))),
            event_uuid=more.get("event", self.event) or None,
            event_type=more.get("type"),
            transaction_id=more.get("transaction"),
            logged_at=time,
            duration_ms=float(more["ms"]) if "ms" in more else None,
            path=more.get("path", "/hooks") or None,
            http_status=int(answer) if answer else None,
            source_ip=more.get("ip"),
            request_id=more.get("request"),
            step=None if step == "-" else step,
            message=more["says"].replace("_", " ") if "says" in more else None,
        )

    def edge(self, time: datetime, answer: str, **more: str) -> None:
        """`edge 12:00:06 200`: a line of the proxy; whole seconds, no uuid."""
        self._add(
            "receipt_records",
            **self._place(int(more.get("log", EDGE))),
            event_uuid=more.get("event"),
            logged_at=time,
            method=more.get("method", "POST"),
            path=more.get("path", "/hooks"),
            http_status=int(answer),
            source_ip=more.get("ip", "34.83.8.110"),
            request_id=more.get("request"),
        )

    def reject(self, time: datetime, **more: str) -> None:
        """`reject 12:00 log=2`: a line that could not be read."""
        generation = int(more.get("log", EDGE))
        place = {**self._place(generation), "line": self.line_at(time) + 5}
        self._add("rejects", **place, bytes=10, lines=1, reason="no_match")

    def _background(self, half_hour: int) -> None:
        time = DAY + timedelta(minutes=30 * half_hour, seconds=7)
        event = f"background-{half_hour:06}"
        seen = time + AHEAD
        self.attempt(time, "success", "200", event=event)
        self.app(seen + timedelta(milliseconds=300), "processed", "200", event=event, ms="100")
        self.edge((seen + timedelta(milliseconds=400)).replace(microsecond=0), "200")

    def _place(self, generation: int) -> rows.Row:
        self.places[generation] = line = self.places.get(generation, 0) + 1
        place = {"file_id": 1, "generation_id": generation}
        return {**place, "line": line, "byte_offset": 100 * line}

    def _add(self, table: str, **row: Any) -> None:
        self.rows.setdefault(table, []).append(row)

    def _write(self) -> None:
        for table, added in self.rows.items():
            rows.insert(self.db.con, table, added)
        self.rows.clear()
