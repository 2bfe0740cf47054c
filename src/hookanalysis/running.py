"""A run of the command line: its options, what it says, its exit code, its line in `runs.jsonl`."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from .errors import HookAnalysisError, InputError, StorageError
from .outputs import check_target
from .settings import DEFAULT_NAME, RUNS_NAME

LEVELS = ("info", "warning", "critical", "never")


@dataclass
class Run:
    """The command that is running: how much it says, and its line in `runs.jsonl`.

    Attributes:
        loud: `-v` or `-q`; None without either.
        workspace: What it may change; empty for a command that only reads, which leaves no line.
        counts: What it did, in numbers.
        steps: How long its parts took, in seconds.
    """

    loud: bool | None = None
    workspace: str = ""
    command: str = ""
    counts: dict[str, Any] = field(default_factory=dict)
    steps: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.time)

    def say(self, *lines: str) -> None:
        """Print a result, made safe for a terminal; not under `-q`."""
        if self.loud is not False:
            click.echo(make_plain(*lines))

    def warn(self, *lines: str) -> None:
        """Print what is wrong, on the other channel; also under `-q`."""
        click.echo(make_plain(*lines), err=True)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure a part."""
        started = time.monotonic()
        try:
            yield
        finally:
            taken = time.monotonic() - started
            self.steps[name] = round(self.steps.get(name, 0) + taken, 3)

    def end(self, code: int) -> None:
        """Write the line, where there is a workspace; a disk that refuses it changes nothing."""
        if not os.path.isfile(self.workspace):  # noqa: PTH113 - Path.is_file fails by long names
            return
        line = {
            "started_at": f"{datetime.fromtimestamp(self.started, UTC):%Y-%m-%dT%H:%M:%SZ}",
            "command": self.command,
            "exit_code": code,
            "seconds": round(time.time() - self.started, 3),
            "steps": self.steps,
            "counts": self.counts,
        }
        text = json.dumps(line)
        with suppress(OSError, InputError):
            check_target(kept := Path(self.workspace).with_name(RUNS_NAME))
            with kept.open("a") as file:
                file.write(f"{text}\n")
        if self.loud:
            click.echo(text, err=True)


RUN = Run()


def run(commands: click.Group) -> int:
    """Run a command as the program's words ask for it; its exit code, errors in four lines."""
    vars(RUN).update(vars(Run()))  # one process may run several, one after the other
    code = _run(commands)
    RUN.end(code)
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            # What cannot be written would be tried again at the end, and change the code.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return code


def _run(commands: click.Group) -> int:
    try:
        # Without standalone mode, click hands back the code that a command exits with.
        return commands.main(standalone_mode=False) or 0
    except (click.Abort, KeyboardInterrupt):
        return 130
    except SystemExit as out:  # click's way out, also when nobody reads what is written
        return StorageError.exit_code if out.code else 0
    except click.ClickException as error:
        code, show = InputError.exit_code, error.show
    except Exception as error:  # noqa: BLE001 - whatever it is, 1 would tell of findings
        from .opening import explain

        told = error if isinstance(error, HookAnalysisError) else explain(error)
        code, show = told.exit_code, partial(RUN.warn, *str(told).split("\n"))
    with suppress(OSError):
        show()
    return code


def make_plain(*lines: str) -> str:
    """Lines with text from logs and file names, made safe for a terminal: controls are shown."""
    return "\n".join(
        "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
        for line in lines
    )


class Kind(click.ParamType[Any]):
    """A kind of value: its name, what reads it, and what is said of one that cannot be read."""

    def __init__(self, name: str, read: Callable[[str], Any], words: str) -> None:
        self.name, self._read, self._words = name, read, words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read a word of the command line; click may hand over what it has read already."""
        if not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no {self._words}", param, ctx)


def _read_moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at


def _read_pair(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise ValueError
    return key, value


MOMENT = Kind("time", _read_moment, "ISO time, such as 2026-11-22T14:00Z")
DAY = Kind("day", date.fromisoformat, "day, such as 2026-11-22")
PAIR = Kind("pair", _read_pair, "KEY=VALUE, such as day=2026-11-22")


def with_workspace(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the workspace, and how much it says."""
    volume = click.option(
        "-v/-q",
        "--verbose/--quiet",
        default=None,
        expose_value=False,
        callback=lambda _ctx, _param, loud: vars(RUN).update(loud=loud),
        help="Say more: each file, and how long each part took; or nothing but errors.",
    )
    return click.option(
        "-w",
        "--workspace",
        envvar="HOOKANALYSIS_WORKSPACE",
        default="hookanalysis.duckdb",
        show_default=True,
        help="Workspace file.",
    )(volume(command))


with_settings = click.option(
    "--settings", type=click.Path(), help=f"Settings file (default: ./{DEFAULT_NAME}, if there)."
)
with_jobs = click.option(
    "--jobs", type=click.IntRange(1), metavar="N", help="Files to read at a time.  [default: cores]"
)
with_wait = click.option(
    "--wait", type=click.FloatRange(0), default=0, metavar="S", help="Wait S seconds if it is busy."
)
with_fail_on = click.option(
    "--fail-on",
    type=click.Choice(LEVELS),
    default="critical",
    show_default=True,
    help="Exit with 1 when a finding is at least this severe.",
)
with_strict = click.option(
    "--strict", is_flag=True, help="Exit with 1 when a file, or a line of one, could not be read."
)
