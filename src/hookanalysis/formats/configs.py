"""The user's own log formats: given as text, or found in the configuration of a server."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hookanalysis.errors import InputError

from .catalog import OWN, load_formats
from .format import Format
from .templates import compile_template

if TYPE_CHECKING:
    from collections.abc import Iterator

# Configurations include others; this deep, and no deeper.
_DEPTH = 5
_NGINX = re.compile(
    r"""^\s*log_format\s+(\S+)((?:\s+(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s;'"]+))+)\s*;""",
    re.MULTILINE,
)
_STRING = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(\S+)""")
_APACHE = re.compile(
    r"""^\s*(?:LogFormat|CustomLog\s+\S+)\s+"((?:[^"\\]|\\.)*)"(?:\s+(\w+))?""",
    re.MULTILINE | re.IGNORECASE,
)
_HAPROXY = re.compile(
    r"""^\s*log-format\s+(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|((?:[^\s\\]|\\.)+))""", re.MULTILINE
)
_INCLUDE = re.compile(
    r"""^\s*Include(?:Optional)?\s+["']?([^"';\s]+)""", re.MULTILINE | re.IGNORECASE
)


def read_log_formats(told: str) -> tuple[Format, ...]:
    """Formats of lines as the user's own servers write them.

    Args:
        told: A log format as it stands in a server's configuration, or the line `#Fields: …` of a
            W3C log; or the path of a configuration (nginx, Apache, HAProxy; what it includes is
            read as well); or PATH:NAME, for one of several.

    Raises:
        InputError: It is not understood, or the file holds no log format.
    """
    if told.startswith("#Fields:"):
        return _take_header(told)
    path, _, name = told.rpartition(":")
    if _is_file(told):
        path, name = told, ""
    elif not _is_file(path):
        return (_make("log_format", told, told[:80]),)
    found = dict(_search(Path(path), _DEPTH))
    if name:
        found = {key: text for key, text in found.items() if key == name}
    formats = []
    for key, text in found.items():
        try:
            formats.append(_make(f"log_format:{key}", text, f"{path}: {key}"))
        except InputError:  # formats of other logs, such as of referers
            if name:
                raise
    if not formats:
        raise InputError(
            f"there is no log format {name!r}" if name else "there is no log format in the file",
            where=path,
            hint="give the format itself: --log-format '$remote_addr …'",
        )
    return tuple(formats)


def _take_header(told: str) -> tuple[Format, ...]:
    """The formats of headed lines, for a log that lacks its header."""
    return tuple(
        replace(entry, id=f"log_format:{entry.id}", header=told)
        for entry in load_formats()
        if "access_w3c" in {entry.id, entry.base}
    )


def _is_file(text: str) -> bool:
    try:
        return bool(text) and Path(text).is_file()
    except (OSError, ValueError):
        return False


def _search(path: Path, depth: int) -> Iterator[tuple[str, str]]:
    """The log formats of a configuration and of those that it includes, by name."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError("a file cannot be read", reason=str(error), where=str(path)) from error
    text = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    for name, strings in _NGINX.findall(text):
        parts = ["".join(found) for found in _STRING.findall(strings)]
        yield name, _plain("".join(part for part in parts if not part.startswith("escape=")))
    for number, (told, name) in enumerate(_APACHE.findall(text), 1):
        yield name or f"custom{number}", _plain(told)
    for number, found in enumerate(_HAPROXY.findall(text), 1):
        yield f"haproxy{number}", _plain("".join(found))
    for pattern in _INCLUDE.findall(text) if depth else ():
        base = Path("/") if pattern.startswith("/") else path.parent
        for other in sorted(base.glob(pattern.lstrip("/"))):
            if other.is_file():
                yield from _search(other, depth - 1)


def _plain(told: str) -> str:
    """A string of a configuration, without its escapes."""
    return re.sub(r"\\(.)", lambda found: {"t": "\t", "n": ""}.get(found[1], found[1]), told)


def _make(name: str, told: str, where: str) -> Format:
    template = compile_template(told, where)
    packaged = load_formats()
    notices = next(entry.ignore for entry in packaged if entry.id == "access_combined")
    return Format(
        id=name,
        title="the user's own log format",
        side="receiver",
        split="lines",
        pattern=template.pattern,
        ignore=notices,
        samples=(),
        layer=template.layer,
        time_marks=template.marks,
        time_resolution_ms=template.resolution_ms,
        rank=OWN,
    )
