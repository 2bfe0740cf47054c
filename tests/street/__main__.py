"""Play one world: `python -m street 17 FOLDER`."""

import sys
from pathlib import Path

from . import play

if __name__ == "__main__":
    world = play(int(sys.argv[1]), Path(sys.argv[2]))
    for name, value in world.plan.dimensions().items():
        sys.stdout.write(f"{name:18} {value}\n")
