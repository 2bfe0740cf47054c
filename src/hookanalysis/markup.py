"""Values, tables and cards as HTML. All that a report shows comes through here, escaped.

Text from logs is hostile until proven otherwise: `tame` makes control and direction characters
visible, and nothing reaches a page without `escape`.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from .tables import OUTCOMES
from .words import PHRASES, count, percent, plural, say_line

if TYPE_CHECKING:
    import pandas as pd
    from jinja2 import Template

CHART_MIME = "application/vnd.vegalite.v5+json"  # JupyterLab and reports both draw it
FACTS_MIME = "application/vnd.hookanalysis.facts+json"
CSV_MIME = "text/csv"  # what a report writes beside its page
ATTACHED = ".evidence.csv"
ABSENT = "\N{EN DASH}"
LONGEST = 300
MAX_SAVED = 10_000  # rows of one table that a page holds, shown or not
_LONGEST_URL = 100
_MOST_COLUMNS = 30  # of a table whose numbers stand on the right
_LONGEST_PATH = 48  # of an endpoint, that is not broken
_LONGEST_WORD = 28  # a longer one may be broken anywhere
# C0 and C1 controls, zero-width and direction characters, line separators, soft hyphen, BOM.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
# Below so many seconds: in these units.
_SCALES = (
    (3600, "min", 60, "s", 1),
    (172_800, "h", 3600, "min", 60),
    (float("inf"), "days", 86_400, "h", 3600),
)
_ALL_CAPS = {"uuid": "UUID", "url": "URL", "http": "HTTP", "ip": "IP", "id": "ID", "at": ""}


@cache
def read_asset(name: str) -> str:
    """One file of `report/`."""
    return resources.files("hookanalysis").joinpath("report", name).read_text(encoding="utf-8")


# The outcomes' colours were found by a search for the largest least distance (OKLab) between any
# two, under normal vision and three deficiencies, on white and on the dark page.
LOOK: dict[str, Any] = json.loads(read_asset("look.json"))
OUTCOME_COLOURS: dict[str, str] = LOOK["outcomes"]


@dataclass(frozen=True)
class Block:
    """A piece of a report: HTML for pages and JupyterLab, a sentence for everywhere else.

    In JupyterLab it brings its style along; a report has that once, and drops this copy.
    """

    html: str  # escaped already
    text: str  # what it says, in plain text
    data: Mapping[str, Any] = field(default_factory=dict)  # further representations, by MIME type

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        page = f'<style>{read_style()}</style><div class="hk">{self.html}</div>'
        return {"text/html": page, "text/plain": self.text, **self.data}

    def __repr__(self) -> str:
        return self.text

    def __add__(self, other: Block) -> Block:
        return Block(self.html + other.html, f"{self.text}\n{other.text}")


# The key of a value in its row, or how it is made of the row.
Value = str | Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Column:
    """One column of a table: its values, its heading, and how they are shown.

    `kind` is one of text, id, url, time, count, share (with a bar), percent, ms, number, outcome,
    and flag; the value `under`, if any, stands small below it. A column that may be `spared` is
    left out where no row has a value for it.
    """

    value: Value
    label: str
    kind: str = "text"
    under: Value = ""
    spared: bool = False


@cache
def read_style() -> str:
    """The style of all blocks; outcomes have the colours of the charts, columns their sides."""
    rules = (f".hk-{name} {{ background: {code}; }}\n" for name, code in OUTCOME_COLOURS.items())
    sides = (
        f".hk table:has(th:nth-child({n}).hk-right) tr:not(.hk-evidence) > td:nth-child({n})"
        for n in range(1, _MOST_COLUMNS)
    )
    right = " { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }\n"
    css = read_asset("blocks.css").replace("/* outcomes */\n", "".join(rules))
    return css.replace("/* columns */\n", ",\n".join(sides) + right)


def tame(value: Any, limit: int = LONGEST) -> str:
    """Text of a log on one line: what is invisible is made visible, what is long is cut."""
    text = str(value)
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    return _HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def escape(value: Any, limit: int = LONGEST) -> str:
    """Tamed text, safe inside an element and inside a quoted attribute."""
    return html.escape(tame(value, limit), quote=True)


def read_template(source: str, limit: int = LONGEST, **filters: Callable[..., Any]) -> Template:
    """A template that tames and escapes each value as it writes it, unless it is called safe."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    def write(value: Any, limit: int = limit) -> Markup:
        return value if isinstance(value, Markup) else Markup(escape(value, limit))  # noqa: S704

    pieces = Environment(autoescape=True, finalize=write, undefined=StrictUndefined)
    pieces.filters |= {"upto": write, **filters}
    pieces.globals |= {"plural": plural, "say_line": say_line, "short_path": short_path}
    return pieces.from_string(source)


@cache
def _read_pieces() -> Any:
    return read_template(re.sub(r"\n\s*", "", read_asset("blocks.html.j2"))).module


def render(piece: str, **values: Any) -> str:
    """The HTML of a macro of `report/blocks.html.j2`, which escapes all `values`."""
    return str(getattr(_read_pieces(), piece)(**values))


def table(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[Column],
    *,
    caption: str = "",
    limit: int = MAX_SAVED,
    total: int | None = None,
    empty: str = "Nothing to show.",
) -> Block:
    """A table of `rows`; `total`, or their column of that name, says of how many.

    The first `limit` are shown; a page also holds the others, and saves them as CSV.
    """
    rows = list(rows)
    if not rows:
        return Block(render("nothing", words=empty), empty)
    columns = [c for c in columns if not c.spared or any(_of(r, c.value) for r in rows)]
    cells = [[see(row, column) for column in columns] for row in rows]
    shown, rest = cells[:limit], keep(cells[limit:])
    more = say_rest((total or rows[0].get("total", len(rows))) - len(shown))
    if any("(query " in cell["text"] for row in shown for cell in row if cell["kind"] == "url"):
        more = f"{more} {PHRASES['query']}".strip()
    lines = [[c.label for c in columns], *([cell["text"] for cell in row] for row in shown)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    aligned = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
    return Block(
        render("table", columns=columns, rows=shown, rest=rest, more=more, caption=caption),
        "\n".join([*filter(None, [caption]), *aligned, *filter(None, [more])]),
    )


def keep(rows: Sequence[Sequence[Mapping[str, Any]]]) -> str:
    """The texts of rows that a page holds and does not show, as JSON; empty without any."""
    whole = "{text} | {under}".format_map
    texts = [[whole(cell) if cell["under"] else cell["text"] for cell in row] for row in rows]
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":")) if texts else ""


def say_rest(number: int) -> str:
    """How much of a list is not shown; empty where all is."""
    return f"… and {count(number)} more, not shown here." if number > 0 else ""


def _of(row: Mapping[str, Any], value: Value) -> Any:
    return value(row) if callable(value) else row.get(value)


def show(frame: pd.DataFrame, caption: str = "", *, limit: int = 50) -> Block:
    """A pandas frame as a tidy table: units and formats follow the columns' names.

    Args:
        frame: Any frame, such as `ws.table("deliveries")`.
        caption: A heading.
        limit: Longest list shown; the rest is counted.
    """
    columns = [Column(str(name), _label(str(name)), _kind(str(name), frame)) for name in frame]
    rows = frame.head(MAX_SAVED).rename(columns=str).astype(object)
    named: Any = rows.where(rows.notna(), None).to_dict("records")
    more = {"limit": limit, "total": len(frame)}
    return table(named, columns, caption=caption, empty="No rows.", **more)


def duration(milliseconds: float) -> str:
    """A duration as people say it: `182 ms`, `1.4 s`, `2 min 5 s`, `3 h 20 min`, `15 days`."""
    sign, size = ("\N{MINUS SIGN}" if milliseconds < 0 else ""), abs(milliseconds)
    if size < 999.5:
        return f"{sign}{size:.0f} ms"
    if size < 59_950:
        return f"{sign}{size / 1000:.1f} s".replace(".0 s", " s")
    seconds = round(size / 1000)
    _, large, length, small, step = next(scale for scale in _SCALES if seconds < scale[0])
    whole, rest = divmod(seconds, length)
    part = rest // step
    return f"{sign}{whole} {large}" + (f" {part} {small}" if part else "")


def moment(at: datetime) -> str:
    """A time: `2026-11-22 14:03:07`."""
    return at.strftime("%Y-%m-%d %H:%M:%S")


def lag(milliseconds: float | None) -> str:
    """A lag beyond the usual. Below a second, it tells no more than how two clocks differ."""
    if milliseconds is None:
        return ABSENT
    return duration(milliseconds) if milliseconds >= 1000 else "< 1 s"


def log_name(layer: str, stream: str) -> str:
    """A log by the layer that wrote it: `edge/access.log`, `app · crm.log`."""
    name = tame(stream, 40)
    return name if stream.startswith(f"{layer}/") else f"{layer} · {name}"


def short_path(path: str) -> str:
    """The last parts of a path: a report that is passed on need not tell whose folder it was."""
    parts = PurePosixPath(path.replace("\\", "/")).parts
    return "/".join(parts[-3:]) if len(parts) > 3 else path


def endpoint(url: str, limit: int = 60) -> str:
    """A short name for an endpoint: host and path, cut in the middle when long."""
    name, _, query = (re.sub(r"^https://", "", url) or "endpoint not known").partition("?")
    query = f" (query {query[: limit // 2 if limit > 50 else 8]})" if query else ""
    half = max(limit - len(query), 16) // 2
    if len(name) > 2 * half:
        name = f"{name[:half]}…{name[1 - half :]}"
    return tame(name + query)


def see(row: Mapping[str, Any], column: Column) -> dict[str, Any]:
    """What the template shows of a cell."""
    value, kind, bar = _of(row, column.value), column.kind, ""
    text = _plain(value, kind)
    classes = f"hk-{kind}" if kind in {"id", "outcome", "time"} else ""
    words = text.replace("/", " /", 1).split() if kind == "url" else text.split()
    most = _LONGEST_PATH if kind == "url" else _LONGEST_WORD
    if kind in {"text", "url"} and max(map(len, words), default=0) > most:
        classes = "hk-long"
    elif kind == "text" and len(text) > most:
        classes = "hk-words"
    if kind == "share" and value is not None:
        # In steps of 5 %, at least one when not zero.
        bar = f"hk-w{min(20, max(int(value > 0), round(value * 20)))}"
        bar += f" hk-{row['outcome']}" if row.get("outcome") in OUTCOMES else ""
    if value is None or (kind == "outcome" and value not in OUTCOMES):
        kind = "text"
    under = _of(row, column.under) if column.under else None
    return {"kind": kind, "text": text, "classes": classes, "bar": bar, "under": under}


def _plain(value: Any, kind: str) -> str:
    if value is None:
        return ABSENT
    if kind in _FORMATS:
        return _FORMATS[kind](value)
    if isinstance(value, timedelta):
        return duration(value.total_seconds() * 1000)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return tame(value)


def _number(value: Any) -> str:
    return f"{value:,.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else tame(value)


_FORMATS: dict[str, Callable[[Any], str]] = {
    "time": lambda value: moment(value) if isinstance(value, datetime) else tame(value),
    "count": count,
    "share": lambda value: percent(value, 1),
    "percent": lambda value: percent(value, 1),
    "ms": duration,
    "number": _number,
    "url": lambda value: endpoint(str(value), _LONGEST_URL),
    "flag": lambda value: "yes" if value else "no",
}


# How the columns of any frame are shown: the first whose name and type both fit.
_KINDS = (
    ("outcome", r"^outcome$", r""),
    ("url", r"_url$", r""),
    ("flag", r"", r"^bool"),
    ("time", r"", r"^datetime"),
    ("ms", r"_ms$", r"^u?int|^float"),
    ("share", r"(share|rate)$", r"^u?int|^float"),
    ("number", r"((^|_)(uuid|id|key|hash)|status)$", r"^u?int|^float"),
    ("number", r"", r"^float"),
    ("count", r"", r"^u?int"),
    ("id", r"(^|_)(uuid|id|key|hash)$", r""),
)


def _kind(name: str, frame: pd.DataFrame) -> str:
    # Of two columns of one name, none can be asked for its type.
    dtype = str(frame[name].dtype).lower() if list(frame.columns).count(name) == 1 else ""
    for kind, names, types in _KINDS:
        if re.search(names, name) and re.search(types, dtype):
            return kind
    return "text"


def _label(name: str) -> str:
    unit = " (UTC)" if name.endswith("_at") else ""
    words = [_ALL_CAPS.get(word, word) for word in re.sub(r"_ms$", "", name).split("_")]
    text = " ".join(word for word in words if word)
    return (text[:1].upper() + text[1:] or name) + unit
