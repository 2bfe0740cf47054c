"""Processes that read files apart, each by itself, and what becomes of them.

A worker is a new interpreter (no fork, which would break DuckDB) that imports this
package alone (not the caller's program, as `multiprocessing` would). It ends when its parent does.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from hookanalysis.database import Database
from hookanalysis.errors import HookAnalysisError
from hookanalysis.opening import explain
from hookanalysis.outputs import clear_work, work_folder
from hookanalysis.read.postgres import Table

from .manifest import Generation
from .offers import Wishes
from .parts import Part, read_part
from .transfers import Offer, OrderError

# To start a process, and to plan there how a format is read, takes as long as to read this much.
WORTH_BYTES = 16 << 20
# What a process may take: of its two databases, and what is read at once.
_EACH_BYTES = 2**30 * 5 // 4
_MEMORY = "400MB"

_PROGRAM = """
import os, sys
sys.path[:] = sys.argv[2].split(os.pathsep)
from hookanalysis.load.workers import serve
serve(int(sys.argv[1]))
"""


class Worker:
    """One process, and the offer that it reads."""

    def __init__(self, task: object) -> None:
        self.at: int | None = None
        self.link, other = Pipe()
        program = [sys.executable, "-P", "-c", _PROGRAM, str(other.fileno())]
        with other:
            self.process = subprocess.Popen(  # noqa: S603 - this interpreter, and this package
                [*program, os.pathsep.join(sys.path)],
                stdin=subprocess.PIPE,  # its end tells the worker that nobody waits for it
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[other.fileno()],
            )
        try:
            self.link.send(task)
        except OSError:
            self.end()
            raise

    def end(self) -> int:
        """End it, whatever it does; returns its exit code."""
        self.process.kill()
        self.link.close()
        if self.process.stdin:
            self.process.stdin.close()
        return self.process.wait()


class Workers:
    """Reads offers apart, some at a time; their parts are taken in any order.

    Without processes (`count` is 0), where reading apart brings nothing, all is read here.
    """

    def __init__(
        self,
        count: int,
        offers: Sequence[Offer | Table],
        wishes: Wishes,
        generations: Sequence[Generation],
        folder: Path | None,
    ) -> None:
        self._progress = wishes.progress
        self._task = (replace(wishes, progress=None), generations, folder)
        self._offers, self._folder = offers, folder
        self._todo = deque(n for n, offer in enumerate(offers) if isinstance(offer, Offer))
        self._done: dict[int, Part | Exception | None] = {}
        self.running: list[Worker] = []
        for _ in range(count):
            self._start()

    def _start(self) -> None:
        with suppress(OSError):  # without them all is read here
            self.running.append(Worker(self._task))

    def take(self, number: int) -> Part | Exception | None:
        """The part of an offer, once it is read; an error where its process died.

        None: it is to be read into the workspace at once.
        """
        if self._folder:
            shutil.rmtree(self._folder / str(number - 1), ignore_errors=True)
        while number not in self._done:
            waits = self.running and self._todo and number >= self._todo[0]
            if not waits and all(worker.at != number for worker in self.running):
                return None
            self._listen()
        return self._done.pop(number)

    def _listen(self) -> None:
        """Hear what is next said, and give work to who has none."""
        heard = wait([worker.link for worker in self.running])
        for worker in [one for one in self.running if one.link in heard]:
            try:
                said, *more = worker.link.recv()
            except (EOFError, OSError):
                self._bury(worker)
                continue
            if said == "progress":
                if self._progress:
                    self._progress(*more)
                continue
            if worker.at is not None:
                self._done[worker.at] = more[0]
            worker.at = self._todo.popleft() if self._todo else None
            if worker.at is None:
                self.running.remove(worker)
                worker.end()
                continue
            try:
                worker.link.send((worker.at, self._offers[worker.at]))
            except OSError:
                self._bury(worker)

    def _bury(self, worker: Worker) -> None:
        """What a process leaves that died: its file is refused, and another one takes its place."""
        self.running.remove(worker)
        with suppress(subprocess.TimeoutExpired):
            worker.process.wait(timeout=5)  # its socket closes before it is gone
        code = worker.end()
        if worker.at is None:
            return
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        self._done[worker.at] = HookAnalysisError(
            "the process that read the file was killed",
            reason=f"{how}; 9 is often the system's answer to a lack of memory",
            where=self._offers[worker.at].name,
            hint="load it again by itself, with --jobs 1",
        )
        self._start()

    def end(self) -> None:
        """End all processes."""
        for worker in self.running:
            worker.end()


@contextmanager
def open_workers(
    db: Database,
    offers: Sequence[Offer | Table],
    wishes: Wishes,
    generations: Sequence[Generation],
    jobs: int | None,
) -> Iterator[Workers]:
    """As many workers as help; none for one file, or for little."""
    place = Path(gettempdir() if db.path == ":memory:" else db.path).absolute()
    place = place if place.is_dir() else place.parent
    clear_work(place)
    count = _count(db, offers, jobs)
    if count < 2:
        yield Workers(0, offers, wishes, generations, None)
        return
    with work_folder(place) as folder:
        workers = Workers(count, offers, wishes, generations, folder)
        try:
            yield workers
        finally:
            workers.end()


def _count(db: Database, offers: Sequence[Offer | Table], jobs: int | None) -> int:
    sizes = []
    for offer in offers:
        with suppress(OSError):
            if isinstance(offer, Offer) and offer.path.is_file():
                sizes.append(offer.path.stat().st_size)
    # As much again as the workspace may take is for all that reads beside it.
    return min(count_cores(db, jobs), len(sizes), sum(sizes) // WORTH_BYTES)


def count_cores(db: Database, jobs: int | None) -> int:
    """How many cores the memory lets work: at most the jobs that are asked for, at least one."""
    query = (
        "SELECT current_setting('threads'), parse_formatted_bytes(current_setting('memory_limit'))"
    )
    cores, room = db.rows(query)[0]
    return int(max(min(jobs or cores, room // _EACH_BYTES), 1))


def serve(handle: int) -> None:
    """Be a worker: read what is offered through a socket, until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers
    os.umask(0o077)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    link = Connection(handle)
    wishes, generations, folder = link.recv()
    wishes = replace(wishes, progress=lambda *told: link.send(("progress", *told)))
    with Database(":memory:", memory=_MEMORY, spill=folder / f"spill-{os.getpid()}") as db:
        link.send(("ready",))
        while True:
            number, offer = link.recv()
            place = folder / str(number)
            place.mkdir()
            found: Any
            try:
                found = read_part(db, offer, wishes, place, generations)
            except OrderError:
                found = None
            except Exception as error:  # noqa: BLE001 - whatever it is, the file waits for it
                found = error if isinstance(error, HookAnalysisError) else explain(error)
            link.send(("done", found))


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)
