"""The house: who may import whom, budgets, public names, and start-up."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest

import hookanalysis

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "hookanalysis"
MODULES = sorted(PACKAGE.rglob("*.py"))

# A module may import only rooms further on; a line is a stage. Inside a package, the line below
# its name says the order of its modules.
STAGES = (
    "__main__",
    "cli",
    "__init__",
    "daily",
    "workspace exporting running",
    "status",
    "reporting: reports kernels pages",
    "sections: __init__ cover findings days lists",
    "stories",
    "charts: __init__ outcomes endpoints drawing",
    "progress markup",
    "facts: gathering measures period",
    "verdict: steps findings signatures incidents",
    "verdict: requests tier assignment clocks windows",
    "load: spark files workers parts offers transfers manifest",
    "formats: probing",
    "formats: detect logs refusals templates wrappers trials engine",
    "formats: scan texts format",
    "read: postgres sources documents records rows decoding",
    "read: rewriting pages parquet splitting packings",
    "zones words",
    "database",
    "opening settings",
    "tables redaction outputs errors",
)


def _rooms() -> list[str]:
    rooms = []
    for stage in STAGES:
        package, colon, names = stage.rpartition(": ")
        rooms += [f"{package}.{name}" if colon else name for name in names.split()]
    return rooms


ORDER = _rooms()


def room(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def is_label(path: Path) -> bool:
    """Whether a package's `__init__` is nothing but its docstring."""
    return path.name == "__init__.py" and len(tree(path).body) == 1


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


ROOMS = [path for path in MODULES if not is_label(path)]


def siblings(path: Path) -> set[str]:
    """Rooms of the package that a module imports, anywhere in it, for types too."""
    here = list(path.relative_to(PACKAGE).parent.parts)
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {"__init__" for alias in node.names if alias.name.startswith("hookanalysis")}
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.level == 1:
            home = [*here, *(node.module or "").split(".")]
        elif (node.module or "").split(".")[0] == "hookanalysis":
            home = (node.module or "").split(".")[1:]
        else:
            continue
        base = ".".join(part for part in home if part)
        for alias in node.names:
            inner = f"{base}.{alias.name}".strip(".")
            options = (inner, f"{inner}.__init__", base, f"{base}.__init__".strip("."))
            found.add(next(name for name in options if name in ORDER))
    return found


def test_every_module_has_its_place() -> None:
    assert {room(path) for path in ROOMS} == set(ORDER)


def test_imports_point_down() -> None:
    place = {name: number for number, name in enumerate(ORDER)}
    upward = [
        f"{room(path)} imports {name}, which stands above it"
        for path in ROOMS
        for name in siblings(path)
        if place[name] <= place[room(path)]
    ]
    assert upward == []


def test_the_played_world_knows_nothing_of_the_tool() -> None:
    # It is the truth that the tool is judged by.
    for path in (ROOT / "tests" / "world").glob("*.py"):
        assert not re.search(r"import hookanalysis|from hookanalysis", path.read_text("utf-8"))


def count_lines(paths: Iterable[Path]) -> int:
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


def test_the_package_keeps_its_budgets() -> None:
    """What there is at most, and the aim (DESIGN 6). Only new rules may raise a ceiling."""
    queries = sorted(PACKAGE.rglob("*.sql"))
    world = [*(ROOT / "tests" / "world").glob("*.py"), *(ROOT / "tests" / "world").glob("*.toml")]
    found = {
        "lines of Python": (count_lines(MODULES), 17_117, 10_500),
        "modules": (len(ROOMS), 73, 45),
        "lines of SQL": (count_lines(queries), 8_504, 5_500),
        "SQL files": (len(queries), 130, 115),
        "lines of the played world": (count_lines(world), 1_800, 1_700),
    }
    over = {name: told for name, told in found.items() if told[0] > told[1]}
    assert over == {}, "more than the ceiling (found, ceiling, aim)"


def test_modules_and_functions_are_short() -> None:
    wrong = []
    for path in MODULES:
        lines = count_lines([path])
        if lines > 400:
            wrong.append(f"{room(path)} has {lines} lines")
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.FunctionDef):
                continue
            length = (node.end_lineno or 0) - node.lineno + 1
            if length > 60:
                wrong.append(f"{room(path)}: {node.name} has {length} lines")
            count = len([*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs])
            if count > 7 and not _is_command(node):
                wrong.append(f"{room(path)}: {node.name} has {count} parameters")
    assert wrong == []


def _is_command(node: ast.FunctionDef) -> bool:
    """A command's parameters are the options that a user sees."""
    calls = [d.func for d in node.decorator_list if isinstance(d, ast.Call)]
    return any(isinstance(call, ast.Attribute) and call.attr == "command" for call in calls)


def test_public_names() -> None:
    names = hookanalysis.__all__
    assert len(names) <= 12
    assert names == sorted(names)
    assert all(hasattr(hookanalysis, name) for name in names)


@pytest.mark.parametrize(
    ("start", "banned"),
    [
        ("import hookanalysis", {"altair", "duckdb", "numpy", "pandas", "papermill"}),
        ("import hookanalysis.cli", {"altair", "nbconvert", "pandas", "papermill"}),
        ("import hookanalysis; hookanalysis.connect", {"altair", "pandas", "papermill"}),
    ],
)
def test_start_up_is_light(start: str, banned: set[str]) -> None:
    code = f"{start}; import sys; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not banned & set(run.stdout.split())


def test_every_import_is_a_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["postgres"], *extras["notify"], *extras["spark"]]
    declared = {re.split(r"[<>=~!\[; ]", entry)[0].lower() for entry in wanted}
    declared.add(project["name"])
    homes = metadata.packages_distributions()
    standard = sys.stdlib_module_names | {"compression"}  # since Python 3.14
    for path in MODULES:
        for node in ast.walk(tree(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level and node.module:
                names = [node.module]
            for name in {name.split(".")[0] for name in names} - standard:
                known = {home.lower() for home in homes.get(name, [])} | {name}
                assert known & declared, f"{path.name} imports {name}"


def test_locks_hold_hashes_and_no_addresses() -> None:
    for path in sorted(ROOT.glob("requirements*.txt")):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"://|^-|find-links|index-url", text, re.MULTILINE), path.name
        pins = re.findall(r"^[\w.-]+==.*(?:\n {4}--hash=\S+.*)+", text, re.MULTILINE)
        assert len(pins) == len(re.findall(r"^\w", text, re.MULTILINE)) > 30, path.name


# What may be installed with the package: all let it be used, changed and passed on.
_LICENCES = re.compile(
    r"\b(?:MIT|0BSD|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|CC0|Unlicense|HPND)"
)


def test_the_licence_of_each_package_is_known() -> None:
    names = re.findall(
        r"^([\w.-]+)==", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE
    )
    told = {}
    for name in names:
        with suppress(metadata.PackageNotFoundError):  # one of another system, or Python
            known = metadata.metadata(name).json
            short = [str(known.get(key, ""))[:99] for key in ("license_expression", "license")]
            told[name] = f"{short} {known.get('classifier')}"
    assert len(told) > 60
    assert [name for name, words in told.items() if not _LICENCES.search(words)] == []
    assert [name for name, words in told.items() if re.search(r"\b[AL]?GPL", words)] == []


def test_what_the_package_carries_has_its_licence_beside_it() -> None:
    foreign = [path for path in PACKAGE.rglob("*.js") if path.stat().st_size > 20_000]
    assert foreign
    assert {path.with_name("vega.LICENSE.txt").is_file() for path in foreign} == {True}
