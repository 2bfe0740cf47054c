"""Small reconciled workspaces, filled by hand: what reports are tested on."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from hookanalysis.reporting.reports import list_notebooks
from hookanalysis.tables import OUTCOMES, SCHEMA_VERSION, TABLES

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 11, 20)  # noqa: DTZ001 - UTC, naive as in the tables
SHOP = "https://shop.example.com/hooks/showpass"
PARTNER = "https://partner.example.net/webhooks/tickets"
DAILY = "daily_reconciliation"
# The daily report shows in each run what the others are long in showing again.
NOTEBOOKS = [
    DAILY,
    *(pytest.param(name, marks=pytest.mark.long) for name in list_notebooks() if name != DAILY),
]
FAILED = {"missed", "refused", "unacknowledged"}
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    "javascript:alert(3)",
    '" onmouseover="alert(4)',
    "<svg onload=alert(5)>",
    "{{constructor.constructor('alert(6)')()}}",
    "<!--<script>alert(7)</script>",
    "<iframe srcdoc='<script>alert(8)</script>'>",
    "[x](javascript:alert(9))",
    "]]><style>*{display:none}</style>",
    "\u202egpj.exe\u2066",
    "a" * 2000,
    "<a href='https://example.com/leak'>click</a>",
    "&lt;script&gt;alert(10)&lt;/script&gt;",
    '=HYPERLINK("https://example.com")',
)
DETAILS = {
    "duplicated": "double_processed",
    "missed": "never_reached",
    "undetermined": "receiver_coverage",
}


def event_uuid(number: int) -> str:
    return str(uuid.UUID(int=number, version=4))


def delivery(number: int, outcome: str, at: datetime, **more: Any) -> dict[str, Any]:
    accepted = {"duplicated": 2, "missed": 0, "refused": 0, "pending": 0, "undetermined": 0}
    count = accepted.get(outcome, 1)
    failed = outcome in FAILED
    return {
        "event_uuid": event_uuid(number),
        "endpoint_url": SHOP if number % 3 else PARTNER,
        "event_type": "invoice.purchase",
        "outcome": outcome,
        "detail": DETAILS.get(outcome, outcome),
        "reason": "no_liveness: edge-1 is silent; load its next file"
        if outcome == "undetermined"
        else None,
        "first_attempt_at": at,
        "last_attempt_at": at,
        "attempts": 2 if outcome == "recovered" else 1,
        "last_status": "failed" if failed else "success",
        "last_http_status": 503 if outcome == "refused" else (None if failed else 200),
        "last_error_kind": "refused" if outcome == "missed" else None,
        "accepted_count": count,
        "processed_count": count,
        "receipts": count,
        "lag_ms": 100.0 + number if count else None,
        "is_test": False,
        **more,
    }


def all_outcomes(each: int = 3) -> list[dict[str, Any]]:
    """`each` deliveries of every outcome, and ten times as many delivered, over three days."""
    outcomes = ["delivered"] * each * 9 + [name for name in OUTCOMES for _ in range(each)]
    step = timedelta(days=3) / len(outcomes)
    return [delivery(n, name, START + n * step) for n, name in enumerate(outcomes, 1)]


def fill(path: Path, deliveries: list[dict[str, Any]], **tables: list[dict[str, Any]]) -> Path:
    """A workspace file whose results are `deliveries` and what follows from them.

    `tables` adds rows to others, such as `rejects`.
    """
    con = duckdb.connect(str(path))
    for table in TABLES.values():
        con.execute(table.ddl)
    _insert(
        con,
        "meta",
        [{"schema_version": SCHEMA_VERSION, "reconciled_file_id": 9, "tzdata": "2026a"}],
    )
    rows = {**_around(), **tables, "deliveries": deliveries}
    for name, entries in rows.items():
        _insert(con, name, entries)
    con.execute(
        "INSERT INTO endpoint_hours SELECT endpoint_url, DATE_TRUNC('hour', first_attempt_at),"
        " SUM(attempts), COUNT(*) FILTER (last_status = 'success'),"
        " COUNT(*) FILTER (last_status = 'failed'), 0,"
        " COUNT(*) FILTER (last_http_status >= 500),"
        " COUNT(*) FILTER (last_http_status IS NULL), COUNT(*), 0, 0, 0, NULL, NULL"
        " FROM deliveries WHERE attempts > 0 GROUP BY ALL"
    )
    con.execute(
        "INSERT INTO finding_deliveries"
        " SELECT f.rule_id, d.endpoint_url, d.event_uuid, d.first_attempt_at"
        " FROM deliveries AS d JOIN findings AS f"
        " ON f.rule_id = d.outcome AND f.endpoint_url = d.endpoint_url"
    )
    con.close()
    return path


def fill_hostile(path: Path) -> Path:
    """As `fill`, with hostile text wherever text may stand."""
    rows = all_outcomes()
    for number, row in enumerate(rows):
        text = HOSTILE[number % len(HOSTILE)]
        row.update(event_type=text, detail=text, endpoint_url=f"https://{text}/{number % 20}")
        row.update(event_uuid=f"{row['event_uuid']}{text}", last_error_kind=text)
    around: dict[str, list[dict[str, Any]]] = {
        "files": [
            {"file_id": n, "path": text, "status": "refused", "reason": text}
            for n, text in enumerate(HOSTILE)
        ],
        "coverage": [
            {
                "side": "receiver",
                "layer": "edge",
                "stream": text,
                "covered": True,
                "starts_at": START,
                "ends_at": START.replace(day=22),
            }
            for text in HOSTILE
        ],
        "incidents": [
            {
                "incident_id": 1,
                "endpoint_url": rows[31]["endpoint_url"],
                "host": HOSTILE[0],
                "starts_at": START,
                "ends_at": START.replace(day=23),
                "deliveries": 3,
                "failed": 3,
                "recovered": 0,
                "still_open": True,
                "statuses": ", ".join(HOSTILE[:3]),
            }
        ],
        "finding_evidence": [
            {
                "rule_id": "missed",
                "endpoint_url": row["endpoint_url"],
                "stance": "for",
                "side": "app",
                "message": text,
                "stream": text,
                "line": 1,
                "file_id": 1,
            }
            for text, row in zip(
                HOSTILE, (r for r in rows if r["outcome"] == "missed"), strict=False
            )
        ],
        "findings": [
            {
                "rule_id": "missed",
                "rank": 1,
                "confidence": 0.5,
                "evidence": text,
                "against": text,
                "title": text,
                "severity": "critical",
                "cause": text,
                "guide_step": text,
                "endpoint_url": row["endpoint_url"],
                "deliveries": 1,
                "explain": text,
                "next_check": text,
            }
            for text, row in zip(
                HOSTILE, (r for r in rows if r["outcome"] == "missed"), strict=False
            )
        ],
    }
    return fill(path, rows, **around)


def _around() -> dict[str, list[dict[str, Any]]]:
    end = START + timedelta(days=3)
    hole = (START + timedelta(hours=50), START + timedelta(hours=52))

    def span(stream: str, starts: datetime, ends: datetime, **more: Any) -> dict[str, Any]:
        known = {"side": "receiver", "layer": "edge", "covered": True, "records": 100}
        return {**known, "stream": stream, "starts_at": starts, "ends_at": ends, **more}

    finding = {
        "severity": "critical",
        "cause": "network",
        "guide_step": "Firewall and Network Issues",
        "endpoint_url": SHOP,
        "deliveries": 2,
        "explain": "No request reached your servers.",
        "next_check": "Check the firewall.",
    }
    clock = {"offset_ms": 420.0, "low_ms": 380.0, "high_ms": 460.0, "tolerance_ms": 2000.0}
    return {
        "coverage": [
            span("showpass", START, end, side="sender", layer=None),
            span("edge-1", START, hole[0]),
            span("edge-1", *hole, covered=False, reason="no_liveness", records=0),
            span("edge-1", hole[1], end),
        ],
        "clock_offsets": [
            {"stream": "edge-1", **clock, "pairs": 400, "method": "pooled_median"},
            {
                "stream": "edge-1",
                "day": START.date(),
                **clock,
                "pairs": 130,
                "method": "daily_median",
            },
        ],
        "files": [
            {
                "file_id": 1,
                "path": "/home/alice/case/logs/edge/access.log",
                "status": "loaded",
                "records": 500,
                "kept": 90,
                "rejected": 1,
                "integrity": "whole",
            },
            {"file_id": 2, "path": "notes.xlsx", "status": "refused", "reason": "an Excel file"},
        ],
        "rejects": [
            {
                "file_id": 1,
                "line": 812,
                "bytes": 80,
                "lines": 1,
                "reason": "no_match",
                "detail": "matched up to column 57",
            }
        ],
        "findings": [{"rule_id": "missed", "title": "Webhooks that never arrived", **finding}],
        "settings": [{"test_event_types": ["webhook.test"], "sender_ips": []}],
    }


def _insert(con: duckdb.DuckDBPyConnection, name: str, rows: list[dict[str, Any]]) -> None:
    types = {column.name: column.type for column in TABLES[name].columns}
    for row in rows:
        assert set(row) <= set(types), set(row) - set(types)
    if names := [column for column in types if any(column in row for row in rows)]:
        # A column is one list: as many statements as rows take far longer.
        columns = ", ".join(f"UNNEST(CAST(? AS {types[column]}[]))" for column in names)
        values = [[row.get(column) for row in rows] for column in names]
        con.execute(f"INSERT INTO {name} ({', '.join(names)}) SELECT {columns}", values)
