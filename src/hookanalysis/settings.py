"""Settings of a workspace: thresholds, endpoints, and what is known of the source folders."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

DEFAULT_NAME = "hookanalysis.toml"

# Showpass's published outgoing addresses (its developer guide, security chapter 04).
SHOWPASS_IPS = ("34.83.8.110", "34.168.12.250", "35.230.81.80", "35.230.119.67")


@dataclass(frozen=True)
class Source:
    """What is known beforehand of the files whose path fits `match` (shell pattern).

    Args:
        match: Shell pattern of paths.
        format: Id of their format.
        formats: Folder of formats of one's own, one TOML file each.
        log_format: How the server was told to write its lines; or the path of its configuration.
        timezone: Zone of times that name none.
        time_marks: The moment of a request that times name: start or end.
        stream: Name of the log.
        layer: edge, app, queue or table.
        sampled: Whether a server's log leaves requests out: then none that it lacks is missed.
        copytruncate: Whether a server's log is copied and then emptied to rotate it, which loses
            what is written in between.
        day_first: Order of dates such as 3/4/2026.
        endpoint: The URL, for an export whose attempts do not name theirs.
        columns: How a table's columns (or an object's keys) are called, for `format`:
            `{event_id = "Message", …}`.
    """

    match: str = "*"
    format: str | None = None
    formats: str | None = None
    log_format: str | None = None
    timezone: str | None = None
    time_marks: str | None = None
    stream: str | None = None
    layer: str | None = None
    sampled: bool | None = None
    copytruncate: bool | None = None
    day_first: bool | None = None
    endpoint: str | None = None
    columns: Mapping[str, str | list[str]] | None = None


@dataclass(frozen=True)
class Settings:
    """Everything a user may set; each has a default that suits Showpass.

    Durations are in the unit that their name ends with.
    """

    grace_minutes: float = 15
    tolerance_seconds: float = 120
    timeout_seconds: float = 30
    heartbeat_minutes: float = 15
    retention_days: float = 15
    same_send_seconds: float = 60
    settle_seconds: float = 60
    max_text_gib: float = 64
    sender_ips: tuple[str, ...] = SHOWPASS_IPS
    test_event_types: tuple[str, ...] = ("webhook.test",)
    endpoints: tuple[str, ...] = ()
    secret_variable: str = "SHOWPASS_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
    formats: str | None = None
    sources: tuple[Source, ...] = field(default=())

    def source_for(self, path: str) -> Source:
        """What is known of `path`: for each key, the first pattern that fits and says it."""
        fitting = [s for s in self.sources if fnmatch(path, s.match)]
        known: dict[str, Any] = {}
        fitting.append(Source(formats=self.formats))
        for source in fitting:
            for key in fields(Source):
                value = getattr(source, key.name)
                if value is not None:
                    known.setdefault(key.name, value)
        return Source(**known)


def read_settings(path: str | Path | None = None) -> Settings:
    """Read a `hookanalysis.toml`; without `path`, the one in the current folder, if any.

    Raises:
        InputError: The file is missing, is no TOML, or holds an unknown or mistyped key.
    """
    file = Path(path) if path is not None else Path(DEFAULT_NAME)
    if path is None and not file.is_file():
        return Settings()
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError("settings cannot be read", reason=str(error), where=str(file)) from error
    sources = [_build(Source, entry, file) for entry in raw.pop("sources", [])]
    if any(source.time_marks not in {None, "start", "end"} for source in sources):
        raise InputError("`time_marks` is start or end", where=str(file))
    return _build(Settings, {**raw, "sources": tuple(sources)}, file)


def _build(kind: type[T], raw: dict[str, Any], file: Path) -> T:
    defaults = {f.name: f.default for f in fields(kind)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for name, value in raw.items():
        if name not in defaults:
            known = ", ".join(sorted(defaults))
            raise InputError(f"unknown setting {name!r}", where=str(file), hint=f"one of: {known}")
        values[name] = tuple(value) if isinstance(value, list) else value
        expected = defaults[name]
        number = isinstance(expected, int | float) and not isinstance(expected, bool)
        if number and not isinstance(values[name], int | float):
            raise InputError(f"setting {name!r} must be a number", where=str(file))
        if isinstance(expected, tuple) and not isinstance(values[name], tuple):
            raise InputError(f"setting {name!r} must be a list", where=str(file))
        if (expected is None or isinstance(expected, str)) and isinstance(values[name], tuple):
            raise InputError(f"setting {name!r} must be a single value", where=str(file))
    return kind(**values)
