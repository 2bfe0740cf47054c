"""Settings of a workspace: thresholds, endpoints, and what is known of the source folders."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatch
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar

from .errors import InputError

T = TypeVar("T")

DEFAULT_NAME = "hookanalysis.toml"
RUNS_NAME = "runs.jsonl"  # beside a workspace: a line of each run
LAYERS = ("edge", "app", "queue", "table")
TIME_MARKS = ("start", "end")
# Of any unit: times of 2,700 years can still be reckoned with.
_MOST = 1_000_000

# Showpass's published outgoing addresses (its developer guide, security chapter 04).
SHOWPASS_IPS = ("34.83.8.110", "34.168.12.250", "35.230.81.80", "35.230.119.67")


@dataclass(frozen=True)
class Known:
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
        complete: Whether these are all the logs of their layer, and leave nothing out.
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
    complete: bool | None = None
    copytruncate: bool | None = None
    day_first: bool | None = None
    endpoint: str | None = None
    columns: Mapping[str, str | list[str]] | None = None

    def __post_init__(self) -> None:
        """Refuse a value that nothing could be done with.

        Raises:
            InputError: A value is of the wrong kind; says which.
        """
        _check(self)
        for name, known in (("layer", LAYERS), ("time_marks", TIME_MARKS)):
            if getattr(self, name) not in {None, *known}:
                raise _unfit(name, f"one of: {', '.join(known)}", getattr(self, name))


@dataclass(frozen=True)
class Settings:
    """Everything a user may set; each has a default that suits Showpass.

    Durations are in the unit that their name ends with.
    """

    grace_minutes: float = 15
    tolerance_seconds: float = 120
    timeout_seconds: float = 30
    heartbeat_minutes: float = 60
    retention_days: float = 15
    same_send_seconds: float = 60
    settle_seconds: float = 60
    max_text_gib: float = 64
    memory_percent: float = 40
    sender_ips: tuple[str, ...] = SHOWPASS_IPS
    test_event_types: tuple[str, ...] = ("webhook.test",)
    endpoints: tuple[str, ...] = ()
    secret_variable: str = "SHOWPASS_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
    formats: str | None = None
    sources: tuple[Known, ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse a value that nothing could be done with.

        Raises:
            InputError: A value is of the wrong kind; says which.
        """
        _check(self)
        if not 1 <= self.memory_percent <= 90:
            raise _unfit("memory_percent", "a number from 1 to 90", self.memory_percent)
        for address in self.sender_ips:
            try:
                ip_address(address)
            except ValueError:
                raise _unfit("sender_ips", "a list of IP addresses", address) from None

    def known_of(self, path: str) -> Known:
        """What is known of `path`: for each key, the first pattern that fits and says it."""
        fitting = [s for s in self.sources if fnmatch(path, s.match)]
        known: dict[str, Any] = {}
        fitting.append(Known(formats=self.formats))
        for source in fitting:
            for key in fields(Known):
                value = getattr(source, key.name)
                if value is not None:
                    known.setdefault(key.name, value)
        return Known(**known)


def read_settings(path: Settings | str | Path | None = None) -> Settings:
    """Read a `hookanalysis.toml`; without `path`, the one in the current folder, if any.

    Settings that are read already stay as they are.

    Raises:
        InputError: The file is missing, is no TOML, or holds an unknown or mistyped key.
    """
    if isinstance(path, Settings):
        return path
    file = Path(path) if path is not None else Path(DEFAULT_NAME)
    if path is None and not file.is_file():
        return Settings()
    if not file.is_file():  # to open a pipe would wait for its writer
        raise InputError("settings cannot be read", reason="there is no such file", where=str(file))
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:  # of TOML, UTF-8, and long numbers
        raise InputError("settings cannot be read", reason=str(error), where=str(file)) from error
    tables = raw.pop("sources", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise InputError("`sources` must be tables", where=str(file), hint="write [[sources]]")
    sources = tuple(_build(Known, table, file) for table in tables)
    return _build(Settings, {**raw, "sources": sources}, file)


def _build(kind: type[T], raw: dict[str, Any], file: Path) -> T:
    known = sorted(f.name for f in fields(kind))  # type: ignore[arg-type]
    for name in raw:
        if name not in known:
            hint = f"one of: {', '.join(known)}"
            raise InputError(f"unknown setting {name!r}", where=str(file), hint=hint)
    values = {k: tuple(value) if isinstance(value, list) else value for k, value in raw.items()}
    try:
        return kind(**values)
    except InputError as error:
        error.where = str(file)
        raise


def _check(given: Known | Settings) -> None:
    for key in fields(given):
        value, kind = getattr(given, key.name), str(key.type)
        words, fits = _KINDS[kind.removesuffix(" | None")]
        if not (fits(value) or (value is None and kind.endswith(" | None"))):
            raise _unfit(key.name, words, value)


def _unfit(name: str, words: str, value: object) -> InputError:
    return InputError(f"setting {name!r} must be {words}", reason=f"it is {value!r}")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _are_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(map(_is_text, value))


# Type of a setting → what its value must be: in words, and the test of it.
_KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "str": ("text", _is_text),
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "float": (
        f"a number from 0 to {_MOST:,}",
        lambda value: (
            isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST
        ),
    ),
    "tuple[str, ...]": ("a list of texts", _are_texts),
    "tuple[Known, ...]": (
        "a tuple of Known",
        lambda value: isinstance(value, tuple) and all(isinstance(one, Known) for one in value),
    ),
    "Mapping[str, str | list[str]]": (
        "a table of names and columns",
        lambda value: (
            isinstance(value, Mapping)
            and all(
                _is_text(k) and (_is_text(told) or _are_texts(told)) for k, told in value.items()
            )
        ),
    ),
}
