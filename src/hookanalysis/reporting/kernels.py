"""A notebook run by papermill in a kernel of its own: private, bounded in time, left clean.

The kernel is this very Python, started in an empty folder, with its sockets in a folder that only
this user can open, without the user's IPython profile. Failures come back as values, together
with the cells that did run.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import re
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from hookanalysis.errors import BusyError, HookAnalysisError, InputError, ReportError

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbformat import NotebookNode

T = TypeVar("T")

START_SECONDS = 60
_LONGEST_SOCKET = 90  # a path of a Unix socket may not be longer than some 100 characters
_OWN_ERRORS = {"InputError": InputError, "BusyError": BusyError, "ReportError": ReportError}
_LABELS = {"error": "what", "reason": "reason", "where": "where", "hint": "hint"}
_SECRET_NAMES = re.compile(
    r"SECRET|TOKEN|PASSWORD|PASSWD|API_?KEY|PRIVATE_KEY|CREDENTIAL", re.IGNORECASE
)
_SHORTEST_SECRET = 8


@dataclass
class Run:
    """What became of a notebook: its cells with outputs, and why it stopped, if it did."""

    notebook: NotebookNode
    failure: HookAnalysisError | None = None


def run_notebook(
    notebook: NotebookNode, parameters: dict[str, Any], *, timeout_seconds: float
) -> Run:
    """Run all cells with `parameters` injected; the deadline is one for the whole notebook.

    Args:
        notebook: With a cell tagged `parameters`.
        parameters: Checked already.
        timeout_seconds: For the whole of it, the start of the kernel apart.
    """
    _quieten()
    kept: list[Any] = []
    with tempfile.TemporaryDirectory(prefix="hka-") as folder:
        options = {"keep": kept, "folder": Path(folder), "timeout_seconds": timeout_seconds}
        failure = _in_own_loop(lambda: _execute(notebook, parameters, options))
    run = Run(kept[-1].nb if kept else notebook, failure)
    _redact(run.notebook)
    if run.failure is None and (skipped := _count_skipped(run.notebook)):
        run.failure = ReportError(
            "the notebook stopped early", reason=f"{skipped} of its cells did not run"
        )
    return run


def _execute(
    notebook: NotebookNode, parameters: dict[str, Any], options: dict[str, Any]
) -> HookAnalysisError | None:
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill import PapermillExecutionError, execute_notebook
    from papermill.engines import papermill_engines

    papermill_engines.register("hookanalysis", _make_engine())
    try:
        execute_notebook(
            notebook,
            None,
            parameters,
            engine_name="hookanalysis",
            kernel_name="python3",
            language="python",
            progress_bar=False,
            start_timeout=START_SECONDS,
            **options,
        )
    except PapermillExecutionError as error:
        said = _redact_in(error.evalue, _find_secrets())
        return _read_failure(error.ename, said, error.exec_count)
    except CellTimeoutError:
        return ReportError(
            "the notebook took too long",
            reason=f"it was stopped after {options['timeout_seconds']:,.0f} s",
            hint="allow more time, or report a shorter period",
        )
    except DeadKernelError:
        return ReportError(
            "the notebook's kernel died",
            reason="it ended by itself, or the system ended it for want of memory",
            hint="report a shorter period, or free some memory",
        )
    except RuntimeError as error:
        return ReportError("the notebook's kernel did not start", reason=str(error)[:200])
    return None


def _in_own_loop(work: Callable[[], T]) -> T:
    """Call `work`; the event loop that Jupyter makes for it, and never closes, is closed."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return contextvars.Context().run(_close_loop_after, work)
    return work()  # inside a notebook: Jupyter uses a thread of its own


def _close_loop_after(work: Callable[[], T]) -> T:
    from jupyter_core.utils import ensure_event_loop

    loop = ensure_event_loop()
    try:
        return work()
    finally:
        loop.close()
        asyncio.set_event_loop(None)


def _quieten() -> None:
    # JupyterLab, where it is installed, brings a grammar of IRIs that takes over a second to build
    # at import and that nothing here uses; jsonschema does without it.
    if "rfc3987_syntax" not in sys.modules:
        sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]


def _make_engine() -> Any:
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine
    from traitlets.config import Config

    class ThisPython(AsyncKernelManager):
        """Kernels of this very interpreter, whatever kernels the user has put in its place."""

        @property
        def kernel_spec(self) -> KernelSpec:
            command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=command, display_name="Python 3", language="python")

    class Engine(NBClientEngine):  # type: ignore[misc]
        """Papermill's own engine, but cells survive a failure and the folder is private."""

        @classmethod
        def execute_managed_notebook(
            cls, nb_man: Any, kernel_name: str, *, keep: list[Any], folder: Path, **options: Any
        ) -> None:
            keep.append(nb_man)
            started: list[float] = []

            def remaining(_: Any) -> float:
                started.append(time.monotonic())
                left: float = started[0] + options["timeout_seconds"] - time.monotonic()
                return max(left, 0.001)

            manager = {"connection_file": str(folder / "kernel.json")}
            if os.name == "posix" and len(str(folder)) < _LONGEST_SOCKET:
                manager |= {"transport": "ipc", "ip": str(folder / "k")}
            client = PapermillNotebookClient(
                nb_man,
                kernel_name=kernel_name,
                kernel_manager_class=ThisPython,
                config=Config({"KernelManager": manager}),
                startup_timeout=options["start_timeout"],
                timeout_func=remaining,
                shutdown_kernel="immediate",
                extra_arguments=["--IPKernelApp.log_level=40"],
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                client.execute(env=_environment(folder), cwd=str(folder))

    return Engine


def _environment(folder: Path) -> dict[str, str]:
    """The caller's environment, with relative import paths made absolute: the folder changes."""
    environment = {**os.environ, "IPYTHONDIR": str(folder / "ipython")}
    # debugpy warns about the interpreter's frozen modules; nobody attaches a debugger here.
    environment["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    if paths := environment.get("PYTHONPATH"):
        absolute = [str(Path(path).absolute()) for path in paths.split(os.pathsep) if path]
        environment["PYTHONPATH"] = os.pathsep.join(absolute)
    return environment


def _read_failure(name: str, text: str, cell: int | None) -> HookAnalysisError:
    """The error of a cell: our own as it was raised, any other without the data it may quote."""
    if name in _OWN_ERRORS:
        found = re.findall(r"^ *(error|reason|where|hint): (.*)$", text, re.MULTILINE)
        parts = {_LABELS[label]: words for label, words in found}
        return _OWN_ERRORS[name](parts.pop("what", text.splitlines()[0] if text else name), **parts)
    where = f"cell {cell}" if cell is not None else ""
    first = text.strip().splitlines()[0][:200] if text.strip() else ""
    return ReportError("the notebook failed", reason=f"{name}: {first}".rstrip(": "), where=where)


def _count_skipped(notebook: NotebookNode) -> int:
    """Cells that never ran to their end; to papermill, `sys.exit(0)` looks like success."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    done = [cell.metadata.get("papermill", {}).get("status") == "completed" for cell in cells]
    ended = [any(out.output_type == "error" for out in cell.get("outputs", [])) for cell in cells]
    return sum(not ok or failed for ok, failed in zip(done, ended, strict=True))


def _redact(notebook: NotebookNode) -> None:
    """Take the values of secret environment variables out of all outputs: a second wall."""
    secrets = _find_secrets()
    for cell in notebook.cells if secrets else ():
        for output in cell.get("outputs", []):
            with contextlib.suppress(AttributeError):
                _redact_in(output, secrets)


def _find_secrets() -> list[str]:
    """The values of the environment variables that are called secret, the longest first."""
    found = (
        value
        for name, value in os.environ.items()
        if _SECRET_NAMES.search(name.upper()) and len(value) >= _SHORTEST_SECRET
    )
    return sorted(found, key=len, reverse=True)


def _redact_in(part: Any, secrets: list[str]) -> Any:
    if isinstance(part, str):
        for secret in secrets:
            part = part.replace(secret, "[secret]")
        return part
    if isinstance(part, dict):
        for key, value in part.items():
            part[key] = _redact_in(value, secrets)
        return part
    return [_redact_in(value, secrets) for value in part] if isinstance(part, list) else part
