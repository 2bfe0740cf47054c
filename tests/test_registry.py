"""One file = one entry, and it carries its own samples or cases; notebooks are thin."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "hookanalysis"
FORMATS = sorted((PACKAGE / "formats").glob("*.toml"))
SQL = PACKAGE / "sql"
# What runs at other times than the steps of reconciling, and is tested where it runs.
APART = ("load", "diagnosis", "facts", "reports")
STEPS = sorted(path for path in SQL.rglob("*.sql") if path.parent.name not in APART)
RULES = sorted((PACKAGE / "rules").glob("*.sql"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def stem(path: Path) -> str:
    return path.stem


def home(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", FORMATS, ids=stem)
def test_format_carries_samples(path: Path) -> None:
    entry = tomllib.loads(path.read_text(encoding="utf-8"))
    assert entry["id"] == path.stem
    assert entry["sample"]


@pytest.mark.parametrize("path", STEPS, ids=stem)
def test_step_has_rows_in_and_rows_out(path: Path) -> None:
    cases = (ROOT / "tests" / "sql" / path.relative_to(SQL)).with_suffix(".toml")
    assert cases.is_file(), f"{path.name} has no {cases.relative_to(ROOT)}"
    assert tomllib.loads(cases.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", RULES, ids=stem)
def test_rule_carries_cases(path: Path) -> None:
    header = re.match(r"/\*---\n(.*?)---\*/", path.read_text(encoding="utf-8"), re.DOTALL)
    assert header, f"{path.name} has no header"
    entry = tomllib.loads(header[1])
    assert entry["id"] == path.stem
    assert entry["case"]


@pytest.mark.parametrize("path", [*STEPS, *RULES], ids=stem)
def test_sql_is_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    code = re.sub(r"/\*.*?\*/|--[^\n]*", "", text, flags=re.DOTALL)
    lines = [line for line in code.splitlines() if line.strip()]
    assert len(lines) <= 80, f"{path.name} has {len(lines)} lines of SQL: it is two tables"


@pytest.mark.parametrize("path", [*sorted(SQL.rglob("*.sql")), *RULES], ids=home)
def test_sql_is_narrow_and_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("/*---" if path in RULES else f"/* {path.stem}: ")
    assert not [line for line in text.splitlines() if len(line) > 100]


def cells(path: Path) -> list[dict[str, Any]]:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert notebook["nbformat"] == 4
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert "papermill" not in notebook["metadata"]
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=stem)
def test_notebook_is_stripped(path: Path) -> None:
    for cell in cells(path):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        assert "papermill" not in cell["metadata"]
        assert "execution" not in cell["metadata"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=stem)
def test_notebook_has_one_parameters_cell(path: Path) -> None:
    tags = [cell["metadata"].get("tags", []) for cell in cells(path)]
    assert ["parameters" in tag for tag in tags].count(True) == 1
    assert "parameters" in tags[0]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=stem)
def test_notebook_is_thin(path: Path) -> None:
    code = ["".join(cell["source"]) for cell in cells(path)]
    assert len(code) <= 15
    for source in code:
        assert len(source.splitlines()) <= 6, source
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
