"""What several commands take: kinds of values, and options."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import click

from .running import RUN
from .settings import DEFAULT_NAME

if TYPE_CHECKING:
    from collections.abc import Callable

LEVELS = ("info", "warning", "critical", "never")


class Moment(click.ParamType[datetime]):
    """A time, as UTC without a zone."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read an ISO time; without a zone it is UTC."""
        try:
            moment = datetime.fromisoformat(value)
            return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
        except (TypeError, ValueError, OverflowError):
            self.fail(f"{value!r} is no ISO time, such as 2026-11-22T14:00Z", param, ctx)


class Day(click.ParamType[date]):
    """A day."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read an ISO date."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day, such as 2026-11-22", param, ctx)


class Pair(click.ParamType[tuple[str, str]]):
    """A name and its value."""

    name = "pair"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read KEY=VALUE."""
        key, sign, text = value.partition("=")
        if not sign or not key:
            self.fail(f"{value!r} is no KEY=VALUE, such as day=2026-11-22", param, ctx)
        return key, text


def with_workspace(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the workspace, and how much it says."""

    def hear(_ctx: click.Context, _param: click.Parameter, loud: Any) -> None:
        RUN.loud = loud

    volume = click.option(
        "-v/-q",
        "--verbose/--quiet",
        default=None,
        expose_value=False,
        callback=hear,
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
