"""From attempts, receipts and coverage to verdicts: the steps in `sql/`, and their order."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np

from hookanalysis.database import Database, lend, sql_text
from hookanalysis.load.files import write_settings
from hookanalysis.settings import Settings

from .clocks import write_clock_offsets, write_live_spans
from .findings import diagnose
from .incidents import write_run_failures
from .signatures import write_signature_checks

# The files of `sql/`, and what is made in code: each makes the table of its name, and reads only
# what stands above it.
STEPS = (
    "repeated_events",
    "untimed_attempts",
    "attempts",
    "endpoint_paths",
    "learnt_steps",
    "receipt_lines",
    "passing_marks",
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
    "witnesses",
    "shared_lines",
    "hard_attempts",
    "undecided_deliveries",
    "sender_deliveries",
    "counted_arrivals",
    "counted_receipts",
    "answers",
    "answer_runs",
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


def _write_requests(db: Database) -> None:
    from .requests import write_requests  # with scipy, which takes its time to start

    write_requests(db)


_CODE = {
    "live_spans": write_live_spans,
    "clock_offsets": write_clock_offsets,
    "requests": _write_requests,
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
    ground: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Judge every delivery: run all steps and rules in one transaction, all or nothing.

    Only deliveries first seen from `since` on, and before `until` (UTC, naive), are kept; all are
    matched. `ground` is noted as their `fingerprint`; `progress` is told how many of all steps are
    done.
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
        db.con.execute(
            "UPDATE meta SET reconciled_as = ?,"
            " reconciled_file_id = (SELECT max(file_id) FROM files)",
            [ground],
        )
    db.con.execute("CHECKPOINT")


def fingerprint(db: Database, settings: Settings, *period: datetime | None) -> str:
    """What results are made of: the data, the settings and their secret, and this package's code.

    Records change with the generation that they belong to, and only with it.
    """
    known = (settings, os.environ.get(settings.secret_variable), period)
    loaded = db.rows("SELECT hash(g) FROM generations AS g ORDER BY generation_id")
    made = hashlib.sha256(repr((duckdb.__version__, known, loaded)).encode())
    for file in sorted(Path(__file__).parents[1].rglob("*.*")):
        if file.suffix in {".py", ".sql", ".toml"}:
            made.update(file.read_bytes())
    return made.hexdigest()


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


def write_stretches(db: Database, name: str) -> None:
    """Make the temporary table `name` of `sql/stretches/<name>.sql`: one row a stretch of tries.

    The query gives tries and cuts: when (`moment`), whether it is a cut (`cut`), and in the other
    columns, numbers, of which series. A stretch lies between two cuts of its series; a try at the
    moment of a cut lies before it. Of each stretch: its series, `first_at`, `last_at`, `tries`.
    """
    columns = db.con.execute(
        f"SELECT * REPLACE (epoch_us(moment) AS moment) FROM ({sql_text(f'stretches/{name}')})"
    ).fetchnumpy()
    moment, cut = np.asarray(columns.pop("moment")), np.asarray(columns.pop("cut"))
    series = [np.asarray(column) for column in columns.values()]
    order = np.lexsort((cut, moment, *series))
    cut, moment, series = cut[order], moment[order], [column[order] for column in series]
    change = np.logical_or.reduce([np.diff(column, prepend=-1) != 0 for column in series])
    stretch = np.cumsum(cut | change)[~cut]
    first = np.flatnonzero(np.diff(stretch, prepend=-1))
    moment, series = moment[~cut], [column[~cut] for column in series]
    tries = np.diff(first, append=len(stretch))
    found = dict(zip(columns, (column[first] for column in series), strict=True))
    ends = {"first_us": moment[first], "last_us": moment[first + tries - 1], "tries": tries}
    with lend(db.con, stretches=found | ends):
        db.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * EXCLUDE (first_us, last_us),"
            " make_timestamp(first_us) AS first_at, make_timestamp(last_us) AS last_at"
            " FROM stretches"
        )
