"""From attempts, receipts and coverage to verdicts: the steps in `sql/`, and their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .database import sql_name, sql_text
from .diagnosis.findings import diagnose
from .diagnosis.signatures import write_signature_checks
from .incidents import write_failure_runs
from .loading.files import write_settings
from .settings import Settings
from .tables import TABLES
from .verdict.clocks import write_time_shifts
from .verdict.pace import write_live_spans
from .verdict.requests import write_requests

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from .database import Database
    from .schema import Column

# The files of `sql/`, and what is made in code: each makes the table of its name, and reads only
# what stands above it.
STEPS = (
    "records/nameless_attempts",
    "attempts",
    "records/learnt_steps",
    "records/receipt_lines",
    "records/request_keys",
    "records/arrivals",
    "receipts",
    "coverage/rotations",
    "coverage/log_holes",
    "coverage/live_spans",
    "coverage/log_spans",
    "coverage/export_orders",
    "coverage/export_spans",
    "coverage",
    "matching/endpoint_paths",
    "clocks/clock_pairs",
    "clocks/clock_medians",
    "clocks/time_shifts",
    "clock_offsets",
    "zone_errors",
    "matching/repeated_attempts",
    "matching/attempt_turns",
    "matching/placed_receipts",
    "matching/matches_by_uuid",
    "coverage/quarantined_logs",
    "coverage/receiver_logs",
    "coverage/serving_streams",
    "coverage/stream_spans",
    "coverage/proof_spans",
    "requests",
    "matching/matches",
    "matching/unshown_attempts",
    "matching/undecided_deliveries",
    "counting/sender_deliveries",
    "counting/silent_successes",
    "counting/repeated_matches",
    "counting/twin_streams",
    "counting/repeated_arrivals",
    "counting/layer_deliveries",
    "absence/answer_runs",
    "clocks/clock_doubts",
    "absence/doubts",
    "absence/processing_logs",
    "absence/absences",
    "clusters",
    "absence/nameless_refusals",
    "coverage/log_ends",
    "coverage/hole_reasons",
    "absence/absence_reasons",
    "absence/omitted_deliveries",
    "absence/omissions",
    "counting/counted_receipts",
    "counting/repeats",
    "absence/unlisted_resends",
    "absence/unheard_successes",
    "delivery_evidence",
    "deliveries",
    "endpoint_hours",
    "incidents/first_tries",
    "incidents/failures",
    "failure_runs",
    "incidents/run_failures",
    "incidents/server_runs",
    "incidents",
    "sender_addresses",
    "symptoms/failing_attempts",
    "symptoms/failure_types",
    "symptoms/lively_minutes",
    "symptoms/troubled_attempts",
    "symptoms/signed_requests",
    "signature_checks",
    "symptoms",
    "untried_events",
    "resends",
)

_CODE = {
    "coverage/live_spans": write_live_spans,
    "clocks/time_shifts": write_time_shifts,
    "requests": write_requests,
    "failure_runs": write_failure_runs,
    "signature_checks": write_signature_checks,
}

# Nearly every value is another, and looking for a way to pack them costs more than writing them.
_RAW = ("attempt_key", "event_uuid", "transaction_id")


def reconcile(
    db: Database,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Judge every delivery: run all steps and rules in one transaction, all or nothing.

    Args:
        db: The workspace, open for writing.
        since: Keep only deliveries first seen from here on (UTC, naive); all are matched.
        until: Keep only deliveries first seen before this.
        progress: Told how many of all steps are done.
    """
    if not db.rows("SELECT 1 FROM settings"):
        write_settings(db, Settings())
    with db.transaction():
        db.con.execute("UPDATE settings SET since_at = ?, until_at = ?", [since, until])
        for done, step in enumerate(STEPS, 1):
            run_step(db, step)
            if progress:
                progress(done, len(STEPS))
        diagnose(db)
        for step in reversed(STEPS):
            db.con.execute(f"DROP TABLE IF EXISTS temp.{sql_name(step)}")
        db.con.execute("UPDATE meta SET reconciled_file_id = (SELECT max(file_id) FROM files)")
    db.con.execute("CHECKPOINT")


def run_step(db: Database, step: str) -> None:
    """Make the table of one step: what the contract promises lasts, all else is temporary."""
    name = sql_name(step)
    if step in _CODE:
        _CODE[step](db)
    elif table := TABLES.get(name):
        columns = ", ".join(_define(column) for column in table.columns)
        db.con.execute(f"CREATE OR REPLACE TABLE {name} ({columns})")
        db.con.execute(f"INSERT INTO {name} {sql_text(step)}")
    else:
        db.con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql_text(step)}")


def _define(column: Column) -> str:
    raw = " USING COMPRESSION uncompressed" if column.name in _RAW else ""
    return f"{column.name} {column.type}{raw}"
