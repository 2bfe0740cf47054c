"""Formats, one TOML file each with its samples; what is learnt of a file; the SQL they fill in."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal

from hookanalysis.database import sql_text
from hookanalysis.errors import InputError
from hookanalysis.settings import LAYERS, TIME_MARKS

# What a form may find, all as text; the typed columns are made of them in sql/load/<side>.sql.
RECEIPT_TEXTS = (
    "time", "level", "message", "request", "method", "target", "query", "status", "bytes",
    "source_ip", "forwarded_for", "request_id", "transaction_id", "event_type", "duration",
    "duration_ms", "duration_s", "duration_us", "duration_ns", "event_id", "payload",
    "processed_at", "exception",
)  # fmt: skip
ATTEMPT_TEXTS = (
    "attempt_id", "event_id", "event_uuid", "idempotency", "payload", "endpoint_url", "event_type",
    "transaction_id", "created_at", "attempted_at", "status", "http_status", "response", "error",
    "latency", "latency_ms", "latency_s", "signature",
)  # fmt: skip
# From this rank on a format is the user's own: it goes before what a line's shape tells.
OWN = 100
_BY_TEXT = ("names", "deep", "find", "only")


@dataclass(frozen=True)
class Sample:
    """A small text in a format, and what becomes of each of its records."""

    text: str  # the text, as it would stand in a file
    # For each record: values of columns; `verdict` is keep where it is not given.
    expect: tuple[dict[str, Any], ...]
    timezone: str | None = None  # zone for times that name none
    day_first: bool | None = None  # order of dates such as 3/4/2026
    endpoint_paths: tuple[str, ...] = ()  # paths whose lines are kept whatever their method


@dataclass(frozen=True)
class Format:
    """A way in which logs or exports are written."""

    id: str  # its name, and that of its file
    title: str  # one line about it
    side: Literal["sender", "receiver"]
    split: Literal["lines", "rows", "json"]  # how text becomes records
    samples: tuple[Sample, ...]  # at least one
    url: str = ""  # where it is described
    layer: str | None = None  # where on the receiver's side it is written: edge, app, queue, table
    # The moment of a request that a line's time names: `start` or `end`.
    time_marks: str | None = None
    time_resolution_ms: float = 1000.0  # smallest step of its times, milliseconds
    require: tuple[tuple[str, ...], ...] = ()  # groups of texts; of each, a file must have one
    # Keys that every record has, as they are spelt; of the formats that fit, the one that asks for
    # most of them is chosen.
    keys: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()  # names that no file in this format has
    # Of the formats that a record of a log, or a table of one side, fits, the highest is chosen.
    rank: int = 0
    base: str | None = None  # the format that it extends
    event_id: str = ""  # for a sender whose event ids are no uuids: their pattern
    retention_days: float | None = None  # how long the sender keeps what it lists; None: not told
    timeout_s: float | None = None  # how long the sender waits for an answer; None: not told
    # How much it lists: all, failures, successes, events, or sample (not all).
    completeness: str = "all"
    # For lines: a regular expression (RE2) whose named groups are texts of the side. A text may
    # stand in several: time or time_2. Durations add up: duration_s, duration_s_2.
    pattern: str = ""
    header: str = ""  # a line `#Fields: …` that the user gives for a log without one
    # For lines: text → patterns with one group, tried in order, searched in the group `rest`, else
    # in the whole record.
    find: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # For objects, also of rows: text → the names under which it goes, best first.
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # For objects: text → names under which it may stand at any depth, if it is not found under
    # `names`; it is taken where all that go by these names say the same.
    deep: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Text → pattern; a value that does not fit it as a whole is not taken.
    only: Mapping[str, str] = field(default_factory=dict)
    ignore: str = ""  # pattern of records that belong to no request by rule, such as headers
    # Its lines tell of no request, as those of a server's error log; all are ignored.
    silent: bool = False
    # Pattern of lines that fit, yet are no request of their own, such as a second one about a
    # request that failed.
    aside: str = ""
    # For objects: paths of a list (or of its only element); each of its elements is a record of its
    # own, which goes by the name `each` inside of the object around it.
    each: tuple[str, ...] = ()
    # What the sender's words for a status mean: success, failed, pending or none.
    words: Mapping[str, str] = field(default_factory=dict)
    untimed: bool = False  # a row with an attempt's id may lack the time, for the answer brings it

    @property
    def texts(self) -> tuple[str, ...]:
        """What the form may find."""
        return ATTEMPT_TEXTS if self.side == "sender" else RECEIPT_TEXTS

    @property
    def times(self) -> tuple[str, ...]:
        """The texts that say when it was, best first."""
        return ("attempted_at", "created_at") if self.side == "sender" else ("time",)

    @property
    def ignored(self) -> str:
        """Pattern of records that are passed over: by rule, or because they are blank."""
        return rf"(?s:\s*|(?:{self.ignore})\s*)" if self.ignore else r"\s*"

    @property
    def is_log(self) -> bool:
        """Its records are lines and objects of a receiver's log; else rows, one for each event."""
        return self.side == "receiver" and "event_id" not in self.names


def read_patterns(group: str) -> dict[str, str]:
    """The patterns of a group of patterns.toml, by name."""
    text = resources.files("hookanalysis").joinpath("patterns.toml").read_text(encoding="utf-8")
    return {name: "|".join(parts) for name, parts in tomllib.loads(text)[group].items()}


def plain_records(outer_time: str = "NULL") -> str:
    """The records of a chunk that is not wrapped: see sql/load/plain_records.sql."""
    return fill("plain_records", outer_time=outer_time)


def fill(name: str, **parts: str) -> str:
    """The text of sql/load/<name>.sql with its {{parts}} filled in."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _template(name))


@cache
def _template(name: str) -> str:
    return re.sub(r"/\*.*?\*/\s*", "", sql_text(f"load/{name}"), count=1, flags=re.DOTALL)


def whole(pattern: str) -> str:
    """A pattern of a whole record as a constant of SQL; the record may end with white space."""
    return literal(rf"(?:{pattern})\s*")


def literal(text: str) -> str:
    """A text as a constant of SQL."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class FileFacts:
    """What was learnt of one file."""

    timezone: str | None = None  # zone of times that name none: an IANA name, an offset, or None
    day_first: bool | None = None  # order of dates such as 3/4/2026; None: unknown
    # For objects: the keys of records (a JSON list of them) that are common in the file.
    shapes: tuple[str, ...] = ()
    endpoint_paths: tuple[str, ...] = ()  # paths whose lines are kept, whatever their method
    # SELECT over `chunk`: line, byte_offset, record, outer_time; the records without what is
    # wrapped around them, and the time that a wrapper told for each.
    source: str = field(default_factory=plain_records)
    # Where all attempts of the file went, for those that do not say.
    endpoint_url: str | None = None
    event_ids: tuple[str, ...] = ()  # patterns of those event ids of senders that are no uuids
    # When the file was last written; it tells the year of times that name none.
    newest: str = "2100-01-01 00:00:00"
    # Lines without a time belong to the one before them with their id, or to the one above them.
    carried: bool = False
    zones_named: bool = False  # lines name the zone of their time
    paired: bool = False  # lines tell how long the server behind took, too, in seconds


_KEYS = {f.name for f in fields(Format)} - {"samples", "base"}


def load_formats(folder: str | Path | None = None) -> tuple[Format, ...]:
    """All formats, by id: those of the package, and those of `folder`, which go before them.

    Raises:
        InputError: A file is no TOML, lacks or misnames a key, or carries no sample.
    """
    if folder is None:
        return _load(None)
    if not Path(folder).is_dir():
        raise InputError("there is no such folder of formats", where=str(folder))
    files = sorted(Path(folder).glob("*.toml"))
    return _load(Path(folder), tuple((f.name, f.stat().st_mtime_ns) for f in files))


@cache
def _load(folder: Path | None, _stamps: tuple[tuple[str, int], ...] = ()) -> tuple[Format, ...]:
    """The formats of the package and of a folder, whose stamps are why it is read anew."""
    own = _read_folder(folder) if folder else {}
    entries = _read_folder(resources.files("hookanalysis").joinpath("formats")) | own
    built = [_build(raw, file, entries) for raw, file in entries.values()]
    ahead = [
        replace(entry, rank=entry.rank + OWN)
        if entry.id in own and (entry.is_log or not entry.base)
        else entry
        for entry in built
    ]
    return tuple(sorted(ahead, key=lambda entry: entry.id))


Entries = dict[str, tuple[dict[str, Any], str]]


def _read_folder(folder: Traversable) -> Entries:
    entries: Entries = {}
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            if not file.is_file():  # to open a pipe would wait for its writer
                raise _broken(str(file), "it is no file")
            try:
                raw = tomllib.loads(file.read_text(encoding="utf-8"))
            except (OSError, ValueError, RecursionError) as error:
                raise _broken(str(file), str(error)) from error
            if raw.get("id") != file.name.removesuffix(".toml"):
                raise _broken(str(file), "its `id` is not the name of the file")
            entries[raw["id"]] = (raw, str(file))
    return entries


def _build(raw: dict[str, Any], file: str, entries: Entries) -> Format:
    values = _inherit(raw, file, entries)
    if not values.get("sample"):
        raise _broken(file, "it carries no [[sample]]")
    known = _KEYS | {"sample", "extends"}
    if unknown := sorted(set(values) - known):
        raise _broken(file, f"unknown key {unknown[0]!r}", f"one of: {', '.join(sorted(known))}")
    for key, words in (("layer", LAYERS), ("time_marks", TIME_MARKS)):
        if values.get(key) not in (None, *words):
            raise _broken(file, f"{key} is {values[key]!r}", f"one of: {', '.join(words)}")
    texts = ATTEMPT_TEXTS if values.get("side") == "sender" else RECEIPT_TEXTS
    for name in (name for key in _BY_TEXT for name in values.get(key, {})):
        if name not in texts:
            raise _broken(file, f"unknown text {name!r}", f"one of: {', '.join(texts)}")
    told = {key: _tidy(value) for key, value in values.items() if key in _KEYS}
    told["find"] = {
        text: (patterns,) if isinstance(patterns, str) else patterns
        for text, patterns in told.get("find", {}).items()
    }
    names = dict(told.get("names", {}))
    for text, deep in told.get("deep", {}).items():  # any depth: also none
        own = names.get(text, ())
        names[text] = (*own, *(name for name in deep if "/" not in name and name not in own))
    told["names"] = names
    try:
        given = [{"text": raw["text"].removeprefix("\n")} for raw in values["sample"]]
        told_of = zip(_tidy(values["sample"]), given, strict=True)
        samples = tuple(Sample(**raw | text) for raw, text in told_of)
        return Format(samples=samples, base=values.get("extends"), **told)
    except (KeyError, TypeError) as error:
        raise _broken(file, f"a key is missing or of the wrong kind: {error}") from error


def _inherit(raw: dict[str, Any], file: str, entries: Entries) -> dict[str, Any]:
    """The entry over the one that it extends; its own names go before the inherited ones."""
    base = raw.get("extends")
    if base is None:
        return dict(raw)
    if base not in entries or base == raw["id"]:
        raise _broken(file, f"it extends {base!r}, which is no other format")
    under = _inherit(*entries[base], entries)
    names = {key: list(value) for key, value in under.get("names", {}).items()}
    for key, value in raw.get("names", {}).items():
        names[key] = [*value, *(name for name in names.get(key, []) if name not in value)]
    return {**under, **raw, "names": names, "sample": raw.get("sample")}


def _tidy(value: Any) -> Any:
    """TOML's lists as tuples; a backslash at the end of a line joins the next line to it."""
    if isinstance(value, str):
        return re.sub(r"\\\n", "", value).strip("\n")
    if isinstance(value, list):
        return tuple(_tidy(item) for item in value)
    if isinstance(value, dict):
        return {key: _tidy(item) for key, item in value.items()}
    return value


def _broken(file: str, reason: str, hint: str = "") -> InputError:
    return InputError("a format cannot be used", reason=reason, where=file, hint=hint)
