"""The user's own log formats: as servers are told them, or found in a server's configuration.

Understood are nginx's `log_format`, Apache's `LogFormat`, HAProxy's `log-format`, gunicorn's
`access_log_format`, morgan's and Envoy's format strings, and the `#Fields:` of a W3C log. Each of
them is text with tokens in it; what a token means stands in dialects.toml.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from hookanalysis.errors import InputError

from .format import OWN, Format, load_formats

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
        # For a log that lacks its header.
        return tuple(
            replace(entry, id=f"log_format:{entry.id}", header=told)
            for entry in load_formats()
            if "access_w3c" in {entry.id, entry.base}
        )
    path, _, name = told.rpartition(":")
    if _is_file(told):
        path, name = told, ""
    elif not _is_file(path):
        return (_compile("log_format", told, told[:80]),)
    found = dict(_search(Path(path), _DEPTH))
    if name:
        found = {key: text for key, text in found.items() if key == name}
    formats = []
    for key, text in found.items():
        try:
            formats.append(_compile(f"log_format:{key}", text, f"{path}: {key}"))
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


@dataclass(frozen=True)
class _Token:
    """A token of a log format."""

    name: str  # as the server calls it
    text: str = ""  # the text of a format that it gives; empty for none
    pattern: str = ""  # how its value looks; empty: any value, up to what follows
    marks: str = ""  # for times: the moment of the request, if not the dialect's
    resolution_ms: float = 1000.0  # for times: their smallest step


@cache
def _tables() -> dict[str, Any]:
    file = resources.files("hookanalysis").joinpath("dialects.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def _tokens(dialect: str) -> dict[str, _Token]:
    """The tokens that a dialect knows, by name; of those with one text the best first."""
    tables = _tables()
    told = tables["dialects"][dialect]
    looks = {
        name: re.sub("CLF|ISO", lambda found: tables["times"][found[0]], pattern)
        for name, pattern in told["looks"].items()
    }
    texts = {name: text for text, names in told["texts"].items() for name in names}
    return {
        name: _Token(
            name,
            texts.get(name, ""),
            looks.get(name) or tables["values"].get(texts.get(name), ""),
            resolution_ms=1.0 if name in told.get("fine", ()) else 1000.0,
        )
        for name in texts | looks
    }


def _compile(name: str, told: str, where: str) -> Format:
    """The format of the lines that a server writes which is told so."""
    dialects = _tables()["dialects"]
    key = next((key for key, d in dialects.items() if re.search(d["sign"], told)), None)
    if key is None:
        raise InputError(
            "the log format is not understood",
            reason=f"it has no token of {', '.join(dialects)}",
            where=where,
            hint="give it as it stands in the server's configuration",
        )
    parts = list(_cut(told, dialects[key]["token"], _tokens(key)))
    times = [part for part in parts if isinstance(part, _Token) and part.text == "time"]
    if not times:
        raise InputError(
            "the log format has no time",
            reason="without one, its lines cannot be put beside the sender's attempts",
            where=where,
            hint="add the time to it, such as nginx's $time_iso8601",
        )
    return Format(
        id=name,
        title="the user's own log format",
        side="receiver",
        split="lines",
        pattern="".join(_write(parts, _tokens(key))),
        ignore=next(entry.ignore for entry in load_formats() if entry.id == "access_combined"),
        samples=(),
        layer=dialects[key]["layer"],
        time_marks=next((token.marks for token in times if token.marks), dialects[key]["marks"]),
        time_resolution_ms=min(token.resolution_ms for token in times),
        rank=OWN,
    )


# A part is literal text, or a token.
_Part = str | _Token


def _cut(told: str, pattern: str, tokens: dict[str, _Token]) -> Iterator[_Part]:
    at = 0
    for found in re.finditer(pattern, told):
        name = next(group for group in found.groups() if group)
        quote = '"' if "{+Q}" in found[0] else ""
        yield from filter(None, (told[at : found.start()], quote, _mean(name, tokens), quote))
        at = found.end()
    if at < len(told):
        yield told[at:]


def _mean(name: str, tokens: dict[str, _Token]) -> _Token:
    """What a token is; Apache's `%{…}t` is a part of a time, or strftime."""
    time = re.fullmatch(r"\{(begin:|end:)?(.*)\}t", name)
    if not time:
        return tokens.get(name) or _Token(name, pattern="%" if name == "%" else "")
    marks = {"begin:": "start", "end:": "end"}.get(time[1], "")
    if pattern := _tables()["parts"].get(time[2]):
        return _Token(name, "time", pattern, marks, 1000 if time[2] == "sec" else 1)
    known = _tables()["strftime"]
    parts = re.findall(r"%(.)|([^%]+)", time[2])
    pattern = "".join(known.get(code, ".+?") if code else re.escape(text) for code, text in parts)
    return _Token(name, "time", pattern, marks)


def _write(parts: list[_Part], tokens: dict[str, _Token]) -> Iterator[str]:
    """The pattern of each part; of the tokens with one text, the dialect's best gives it."""
    met = {part.name for part in parts if isinstance(part, _Token)}
    best: dict[str, str] = {}
    for name in (name for name in tokens if name in met):
        best.setdefault(tokens[name].text, name)
    used = {""}
    rest = list(parts)
    while rest:
        part = rest.pop(0)
        if isinstance(part, str):
            yield re.escape(part)
            continue
        pattern = part.pattern or _free(rest[0][:1] if rest and isinstance(rest[0], str) else "")
        if part.text in used or best.get(part.text, part.name) != part.name:
            yield f"(?:{pattern})"
            continue
        used.add(part.text)
        yield _write_time(pattern, rest) if part.text == "time" else f"(?P<{part.text}>{pattern})"


def _write_time(pattern: str, rest: list[_Part]) -> str:
    """A time, with the parts of it that follow at once: Apache's `%{…}t.%{msec_frac}t%{%z}t`."""
    while rest:
        literal = rest[0] if isinstance(rest[0], str) and rest[0] in {".", ",", " ", "T"} else ""
        after = rest[1:2] if literal else rest[:1]
        if not after or isinstance(after[0], str) or not after[0].name.endswith("}t"):
            break
        pattern += re.escape(literal) + after[0].pattern
        del rest[: 2 if literal else 1]
    if pattern.startswith(r"\["):  # the brackets are no part of the time
        return rf"\[(?P<time>{pattern[2:-2]})\]"
    return f"(?P<time>{pattern})"


def _free(following: str) -> str:
    """Any value, up to the character that follows the token in the format."""
    if following == '"':
        return r'(?:[^"\\]|\\.)*'
    if following in {"]", "|", ";", "\t", "'", ">"}:
        return rf"[^{re.escape(following)}]*"
    return r".*?"
