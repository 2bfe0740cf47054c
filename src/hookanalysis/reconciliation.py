"""From attempts, receipts and coverage to verdicts: the steps in `sql/`, and their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .database import sql_name, sql_text
from .diagnosis.findings import diagnose
from .diagnosis.signatures import write_signature_checks
from .incidents import write_failure_runs
from .load.files import write_settings
from .settings import Settings
from .tables import TABLES, VIEW_FILES

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from .database import Database
    from .schema import Column

# Rungs of the ladder from a receipt to its attempt, the surest first.
MATCH_RULES = ("uuid", "transaction", "request_id", "time")


@dataclass(frozen=True)
class Step:
    """One file of `sql/` and what is made of it.

    A table is stored; a view is computed where it is used, and one that is held only once, for as
    long as the steps run; rows are added to the table `into`. What SQL cannot say plainly is code:
    a function makes the table, and there is no file. What the contract promises stands in `sql/`
    itself, what only leads there in a folder.
    """

    file: str
    makes: Literal["table", "view", "held", "rows", "code"] = "table"
    into: str = ""

    @property
    def name(self) -> str:
        """What the table or view is called."""
        return sql_name(self.file)


# Each step reads only what stands above it.
STEPS = (
    Step("matching/endpoint_paths"),
    Step("clocks/clock_pairs", "view"),
    Step("clocks/clock_medians", "held"),
    Step("clock_offsets"),
    Step("matching/repeated_attempts"),
    Step("matching/attempt_turns", "view"),
    Step("matching/placed_receipts", "view"),
    Step("matching/matches_by_uuid", "rows", "matches"),
    Step("matching/edge_lines", "held"),
    Step("matching/matches_by_neighbour", "rows", "matches"),
    Step("matching/loose_ends", "view"),
    Step("matching/time_clusters"),
    Step("matching/answer_ties"),
    Step("matching/leftover_lines"),
    Step("matching/leftover_ends"),
    Step("matching/leftover_ties"),
    Step("matching/open_ends"),
    Step("matching/matches_by_time", "rows", "matches"),
    Step("matching/unshown_attempts"),
    Step("matching/stranger_requests"),
    Step("matching/undecided_deliveries"),
    Step("counting/sender_deliveries", "view"),
    Step("counting/silent_successes"),
    Step("counting/repeated_matches"),
    Step("counting/twin_streams"),
    Step("counting/repeated_arrivals"),
    Step("counting/layer_deliveries", "view"),
    Step("coverage/quarantined_logs"),
    Step("coverage/receiver_logs", "view"),
    Step("coverage/serving_streams"),
    Step("coverage/stream_spans", "held"),
    Step("absence/answer_runs"),
    Step("clocks/clock_doubts", "view"),
    Step("absence/doubts"),
    Step("coverage/proof_spans"),
    Step("absence/processing_logs"),
    Step("absence/absences"),
    Step("clusters"),
    Step("absence/nameless_refusals"),
    Step("coverage/log_ends", "view"),
    Step("coverage/hole_reasons", "view"),
    Step("absence/absence_reasons"),
    Step("absence/omitted_deliveries", "view"),
    Step("absence/omissions"),
    Step("counting/counted_receipts", "view"),
    Step("counting/repeats"),
    Step("absence/unlisted_resends"),
    Step("absence/unheard_successes"),
    Step("delivery_evidence", "view"),
    Step("deliveries"),
    Step("endpoint_hours"),
    Step("incidents/first_tries", "view"),
    Step("incidents/failures"),
    Step("failure_runs", "code"),
    Step("incidents/run_failures"),
    Step("incidents/server_runs"),
    Step("incidents"),
    Step("sender_habits"),
    Step("sender_addresses"),
    Step("symptoms/failing_attempts"),
    Step("symptoms/failure_types"),
    Step("symptoms/lively_minutes", "view"),
    Step("symptoms/troubled_attempts"),
    Step("symptoms/signed_requests", "view"),
    Step("signature_checks", "code"),
    Step("symptoms"),
    Step("untried_events"),
    Step("resends"),
)

_CODE = {"failure_runs": write_failure_runs, "signature_checks": write_signature_checks}

# The views under the steps; those that are read often or cost much are held, without the columns
# that no step reads.
_HELD = {
    "attempts": ("response", "observations", "file_id", "line"),
    "request_keys": (),
    "receipts": ("duration_ms", "lines", "file_id", "line"),
    "log_holes": (),
    "live_spans": (),
    "coverage": (),
}
_VIEWS = tuple(Step(file, "held" if sql_name(file) in _HELD else "view") for file in VIEW_FILES)

_TEMPORARY = {"view": "VIEW", "held": "TABLE"}

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
        steps = (*_VIEWS, *STEPS)
        for done, step in enumerate(steps, 1):
            run_step(db, step)
            if progress:
                progress(done, len(steps))
        diagnose(db)
        # Views name what they read without saying where: beside the temporary ones they are checked
        # at a fifth of the cost, and read the lasting ones later.
        for step in STEPS:
            if step.makes in _TEMPORARY:
                db.con.execute(f"CREATE OR REPLACE VIEW {step.name} AS {sql_text(step.file)}")
        for step in reversed((*_VIEWS, *STEPS)):
            if step.makes in _TEMPORARY:
                db.con.execute(f"DROP {_TEMPORARY[step.makes]} temp.{step.name}")
        db.con.execute("UPDATE meta SET reconciled_file_id = (SELECT max(file_id) FROM files)")
    db.con.execute("CHECKPOINT")


def run_step(db: Database, step: Step) -> None:
    """Make what one step makes."""
    if step.makes == "code":
        _CODE[step.name](db)
        return
    text = sql_text(step.file)
    if step.makes in _TEMPORARY:
        # It stands in front of the lasting view of the same name until all steps are done.
        unread = ", ".join(_HELD.get(step.name, ()))
        text = f"SELECT * EXCLUDE ({unread}) FROM ({text})" if unread else text
        db.con.execute(f"CREATE TEMP {_TEMPORARY[step.makes]} {step.name} AS {text}")
        return
    target = step.into or step.name
    table = TABLES.get(target)
    if table is None:
        db.con.execute(f"CREATE OR REPLACE TABLE {target} AS {text}")
        return
    if step == next(s for s in STEPS if target in (s.into, s.name)):
        columns = ", ".join(_define(column) for column in table.columns)
        db.con.execute(f"CREATE OR REPLACE TABLE {target} ({columns})")
    db.con.execute(f"INSERT INTO {target} {text}")


def _define(column: Column) -> str:
    raw = " USING COMPRESSION uncompressed" if column.name in _RAW else ""
    return f"{column.name} {column.type}{raw}"
