"""Commands and exit codes.

0 nothing to report, 1 findings at or above `--fail-on`, 2 bad input or settings, 3 a report failed,
70 a fault of ours, 74 disk or input/output, 75 the workspace is busy.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .errors import DamagedError, HookAnalysisError, InputError, StorageError
from .options import (
    LEVELS,
    Day,
    Moment,
    with_fail_on,
    with_settings,
    with_strict,
    with_wait,
    with_workspace,
)
from .settings import LAYERS, TIME_MARKS, Known, Settings

if TYPE_CHECKING:
    from .facts.measures import Facts
    from .load.summary import LoadReport
    from .workspace import Workspace


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hookanalysis")
def cli() -> None:
    """Find webhooks that went missing or arrived twice, from both sides' logs."""


@cli.command()
@click.option("-o", "--output", default="demo", show_default=True, help="Folder to write to.")
def demo(output: str) -> None:
    """Sample logs → workspace → daily report, all in one folder."""
    from .load.folders import find_samples
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
    click.echo(_summary(facts, day))
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
@click.option("-v", "--verbose", "every", is_flag=True, help="A line for each file.")
@with_strict
@with_wait
@with_workspace
@with_settings
def load(
    paths: tuple[str, ...],
    every: bool,
    strict: bool,
    workspace: str,
    settings: str | None,
    **known: Any,
) -> None:
    """Load sender's exports and receiver's logs: files and folders in any mix."""
    known["format"] = known.pop("format_")
    with _connect(workspace, settings, create=True, wait=known.pop("wait")) as ws:
        report = ws.load(*paths, **known)
        _warn_of_zones(ws)
    _show(report, every=every)
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
            click.echo(_plain(f"forgotten  {path}"))
    click.echo("the results are gone with them: `hookanalysis reconcile` judges what is left")


@cli.command()
@click.argument("rule")
@click.option("--endpoint", default="", metavar="URL", help="Only there.  [default: anywhere]")
@click.option("--until", type=Day(), help="Last day for which it holds.  [default: no end]")
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
    click.echo(json.dumps(told.to_dict(), indent=1) if as_json else _plain(str(told)))


@cli.command()
@with_workspace
def doctor(workspace: str) -> None:
    """Check the workspace's integrity, and the machine's time zones against those it used."""
    from .load.manifest import find_damage
    from .zones import compare_databases, name_database

    with _connect(workspace, None, read_only=True) as ws:
        if damage := find_damage(ws):
            raise DamagedError(
                "the workspace is damaged",
                reason="; ".join(damage),
                where=workspace,
                hint="load the sources again, into a new file: name it with --workspace",
            )
        click.echo("the workspace is whole")
        click.echo(f"local times are read by {name_database()}")
        differing = compare_databases(ws)
    for zone, words in differing.items():
        click.echo(_plain(f"warning: {zone}: {words}"))
    if differing:
        raise click.exceptions.Exit(1)
    click.echo("the machine's time zones agree with it, for all zones in use")


@cli.command()
@click.option("--since", type=Moment(), help="Judge deliveries from this time on (UTC).")
@click.option("--until", type=Moment(), help="Judge deliveries before this time (UTC).")
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
@with_fail_on
@with_wait
@with_strict
@with_workspace
@with_settings
def reconcile(
    since: datetime | None,
    until: datetime | None,
    as_json: bool,
    fail_on: str,
    wait: float,
    strict: bool,
    workspace: str,
    settings: str | None,
) -> None:
    """Judge every delivery by both sides' logs."""
    with _connect(workspace, settings, wait=wait) as ws:
        ws.reconcile(since, until)
        facts = ws.facts()
        _warn_of_zones(ws, reconciled=True)
    click.echo(json.dumps(facts.to_dict(), indent=1) if as_json else _summary(facts))
    _exit_by(facts, fail_on, strict=strict)


@cli.command()
@click.argument("name")
@click.option("-p", "--parameter", "parameters", multiple=True, metavar="KEY=VALUE")
@click.option("-o", "--output", type=click.Path(), help="File to write: .html or .pdf.")
@with_workspace
def report(name: str, parameters: tuple[str, ...], output: str | None, workspace: str) -> None:
    """Run a notebook (by name, or a path) into a report: one HTML file, or a PDF."""
    from .reporting.reports import run_report

    given = dict(_pair(text) for text in parameters)
    target = Path(output or f"{Path(name).stem}.html")
    result = run_report(name, workspace, given, target)
    click.echo(f"report     {result.html}")


@cli.command()
@click.option("--day", type=Day(), help="Day to report.  [default: yesterday]")
@click.option("--timezone", default="UTC", show_default=True, help="Whose day, and whose clock.")
@click.option("-o", "--output", default="reports/daily", show_default=True, help="Folder.")
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
    as_json: bool,
    fail_on: str,
    wait: float,
    strict: bool,
    workspace: str,
    settings: str | None,
) -> None:
    """The scheduled summary of one day: report, facts.json and an exit code."""
    from .zones import to_local

    now = datetime.now(UTC).replace(tzinfo=None)
    day = day or to_local([now], timezone)[0].date() - timedelta(days=1)
    with _connect(workspace, settings, wait=wait) as ws:
        ws.reconcile()
        facts = ws.facts(day=day, timezone=timezone)
    folder = Path(output) / day.isoformat()
    page = _daily_report(Path(workspace), folder, day=day, timezone=timezone)
    if as_json:
        click.echo(json.dumps(facts.to_dict()))
    else:
        click.echo(_summary(facts, day))
        click.echo(f"report     {page}")
    _exit_by(facts, fail_on, strict=strict)


@cli.command()
@click.argument("table")
@click.option("-o", "--output", required=True, type=click.Path(), help=".csv .json .parquet .xlsx")
@with_workspace
def export(table: str, output: str, workspace: str) -> None:
    """Write one table of the workspace to a file."""
    from .exporting import export as write

    with _connect(workspace, None, read_only=True) as ws:
        rows = write(ws, table, output)
    click.echo(f"{rows:,} rows → {_plain(output)}")


@cli.command()
@click.argument("words", nargs=-1, metavar="[ID | try FILE]")
@click.option("--log-format", metavar="TEXT|PATH", help="For `try`, as for `load`.")
@click.option("--formats", metavar="FOLDER", help="For `try`, as for `load`.")
@click.option("--timezone", metavar="TZ", help="For `try`, as for `load`.")
def formats(words: tuple[str, ...], **known: Any) -> None:
    """List the formats, or show one; try which one fits a file."""
    from .formats.catalog import load_formats
    from .formats.probing import describe_format, try_file

    match words, any(known.values()):
        case ("try", file), _:
            told, found = try_file(Path(file), Known(**known))
            click.echo(_plain(told))
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
    """Run the command line; turns errors into four lines and an exit code."""
    os.umask(0o077)  # logs tell of people: what is made of them is for their owner alone
    code = _run()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            # What cannot be written would be tried again at the end, and change the code.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(code)


def _run() -> int:
    try:
        # Without standalone mode, click hands back the code that a command exits with.
        return cli.main(standalone_mode=False) or 0
    except (click.Abort, KeyboardInterrupt):
        return 130
    except SystemExit as out:  # click's way out, also when nobody reads what is written
        return StorageError.exit_code if out.code else 0
    except click.ClickException as error:
        code, show = InputError.exit_code, error.show
    except Exception as error:  # noqa: BLE001 - whatever it is, 1 would tell of findings
        from .opening import explain

        told = error if isinstance(error, HookAnalysisError) else explain(error)
        code, show = told.exit_code, partial(click.echo, _plain(str(told)), err=True)
    with suppress(OSError):
        show()
    return code


def _connect(
    workspace: str, settings: str | None, *, create: bool = False, wait: float = 0, **how: Any
) -> Workspace:
    from .opening import check_exists
    from .workspace import connect

    # A mistyped name must not become a new, empty case that has "nothing to report".
    if not create:
        check_exists(workspace)
    return connect(workspace, settings=settings, wait_seconds=wait, **how)


def _show(report: LoadReport, *, every: bool = False) -> None:
    """What was loaded, and on the other channel what was not, and what is missing."""
    for line in report.lines(every=every):
        click.echo(_plain_line(line))
    for error in report.errors(every=every):
        click.echo(_plain(error), err=True)
    for line in report.lacks:
        click.echo(_plain_line(line), err=True)
    if report.refused:
        codes = (file.error.exit_code for file in report.refused if file.error)
        raise click.exceptions.Exit(max(codes))


def _warn_of_zones(ws: Workspace, *, reconciled: bool = False) -> None:
    from .load.summary import find_zone_errors

    for told in find_zone_errors(ws, reconciled=reconciled):
        click.echo(_plain_line(f"warning: {told}"), err=True)


def _daily_report(workspace: Path, folder: Path, **parameters: Any) -> Path:
    from .reporting.reports import run_report

    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "report.html"
    run_report("daily_reconciliation", workspace, parameters, page)
    return page


def _summary(facts: Facts, day: date | None = None) -> str:
    return f"{day:%A} {day.day} {day:%B %Y}: {facts.summary()}" if day else facts.summary()


def _exit_by(facts: Facts, fail_on: str, *, strict: bool) -> None:
    found = fail_on != "never" and facts.worst in LEVELS[LEVELS.index(fail_on) :]
    if found or (strict and any(file.unsound for file in facts.files)):
        raise click.exceptions.Exit(1)


def _pair(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise InputError(f"a parameter must be KEY=VALUE, not {text!r}", hint="-p day=2026-11-22")
    return key, value


def _plain(text: str) -> str:
    """Text from logs and file names, made safe for a terminal: control characters are shown."""
    return "\n".join(map(_plain_line, text.split("\n")))


def _plain_line(text: str) -> str:
    return "".join(c if _harmless(c) else c.encode("unicode_escape").decode() for c in text)


def _harmless(character: str) -> bool:
    reorders = "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069"
    return character.isprintable() and not reorders
