"""Files → attempt and receipt records, rejects and activity: one transaction per file."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from hookanalysis.errors import InputError
from hookanalysis.formats.engine import connect_parser
from hookanalysis.read.sources import open_source
from hookanalysis.tables import TABLES
from hookanalysis.zones import name_database

from . import manifest
from .offers import Wishes, load_offer, recognise, refuse_fault, url_path, walk
from .parts import Part, gather
from .summary import LoadReport, find_lacks
from .transfers import Offer
from .workers import count_cores, open_workers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from hookanalysis.database import Database
    from hookanalysis.read.postgres import Table
    from hookanalysis.settings import Settings

    from .manifest import FileReport


def load(
    db: Database, paths: Iterable[str | Path], wishes: Wishes, jobs: int | None = None
) -> LoadReport:
    """Load files and folders, in any mix; each file is loaded whole or not at all.

    One that cannot be used is refused, what this package made and stands in a folder is passed
    over, the others are loaded: at most `jobs` at a time, by default as many as there are cores.

    Raises:
        InputError: One of `paths` is the address of a database, and cannot be used.
        StorageError: The workspace's disk is full or broken; the files before it are loaded.
    """
    offers = list(walk(paths))
    prepare(db, wishes.settings)
    start = manifest.list_generations(db)
    with open_workers(db, offers, wishes, start, jobs) as workers:
        # What is read here has the cores to itself where no workers are.
        wishes = replace(wishes, threads=1 if workers.running else count_cores(db, jobs))
        reports = [
            _load(db, offer, wishes, workers.take(number), start)
            for number, offer in enumerate(offers)
        ]
    return LoadReport(tuple(reports), find_lacks(db))


def _load(
    db: Database,
    offer: Offer | Table,
    wishes: Wishes,
    part: Part | Exception | None,
    start: Sequence[manifest.Generation],
) -> FileReport:
    """Load a file, by its part where it was read apart and is still what the workspace lacks."""
    if isinstance(part, Exception):
        return refuse_fault(db, offer, part, wishes.known_of(offer.name))
    if part is None or not isinstance(offer, Offer):
        return load_offer(db, offer, wishes)
    old: list[int] = []
    alike = manifest.list_generations(db, part.head_hash) if part.head_hash else []
    if {*alike} != {g for g in start if g.head_hash == part.head_hash} or (wishes.again and alike):
        try:
            source = open_source(offer.path, max_text_bytes=wishes.budget)
            before, old = recognise(db, offer, source, wishes)
        except InputError:
            return load_offer(db, offer, wishes)
        if before != part.before:
            return load_offer(db, offer, wishes)
    return gather(db, part, wishes.known_of(offer.name), old=old)


def prepare(db: Database, settings: Settings) -> None:
    """Note the settings, and the time zones that local times are read by."""
    write_settings(db, settings)
    with db.transaction():
        db.con.execute("UPDATE meta SET tzdata = ?", [name_database()])


def write_settings(db: Database, settings: Settings) -> None:
    """Put the thresholds and endpoints where the SQL steps read them."""
    values = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in vars(settings).items()
        if name in TABLES["settings"].names
    }
    marks = ", ".join(f"${name}" for name in values)
    with db.transaction():
        db.con.execute("DELETE FROM settings")
        db.con.execute("DELETE FROM endpoints")
        db.con.execute(f"INSERT INTO settings ({', '.join(values)}) VALUES ({marks})", values)
        for url in settings.endpoints:
            named = (url, url_path(url))
            # As the exports' rows name it: no password, and hashes for its query and its secrets.
            if re.search(r"[?#@%+\d]|[\w-]{12}", url):
                query = "SELECT endpoint_name($1), masked_path($2)"
                named = connect_parser().execute(query, named).fetchall()[0]
            db.con.execute("INSERT INTO endpoints VALUES (?, ?)", named)
