"""Judge the stored worlds anew, and show what differs from the accepted state.

make worlds                                all worlds; exit code 1: something differs
make worlds GATE="--world 17"              only this world, and each row that differs
make worlds GATE="--dump DIR"              keep this checkout's results in DIR
make worlds GATE="--base DIR"              compare with results that another checkout kept
make accept                                show what differs, and accept it
make accept GATE=--inputs                  play the worlds anew, store and accept them
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from .comparing import compare
from .worlds import ACCEPTED, INPUTS, store_inputs, stored_worlds, write_results


def main() -> int:
    """Judge, compare, print; accept where that is asked."""
    arguments = _read_arguments()
    started = time.monotonic()
    if arguments.inputs:
        store_inputs()
        print(f"the worlds were played anew, and their inputs stored: {_size(INPUTS)}")
    stored = stored_worlds()
    worlds = arguments.world or list(stored)
    with TemporaryDirectory() as folder:
        results = arguments.dump or Path(folder) / "results"
        for note in write_results(worlds, results):
            print(f"note: {note}")
        base = arguments.base or ACCEPTED
        found = compare(base, results, worlds) if base.exists() else []
        if arguments.accept:
            shutil.copytree(results, ACCEPTED, dirs_exist_ok=True)
    for world in arguments.world:
        print(f"world {world}: {stored[world]}")
    for comparison in found:
        print(*comparison.summarise(), sep="\n")
        if arguments.world:
            print(*comparison.show(), sep="\n")
    print(f"{len(worlds)} worlds in {time.monotonic() - started:.0f} s")
    if arguments.accept:
        print(f"accepted: {_size(ACCEPTED)}")
        return 0
    return int(any(found))


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--world", type=int, nargs="+", default=[], help="only these, row by row")
    parser.add_argument("--dump", type=Path, help="folder that keeps the results")
    parser.add_argument("--base", type=Path, help="kept results, in place of the accepted ones")
    parser.add_argument("--accept", action="store_true", help="accept what comes out")
    parser.add_argument("--inputs", action="store_true", help="first play the worlds anew")
    arguments = parser.parse_args()
    if arguments.accept and arguments.world:
        parser.error("only all worlds together can be accepted")
    if arguments.inputs and not arguments.accept:
        parser.error("new inputs make other results: give --accept too")
    return arguments


def _size(folder: Path) -> str:
    return f"{sum(path.stat().st_size for path in folder.iterdir()) / 1e6:.1f} MB"


if __name__ == "__main__":
    sys.exit(main())
