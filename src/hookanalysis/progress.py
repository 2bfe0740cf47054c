"""How far long work is, shown in a notebook; a terminal has its own bar, and a pipe none."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .markup import plural, tame

if TYPE_CHECKING:
    from collections.abc import Callable


def show_reading() -> Callable[[str, int], None] | None:
    """What `load` tells of each file, as one line of the cell; None outside a notebook."""
    line = _open_line()
    if line is None:
        return None
    return lambda path, done: line(f"reading {tame(Path(path).name)}: {done / 1e6:,.1f} MB")


def show_steps() -> Callable[[int, int], None] | None:
    """What `reconcile` tells of its steps, as one line of the cell; None outside a notebook."""
    line = _open_line()
    if line is None:
        return None
    return lambda done, total: line(f"reconciling: {done:,} of {plural(total, 'step')}")


def _open_line() -> Callable[[str], None] | None:
    # Where IPython is not running, nobody has imported it.
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if not hasattr(shell, "kernel"):
        return None
    handle = ipython.display.display({"text/plain": "…"}, raw=True, display_id=True)
    return lambda words: handle.update({"text/plain": words}, raw=True)
