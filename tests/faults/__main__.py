"""Every point, or some of each kind: `python -m faults [COMMAND …] [--most N]`."""

import argparse
import sys
import tempfile
from pathlib import Path

from test_faults import open_disk, points

from .runner import KINDS


def main() -> None:
    parser = argparse.ArgumentParser(description="Let each call of some commands fail.")
    parser.add_argument("commands", nargs="*", default=["load", "reconcile", "export", "report"])
    parser.add_argument("--most", type=int, default=1 << 30, help="points of each kind")
    options = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as home:
        disk = open_disk(Path(home))
        with disk.process:
            for command in options.commands:
                disk.prepare(command)
                for kind in KINDS:
                    tried = points(disk.calls[command][kind], options.most)
                    found = [(n, told) for n in tried if (told := disk.fail(command, kind, n))]
                    wrong += len(found)
                    sys.stdout.write(f"{command} {kind}: {len(tried)} points, {len(found)} wrong\n")
                    sys.stdout.writelines(f"  {n}: {told}\n" for n, told in found)
                    sys.stdout.flush()
    sys.exit(min(wrong, 1))


if __name__ == "__main__":
    main()
