"""Runs commands in children of its own, each with one call that fails: `python -m faults.runner`.

A line of JSON on its input is a command, one on its output what became of it. The children are
forked, for a start of the interpreter takes longer than what is tried.
"""

import ctypes
import json
import os
import sys
import time
from typing import Any

KINDS = ("write", "sync", "open", "rename", "mkdir", "allocate")
# Seconds after which a command hangs.
PATIENCE = 120


def run(shim: ctypes.CDLL, wish: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        _go(shim, wish, writing)
    os.close(writing)
    ends = time.monotonic() + PATIENCE
    gone, status = os.waitpid(pid, os.WNOHANG)
    while not gone:
        if time.monotonic() > ends:
            os.kill(pid, 9)
        time.sleep(0.01)
        gone, status = os.waitpid(pid, os.WNOHANG)
    with os.fdopen(reading) as told:
        text = told.read()
    return {"code": os.waitstatus_to_exitcode(status), "calls": json.loads(text) if text else {}}


def _go(shim: ctypes.CDLL, wish: dict[str, Any], writing: int) -> None:
    from hookanalysis.cli import main

    os.chdir(wish["folder"])
    out = os.open(wish["out"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    sys.argv = ["hookanalysis", *wish["words"]]
    kind = KINDS.index(wish["kind"])
    code: Any = 70
    shim.fail_arm(
        wish["folder"].encode(), kind, ctypes.c_long(wish["n"]), wish["errno"], wish["lasting"]
    )
    try:
        main()
    except SystemExit as out_of:
        code = out_of.code or 0
    except BaseException as error:  # noqa: BLE001 - a traceback is what must not be
        os.write(2, f"Traceback: {error!r}\n".encode())
        code = 99
    calls = {name: shim.fail_count(number) for number, name in enumerate(KINDS)}
    os.write(writing, json.dumps(calls).encode())
    os._exit(code)


def main() -> None:
    import duckdb  # noqa: F401 - all that a command needs is there when a child begins
    import numpy  # noqa: F401, ICN001
    import pandas  # noqa: F401, ICN001
    import scipy.sparse.csgraph  # noqa: F401

    import hookanalysis.cli
    import hookanalysis.workspace  # noqa: F401

    shim = ctypes.CDLL(os.environ["LD_PRELOAD"])
    shim.fail_count.restype = ctypes.c_long
    for line in sys.stdin:
        sys.stdout.write(json.dumps(run(shim, json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
