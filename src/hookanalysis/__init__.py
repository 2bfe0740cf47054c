"""Reconcile a webhook sender's delivery log with the receiver's own logs.

import hookanalysis as ha

ws = ha.connect("case.duckdb")
ws.load("exports/", "logs/")
ws.reconcile()
ws.facts()
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import charts, sections
    from .errors import HookAnalysisError
    from .facts.measures import Facts
    from .load.files import LoadReport
    from .markup import show
    from .reporting.reports import run_report
    from .settings import Settings
    from .workspace import Workspace, connect, open_case

__all__ = [
    "Facts",
    "HookAnalysisError",
    "LoadReport",
    "Settings",
    "Workspace",
    "charts",
    "connect",
    "open_case",
    "run_report",
    "sections",
    "show",
]

_HOME = {
    "Facts": "facts.measures",
    "HookAnalysisError": "errors",
    "LoadReport": "load.files",
    "Settings": "settings",
    "Workspace": "workspace",
    "connect": "workspace",
    "open_case": "workspace",
    "run_report": "reporting.reports",
    "show": "markup",
}


def __getattr__(name: str) -> Any:
    # Names are fetched when used, so that the package itself costs nothing to import.
    if name == "__version__":
        from importlib.metadata import version

        return version(__name__)
    if name in {"charts", "sections"}:
        return import_module(f".{name}", __name__)
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
