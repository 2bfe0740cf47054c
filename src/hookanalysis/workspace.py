"""The handle that users hold: one DuckDB file, and the steps that fill it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from . import markup
from .database import Database
from .errors import InputError
from .facts.measures import Facts
from .load import files as loading
from .load import manifest
from .load.files import LoadReport
from .load.offers import Wishes, find_samples
from .load.transfers import Progress
from .markup import Block
from .progress import show_reading, show_steps
from .read.sources import print_path
from .settings import Known, Settings, read_settings
from .status import Status, look
from .stories import Story, tell
from .tables import MERGED
from .verdict.steps import fingerprint, make_records, reconcile

if TYPE_CHECKING:
    import pandas as pd

    from .reporting.reports import ReportResult


class Workspace(Database):
    """One case: what was loaded, and what came of it, in one DuckDB file.

    Made by `hookanalysis.connect`. `load` and `reconcile` write; everything else reads.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        settings: Settings,
        read_only: bool = False,
        wait_seconds: float = 0,
    ) -> None:
        memory = f"{settings.memory_percent}%"
        super().__init__(path, read_only=read_only, wait_seconds=wait_seconds, memory=memory)
        self.settings = settings

    def load(
        self,
        *paths: str | Path,
        again: bool = False,
        jobs: int | None = None,
        progress: Progress | None = None,
        **known: Any,
    ) -> LoadReport:
        """Load files and folders in any mix; formats are detected by content.

        Args:
            paths: Sender's exports and receiver's logs; folders are walked.
            again: Read files anew that are loaded already, in place of the old reading.
            jobs: How many files are read at a time, at most, each by a process of its own; the
                cores at hand by default. Little is read by this process alone.
            progress: Called with a path and the bytes read so far; by default they are shown in a
                notebook and on a terminal.
            known: What the files do not say, as under `[[sources]]` of the settings: `format`,
                `formats`, `log_format`, `timezone`, `time_marks`, `stream`, `layer`, `sampled`,
                `complete`, `copytruncate`, `day_first`, `endpoint`, `columns`.

        Returns:
            What became of each file: loaded, grown, unchanged, passed over, or refused and why; and
            what is missing to judge.

        Raises:
            InputError: What is given as known is of the wrong kind, or there is nothing to load.
        """
        self._drop_records()
        with show_reading() if progress is None else nullcontext(progress) as tell:
            wishes = Wishes(self.settings, Known(**known), tell, again=again)
            done = loading.load(self, paths, wishes, jobs)
        if not done.files or not any("://" in str(one) or Path(one).exists() for one in paths):
            where, hint = ", ".join(map(print_path, paths)), "name files or folders that are there"
            raise InputError("there is nothing to load", where=where, hint=hint)
        return done

    def forget(self, *paths: str | Path, stream: str | None = None) -> tuple[str, ...]:
        """Take back what was loaded, and all that came of it; reconcile afterwards.

        Args:
            paths: Files and folders as they were given to `load`; a log goes whole, under each of
                its names.
            stream: Name of a log, of which all files go.

        Returns:
            The paths that are forgotten.

        Raises:
            InputError: Nothing is loaded from one of them.
        """
        return manifest.forget(self, paths, stream)

    def prune(self, before: date) -> tuple[str, ...]:
        """Drop the records of logs and exports that end before a day; reconcile afterwards.

        All is judged a last time. What became of each day stays in the table `history`, from which
        reports draw the trend; and which files were loaded, so that they are not loaded again.

        Returns:
            The paths whose records are dropped.
        """
        from .facts.gathering import prune

        self.reconcile()
        return prune(self, before)

    def table(self, name: str) -> pd.DataFrame:
        """One table of the workspace as pandas; see the data dictionary.

        Attempts, receipts and coverage are there as soon as files are loaded.

        Raises:
            InputError: There is no such table, or it is made by reconciling.
        """
        if name in {table.name for table in MERGED} and not self.has(name):
            make_records(self)
        return super().table(name)

    def _drop_records(self) -> None:
        """Drop what `table` made, so that it neither outlives its files nor hides the results."""
        for table in MERGED:
            self.con.execute(f"DROP TABLE IF EXISTS temp.{table.name}")

    def load_samples(self) -> Self:
        """Load the bundled samples into this empty workspace, and reconcile them.

        No progress is shown, so that a notebook over the samples shows the same on every machine.
        """

        def say_nothing(*_: object) -> None: ...

        with find_samples() as folder:
            self.load(folder / "sender", folder / "receiver", progress=say_nothing)
        self.reconcile(progress=say_nothing)
        return self

    def reconcile(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        full: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Judge every delivery, unless the results are of this very data and these settings.

        Args:
            since: Keep only deliveries first seen from here on (UTC).
            until: Keep only deliveries first seen before this (UTC).
            full: Judge also where nothing has changed.
            progress: Called with the steps done and all steps; by default as for `load`.
        """
        if since and until and since >= until:
            raise InputError("the period is empty", hint="`since` must lie before `until`")
        self._drop_records()
        ground = fingerprint(self, self.settings, since, until)
        if not full and self.rows("FROM meta SELECT 1 WHERE reconciled_as = ?", [ground]):
            return
        loading.write_settings(self, self.settings)
        with show_steps() if progress is None else nullcontext(progress) as tell:
            reconcile(self, since=since, until=until, ground=ground, progress=tell)

    def facts(
        self,
        day: date | str | None = None,
        *,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        timezone: str = "UTC",
        **only: str,
    ) -> Facts:
        """The typed numbers that reports, exit codes and tests all read.

        Args:
            day: One day of `timezone`; or
            since: from here (UTC; text: of `timezone`)
            until: to here (exclusive).
            timezone: Zone of the days and times that reports show.
            only: `endpoint` and `event_type`, to look at the deliveries of one.
        """
        from .facts.gathering import facts
        from .facts.period import day_bounds

        if day is not None:
            since, until = day_bounds(day, timezone)
        return facts(self, since=since, until=until, timezone=timezone, **only)

    def status(self, at: datetime | None = None) -> Status:
        """What is loaded until when, its holes, zones and clocks, and what is open.

        Args:
            at: The time against which ages are counted (UTC); now by default.
        """
        try:
            return look(self, at or datetime.now(UTC).replace(tzinfo=None))
        finally:
            self._drop_records()

    def acknowledge(
        self, rule: str, note: str, *, endpoint: str = "", until: date | None = None
    ) -> None:
        """Note that a problem is known: until its end, it raises no alarm, and is still shown.

        Args:
            rule: `rule_id` of the finding; what was acknowledged of it before is replaced.
            note: What is known of it, shown in reports.
            endpoint: The endpoint's URL, or enough to know it by; any by default.
            until: Last day for which it holds; no end by default.

        Raises:
            InputError: There is no such rule or endpoint.
        """
        from .facts.gathering import acknowledge

        acknowledge(self, rule, note, endpoint, until)

    def findings(self, day: date | str | None = None, **more: Any) -> Block:
        """What was found and what to do about it, as a page; see `facts` for what may be given."""
        from .sections import findings

        return findings(self.facts(day, **more))

    def report(
        self, name: str | Path, output: str | Path | None = None, **parameters: Any
    ) -> ReportResult:
        """Run a notebook into a report: `ws.report("incident_report", "i.pdf", incident=2)`.

        Args:
            name: Of a notebook of this package, or the path of one of your own.
            output: The .html or .pdf; `<name>.html` in the current folder by default.
            parameters: Of the notebook.

        Raises:
            InputError: There is no such notebook or parameter, or the workspace is in memory.
            ReportError: The notebook failed.
        """
        from .reporting.reports import run_report

        if self.path == ":memory:":
            hint = 'open a file: connect("case.duckdb")'
            raise InputError(
                "a report needs a workspace file, and this one is in memory", hint=hint
            )
        if self.read_only:
            return run_report(name, self.path, parameters, output)
        self.close()  # a report is made by a process of its own, which reads the file
        try:
            return run_report(name, self.path, parameters, output)
        finally:
            self.__init__(self.path, settings=self.settings)  # type: ignore[misc]

    def event(self, uuid: str, *, source: bool = False, redact: bool = True) -> Story:
        """One event's whole story, from both sides, with file and line of each piece.

        Args:
            uuid: The event's `webhook_event_uuid`.
            source: Quote the records themselves, read afresh from their files.
            redact: Mask in them credentials, cards, addresses of e-mail, numbers of phones, and the
                values of keys that name a person.
        """
        return tell(self, uuid, source=source, masked=redact)

    def __repr__(self) -> str:
        return f"<hookanalysis workspace {self.path}>"

    def _repr_html_(self) -> str:
        rows = self.rows("SELECT status, count(*) FROM files GROUP BY status ORDER BY status")
        files = ", ".join(f"{n:,} {status}" for status, n in rows) or "nothing loaded yet"
        words = f"Workspace {self.path}: {files}"
        shown = markup.Block(markup.render("note", words=words), words)
        if self.has("deliveries"):
            counts = self.sql(
                """
                SELECT outcome, COUNT(*) AS deliveries, COUNT(*) / SUM(COUNT(*)) OVER () AS share
                FROM deliveries GROUP BY outcome ORDER BY 2 DESC, 1
                """
            )
            shown += markup.show(counts)
        return str(shown._repr_mimebundle_()["text/html"])


def open_case(workspace: str | Path = "", wait_seconds: float = 30) -> Workspace:
    """The workspace that a notebook reports on, read only; "" for the bundled samples.

    Args:
        workspace: The file.
        wait_seconds: How long to wait for another process that holds the file.

    Raises:
        InputError: papermill put in a parameter that the notebook does not declare.
        BusyError: Another process holds the file.
    """
    _check_parameters()
    if workspace:
        return connect(workspace, read_only=True, wait_seconds=wait_seconds)
    return connect(":memory:").load_samples()


def _check_parameters() -> None:
    """Refuse what papermill put in and no earlier cell declares: it would have no effect."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    declared: set[str] = set()
    for cell in shell.user_ns.get("In", ()) if shell else ():
        try:
            nodes = (node for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.Name))
        except SyntaxError:  # IPython's own, such as %time
            continue
        found = {node.id for node in nodes if isinstance(node.ctx, ast.Store)}
        if declared and cell.startswith("# Parameters\n") and (unknown := found - declared):
            names, known = ", ".join(sorted(unknown)), ", ".join(sorted(declared))
            raise InputError(f"unknown parameter {names}", hint=f"valid: {known}")
        declared |= found


def connect(
    path: str | Path = "hookanalysis.duckdb",
    *,
    read_only: bool = False,
    settings: Settings | str | Path | None = None,
    wait_seconds: float = 0,
) -> Workspace:
    """Open a workspace, or make one; like `duckdb.connect`.

    Args:
        path: The workspace file, or ":memory:".
        read_only: Open beside other readers; loading and reconciling are refused.
        settings: A `Settings`, or the path of a `hookanalysis.toml`; by default the one in the
            current folder, if any.
        wait_seconds: How long to wait for another process that holds the file.

    Raises:
        BusyError: Another process holds the file.
        InputError: The file is no workspace, of a newer version, or the settings are wrong.
    """
    settled = read_settings(settings)
    return Workspace(path, settings=settled, read_only=read_only, wait_seconds=wait_seconds)
