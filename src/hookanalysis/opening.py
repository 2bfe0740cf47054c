"""The DuckDB file under a workspace: found, opened locked down, and what its errors come to."""

from __future__ import annotations

import fcntl
import os
import re
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import duckdb

from .errors import BusyError, HookAnalysisError, InputError, StorageError, unwritable
from .outputs import check_exists, check_target

# Nothing in a log may reach the network or another file through the database. Readers of untrusted
# formats are never asked either: bytes become records in `read/`. What does not fit into the
# memory goes to a temporary file beside the workspace, which costs little.
_LOCKDOWN: dict[str, str | int] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "allow_persistent_secrets": False,
    "enable_external_access": False,
    # Rows go to the file by one group of each core, not by five: less memory, and less time.
    "write_buffer_row_group_count": 1,
}

# Where DuckDB would look for a service or a plug-in instead of a file; and no name at all.
_NO_FILE = re.compile(r"\w\w+:|:memory:.|.*[\0\ud800-\udfff]|$", re.DOTALL)
_MARK = b"DUCK"  # behind the first eight bytes
_HEADERS = 3 * 4096  # of a DuckDB file; a smaller one holds nothing

# What a file can hold besides plain tables: what it defines would run in the place of DuckDB's own
# functions, even of `+`. So this asks for them by their full names, and before all else.
_FOREIGN = """
SELECT function_name FROM system.main.duckdb_functions() WHERE NOT internal
UNION ALL SELECT view_name FROM system.main.duckdb_views() WHERE NOT internal
UNION ALL SELECT table_name FROM system.main.duckdb_tables() WHERE schema_name <> 'main'
UNION ALL SELECT column_name FROM system.main.duckdb_columns()
  WHERE NOT internal AND column_default IS NOT NULL
UNION ALL SELECT constraint_name FROM system.main.duckdb_constraints()
UNION ALL SELECT index_name FROM system.main.duckdb_indexes()
"""

# DuckDB wraps what the system says of a disk in errors of many kinds.
_REFUSED = re.compile(
    r"No space left|File too large|quota exceeded|Permission denied|Read-only file system"
    r"|Operation not permitted|Input/output error|fsync failed"
)
_DAMAGED = re.compile(r"Corrupt|Could not read enough bytes|not a valid DuckDB|replaying WAL")


def connect_memory(*, locked: bool = True) -> duckdb.DuckDBPyConnection:
    """Open a database in memory, locked down like a workspace; it works on one core.

    It holds one chunk of a file, whatever the machine. That gives a second core nothing to do, and
    waiting for work costs a fifth more CPU. Access to files is off, also where not `locked`.
    """
    return _connect(":memory:", {"threads": 1, "memory_limit": "800MB"}, locked=locked)


def _connect(
    path: str, more: Mapping[str, str | int], *, read_only: bool = False, locked: bool = True
) -> duckdb.DuckDBPyConnection:
    # All is shut before a file is opened: its views and defaults may come from anybody. A folder
    # to spill to is only taken while files are in reach; in memory, nothing is opened before that.
    shut = _LOCKDOWN | {"enable_external_access": "temp_directory" in more}
    con = duckdb.connect(path, read_only=read_only, config={**shut, **more})
    con.execute("SET enable_external_access = false")
    if path != ":memory:" and (foreign := con.execute(_FOREIGN).fetchmany(5)):
        con.close()
        raise InputError(
            "this DuckDB file is not a hookanalysis workspace",
            reason=f"it holds more than tables: {', '.join(name for (name,) in foreign)}",
            where=path,
            hint="name a new file with --workspace",
        )
    con.execute("SET GLOBAL TimeZone = 'UTC'")
    query = "SELECT current_setting('enable_progress_bar'), current_setting('threads')"
    ((bar, threads),) = con.execute(query).fetchall()
    # A bar of DuckDB's would stand in a notebook's cell, and so in the report. Where Jupyter lacks
    # what it needs to draw one, it is off, and even switching it off is refused.
    if bar:
        con.execute("SET enable_progress_bar = false")
    # DuckDB knows the quota of a container, and not the cores that a process is bound to.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else threads
    if cores < threads:
        con.execute(f"SET threads = {cores}")
    if locked:
        con.execute("SET lock_configuration = true")
    return con


def open_part(memory: str, spill: Path) -> duckdb.DuckDBPyConnection:
    """Open a database in memory, locked down, for rows that go elsewhere; the rest to `spill`."""
    spilled = str(spill)
    return _connect(":memory:", {"memory_limit": memory, "threads": 1, "temp_directory": spilled})


def open_file(
    path: str, memory: str, wait_seconds: float, *, read_only: bool
) -> duckdb.DuckDBPyConnection:
    """Open a workspace's file, locked down; wait so long for another process that holds it.

    `memory` is a share of what DuckDB finds ("40%"), which knows what a container may take by
    either version of control groups; or an amount ("400MB").

    Raises:
        BusyError: It is held for longer.
        InputError: It is no DuckDB file, or cannot be opened; `StorageError` where the disk is why.
    """
    if read_only:
        check_exists(path)
    _check_file(path)
    if not read_only:
        _clear_stub(path)
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            return _connect(path, {"memory_limit": memory}, read_only=read_only)
        except duckdb.Error as error:
            text = str(error)
            if "Could not set lock" not in text and "different configuration" not in text:
                raise _unusable(path, text) from error
            if time.monotonic() >= deadline:
                raise _busy(path, text) from error
            time.sleep(0.1)


def _check_file(path: str) -> None:
    """Check that there is, or may be, a DuckDB file; what DuckDB takes for a service is none."""
    is_file, reason = os.path.isfile(path), ""  # noqa: PTH113 - as above
    if _NO_FILE.match(path):
        reason = "it must be the path of a file on this machine"
    elif path != ":memory:" and os.path.exists(path):  # noqa: PTH110 - as above
        head = b""
        if is_file:  # to open a pipe would wait for its writer
            # What cannot be read is DuckDB's to tell.
            with suppress(OSError), Path(path).open("rb") as opened:
                head = opened.read(12)
        if head[8:] != _MARK and (head or not is_file):
            reason = "it is no DuckDB file"
    if reason:
        raise _unusable(path, reason)
    # Beside it, DuckDB would write through a link, and wait for a pipe's other end.
    with suppress(OSError):
        spilled = Path(f"{path}.tmp")
        logs = [Path(f"{path}.{end}") for end in ("wal", "wal.checkpoint", "wal.recovery")]
        for file in (*logs, *filter(Path.is_symlink, [spilled]), *spilled.glob("*")):
            check_target(file)


def _clear_stub(path: str) -> None:
    """Remove what a disk that was full, or a kill, left of a file while it was made."""
    with suppress(OSError):
        if Path(path).stat().st_size < _HEADERS:
            with Path(path).open("r+b") as file:
                # As DuckDB does, while it makes it.
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                Path(path).unlink()


def _busy(path: str, text: str) -> BusyError:
    pid = re.search(r"PID (\d+)", text)
    holder = f"process {pid.group(1)}" if pid else "this process, in another mode,"
    return BusyError(
        "the workspace is in use",
        reason=f"{holder} holds it",
        where=path,
        hint="close the notebook or wait for the run that uses it, then try again",
    )


def _unusable(path: str, text: str) -> HookAnalysisError:
    kind = StorageError if _REFUSED.search(text) else InputError
    return kind(
        "the workspace cannot be opened",
        reason=text.partition("\n")[0],
        where=path,
        hint="name a new file with --workspace and load the sources again",
    )


def explain(error: Exception) -> HookAnalysisError:
    """What an error of the database, the disk or this package's own comes to."""
    reason = str(error).partition("\n")[0][:200]
    if isinstance(error, duckdb.Error) and _DAMAGED.search(reason):
        return InputError(
            "the workspace is damaged",
            reason=reason,
            hint="name a new file with --workspace and load the sources again",
        )
    if "cannot encode str as UTF-8" in reason:
        return InputError("a word that was given is no text", reason=reason)
    if isinstance(error, OSError | duckdb.IOException) or _REFUSED.search(reason):
        told = error if isinstance(error, OSError) else OSError(reason)
        return unwritable("the work could not be finished", told, told.filename or "")
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(__file__).parent in Path(frame.filename).parents]
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in ours[-3:]]
    memory = isinstance(error, MemoryError | duckdb.OutOfMemoryException)
    return HookAnalysisError(
        "the memory was not enough" if memory else "hookanalysis has failed; the fault is its own",
        reason=f"{type(error).__name__}: {reason}",
        where=", ".join(places),
        hint="what was finished before is not lost; if it happens again, report these lines",
    )
