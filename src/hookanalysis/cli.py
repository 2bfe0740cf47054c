"""Commands and exit codes.

0 nothing to report, 1 findings at or above `--fail-on`, 2 bad input or settings, 3 a report failed,
70 a fault of ours, 74 disk or input/output, 75 the workspace is busy.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .errors import DamagedError, InputError
from .running import (
    DAY,
    LEVELS,
    MOMENT,
    PAIR,
    RUN,
    make_plain,
    run,
    with_fail_on,
    with_jobs,
    with_settings,
    with_strict,
    with_wait,
    with_workspace,
)
from .settings import LAYERS, TIME_MARKS, Known, Settings
from .words import plural

if TYPE_CHECKING:
    from .facts.measures import Facts
    from .load.files import LoadReport
    from .workspace import Workspace


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hookanalysis")
def cli() -> None:
    """Find webhooks that went missing or arrived twice, from both sides' logs."""


@cli.command()
@click.option("-o", "--output", default="demo", show_default=True, help="Folder to write to.")
def demo(output: str) -> None:
    """Sample logs → workspace → daily report, all in one folder."""
    from .load.offers import find_samples
    from .workspace import connect

    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "demo.duckdb"
    file.unlink(missing_ok=True)
    click.echo("reading    three days of sample logs of both sides …")
    with connect(file, settings=Settings()) as ws, find_samples() as samples:
        _show(ws.load(samples / "sender", samples / "receiver"))
        click.echo("judging    each delivery by both …")
        ws.reconcile()
        ((day,),) = ws.rows("SELECT CAST(MAX(last_attempt_at) AS DATE) FROM deliveries")
        facts = ws.facts(day=day)
    click.echo("drawing    the report of the last day …")
    page = _daily_report(file, folder, day=day)
    click.echo(_say_day(facts, day))
    click.echo(f"report     {page}\nworkspace  {file}")


@cli.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(readable=False))
@click.option("--format", "format_", metavar="ID", help="Read as this format; do not detect.")
@click.option(
    "--log-format",
    metavar="TEXT|PATH",
    help="The server's own log format (nginx, Apache, HAProxy, …), or its configuration file.",
)
@click.option("--formats", metavar="FOLDER", help="Formats of your own, one TOML file each.")
@click.option("--timezone", metavar="TZ", help="Zone of times that name none.")
@click.option("--time-marks", type=click.Choice(TIME_MARKS), help="What times name of a request.")
@click.option("--stream", metavar="NAME", help="Name of the log (one host, one writer).")
@click.option("--layer", type=click.Choice(LAYERS))
@click.option("--again", is_flag=True, help="Read loaded files anew, in place of the old reading.")
@with_jobs
@with_strict
@with_wait
@with_workspace
@with_settings
def load(
    paths: tuple[str, ...], strict: bool, workspace: str, settings: str | None, **known: Any
) -> None:
    """Load sender's exports and receiver's logs: files and folders in any mix."""
    known["format"] = known.pop("format_")
    with _connect(workspace, settings, create=True, wait=known.pop("wait")) as ws:
        with RUN.step("load"):
            report = ws.load(*paths, **known)
        _warn_of_zones(ws)
    _show(report)
    if strict and any(file.unsound for file in report.files):
        raise click.exceptions.Exit(1)


@cli.command()
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--stream", metavar="NAME", help="All files of this log.")
@with_wait
@with_workspace
def forget(paths: tuple[str, ...], stream: str | None, wait: float, workspace: str) -> None:
    """Take back files, named as `load` was given them, and all that came of them."""
    if not paths and stream is None:
        raise click.UsageError("name files, or --stream NAME")
    with _connect(workspace, None, wait=wait) as ws:
        for path in ws.forget(*paths, stream=stream):
            RUN.say(f"forgotten  {path}")
    RUN.say("the results are gone with them: `hookanalysis reconcile` judges what is left")


@cli.command()
@click.option("--before", type=DAY, required=True, help="First day of which all is kept.")
@with_wait
@with_workspace
@with_settings
def prune(before: date, wait: float, workspace: str, settings: str | None) -> None:
    """Drop the records of logs and exports that end before a day; its history stays."""
    with _connect(workspace, settings, wait=wait) as ws:
        gone = ws.prune(before)
    for path in gone if RUN.loud else ():
        RUN.say(f"pruned     {path}")
    RUN.counts["pruned"] = len(gone)
    RUN.say(f"{plural(len(gone), 'file')} pruned; `hookanalysis reconcile` judges what is left")


@cli.command()
@click.argument("rule")
@click.option("--endpoint", default="", metavar="URL", help="Only there.  [default: anywhere]")
@click.option("--until", type=DAY, help="Last day for which it holds.  [default: no end]")
@click.option("--note", required=True, metavar="TEXT", help="What is known of it.")
@with_wait
@with_workspace
def acknowledge(
    rule: str, endpoint: str, until: date | None, note: str, wait: float, workspace: str
) -> None:
    """Note that a problem is known: it is still shown, and raises no alarm."""
    with _connect(workspace, None, wait=wait) as ws:
        ws.acknowledge(rule, note, endpoint=endpoint, until=until)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@with_workspace
def status(as_json: bool, workspace: str) -> None:
    """Until when each source is loaded, its holes, zone and clock, and what is open."""
    with _connect(workspace, None, read_only=True) as ws:
        told = ws.status()
    if as_json:
        click.echo(json.dumps(told.to_dict(), indent=1))
    else:
        RUN.say(*str(told).split("\n"))


@cli.command()
@with_workspace
def doctor(workspace: str) -> None:
    """Check the workspace's integrity, and the machine's time zones against those it used."""
    from .status import find_damage
    from .zones import compare_databases, name_database

    with _connect(workspace, None, read_only=True) as ws:
        if damage := find_damage(ws):
            raise DamagedError(
                "the workspace is damaged",
                reason="; ".join(damage),
                where=workspace,
                hint="load the sources again, into a new file: name it with --workspace",
            )
        RUN.say("the workspace is whole")
        RUN.say(f"local times are read by {name_database()}")
        differing = compare_databases(ws)
    for zone, words in differing.items():
        RUN.say(f"warning: {zone}: {words}")
    if differing:
        raise click.exceptions.Exit(1)
    RUN.say("the machine's time zones agree with it, for all zones in use")


@cli.command()
@click.option("--since", type=MOMENT, help="Judge deliveries from this time on (UTC).")
@click.option("--until", type=MOMENT, help="Judge deliveries before this time (UTC).")
@click.option("--full", is_flag=True, help="Judge also where nothing has changed since.")
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
@with_fail_on
@with_wait
@with_strict
@with_workspace
@with_settings
def reconcile(
    since: datetime | None,
    until: datetime | None,
    full: bool,
    as_json: bool,
    fail_on: str,
    strict: bool,
    **how: Any,
) -> None:
    """Judge every delivery by both sides' logs."""
    with _connect(**how) as ws:
        with RUN.step("reconcile"):
            ws.reconcile(since, until, full=full)
        facts = ws.facts()
        _warn_of_zones(ws, reconciled=True)
    if as_json:
        click.echo(json.dumps(facts.to_dict(), indent=1))
    else:
        RUN.say(facts.summary())
    _exit_by(facts, fail_on, strict=strict)


@cli.command()
@click.argument("name")
@click.option("-p", "--parameter", "parameters", multiple=True, type=PAIR, metavar="KEY=VALUE")
@click.option("-o", "--output", type=click.Path(), help="File to write: .html or .pdf.")
@with_workspace
def report(
    name: str, parameters: tuple[tuple[str, str], ...], output: str | None, workspace: str
) -> None:
    """Run a notebook (by name, or a path) into a report: one HTML file, or a PDF."""
    from .reporting.reports import run_report

    target = Path(output or f"{Path(name).stem}.html")
    result = run_report(name, workspace, dict(parameters), target)
    RUN.say(f"report     {result.html}")


@cli.command()
@click.option("--day", type=DAY, help="Day to report.  [default: yesterday]")
@click.option("--timezone", default="UTC", show_default=True, help="Whose day, and whose clock.")
@click.option("-o", "--output", default="reports", show_default=True, help="Folder.")
@click.option(
    "--notify",
    multiple=True,
    envvar="HOOKANALYSIS_NOTIFY",
    metavar="URL",
    help="Send a message there (an address of apprise); may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the facts as one line of JSON.")
@with_fail_on
@with_wait
@with_strict
@with_workspace
@with_settings
def daily(
    day: date | None,
    timezone: str,
    output: str,
    notify: tuple[str, ...],
    as_json: bool,
    fail_on: str,
    wait: float,
    strict: bool,
    workspace: str,
    settings: str | None,
) -> None:
    """The scheduled summary of one day: report, facts.json and an exit code."""
    from . import daily as scheduled
    from .zones import to_local

    root, now = Path(output), datetime.now(UTC).replace(tzinfo=None)
    day = day or to_local([now], timezone)[0].date() - timedelta(days=1)
    with _connect(workspace, settings, wait=wait) as ws:
        with RUN.step("reconcile"):
            ws.reconcile()
        with RUN.step("facts"):
            facts = ws.facts(day=day, timezone=timezone)
        changed, days = scheduled.note_run(ws, day, timezone, root)
    with RUN.step("pages"):
        page = _daily_report(Path(workspace), root / f"{day}", day=day, timezone=timezone)
        stale = scheduled.find_stale(root)
        for other in stale:
            _daily_report(Path(workspace), root / f"{other}", day=other, timezone=timezone)
    index = scheduled.write_index(days, timezone, root)
    counts = {"day": f"{day}", "changed": len(changed), "pages": 1 + len(stale)}
    RUN.counts |= counts | scheduled.describe(facts)
    if as_json:
        click.echo(json.dumps(facts.to_dict()))
    else:
        RUN.say(_say_day(facts, day))
        for other, how in changed.items():
            RUN.say(f"changed    {other}: {how}")
        RUN.say(f"report     {page}", f"days       {index}")
    if notify:
        with RUN.step("messages"):
            for told in scheduled.send(notify, *scheduled.compose(facts, day, page), facts.worst):
                RUN.warn(f"warning: {told}")
    _exit_by(facts, fail_on, strict=strict)


@cli.command()
@click.argument("table")
@click.option(
    "-o", "--output", required=True, type=click.Path(), help=".csv .json .parquet .xlsx .prom"
)
@with_workspace
def export(table: str, output: str, workspace: str) -> None:
    """Write one table of the workspace to a file; `metrics` goes to Prometheus' .prom."""
    from .exporting import export as write

    with _connect(workspace, None, read_only=True) as ws:
        rows = write(ws, table, output)
    RUN.say(f"{rows:,} rows → {output}")


@cli.command()
@click.argument("words", nargs=-1, metavar="[ID | try FILE]")
@click.option("--log-format", metavar="TEXT|PATH", help="For `try`, as for `load`.")
@click.option("--formats", metavar="FOLDER", help="For `try`, as for `load`.")
@click.option("--timezone", metavar="TZ", help="For `try`, as for `load`.")
def formats(words: tuple[str, ...], **known: Any) -> None:
    """List the formats, or show one; try which one fits a file."""
    from .formats.format import load_formats
    from .formats.probing import describe_format, try_file

    match words, any(known.values()):
        case ("try", file), _:
            told, found = try_file(Path(file), Known(**known))
            click.echo(make_plain(*told.split("\n")))
            if not found:
                raise click.exceptions.Exit(InputError.exit_code)
        case (), False:
            for entry in load_formats():
                click.echo(f"{entry.id:<16} {entry.side:<9} {entry.layer or '':<5} {entry.title}")
        case (name,), False if name != "try":
            click.echo(describe_format(name))
        case _:
            raise click.UsageError("give nothing, one format id, or `try FILE` with its options")


def main() -> None:
    """Run the command line."""
    os.umask(0o077)  # logs tell of people: what is made of them is for their owner alone
    sys.exit(run(cli))


def _connect(
    workspace: str, settings: str | None, *, create: bool = False, wait: float = 0, **how: Any
) -> Workspace:
    from .outputs import check_exists
    from .workspace import connect

    # A mistyped name must not become a new, empty case that has "nothing to report".
    if not create:
        check_exists(workspace)
    if not how.get("read_only"):
        RUN.workspace, RUN.command = workspace, click.get_current_context().info_name or ""
    return connect(workspace, settings=settings, wait_seconds=wait, **how)


def _show(report: LoadReport) -> None:
    """What was loaded, and on the other channel what was not, and what is missing."""
    every = RUN.loud is True
    RUN.counts |= Counter(file.status for file in report.files)
    for name in ("kept", "rejected"):
        RUN.counts[name] = sum(getattr(file, name) for file in report.files)
    for line in report.lines(every=every):
        RUN.say(line)
    for told in (*report.errors(every=every), *report.lacks):
        RUN.warn(*told.split("\n"))
    if report.refused:
        codes = (file.error.exit_code for file in report.refused if file.error)
        raise click.exceptions.Exit(max(codes))


def _warn_of_zones(ws: Workspace, *, reconciled: bool = False) -> None:
    from .load.files import find_zone_errors

    for told in find_zone_errors(ws, reconciled=reconciled):
        RUN.warn(f"warning: {told}")


def _daily_report(workspace: Path, folder: Path, **parameters: Any) -> Path:
    from .reporting.reports import run_report

    page = folder / "report.html"
    run_report("daily_reconciliation", workspace, parameters, page)
    return page


def _say_day(facts: Facts, day: date) -> str:
    return f"{day:%A} {day.day} {day:%B %Y}: {facts.summary()}"


def _exit_by(facts: Facts, fail_on: str, *, strict: bool) -> None:
    found = fail_on != "never" and facts.worst in LEVELS[LEVELS.index(fail_on) :]
    if found or (strict and any(file.unsound for file in facts.files)):
        raise click.exceptions.Exit(1)
