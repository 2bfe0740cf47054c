"""An executed notebook as one HTML page that needs nothing else, or as a PDF of it.

Only a few kinds of output pass, HTML only with a few tags, specifications of charts as JSON that
cannot end a script, and a Content-Security-Policy that lets just the page's own two scripts run:
each is a wall of its own against text from logs.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import zlib
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from hookanalysis import markup
from hookanalysis.errors import InputError, ReportError
from hookanalysis.markup import CHART_MIME, read_asset, read_style
from hookanalysis.outputs import work_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from nbformat import NotebookNode

ALLOWED_MIMES = (CHART_MIME, "text/html", "text/plain")
_MAX_TABLE = 200  # rows shown of the numbers behind a chart
_REFUSED = {"area", "img", "map"}
_DROPPED_WHOLE = {"iframe", "math", "noscript", "object", "script", "style", "svg", "template"}
_ATTRIBUTES = {
    "*": {"class", "title", "aria-hidden", "aria-label"},
    "a": {"href"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "details": {"open"},
    "div": {"tabindex"},
    "tbody": {"data-at", "data-event"},
    "table": {"data-rest"},
}
# Inside a script element of JSON: nothing that could close it, nor a line end of JavaScript's.
_JSON_SAFE = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
_MARKS_OF_OTHERS = frozenset({"href", "url", "usermeta"})  # ways to fetch or to lead elsewhere


# Without it Chromium would take US Letter; a page printed from a browser fits the paper there.
_PAPER = (
    "<style>@page { size: A4; @bottom-right { content: counter(page) ' / ' counter(pages);"
    " font: 8pt system-ui, sans-serif; color: #55656f } }</style>"
)
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")
_PRINTING = (
    *("--headless", "--disable-gpu", "--no-first-run", "--disable-extensions", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
    *("--proxy-server=127.0.0.1:9", "--host-resolver-rules=MAP * ~NOTFOUND"),  # no network
    *("--no-pdf-header-footer", "--virtual-time-budget=20000"),
)


@dataclass(frozen=True)
class Page:
    """What surrounds the cells of a notebook."""

    title: str  # for the window and the bookmark
    times: str = "All times are UTC"  # whose clock its times are of
    # Names and values printed at the end: notebook, parameters, versions.
    colophon: tuple[tuple[str, str], ...] = ()
    broken: str = ""  # why the report is incomplete; empty for a whole one


def write_page(notebook: NotebookNode, page: Page) -> str:
    """The HTML of an executed notebook. The same notebook gives the same text."""
    cells = list(_shown_cells(notebook))
    drawn = any(CHART_MIME in o.get("data", {}) for c in cells for o in c.get("outputs", ()))
    boot, vega = read_asset("boot.js"), read_asset("vega.js") if drawn else ""
    contents = [heading for cell in cells if (heading := _heading(cell["source"]))]
    ids = {heading["id"] for heading in contents}
    around = {
        **vars(page),
        "contents": contents,
        "policy": _policy([boot, vega]),
        "css": read_style() + read_asset("page.css"),
        "boot": boot,
        "vega": vega and _pack(vega),
    }
    template = markup.read_template(
        read_asset("index.html.j2"),
        20_000,
        clean=lambda fragment: clean(fragment, ids),
        prose=_render_prose,
        chart=_chart,
        section_id=lambda source: _heading(source).get("id"),
    )
    return template.render(cells=cells, page=around) + "\n"


def clean(fragment: str, ids: Collection[str] = (), *, prose: bool = False) -> str:
    """HTML with nothing in it but the tags and attributes of tables, lists and text.

    Links may lead to the sections `ids`. `prose` is the notebook's own text: with large headings,
    and links to the web.
    """
    import nh3

    def filter_attribute(_: str, name: str, value: str) -> str | None:
        if name == "href" and not prose:
            return value if value.removeprefix("#") in ids else None
        if name in {"data-at", "data-event", "tabindex"}:
            return value if re.fullmatch(r"-?\d{1,15}", value) else None
        if name == "data-rest":  # packed here, where it was searched for secrets
            return _pack(value)
        return value

    return nh3.clean(
        fragment,
        tags=nh3.ALLOWED_TAGS - _REFUSED - (set() if prose else {"h1", "h2"}) | {"section"},
        clean_content_tags=_DROPPED_WHOLE,
        attributes={"a": {"href"}} if prose else _ATTRIBUTES,
        attribute_filter=filter_attribute,
        link_rel="noopener noreferrer" if prose else None,
        url_schemes={"https"} if prose else set(),
    )


def _pack(text: str) -> str:
    """A text compressed, in base64, as the page's script reads it."""
    return base64.b64encode(zlib.compress(text.encode())).decode()


def embed_json(value: Any) -> str:
    """JSON that may stand inside a script element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.translate(_JSON_SAFE)


def _shown_cells(notebook: NotebookNode) -> Iterator[dict[str, Any]]:
    """Cells with their allowed outputs, and without what a page has no use for."""
    for cell in notebook.cells:
        kind, tags = cell.cell_type, cell.metadata.get("tags", [])
        if kind == "markdown":
            yield {"cell_type": kind, "source": cell.source}
        elif kind == "code":
            fold = next((t.removeprefix("fold:") for t in tags if t.startswith("fold:")), "")
            shown = [kept for out in cell.outputs if (kept := _allowed(out, tags)) is not None]
            yield {"cell_type": kind, "source": "", "outputs": shown, "fold": fold}


def _allowed(output: Any, tags: list[str]) -> dict[str, Any] | None:
    if output.output_type == "error":
        # Its message may quote a row of data; the terminal of the run has said it.
        return {"output_type": "error", "ename": output.ename}
    if "remove-cell" in tags or "remove-output" in tags:
        return None
    if output.output_type == "stream":
        return {"output_type": "stream", "text": "".join(output.text)}
    data = {mime: output.data[mime] for mime in ALLOWED_MIMES if mime in output.data}
    return {"output_type": "display_data", "data": data} if data else None


def _chart(spec: dict[str, Any]) -> dict[str, Any]:
    """What the template shows of a chart: words and table as text, and the marks as JSON."""
    meta = read_meta(spec)
    rows = meta.get("rows", [])
    columns = [
        markup.Column(
            itemgetter(n), name, "count" if all(isinstance(r[n], int) for r in rows) else "text"
        )
        for n, name in enumerate(meta.get("columns", []))
    ]
    total = meta.get("total") or len(rows)
    table = clean(markup.table(rows, columns, limit=_MAX_TABLE, total=total).html) if rows else ""
    marks = {key: value for key, value in spec.items() if key not in {"usermeta", "$schema"}}
    if meta:
        marks.pop("title", None)  # the page says it, where it can be selected and wrapped
    return {
        "title": meta.get("title", ""),
        "subtitle": meta.get("subtitle", ""),
        "sentence": spec.get("description", ""),
        "table": table,
        "json": embed_json(_without_links(marks)) if rows or not meta else "",
    }


def read_meta(spec: Mapping[str, Any]) -> dict[str, Any]:
    """What `charts` noted in a chart's specification; empty for a chart made elsewhere."""
    meta = spec.get("usermeta", {}).get("hookanalysis", {})
    return meta if isinstance(meta, dict) else {}


def _without_links(part: Any) -> Any:
    """A specification without a channel that fetches or links. Data rows are kept as they are."""
    if isinstance(part, dict):
        return {
            key: value if key in {"datasets", "values"} else _without_links(value)
            for key, value in part.items()
            if key not in _MARKS_OF_OTHERS
        }
    return [_without_links(value) for value in part] if isinstance(part, list) else part


def _render_prose(source: str) -> str:
    import mistune

    written = str(mistune.create_markdown(escape=True, plugins=["table"])(source))
    section = f'<h2 id="{_heading(source).get("id", "")}">'
    return clean(written, prose=True).replace("<h2>", section, 1)


def _heading(source: str) -> dict[str, str]:
    """Title and id of the section that a markdown cell opens with a second-level heading."""
    found = re.search(r"^## +(.+?)\s*$", source, re.MULTILINE)
    if not found:
        return {}
    return {"title": found[1], "id": re.sub(r"\W+", "-", found[1].lower()).strip("-")}


def _policy(scripts: list[str]) -> str:
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    )
    return (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none';"
        f" form-action 'none'; script-src {hashes}"
    )


def find_chromium() -> str:
    """The program that prints.

    Raises:
        InputError: None of its kind is installed.
    """
    found = next((path for name in _PROGRAMS if (path := shutil.which(name))), None)
    if found is None:
        raise InputError(
            "a PDF needs Chromium, and there is none",
            hint="install it (Debian: apt-get install chromium), or write an .html and print that",
        )
    return found


def print_page(page: str, *, timeout_seconds: float = 120) -> bytes:
    """The PDF of a page.

    Raises:
        InputError: There is no Chromium.
        ReportError: It failed.
    """
    program = find_chromium()
    with work_folder() as folder:
        source, target = folder / "page.html", folder / "page.pdf"
        source.write_text(page.replace("</head>", f"{_PAPER}</head>", 1), encoding="utf-8")
        # Chromium's sandbox does not work for root, as whom containers often run.
        root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        command = [program, *_PRINTING, *root, f"--user-data-dir={folder}/profile"]
        command += [f"--print-to-pdf={target}", source.as_uri()]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=timeout_seconds)  # noqa: S603
        except (OSError, subprocess.SubprocessError) as error:
            raise ReportError(
                "Chromium could not print the report", reason=str(error)[-200:]
            ) from error
        if not target.is_file():
            raise ReportError("Chromium printed nothing", hint="write an .html and print that")
        return target.read_bytes()
