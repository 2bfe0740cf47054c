"""What several commands take: kinds of values, and options."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import click

from .settings import DEFAULT_NAME

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


with_workspace = click.option(
    "-w",
    "--workspace",
    envvar="HOOKANALYSIS_WORKSPACE",
    default="hookanalysis.duckdb",
    show_default=True,
    help="Workspace file.",
)
with_settings = click.option(
    "--settings", type=click.Path(), help=f"Settings file (default: ./{DEFAULT_NAME}, if there)."
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
