"""The formats: one TOML file each, which carries its own samples."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookanalysis.errors import InputError
from hookanalysis.settings import LAYERS, TIME_MARKS

from .format import ATTEMPT_TEXTS, RECEIPT_TEXTS, Format, Sample

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


# From this rank on a format is the user's own: it goes before what a line's shape tells.
OWN = 100
_KEYS = {f.name for f in fields(Format)} - {"samples", "base"}
_BY_TEXT = ("names", "deep", "find", "only")


def load_formats(folder: str | Path | None = None) -> tuple[Format, ...]:
    """All formats, by id: those of the package, and those of `folder`, which go before them.

    Raises:
        InputError: A file is no TOML, lacks or misnames a key, or carries no sample.
    """
    if folder is None:
        return _load_packaged()
    if not Path(folder).is_dir():
        raise InputError("there is no such folder of formats", where=str(folder))
    files = sorted(Path(folder).glob("*.toml"))
    return _load_folder(Path(folder), tuple((f.name, f.stat().st_mtime_ns) for f in files))


Entries = dict[str, tuple[dict[str, Any], str]]


@cache
def _load_packaged() -> tuple[Format, ...]:
    return _build_all(_read_folder(_packaged()))


@cache
def _load_folder(folder: Path, stamps: tuple[tuple[str, int], ...]) -> tuple[Format, ...]:
    del stamps  # they are why it is read anew
    packaged, own = _read_folder(_packaged()), _read_folder(folder)
    return tuple(
        replace(entry, rank=entry.rank + OWN)
        if entry.id in own and (entry.is_log or not entry.base)
        else entry
        for entry in _build_all(packaged | own)
    )


def _packaged() -> Traversable:
    return resources.files("hookanalysis").joinpath("formats")


def _build_all(entries: Entries) -> tuple[Format, ...]:
    built = [_build(raw, file, entries) for raw, file in entries.values()]
    return tuple(sorted(built, key=lambda entry: entry.id))


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
