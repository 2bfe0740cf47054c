"""The generated parts of README and docs/: outcomes, public names, command help, data dictionary.

`python tests/manual.py --write` brings them up to date; without `--write` it only compares.
Each part stands once, between `<!-- name -->` and `<!-- /name -->`.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import click

import hookanalysis
from hookanalysis.cli import cli
from hookanalysis.results import Table
from hookanalysis.tables import BASE_TABLES, KEPT, MERGED, OUTCOMES, RESULTS

ROOT = Path(__file__).parent.parent
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
    """Every table with its columns, from `tables.py`."""
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
    """The verdicts, from `tables.py`."""
    rows = [f"| `{name}` | {_cell(meaning)} |" for name, meaning in OUTCOMES.items()]
    return "\n".join(["| outcome | meaning |", "|---|---|", *rows])


PARTS = {
    "public": public,
    "cli": commands,
    "outcomes": outcomes,
    "dictionary": dictionary,
}


def fill() -> dict[Path, str]:
    """Each page's text with the generated parts made anew."""
    texts = {page: page.read_text(encoding="utf-8") for page in PAGES}
    for name, make in PARTS.items():
        opening, closing = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        (home,) = (page for page, text in texts.items() if opening in text)
        before, rest = texts[home].split(opening)
        texts[home] = f"{before}{opening}\n{make()}\n\n{closing}{rest.split(closing)[1]}"
    return texts


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
