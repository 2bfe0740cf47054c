"""Plays the stories of servers into a folder: `python -m lab FOLDER NAME…`.

Time-outs and quiet times make them a minute of waiting, which passes beside the other tests.
"""

import pickle
import sys
import traceback
from pathlib import Path

from . import rounds, story
from .programs import NGINX
from .servers import SERVERS

# nginx before gunicorn, with faults of each.
RECEIVER = "receiver"
# What became of it: the stories by name, or why there are none.
TOLD = "stories.pickle"


def play(folder: Path, names: list[str]) -> dict[str, story.Story]:
    servers = [server for server in SERVERS if server.name in names and not server.missing]
    stories = rounds.play_all(folder, servers)
    if RECEIVER in names and NGINX:
        stories[RECEIVER] = story.play(folder / RECEIVER)
    return stories


def main() -> None:
    folder = Path(sys.argv[1])
    told: dict[str, story.Story] | str
    try:
        told = play(folder, sys.argv[2:])
    except Exception:  # noqa: BLE001 - the test that waits for it says it
        told = traceback.format_exc()
    unfinished = folder / f"{TOLD}.part"
    unfinished.write_bytes(pickle.dumps(told))
    unfinished.rename(folder / TOLD)


if __name__ == "__main__":
    main()
