"""Reports: a notebook by name, run with checked parameters, written as one HTML file and its facts.

A notebook is an entry of `notebooks/`: one with a cell tagged `parameters` is all it takes.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from hookanalysis.errors import (
    BusyError,
    HookAnalysisError,
    InputError,
    ReportError,
    StorageError,
    unwritable,
)
from hookanalysis.markup import ATTACHED, CSV_MIME, FACTS_MIME
from hookanalysis.outputs import check_exists, check_target, write_beside

from .pages import Page, find_chromium, print_page, write_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nbformat import NotebookNode

    from .kernels import Run


TIMEOUT_SECONDS = 600.0
# Parameters that stand at the top of a report, and not among what it rests on.
_OF_LETTERS = {"title", "customer", "author", "note", "made", "incident"}
_UNTITLED = {"workspace", *_OF_LETTERS} - {"title"}
_KINDS = {str: "text", int: "whole number", float: "number", bool: "true or false"}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a notebook, as its `parameters` cell declares it."""

    name: str
    default: Any
    help: str = ""

    def __str__(self) -> str:
        kind = _KINDS.get(type(self.default), type(self.default).__name__)
        text = f"{self.name} ({kind}, default {self.default!r})"
        return f"{text}: {self.help}" if self.help else text


class ReportResult(NamedTuple):
    """Where a report is, and what made it.

    Attributes:
        html: The page, or its PDF.
        facts: The numbers beside it, as JSON; None for a notebook that shows none.
        parameters: All of them, defaults too.
    """

    html: Path
    facts: Path | None
    parameters: dict[str, Any]


def run_report(
    notebook: str | Path,
    workspace: str | Path,
    parameters: Mapping[str, Any] | None = None,
    output: str | Path | None = None,
    *,
    facts_name: str = "facts.json",
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> ReportResult:
    """Run a notebook and write its report: one HTML file, and the facts beside it.

    The files appear under their names only when they are whole. The same workspace and parameters
    give the same bytes.

    Args:
        notebook: Name of a notebook of this package, or the path of one of your own.
        workspace: The workspace file, reconciled; read only. "" for the bundled samples.
        parameters: Name → value; text is turned into the type that the notebook declares.
        output: The HTML file, or a .pdf where Chromium is installed; by default
            `<notebook>.html` in the current folder.
        facts_name: Name of the facts' file, in the same folder.
        timeout_seconds: For the whole notebook.

    Raises:
        InputError: Unknown notebook or workspace, or a parameter that is unknown or mistyped.
        BusyError: Another process holds the workspace.
        ReportError: The notebook failed; what there is stands in `<name>.failed.html`.
    """
    from . import kernels

    path = find_notebook(notebook)
    source = _read_notebook(path)
    given = {"workspace": _absolute(workspace), **(parameters or {})}
    values = check_parameters(read_parameters(source), given, path.name)
    target = Path(output or f"{path.stem}.html").absolute()
    if target.suffix not in {".html", ".pdf"}:
        raise InputError("a report is an .html or a .pdf", where=str(target))
    for made in (target, target.with_name(facts_name), _marked(target)):
        check_target(made)
    if target.suffix == ".pdf":
        find_chromium()
    _make_folder(target.parent)
    run = kernels.run_notebook(source, values, timeout_seconds=timeout_seconds)
    if run.failure is not None:
        raise _tell_failure(run, _page(path, source, values, {}), target)
    outputs = [out for cell in run.notebook.cells for out in cell.get("outputs", ())]
    found = (out.data[FACTS_MIME] for out in outputs if FACTS_MIME in out.get("data", {}))
    facts: dict[str, Any] = next(found, {})
    sheets = (out.data[CSV_MIME] for out in outputs if CSV_MIME in out.get("data", {}))
    page = write_page(run.notebook, _page(path, source, values, facts))
    whole = print_page(page) if target.suffix == ".pdf" else page.encode()
    beside = target.with_name(facts_name) if facts else None
    _write(target, whole)
    for sheet in sheets:
        _write(target.with_suffix(ATTACHED), f"\ufeff{sheet}".encode())
    if beside is not None:
        _write(beside, f"{json.dumps(facts, ensure_ascii=False, indent=1)}\n".encode())
    _marked(target).unlink(missing_ok=True)
    return ReportResult(target, beside, values)


def list_notebooks() -> dict[str, Path]:
    """The notebooks that come with the package: name → file."""
    found = (path for path in _notebook_folder().glob("*.ipynb") if not path.name.startswith("."))
    return {path.stem: path for path in sorted(found)}


def find_notebook(name: str | Path) -> Path:
    """The file of a notebook, by name or by path.

    Raises:
        InputError: There is none; lists those that there are.
    """
    known = list_notebooks()
    if str(name) in known:
        return known[str(name)]
    path = Path(name)
    if path.suffix == ".ipynb" and path.is_file():
        return path.absolute()
    raise InputError(
        f"there is no notebook {str(name)!r}",
        hint=f"one of: {', '.join(known)}; or the path of an .ipynb file",
    )


def read_parameters(notebook: NotebookNode) -> tuple[Parameter, ...]:
    """What the cell tagged `parameters` declares: `name: type = default  # help`."""
    tagged = (c for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
    source = next((c.source for c in tagged if c.cell_type == "code"), "")
    lines = source.encode().splitlines()
    try:
        declared = [a for a in ast.parse(source).body if isinstance(a, ast.Assign | ast.AnnAssign)]
        return tuple(
            Parameter(
                ast.unparse(a.target if isinstance(a, ast.AnnAssign) else a.targets[0]),
                ast.literal_eval(a.value or ""),
                lines[(a.end_lineno or 1) - 1][a.end_col_offset :]
                .decode()
                .partition("#")[2]
                .strip(),
            )
            for a in declared
        )
    except (SyntaxError, ValueError) as error:
        raise InputError("the notebook's parameters cannot be read", reason=str(error)) from error


def check_parameters(
    declared: Iterable[Parameter], given: Mapping[str, Any], notebook: str
) -> dict[str, Any]:
    """The values to run with: defaults, and over them what was given, each of its declared type.

    Raises:
        InputError: A name is unknown or a value does not fit; lists the valid ones.
    """
    known = {parameter.name: parameter for parameter in declared}
    hint = "valid: " + ("; ".join(str(parameter) for parameter in known.values()) or "none")
    values = {name: parameter.default for name, parameter in known.items()}
    for name, value in given.items():
        if name == "workspace" and name not in known:
            continue  # a notebook that needs none
        if name not in known:
            raise InputError(f"unknown parameter {name!r}", where=notebook, hint=hint)
        try:
            values[name] = _convert(value, type(known[name].default))
        except (TypeError, click.BadParameter) as error:
            raise InputError(
                f"parameter {name!r} cannot be {value!r}",
                reason=f"it is a {_KINDS.get(type(known[name].default), 'value')}",
                where=notebook,
                hint=hint,
            ) from error
    return values


def _convert(value: Any, kind: type) -> Any:
    if kind is type(None) or type(value) is kind:
        return value
    if value is None or kind not in _KINDS:
        raise TypeError
    return click.types.convert_type(kind).convert(str(value), None, None)


def _notebook_folder() -> Path:
    installed = resources.files("hookanalysis").joinpath("notebooks")
    if installed.is_dir():
        return Path(str(installed))
    return Path(__file__).parents[3] / "notebooks"


def _read_notebook(path: Path) -> NotebookNode:
    import nbformat

    invalid: Any = nbformat.ValidationError
    try:
        notebook: NotebookNode = nbformat.read(path, 4)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, invalid) as error:
        raise InputError(
            "the notebook cannot be read", reason=str(error)[:200], where=str(path)
        ) from error
    return notebook


def _absolute(workspace: str | Path) -> str:
    if not str(workspace):
        return ""
    check_exists(str(workspace))
    return str(Path(workspace).absolute())


def _marked(target: Path) -> Path:
    """Where a report that failed is left: beside the real name, never under it."""
    return target.with_name(f"{target.stem}.failed.html")


def _tell_failure(run: Run, page: Page, target: Path) -> HookAnalysisError:
    """Leave what there is in a marked page, and say what went wrong."""
    failure = run.failure
    if failure is None or isinstance(failure, InputError | BusyError | StorageError):
        return failure or ReportError("the notebook failed")
    place = f" in {failure.where}" if failure.where else ""
    reason = f"{failure.what[:1].upper()}{failure.what[1:]}{place}."
    marked = replace(page, title=f"Incomplete: {page.title}", broken=reason)
    _write(_marked(target), write_page(run.notebook, marked).encode())
    return ReportError(
        failure.what,
        reason=failure.reason,
        where=f"{_marked(target)} shows how far it got",
        hint=failure.hint or "open the notebook in JupyterLab and run it cell by cell",
    )


def _page(
    path: Path, source: NotebookNode, values: dict[str, Any], facts: Mapping[str, Any]
) -> Page:
    first = next((c.source for c in source.cells if c.source.startswith("# ")), path.stem)
    said = [v for name, v in values.items() if name not in _UNTITLED and v and isinstance(v, str)]
    names = {name: value for name, value in values.items() if name not in _OF_LETTERS}
    if "workspace" in names:
        names["workspace"] = Path(names["workspace"]).name or "the bundled samples"
    versions = " · ".join(f"{name} {value}" for name, value in facts.get("versions", {}).items())
    zone = facts.get("period", {}).get("timezone", "UTC")
    return Page(
        times="All times are UTC" if zone == "UTC" else f"All times are local: {zone}",
        title=" · ".join([re.sub(r"^# *", "", first.splitlines()[0]), *said]),
        colophon=(
            ("Notebook", path.name),
            *(
                (name.capitalize().replace("_", " "), str(value) or "all")
                for name, value in names.items()
            ),
            *([("Made by", versions)] if versions else []),
            ("Charts", "Vega and Vega-Lite, University of Washington, BSD-3-Clause"),
        ),
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable("the report's folder cannot be made", error, folder) from error


def _write(path: Path, data: bytes) -> None:
    """All or nothing, for the owner alone: a reader sees the old file or the new one."""
    with write_beside(path, "the report cannot be written") as part:
        part.write_bytes(data)
