"""From attempts, receipts and coverage to verdicts: the steps in `sql/`, and their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hookanalysis.database import sql_text
from hookanalysis.load.files import write_settings
from hookanalysis.settings import Settings
from hookanalysis.tables import TABLES

from .clocks import write_time_shifts
from .findings import diagnose
from .incidents import write_failure_runs
from .pace import write_live_spans
from .requests import write_requests
from .signatures import write_signature_checks

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from hookanalysis.database import Database
    from hookanalysis.schema import Column

# The files of `sql/`, and what is made in code: each makes the table of its name, and reads only
# what stands above it.
STEPS = (
    "nameless_attempts",
    "attempts",
    "learnt_steps",
    "receipt_lines",
    "request_keys",
    "arrivals",
    "receipts",
    "rotations",
    "log_holes",
    "live_spans",
    "log_spans",
    "export_orders",
    "export_spans",
    "coverage",
    "endpoint_paths",
    "clock_pairs",
    "clock_medians",
    "time_shifts",
    "clock_offsets",
    "zone_errors",
    "repeated_attempts",
    "attempt_turns",
    "placed_receipts",
    "matches_by_uuid",
    "quarantined_logs",
    "receiver_logs",
    "serving_streams",
    "stream_spans",
    "proof_spans",
    "requests",
    "matches",
    "unshown_attempts",
    "undecided_deliveries",
    "sender_deliveries",
    "silent_successes",
    "repeated_matches",
    "twin_streams",
    "repeated_arrivals",
    "layer_deliveries",
    "answer_runs",
    "clock_doubts",
    "doubts",
    "processing_logs",
    "absences",
    "clusters",
    "nameless_refusals",
    "log_ends",
    "hole_reasons",
    "absence_reasons",
    "omitted_deliveries",
    "omissions",
    "counted_receipts",
    "repeats",
    "unlisted_resends",
    "unheard_successes",
    "delivery_evidence",
    "deliveries",
    "endpoint_hours",
    "first_tries",
    "failures",
    "failure_runs",
    "run_failures",
    "server_runs",
    "incidents",
    "sender_addresses",
    "failing_attempts",
    "failure_types",
    "lively_minutes",
    "troubled_attempts",
    "signed_requests",
    "signature_checks",
    "symptoms",
    "untried_events",
    "resends",
)

_CODE = {
    "live_spans": write_live_spans,
    "time_shifts": write_time_shifts,
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
            db.con.execute(f"DROP TABLE IF EXISTS temp.{step}")
        db.con.execute("UPDATE meta SET reconciled_file_id = (SELECT max(file_id) FROM files)")
    db.con.execute("CHECKPOINT")


def make_records(db: Database) -> None:
    """Make attempts, receipts and coverage of what is loaded, for this connection only."""
    for step in STEPS[: STEPS.index("coverage") + 1]:
        if step in _CODE:
            _CODE[step](db)
        else:
            db.con.execute(f"CREATE OR REPLACE TEMP TABLE {step} AS {sql_text(step)}")


def run_step(db: Database, step: str) -> None:
    """Make the table of one step: what the contract promises lasts, all else is temporary."""
    if step in _CODE:
        _CODE[step](db)
    elif table := TABLES.get(step):
        columns = ", ".join(_define(column) for column in table.columns)
        db.con.execute(f"CREATE OR REPLACE TABLE {step} ({columns})")
        db.con.execute(f"INSERT INTO {step} {sql_text(step)}")
    else:
        db.con.execute(f"CREATE OR REPLACE TEMP TABLE {step} AS {sql_text(step)}")


def _define(column: Column) -> str:
    raw = " USING COMPRESSION uncompressed" if column.name in _RAW else ""
    return f"{column.name} {column.type}{raw}"
