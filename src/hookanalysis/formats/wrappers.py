"""Wrappers: what runtimes and collectors put around a line; one TOML file each, with its samples.

A wrapped line is unwrapped before a format sees it. Wrappers may nest. A line that does not look
wrapped is taken as it stands, and so is not lost from the account: its format rejects it.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal

import duckdb

from hookanalysis.read.records import Chunk
from hookanalysis.read.splitting import Fragments, Split

from .format import fill, literal, plain_records
from .trials import RECORDS, open_object, take_records

# Wrappers around wrappers; real logs have at most two.
_DEPTH = 3
# Of the first lines, more than this share must be wrapped.
_ENOUGH = 0.5
_COLOUR = re.compile(rb"\x1b\[[0-9;?]*[ -/]*[@-~]")


@dataclass(frozen=True)
class Wrapper:
    """A way in which lines are wrapped."""

    id: str  # its name, and that of its file
    title: str  # one line about it
    # Texts, and for each of their records what is inside (`line`) and its `time`.
    samples: tuple[Mapping[str, Any], ...]
    url: str = ""  # where it is described
    # `lines`; `json` where the text may be an array or an envelope.
    split: Literal["lines", "json"] = "lines"
    # For lines: a regular expression (RE2) with the group `line`, and perhaps `time`.
    pattern: str = ""
    # For objects: `line` and `time` → the names under which they go, best first.
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    require: tuple[str, ...] = ()  # keys that every object has
    forbid: tuple[str, ...] = ()  # keys that no object has
    # Nothing but this wrapper looks so; else what it keeps is held against the bare lines.
    sure: bool = False
    # An object without its line is an empty line; else it is taken as it stands.
    empty: bool = False
    fragments: Fragments | None = None  # how the pieces of a long line look, where it is cut

    def count(self, lines: Sequence[str], engine: duckdb.DuckDBPyConnection) -> int:
        """How many of the lines may be wrapped so.

        They may be anybody's: the database's engine tries the pattern, in linear time.
        """
        if not self.pattern:
            return sum(map(self._fits, lines))
        query = "SELECT count(*) FROM UNNEST($1) AS t (line) WHERE regexp_matches(line, $2)"
        rows = engine.execute(query, [list(lines), rf"^(?:{self.pattern})"]).fetchall()
        return int(rows[0][0])

    def _fits(self, line: str) -> bool:
        keys = open_object(line)
        return (
            keys is not None
            and all(key in keys for key in self.require)
            and any(name.partition("/")[0] in keys for name in self.names["line"])
            and not any(key in keys for key in self.forbid)
        )


@dataclass(frozen=True)
class Layer:
    """The text of a file with some of its wrappers taken off."""

    head: bytes  # the first lines, unwrapped; at first the first bytes of the text
    wrappers: tuple[str, ...] = ()  # ids of what was taken off, the outermost first
    split: Split | None = None  # how the file becomes records; None: as the format says
    # SELECT over `chunk`: line, byte_offset, record (unwrapped), outer_time.
    source: str = field(default_factory=plain_records)
    timed: bool = False  # a wrapper tells a time
    of_objects: bool = False  # a wrapper is an object


@cache
def load_wrappers() -> tuple[Wrapper, ...]:
    """All wrappers, by id."""
    folder = resources.files("hookanalysis").joinpath("wrappers")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return tuple(_build(tomllib.loads(file.read_text(encoding="utf-8"))) for file in files)


def _build(raw: dict[str, Any]) -> Wrapper:
    fragments = raw.pop("fragments", None)
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()
    }
    values["samples"] = values.pop("sample")
    values["pattern"] = re.sub(r"\\\n", "", raw.get("pattern", "")).strip("\n")
    if fragments:
        values["fragments"] = Fragments(
            **fragments | {"absent": tuple(fragments.get("absent", ()))}
        )
    return Wrapper(**values)


def peel(head: bytes, engine: duckdb.DuckDBPyConnection, table: Split | None = None) -> list[Layer]:
    """The ways to unwrap a text that are worth a try, those with most wrappers first."""
    first = _COLOUR.sub(b"", head) if b"\x1b" in head else head
    if table:
        first = _join(take_texts(plain_records(), take_records(head, table), engine))
    found = [Layer(first, split=table)]
    bare = []
    for layer in found:
        around = _around(layer, engine) if len(layer.wrappers) < _DEPTH else []
        sure = [wrapper for wrapper in around if wrapper.sure]
        found += [_take_off(layer, wrapper, engine, head) for wrapper in sure or around]
        bare += [] if sure else [layer]
    return sorted(bare, key=lambda layer: -len(layer.wrappers))


def _around(layer: Layer, engine: duckdb.DuckDBPyConnection) -> list[Wrapper]:
    """The wrappers that are around the lines of a layer."""
    lines = layer.head.decode("utf-8", "replace").splitlines()[:RECORDS]
    lines = [line for line in lines if line.strip()]
    elements = lines
    if not layer.wrappers and layer.head.lstrip()[:1] in {b"{", b"["}:
        texts = take_records(layer.head, Split("json")).texts()
        elements = [text for text in texts if text.strip()]
    around = []
    for wrapper in load_wrappers():
        told = elements if wrapper.split == "json" else lines
        if wrapper.count(told, engine) > _ENOUGH * len(told):
            around.append(wrapper)
    return around


def _take_off(
    layer: Layer, wrapper: Wrapper, engine: duckdb.DuckDBPyConnection, text: bytes
) -> Layer:
    fragments = None if layer.wrappers else _fragments_in(wrapper, text)
    split = layer.split or Split(wrapper.split, fragments=fragments)
    source = _unwrap_sql(wrapper, layer.source)
    lines = take_texts(source, take_records(text, split), engine)
    return Layer(
        _join(lines),
        (*layer.wrappers, wrapper.id),
        split,
        source,
        layer.timed or "time" in wrapper.names or "(?P<time>" in wrapper.pattern,
        layer.of_objects or not wrapper.pattern,
    )


def _join(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def take_texts(source: str, chunk: Chunk, engine: duckdb.DuckDBPyConnection) -> list[str]:
    """The records of a chunk as `source` gives them, without line ends and blank ones."""
    engine.register("chunk", chunk)
    query = f"SELECT record FROM ({source}) WHERE record IS NOT NULL ORDER BY byte_offset"
    lines = (str(row[0]).rstrip("\r\n") for row in engine.execute(query).fetchall())
    return [line for line in lines if line.strip()]


def _fragments_in(wrapper: Wrapper, text: bytes) -> Fragments | None:
    """Patterns for fragments, unless every line of a text would be one."""
    if wrapper.fragments is None:
        return None
    lines = text[: text.rfind(b"\n") + 1].splitlines()
    whole_lines = (line for line in lines if not wrapper.fragments.patterns[1].match(line))
    return wrapper.fragments if next(whole_lines, None) is not None else None


def _unwrap_sql(wrapper: Wrapper, source: str) -> str:
    """The rows of `source` without a wrapper: see sql/load/unwrap.sql."""
    if wrapper.pattern:
        groups = ["whole", *re.findall(r"\(\?P<(\w+)>", wrapper.pattern)]
        pattern = literal(rf"^(?P<whole>{wrapper.pattern})\r?\n?$")
        opened = f"regexp_extract(record, {pattern}, [{', '.join(map(literal, groups))}])"
        line = "CASE WHEN opened.whole <> '' THEN opened.line END"
        time = "nullif(opened.time, '')" if "time" in groups else "CAST(NULL AS VARCHAR)"
    else:
        told = (*wrapper.require, *wrapper.names["line"], *wrapper.names["time"])
        keys = dict.fromkeys(name.partition("/")[0] for name in told)
        structure = literal(json.dumps(dict.fromkeys(keys, "VARCHAR")))
        opened = f"TRY(json_transform(record, {structure}))"
        line = ", ".join(map(_value, wrapper.names["line"]))
        line = f"coalesce({line}, '')" if wrapper.empty else f"coalesce({line})"
        met = " AND ".join(f'opened."{key}" IS NOT NULL' for key in wrapper.require)
        line = f"CASE WHEN {met} THEN {line} END" if met else line
        time = f"coalesce({', '.join(map(_value, wrapper.names['time']))})"
    return fill("unwrap", source=f"({source})", opened=opened, inner=line, time=time)


def _value(name: str) -> str:
    key, _, inner = name.partition("/")
    value = f'opened."{key}"'
    return f"TRY(json_extract_string({value}, '$.\"{inner}\"'))" if inner else value
