"""One file = one entry, with samples or cases of its own; notebooks are thin."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import nbformat
import pytest

from hookanalysis.tables import TABLES
from hookanalysis.words import WORDS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "hookanalysis"
FORMATS = sorted((PACKAGE / "formats").glob("*.toml"))
SQL = PACKAGE / "sql"
STEPS = sorted(SQL.glob("*.sql"))
MACROS = {SQL / "macros.sql"}
RULES = sorted((PACKAGE / "rules").glob("*.sql"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_every_format_carries_samples() -> None:
    entries = {path: tomllib.loads(path.read_text(encoding="utf-8")) for path in FORMATS}
    bad = {path.name for path, e in entries.items() if e["id"] != path.stem or not e["sample"]}
    assert bad == set()


def test_every_promised_table_and_rule_has_its_cases() -> None:
    homes = [Path("sql", path.stem) for path in STEPS if path.stem in TABLES]
    homes += [Path("rules", path.stem) for path in RULES]
    assert [home for home in homes if not (ROOT / "tests" / f"{home}.toml").is_file()] == []


def test_sql_is_short_and_narrow_and_says_what_it_is() -> None:
    wrong = []
    for path in [*sorted(SQL.rglob("*.sql")), *RULES]:
        text = path.read_text(encoding="utf-8")
        code = re.sub(r"/\*.*?\*/|--[^\n]*", "", text, flags=re.DOTALL)
        lines = [line for line in code.splitlines() if line.strip()]
        if path in {*STEPS, *RULES} - MACROS and len(lines) > 140:
            wrong.append(f"{path.name} has {len(lines)} lines of SQL: it is two tables")
        # A report's file holds queries of one reader, each under its own header.
        name = r"\w+" if path.parent.name == "report" else path.stem
        if not re.match(r"/\*---" if path in RULES else rf"/\* {name}: ", text):
            wrong.append(f"{path.name} does not begin with what it is")
        if any(len(line) > 150 for line in text.splitlines()):
            wrong.append(f"{path.name} has a line of more than 150 characters")
    assert wrong == []


def test_sql_makes_codes_and_every_code_has_its_words() -> None:
    english, codes = [], set(WORDS["resends"]) ^ RESEND_REASONS
    for path in [*SQL.rglob("*.sql"), *RULES]:
        text = re.sub(r"/\*.*?\*/|--[^\n]*", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        codes |= set(re.findall(r"\breason\(\s*'(\w+)'", text))
        codes |= {path.stem} if re.search(r"\|\|[^,]* AS what", text) else set()
        if path.parent.name != "load" and path not in MACROS:  # which know what logs say
            literals = re.findall(r"'([^'\n]*)'", text)
            english += [f"{path.name}: {part}" for part in literals if ENGLISH.search(part)]
    assert english == []
    assert {code for code in codes if code not in WORDS["reasons"]} == set()


ENGLISH = re.compile("[a-z]{2,},? [a-z]{2,}")
RESEND_REASONS = {
    *(
        "resent",
        "unlisted",
        "still_failing",
        "double_processed",
        "duplicated",
        "unacknowledged",
        "unanswered",
    ),
    *("missed", "refused", "unprocessed", "pending", "undetermined"),
}


def cells(path: Path) -> list[dict[str, Any]]:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert notebook["nbformat"] == 4
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert "papermill" not in notebook["metadata"]
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_stripped(path: Path) -> None:
    nbformat.validate(json.loads(path.read_text(encoding="utf-8")))
    for cell in cells(path):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        assert "papermill" not in cell["metadata"]
        assert "execution" not in cell["metadata"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_has_one_parameters_cell(path: Path) -> None:
    tags = [cell["metadata"].get("tags", []) for cell in cells(path)]
    assert ["parameters" in tag for tag in tags].count(True) == 1
    assert "parameters" in tags[0]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_thin(path: Path) -> None:
    code = ["".join(cell["source"]) for cell in cells(path)]
    assert len(code) <= 15
    for source in code:
        # A parameter is a line of its own, and no logic.
        assert len(source.splitlines()) <= 6 or source == code[0], source
        assert not re.search(r"\bSELECT\b", source, re.IGNORECASE), source
        for node in ast.walk(ast.parse(source)):
            assert not isinstance(node, (*LOGIC, ast.For, ast.While)), source
            if isinstance(node, ast.Import):
                assert {alias.name for alias in node.names} <= LIBRARIES, source
            if isinstance(node, ast.ImportFrom):
                assert node.module in LIBRARIES, source
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not re.match(r"/|~|[A-Za-z]:\\", node.value), source


LOGIC = (ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.Try, ast.If)
LIBRARIES = {"hookanalysis", "pandas", "altair"}


def test_no_registry_is_empty() -> None:
    assert all([FORMATS, STEPS, RULES, NOTEBOOKS])
