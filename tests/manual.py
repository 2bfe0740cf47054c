"""The generated parts of README and docs/: outcomes, public names, command help, data dictionary.

`python tests/manual.py --write` brings them up to date; without `--write` it only compares.
Each part stands once, between `<!-- name -->` and `<!-- /name -->`.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from datetime import date, datetime
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import click

import hookanalysis
from hookanalysis.cli import cli
from hookanalysis.facts.measures import FACTS_VERSION
from hookanalysis.facts.period import Period
from hookanalysis.tables import BASE_TABLES, KEPT, MERGED, OUTCOMES, RESULTS, Table
from hookanalysis.verdict.findings import Finding

ROOT = Path(__file__).parent.parent
SCHEMA = ROOT / "docs" / "facts.schema.json"
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))


def public() -> str:
    """The public names, each with the first sentence of its docstring."""
    rows = ["| name | what it is |", "|---|---|"]
    for name in sorted(hookanalysis.__all__):
        text = inspect.getdoc(getattr(hookanalysis, name)) or ""
        rows.append(f"| `{name}` | {_cell(text.splitlines()[0])} |")
    return "\n".join(rows)


def commands() -> str:
    """The help of the program and of each command, as a terminal of 80 columns shows it."""
    root = click.Context(cli, info_name="hookanalysis", terminal_width=80, **cli.context_settings)
    parts = [_folded("hookanalysis", _one_line(cli), _fence(cli.get_help(root)))]
    for name in cli.list_commands(root):
        command = cli.get_command(root, name)
        if command is None or command.hidden:
            continue
        context = click.Context(command, info_name=name, parent=root, terminal_width=80)
        text = _fence(command.get_help(context))
        parts.append(_folded(f"hookanalysis {name}", _one_line(command), text))
    return "\n".join(parts)


def dictionary() -> str:
    """Every table with its columns, from `tables.toml`."""
    groups = (
        ("Loaded", BASE_TABLES),
        ("Kept beside these", KEPT),
        ("Merged out of these", MERGED),
        ("Made by reconciling", RESULTS),
    )
    return "\n\n".join(
        f"**{title}**\n\n" + "\n".join(_described(table) for table in tables)
        for title, tables in groups
    )


def outcomes() -> str:
    """The verdicts, from `tables.toml`."""
    rows = [f"| `{name}` | {_cell(meaning)} |" for name, meaning in OUTCOMES.items()]
    return "\n".join(["| outcome | meaning |", "|---|---|", *rows])


PARTS = {
    "public": public,
    "cli": commands,
    "outcomes": outcomes,
    "dictionary": dictionary,
}


def schema() -> str:
    """The shape of `facts.json` as a JSON Schema: the dataclasses, and the notes beside them."""
    names = {kind.__name__: kind for kind in (Period, Finding, datetime)}
    shapes: dict[str, Any] = {}

    def tell(kind: Any) -> dict[str, Any]:
        inner, origin = get_args(kind), get_origin(kind)
        if origin in {Union, UnionType}:
            return {"anyOf": [tell(part) for part in inner]}
        if origin in {tuple, list}:
            return {"type": "array", "items": tell(inner[0])}
        if origin is dict:
            return {"type": "object", "additionalProperties": tell(inner[1])}
        if kind in _PLAIN:
            return _PLAIN[kind]
        if kind.__name__ not in shapes:
            shapes[kind.__name__] = {}
            hints, source = get_type_hints(kind, localns=names), inspect.getsource(kind)
            notes = dict(re.findall(r"^    (\w+): [^#\n]*# (.*)$", source, re.MULTILINE))
            fields = {
                name: {**tell(hint), **({"description": notes[name]} if name in notes else {})}
                for name, hint in hints.items()
            }
            shapes[kind.__name__] = {
                "description": (inspect.getdoc(kind) or "").partition("\n")[0],
                "type": "object",
                "properties": fields,
                "required": list(fields),
                "additionalProperties": False,
            }
        return {"$ref": f"#/$defs/{kind.__name__}"}

    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"facts.json, version {FACTS_VERSION}",
        **tell(hookanalysis.Facts),
        "$defs": shapes,
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    date: {"type": "string", "format": "date"},
    datetime: {"type": "string", "format": "date-time"},
    NoneType: {"type": "null"},
}


def fill() -> dict[Path, str]:
    """Each page's text with the generated parts made anew, and the schema of the facts."""
    texts = {page: page.read_text(encoding="utf-8") for page in PAGES}
    for name, make in PARTS.items():
        opening, closing = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        (home,) = (page for page, text in texts.items() if opening in text)
        before, rest = texts[home].split(opening)
        texts[home] = f"{before}{opening}\n{make()}\n\n{closing}{rest.split(closing)[1]}"
    return {**texts, SCHEMA: schema()}


def main() -> int:
    """Compare, or write."""
    stale = {page: text for page, text in fill().items() if text != page.read_text("utf-8")}
    if "--write" not in sys.argv[1:]:
        return int(bool(stale))
    for page, text in stale.items():
        page.write_text(text, encoding="utf-8")
    return 0


def _described(table: Table) -> str:
    rows = ["| column | type | meaning |", "|---|---|---|"]
    rows += [f"| `{c.name}` | {c.type} | {_cell(c.meaning)} |" for c in table.columns]
    return _folded(table.name, table.grain, "\n".join(rows))


def _folded(name: str, summary: str, body: str) -> str:
    summary = summary.replace("<", "&lt;")
    head = f"<details><summary><code>{name}</code>: {summary}</summary>"
    return f"{head}\n\n{body}\n\n</details>"


def _fence(text: str) -> str:
    return f"```text\n{text.strip()}\n```"


def _one_line(command: click.Command) -> str:
    return (command.help or "").strip().splitlines()[0]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    sys.exit(main())
