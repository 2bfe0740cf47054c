"""The generated parts of the README: rooms, public names, command help, data dictionary.

`python tests/readme.py --write` brings them up to date; without `--write` it only compares.
Each part stands between `<!-- name -->` and `<!-- /name -->`.
"""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path

import click

import hookanalysis
from hookanalysis.cli import cli
from hookanalysis.results import Table
from hookanalysis.tables import BASE_TABLES, MERGED, OUTCOMES, RESULTS

README = Path(__file__).parent.parent / "README.md"
PACKAGE = README.parent / "src" / "hookanalysis"


def rooms() -> str:
    """The modules and packages from the ground up, each with the first sentence about it."""
    from test_architecture import STAGES

    told: dict[str, str] = {}
    for stage in reversed(STAGES):
        package, colon, names = stage.rpartition(": ")
        for name in [package] if colon else reversed(names.split()):
            path = f"{name}/__init__.py" if colon else f"{name}.py"
            tree = ast.parse((PACKAGE / path).read_text(encoding="utf-8"))
            about = " ".join((ast.get_docstring(tree) or "").partition("\n\n")[0].split())
            shown = f"{name}/" if colon else name
            told[shown] = f"- `{shown}`: {about.partition('. ')[0].removesuffix('.')}"
    return "\n".join(line for name, line in told.items() if name != "__init__")


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
    "rooms": rooms,
    "public": public,
    "cli": commands,
    "outcomes": outcomes,
    "dictionary": dictionary,
}


def fill(text: str) -> str:
    """Return the README's `text` with each part made anew."""
    for name, make in PARTS.items():
        opening, closing = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        if text.count(opening) != 1 or text.count(closing) != 1:
            raise SystemExit(f"README.md must have {opening.strip()} and {closing} once")
        before, rest = text.split(opening)
        text = f"{before}{opening}\n{make()}\n\n{closing}{rest.split(closing)[1]}"
    return text


def main() -> int:
    """Compare, or write."""
    current = README.read_text(encoding="utf-8")
    wanted = fill(current)
    if "--write" in sys.argv[1:]:
        README.write_text(wanted, encoding="utf-8")
        return 0
    return int(current != wanted)


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
