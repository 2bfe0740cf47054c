"""A log format as servers are told it → the pattern of its lines.

Understood are nginx's `log_format`, Apache's `LogFormat`, HAProxy's `log-format`, gunicorn's
`access_log_format`, morgan's and Envoy's format strings, and the `#Fields:` of a W3C log. Each of
them is text with tokens in it; what a token means is one line of a table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hookanalysis.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_CLF = r"\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2}"
_ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
# How values of the texts look; texts that are not here are free text.
_VALUES = {
    "time": r"[\d:/.,T+ A-Za-z-]+?",
    "status": r"-?\d{1,3}|-|",
    "target": r'(?:[/*]|https?://)[^\s"]*|-',
    "bytes": r"\d+|-",
    "method": r"[A-Za-z]+|-",
    "source_ip": r"""[^\s,"'|;]+?""",
    "request_id": r"""[^\s,"'|;]*?""",
    "duration_ms": r"-?\d+(?:\.\d+)?|-|",
    "duration_s": r"-?\d+(?:\.\d+)?|-|",
    "duration_us": r"-?\d+(?:\.\d+)?|-|",
}
_NO_TEXT = ""


@dataclass(frozen=True)
class Token:
    """What a token of a log format stands for.

    Args:
        text: The text of a form that it gives; empty for none.
        pattern: How its value looks; empty: by the text, or by what follows.
        marks: For times: the moment of the request, if not the dialect's.
        resolution_ms: For times: their smallest step.
    """

    text: str = _NO_TEXT
    pattern: str = ""
    marks: str = ""
    resolution_ms: float = 1000.0


@dataclass(frozen=True)
class Dialect:
    """One server's way to write a log format.

    Args:
        token: Pattern of a token; its groups `name` (one of several) say which one it is.
        tokens: What tokens mean; of those with one text, the first is taken.
        marks: The moment of a request that its times name: start or end.
        layer: Where such a server stands: edge or app.
    """

    token: str
    tokens: Mapping[str, Token]
    marks: str
    layer: str


@dataclass(frozen=True)
class Template:
    """A log format, compiled.

    Args:
        pattern: Regular expression (RE2) of a line; its named groups are texts.
        marks: The moment of a request that the time names: start or end.
        resolution_ms: Smallest step of the time, milliseconds.
        layer: edge or app.
    """

    pattern: str
    marks: str
    resolution_ms: float
    layer: str


def _table(told: str, **times: Token) -> dict[str, Token]:
    """Tokens from lines of `text: token token …`; those with times come first."""
    table = dict(times)
    for line in told.strip().splitlines():
        text, _, names = line.strip().partition(": ")
        table |= {name: Token(text) for name in names.split() if name not in table}
    return table


_NGINX = _table(
    """
    request: request
    method: request_method
    target: request_uri
    status: status
    bytes: body_bytes_sent bytes_sent
    source_ip: remote_addr
    forwarded_for: http_x_forwarded_for proxy_add_x_forwarded_for http_x_real_ip
    request_id: request_id http_x_request_id req_id
    duration_s: request_time
    """,
    msec=Token("time", r"\d{10}\.\d{3}", resolution_ms=1),
    time_iso8601=Token("time", _ISO),
    time_local=Token("time", rf"{_CLF} [+-]\d{{4}}"),
    uri=Token("target", r'[^?\s"]*'),
    is_args=Token(pattern=r"\??"),
    args=Token(pattern=r'[^\s"]*'),
)
_APACHE = _table(
    """
    request: r
    method: m
    status: >s s
    bytes: b B O
    source_ip: a h {c}a
    forwarded_for: {X-Forwarded-For}i
    request_id: {UNIQUE_ID}e {X-Request-ID}i {X-Request-Id}i L
    duration_us: D {us}T
    duration_ms: {ms}T
    duration_s: T {s}T
    """,
    t=Token("time", rf"\[{_CLF} [+-]\d{{4}}\]"),
    U=Token("target", r'[^?\s"]*'),
    q=Token(pattern=r'(?:\?[^\s"]*)?'),
)
_GUNICORN = _table(
    """
    request: r
    method: m
    target: U
    status: s
    bytes: b B
    source_ip: h
    forwarded_for: {x-forwarded-for}i {X-Forwarded-For}i
    request_id: {x-request-id}i {X-Request-ID}i {X-Request-Id}i
    duration_us: D
    duration_ms: M
    duration_s: L T
    """,
    t=Token("time", rf"\[{_CLF} [+-]\d{{4}}\]"),
)
_HAPROXY = _table(
    """
    request: r {+Q}r
    method: HM
    target: HU HP
    status: ST
    bytes: B
    source_ip: ci
    request_id: ID
    duration_ms: Ta Tt
    """,
    Ts=Token("time", r"\d{10}"),
    T=Token("time", rf"{_CLF} [+-]\d{{4}}"),
    Tl=Token("time", rf"{_CLF} [+-]\d{{4}}"),
    trg=Token("time", rf"{_CLF} [+-]\d{{4}}"),
    trl=Token("time", rf"{_CLF} [+-]\d{{4}}"),
    tr=Token("time", rf"{_CLF}\.\d{{3}}", resolution_ms=1),
    t=Token("time", rf"{_CLF}\.\d{{3}}", resolution_ms=1),
)
_MORGAN = _table(
    """
    method: method
    target: url
    status: status
    bytes: res[content-length]
    source_ip: remote-addr
    forwarded_for: req[x-forwarded-for]
    request_id: req[x-request-id] id
    duration_ms: response-time total-time
    """,
    **{
        "date[iso]": Token("time", _ISO, resolution_ms=1),
        "date[clf]": Token("time", rf"{_CLF} [+-]\d{{4}}"),
        "date[web]": Token("time", r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT"),
        "date": Token("time", r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT"),
    },
)
_ENVOY = _table(
    """
    method: REQ(:METHOD)
    target: REQ(X-ENVOY-ORIGINAL-PATH?:PATH) REQ(:PATH) PATH
    status: RESPONSE_CODE
    bytes: BYTES_SENT
    source_ip: DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT
    forwarded_for: REQ(X-FORWARDED-FOR)
    request_id: REQ(X-REQUEST-ID)
    duration_ms: DURATION
    """,
    START_TIME=Token("time", _ISO, resolution_ms=1),
)

_DIALECTS = {
    "nginx": Dialect(r"\$(?:\{(?P<a>\w+)\}|(?P<b>\w+))", _NGINX, "end", "edge"),
    "gunicorn": Dialect(r"%\((?P<a>[^)]+)\)s", _GUNICORN, "end", "app"),
    "envoy": Dialect(r"%(?P<a>[A-Z_]+(?:\([^)]*\))?)(?::\d+)?%", _ENVOY, "start", "edge"),
    "haproxy": Dialect(
        r"%(?:\{[^}]*\})?(?P<a>[A-Za-z]{1,6}|\[[^\]]*\])", _HAPROXY, "start", "edge"
    ),
    "apache": Dialect(
        r"%(?:!?\d{3}(?:,\d{3})*)?(?P<a>[<>]?(?:\{[^}]*\})?\^?[A-Za-z]{1,2}|%)",
        _APACHE,
        "start",
        "edge",
    ),
    "morgan": Dialect(r":(?P<a>[a-z][a-z-]+(?:\[[^\]]*\])?)", _MORGAN, "end", "app"),
}
# What gives a dialect away, in the order of asking.
_SIGNS = {
    "nginx": r"\$(?:\{?\w)",
    "gunicorn": r"%\([^)]+\)s",
    "envoy": r"%[A-Z_]{4,}(?:\([^)]*\))?(?::\d+)?%",
    "haproxy": r"%(?:\{\+\w\})?(?:ci|ST|HM|HU|HP|tr|ft|TR|Ta|Tt|ac)\b",
    "apache": r"%[<>]?(?:[hlurtbsaDT]\b|\{)",
    "morgan": r":(?:method|url|status|remote-addr|response-time)\b",
}
_STRFTIME = {
    "Y": r"\d{4}", "m": r"\d\d", "d": r"\d\d", "e": r"[ \d]\d", "H": r"\d\d", "M": r"\d\d",
    "S": r"\d\d", "b": "[A-Z][a-z]{2}", "h": "[A-Z][a-z]{2}", "z": r"[+-]\d{4}", "Z": "[A-Z]{2,5}",
    "T": r"\d\d:\d\d:\d\d", "F": r"\d{4}-\d\d-\d\d", "s": r"\d{10}", "f": r"\d+", "N": r"\d+",
    "y": r"\d\d", "a": "[A-Z][a-z]{2}", "I": r"\d\d", "p": "[AP]M", "R": r"\d\d:\d\d",
}  # fmt: skip
_PARTS = {
    "sec": r"\d{10}", "msec": r"\d{13}", "usec": r"\d{16}", "msec_frac": r"\d{3}",
    "usec_frac": r"\d{6}",
}  # fmt: skip


def compile_template(told: str, where: str = "") -> Template:
    """The pattern of the lines that a log format describes.

    Args:
        told: The log format, as it stands in the server's configuration.
        where: Where it was found, for errors.

    Raises:
        InputError: It is no known kind of log format, or has no time that can be read.
    """
    name = next((name for name, sign in _SIGNS.items() if re.search(sign, told)), None)
    if name is None:
        raise InputError(
            "the log format is not understood",
            reason=f"it has no token of {', '.join(_DIALECTS)}",
            where=where or told[:80],
            hint="give it as it stands in the server's configuration",
        )
    dialect = _DIALECTS[name]
    parts = list(_cut(told, dialect))
    chosen = _choose(parts, dialect)
    pattern = "".join(_write(parts, chosen))
    times = [part[1] for part in parts if isinstance(part, tuple) and part[1].text == "time"]
    if not times:
        raise InputError(
            "the log format has no time",
            reason="without one, its lines cannot be put beside the sender's attempts",
            where=where or told[:80],
            hint="add the time to it, such as nginx's $time_iso8601",
        )
    best = min(times, key=lambda token: token.resolution_ms)
    marks = next((token.marks for token in times if token.marks), dialect.marks)
    return Template(pattern, marks, best.resolution_ms, dialect.layer)


# A part is literal text, or the name of a token and its meaning.
Part = str | tuple[str, Token]


def _cut(told: str, dialect: Dialect) -> Iterable[Part]:
    at = 0
    for found in re.finditer(dialect.token, told):
        if found.start() > at:
            yield told[at : found.start()]
        at = found.end()
        name = next(group for group in found.groupdict().values() if group)
        quote = '"' if "{+Q}" in found[0] else ""
        yield from filter(None, (quote, (name, _mean(name, dialect)), quote))
    if at < len(told):
        yield told[at:]


def _mean(name: str, dialect: Dialect) -> Token:
    if name == "%":
        return Token(pattern="%")
    if time := re.fullmatch(r"\{(begin:|end:)?(.*)\}t", name):
        return _mean_time(time[2], marks={"begin:": "start", "end:": "end"}.get(time[1], ""))
    return dialect.tokens.get(name, Token())


def _mean_time(form: str, marks: str) -> Token:
    """Apache's `%{…}t`: a part of a time, or strftime."""
    if form in _PARTS:
        return Token("time", _PARTS[form], marks, 1000 if form == "sec" else 1)
    pattern = re.sub(
        r"%(.)|([^%]+)",
        lambda m: _STRFTIME.get(m[1], ".+?") if m[1] else re.escape(m[2]),
        form,
    )
    return Token("time", pattern, marks)


def _choose(parts: list[Part], dialect: Dialect) -> dict[str, str]:
    """For each text, the token that gives it: the first of the dialect's table."""
    met = [part[0] for part in parts if isinstance(part, tuple)]
    chosen: dict[str, str] = {}
    for name, token in dialect.tokens.items():
        if name in met and token.text:
            chosen.setdefault(token.text, name)
    return chosen


def _write(parts: list[Part], chosen: Mapping[str, str]) -> Iterable[str]:
    used: set[str] = set()
    rest = list(parts)
    while rest:
        part = rest.pop(0)
        if isinstance(part, str):
            yield re.escape(part)
            continue
        name, token = part
        following = rest[0][:1] if rest and isinstance(rest[0], str) else ""
        pattern = token.pattern or _VALUES.get(token.text) or _free(following)
        if token.text == "time" and chosen.get("time", name) == name and "time" not in used:
            used.add("time")
            yield _write_time(pattern, rest)
        elif token.text and chosen.get(token.text) == name and token.text not in used:
            used.add(token.text)
            yield f"(?P<{token.text}>{pattern})"
        else:
            yield f"(?:{pattern})"


def _write_time(pattern: str, rest: list[Part]) -> str:
    """A time, with the parts of it that follow at once: Apache's `%{…}t.%{msec_frac}t%{%z}t`."""
    while rest:
        literal = rest[0] if isinstance(rest[0], str) and rest[0] in {".", ",", " ", "T"} else ""
        after = rest[1:2] if literal else rest[:1]
        if not after or isinstance(after[0], str) or not after[0][0].endswith("}t"):
            break
        pattern += re.escape(str(literal)) + after[0][1].pattern
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
