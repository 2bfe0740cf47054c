"""A notebook run in a kernel of its own: private, bounded in time, left clean.

The kernel is this very Python, started in an empty folder, with its sockets in a folder that only
this user can open, without the user's IPython profile. Failures come back as values, together
with the cells that did run.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookanalysis.errors import BusyError, HookAnalysisError, InputError, ReportError, StorageError
from hookanalysis.outputs import work_folder

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from nbformat import NotebookNode

START_SECONDS = 60
_LONGEST_SOCKET = 90  # a path of a Unix socket may not be longer than some 100 characters
_OWN_ERRORS = {kind.__name__: kind for kind in (InputError, BusyError, ReportError, StorageError)}
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
    """Run all cells, with `parameters`, checked already, put in under papermill's own heading.

    The time-out is for the whole of it, the start of the kernel apart.
    """
    # JupyterLab, where it is installed, brings a grammar of IRIs that takes over a second to build
    # at import and that nothing here uses; jsonschema does without it.
    if "rfc3987_syntax" not in sys.modules:
        sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    import nbformat

    assigned = "\n".join(["# Parameters", *(f"{k} = {v!r}" for k, v in parameters.items())])
    filled: NotebookNode = nbformat.from_dict(notebook)  # type: ignore[no-untyped-call]
    tagged = ["parameters" in cell.metadata.get("tags", []) for cell in filled.cells]
    given = nbformat.v4.new_code_cell(assigned)  # type: ignore[no-untyped-call]
    filled.cells.insert(tagged.index(True) + 1 if any(tagged) else 0, given)
    with work_folder() as folder:
        failure = _execute(filled, folder, timeout_seconds)
    secrets = _find_secrets()
    for cell in (cell for cell in filled.cells if cell.cell_type == "code"):
        cell.outputs = _redact(cell.outputs, secrets)  # a second wall
    return Run(filled, failure)


def _execute(
    notebook: NotebookNode, folder: Path, timeout_seconds: float
) -> HookAnalysisError | None:
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    client = _make_client(notebook, folder, timeout_seconds)
    log = folder / "kernel.log"
    try:
        with log.open("wb") as said:
            env = _environment(folder)
            _wait(client.async_execute(env=env, cwd=str(folder), stderr=said))
    except CellExecutionError as error:
        failed = max(cell.get("execution_count") or 0 for cell in notebook.cells)
        return _read_failure(error.ename, _redact(error.evalue, _find_secrets()), failed)
    except CellTimeoutError:
        return ReportError(
            "the notebook took too long",
            reason=f"it was stopped after {timeout_seconds:,.0f} s",
            hint="allow more time, or report a shorter period",
        )
    except RuntimeError as error:
        # A kernel that finds no room for its few files dies; then there is none for this either.
        (folder / "room").write_bytes(bytes(1 << 16))
        if isinstance(error, DeadKernelError):
            return ReportError(
                "the notebook's kernel died",
                reason="it ended by itself, or the system ended it for want of memory",
                hint="report a shorter period, or free some memory",
            )
        *_, reason = (str(error), *log.read_text(errors="replace").splitlines())
        return ReportError("the notebook's kernel did not start", reason=reason[:200])
    finally:
        atexit.unregister(client._cleanup_kernel)  # noqa: SLF001 - would fail once more at the end
    return None


def _wait(work: Coroutine[Any, Any, Any]) -> None:
    """Do `work` in an event loop of its own: inside a notebook one runs already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work)
    else:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, work).result()


def _make_client(notebook: NotebookNode, folder: Path, timeout_seconds: float) -> Any:
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from traitlets.config import Config

    class ThisPython(AsyncKernelManager):
        """Kernels of this very interpreter, whatever kernels the user has put in its place."""

        @property
        def kernel_spec(self) -> KernelSpec:
            command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=command, display_name="Python 3", language="python")

    started: list[float] = []

    def remaining(_: Any) -> float:
        started.append(time.monotonic())
        return max(started[0] + timeout_seconds - time.monotonic(), 0.001)

    manager = {"connection_file": str(folder / "kernel.json")}
    if os.name == "posix" and len(str(folder)) < _LONGEST_SOCKET:
        manager |= {"transport": "ipc", "ip": str(folder / "k")}
    return NotebookClient(
        notebook,
        kernel_manager_class=ThisPython,
        config=Config({"KernelManager": manager}),
        startup_timeout=START_SECONDS,
        timeout_func=remaining,
        shutdown_kernel="immediate",
        extra_arguments=["--IPKernelApp.log_level=40"],
    )


def _environment(folder: Path) -> dict[str, str]:
    """The caller's environment, with relative import paths made absolute: the folder changes."""
    environment = {**os.environ, "IPYTHONDIR": str(folder / "ipython")}
    # debugpy warns about the interpreter's frozen modules; nobody attaches a debugger here.
    environment["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    if paths := environment.get("PYTHONPATH"):
        absolute = [str(Path(path).absolute()) for path in paths.split(os.pathsep) if path]
        environment["PYTHONPATH"] = os.pathsep.join(absolute)
    return environment


def _read_failure(name: str, text: str, cell: int) -> HookAnalysisError:
    """The error of a cell: our own as it was raised, any other without the data it may quote."""
    first = text.strip().partition("\n")[0]
    if name in _OWN_ERRORS:
        parts = dict(re.findall(r"^ *(error|reason|where|hint): (.*)$", text, re.MULTILINE))
        return _OWN_ERRORS[name](parts.pop("error", first or name), **parts)
    reason = f"{name}: {first[:200]}".rstrip(": ")
    return ReportError("the notebook failed", reason=reason, where=f"cell {cell}")


def _find_secrets() -> list[str]:
    """The values of the environment variables that are called secret, the longest first."""
    found = (value for name, value in os.environ.items() if _SECRET_NAMES.search(name))
    return sorted((v for v in found if len(v) >= _SHORTEST_SECRET), key=len, reverse=True)


def _redact(part: Any, secrets: list[str]) -> Any:
    if isinstance(part, str):
        for secret in secrets:
            part = part.replace(secret, "[secret]")
        return part
    if isinstance(part, dict):
        part.update({key: _redact(value, secrets) for key, value in part.items()})
        return part
    return [_redact(value, secrets) for value in part] if isinstance(part, list) else part
