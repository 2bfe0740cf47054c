"""How far long work is: one line, in a notebook's cell or on a terminal; nothing in a pipe."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .markup import tame
from .words import plural


@contextmanager
def show_reading() -> Iterator[Callable[[str, int], None]]:
    """What `load` tells of each file: its path, and the bytes read so far."""
    with _open_line() as show:
        yield lambda path, done: show(f"reading {tame(Path(path).name)}: {done / 1e6:,.1f} MB")


@contextmanager
def show_steps() -> Iterator[Callable[[int, int], None]]:
    """What `reconcile` tells of its steps: how many are done, of how many."""
    with _open_line() as show:
        yield lambda done, total: show(f"reconciling: {done:,} of {plural(total, 'step')}")


@contextmanager
def _open_line() -> Iterator[Callable[[str], None]]:
    # Where IPython is not running, nobody has imported it.
    ipython: Any = sys.modules.get("IPython")
    if hasattr(ipython.get_ipython() if ipython else None, "kernel"):
        handle = ipython.display.display({"text/plain": "…"}, raw=True, display_id=True)
        yield lambda words: handle.update({"text/plain": words}, raw=True)
    elif sys.stderr.isatty():
        try:
            yield _write
        finally:
            _write("")
    else:
        yield lambda _: None


def _write(words: str) -> None:
    """Put `words` in the place of the terminal's last line."""
    width = shutil.get_terminal_size().columns - 1
    print(f"\r\x1b[K{words[:width]}", end="", file=sys.stderr, flush=True)  # noqa: T201 - its work
