"""From attempts, receipts and coverage to verdicts: the steps in `sql/`, and their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hookanalysis.database import sql_text
from hookanalysis.load.files import write_settings
from hookanalysis.settings import Settings

from .clocks import write_clock_offsets
from .findings import diagnose
from .incidents import write_run_failures
from .pace import write_live_spans
from .requests import write_requests
from .signatures import write_signature_checks
from .stretches import write_stretches

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from hookanalysis.database import Database

# The files of `sql/`, and what is made in code: each makes the table of its name, and reads only
# what stands above it.
STEPS = (
    "repeated_events",
    "untimed_attempts",
    "attempts",
    "endpoint_paths",
    "learnt_steps",
    "receipt_lines",
    "arrivals",
    "receipts",
    "log_holes",
    "live_spans",
    "export_spans",
    "coverage",
    "clock_offsets",
    "zone_errors",
    "placed_receipts",
    "nameless_receipts",
    "matches",
    "receiver_logs",
    "serving_streams",
    "processing_logs",
    "stream_spans",
    "proof_spans",
    "requests",
    "shared_lines",
    "hard_attempts",
    "undecided_deliveries",
    "sender_deliveries",
    "counted_arrivals",
    "counted_receipts",
    "answers",
    "answer_runs",
    "witnesses",
    "doubts",
    "showing_logs",
    "absences",
    "clusters",
    "omissions",
    "delivery_evidence",
    "deliveries",
    "endpoint_hours",
    "first_tries",
    "run_failures",
    "server_runs",
    "incidents",
    "sender_addresses",
    "failing_attempts",
    "signature_checks",
    "symptoms",
    "untried_events",
    "resends",
)

_CODE = {
    "live_spans": write_live_spans,
    "clock_offsets": write_clock_offsets,
    "requests": write_requests,
    "run_failures": write_run_failures,
    "signature_checks": write_signature_checks,
}

# What a step reads of long series in place of every try.
_STRETCHES = {
    "answer_runs": "shown_answers",
    "run_failures": "good_tries",
    "failing_attempts": "successes",
}


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
        # Nobody gives up before the sender that waits longest.
        db.con.execute(
            "UPDATE settings SET since_at = ?, until_at = ?, timeout_seconds ="
            " GREATEST(timeout_seconds, (SELECT MAX(timeout_s) FROM generations))",
            [since, until],
        )
        for done, step in enumerate(STEPS, 1):
            run_step(db, step)
            if progress:
                progress(done, len(STEPS))
        diagnose(db)
        for step in (*STEPS, *_STRETCHES.values()):
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
    if name := _STRETCHES.get(step):
        write_stretches(db, name)
    if step in _CODE:
        _CODE[step](db)
    else:
        db.make(step, sql_text(step))
