"""Files that appear whole or not at all, and folders for work that outlive no run."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import InputError, unwritable

_STARTED = time.time()
_PREFIX = ".hka-work-"
_WORK = re.compile(re.escape(_PREFIX) + r"\w{8}")
_FRESH_SECONDS = 60  # between a folder and its lock there is a moment


def check_exists(path: str) -> None:
    """Check that a workspace file is there.

    Raises:
        InputError: It is not.
    """
    if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file fails where the name is too long
        raise InputError(
            "there is no such workspace", where=path, hint="`hookanalysis load PATH…` makes one"
        )


def check_target(path: Path) -> None:
    """Check that a file may be written as `path`: in the place of a file, or of nothing.

    Raises:
        InputError: It is a link, a device, a pipe or a folder.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise InputError(
            "only a file is overwritten",
            reason="this is a link, a folder or a device",
            where=str(path),
            hint="name another file",
        )


@contextmanager
def private() -> Iterator[None]:
    """What files come to be meanwhile, DuckDB's own too, is for their owner alone."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def write_beside(path: Path, what: str) -> Iterator[Path]:
    """A file to be written, for the owner alone; it takes the name `path` when it is whole.

    Raises:
        InputError: `path` cannot be a file; `what` says so.
        StorageError: The disk or the folder refuses.
    """
    check_target(path)
    try:
        with work_folder(path.parent) as folder:
            part = folder / path.name
            yield part
            part.chmod(0o600)
            with part.open("rb") as file:
                os.fsync(file.fileno())
            part.replace(path)
    except OSError as error:
        raise unwritable(what, error, path) from error


@contextmanager
def work_folder(parent: Path | None = None) -> Iterator[Path]:
    """A private folder, gone at the end; those of runs that were killed are cleared first."""
    place = parent or Path(tempfile.gettempdir())
    clear_work(place)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=place, ignore_cleanup_errors=True) as name:
        handle = os.open(name, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield Path(name)
        finally:
            os.close(handle)


def clear_work(place: Path) -> None:
    """Remove the folders that runs left there that were killed."""
    with suppress(OSError):
        for old in filter(lambda found: _WORK.fullmatch(found.name), place.iterdir()):
            _clear(old)


def _clear(folder: Path) -> None:
    """Remove a folder whose maker is gone: nobody holds its lock."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            found = os.fstat(handle)
            if found.st_uid == os.geteuid() and found.st_mtime < time.time() - _FRESH_SECONDS:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(handle)


def clear_spilled(workspace: str) -> None:
    """Remove what DuckDB wrote beside a workspace for want of memory, in runs that were killed.

    The caller holds the workspace alone: what is older than this process is nobody's.
    """
    folder = Path(f"{workspace}.tmp")
    for file in folder.glob("duckdb_temp_*") if not folder.is_symlink() else ():
        with suppress(OSError):
            if file.lstat().st_mtime < _STARTED:
                file.unlink()


# A spreadsheet takes a cell that begins so for a formula (also in the full-width forms); and in
# countries where a semicolon parts the cells, what follows one in a text, or a line end, is a cell.
_FORMULA = re.compile(r"(?:^|(?<=[;\n\t\r]))(?=[ \ufeff\"']*[=+\-@\t\r|\uff1d\uff0b\uff0d\uff20])")


def no_formula(value: object) -> object:
    """A value of a sheet: text that a spreadsheet would run is marked as text."""
    return _FORMULA.sub("'", value) if isinstance(value, str) else value
