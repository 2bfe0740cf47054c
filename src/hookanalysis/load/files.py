"""Files → attempt and receipt records, rejects and activity: one transaction per file."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hookanalysis.errors import DamagedError, HookAnalysisError, InputError
from hookanalysis.formats.catalog import load_formats
from hookanalysis.formats.detect import detect, find_column
from hookanalysis.formats.engine import borrow_scratch
from hookanalysis.formats.parser import connect_parser
from hookanalysis.opening import explain
from hookanalysis.outputs import work_folder
from hookanalysis.read.decoding import HEAD
from hookanalysis.read.documents import holds_nothing
from hookanalysis.read.postgres import Table
from hookanalysis.read.rows import MARK
from hookanalysis.read.sources import open_source
from hookanalysis.settings import Known, Settings
from hookanalysis.tables import SETTINGS
from hookanalysis.zones import name_database

from . import manifest
from .folders import ProductError, check_export, check_product, walk
from .manifest import FileReport
from .summary import LoadReport, find_lacks
from .transfers import Offer, SeenError, Transfer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hookanalysis.database import Database

    from .transfers import Progress


def load(
    db: Database,
    paths: Iterable[str | Path],
    settings: Settings,
    known: Known | None = None,
    progress: Progress | None = None,
    *,
    again: bool = False,
) -> LoadReport:
    """Load files and folders, in any mix; each file is loaded whole or not at all.

    Args:
        db: An open workspace.
        paths: Files, folders, and addresses of tables in PostgreSQL; folders are walked, names that
            begin with a dot are left out.
        settings: Endpoints, budgets, and what is known of the source folders.
        known: Format, zone, stream or layer that the caller gives for all of `paths`.
        progress: Told now and then how far reading is.
        again: Read anew what is loaded already; the new reading takes the place of the old one.

    Returns:
        One `FileReport` per file: one that cannot be used is refused, what this package made and
            stands in a folder is passed over, the others are loaded. And what is missing.

    Raises:
        InputError: One of `paths` is the address of a database, and cannot be used.
        StorageError: The workspace's disk is full or broken; the files before it are loaded.
    """
    offers = list(walk(paths))
    write_settings(db, settings)
    with db.transaction():
        db.con.execute("UPDATE meta SET tzdata = ?", [name_database()])
    given = {k: v for k, v in vars(known or Known()).items() if v is not None and k != "match"}
    reports = []
    for offer in offers:
        told = replace(settings.known_of(offer.name), **given)
        try:
            if isinstance(offer, Table):
                report = _load_table(db, offer, settings, told, progress, again=again)
            else:
                if offer.found:
                    check_product(offer.path)
                report = _load_file(db, replace(offer, again=again), settings, told, progress)
        except ProductError as error:
            passed = FileReport(offer.name, "passed", error.what)
            found = isinstance(offer, Offer) and offer.found
            report = passed if found else _refuse(db, offer.name, error)
        except InputError as error:
            gone = isinstance(offer, Offer) and offer.found and not os.path.lexists(offer.path)
            told_of = InputError("the file vanished before it was read") if gone else error
            # What it held is not known; a lost or damaged log must not be taken for no log.
            lost = gone or isinstance(error, DamagedError)
            stream = manifest.stream_of(Path(offer.name), told.stream) if lost else None
            report = _refuse(db, offer.name, told_of, (stream, told.layer if lost else None))
        except Exception as error:  # noqa: BLE001 - one bad file never stops the rest
            report = _refuse_fault(db, offer, error, told)
        reports.append(report)
    return LoadReport(tuple(reports), find_lacks(db))


def write_settings(db: Database, settings: Settings) -> None:
    """Put the thresholds and endpoints where the SQL steps read them."""
    known = {name: value for name, value in vars(settings).items() if name in SETTINGS.names}
    values = {k: list(v) if isinstance(v, tuple) else v for k, v in known.items()}
    marks = ", ".join(f"${name}" for name in values)
    with db.transaction():
        db.con.execute("DELETE FROM settings")
        db.con.execute("DELETE FROM endpoints")
        db.con.execute(f"INSERT INTO settings ({', '.join(values)}) VALUES ({marks})", values)
        for url in settings.endpoints:
            named = (url, url_path(url))
            # As the exports' rows name it: no password, and hashes for its query and its secrets.
            if re.search(r"[?#@%+]|[\w-]{12}", url):
                query = "SELECT endpoint_name($1), masked_path($2)"
                named = connect_parser().execute(query, named).fetchall()[0]
            db.con.execute("INSERT INTO endpoints VALUES (?, ?)", named)


def url_path(url: str) -> str:
    """The path of a URL, `/` when it has none."""
    path = re.sub(r"^[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*", "", url)
    return re.split(r"[?#]", path, maxsplit=1)[0] or "/"


def _load_table(
    db: Database,
    table: Table,
    settings: Settings,
    known: Known,
    progress: Progress | None,
    *,
    again: bool,
) -> FileReport:
    """Load a table of a database as it is now; it takes the place of what it was before."""
    known = replace(known, stream=known.stream or table.stream)
    with work_folder() as folder:
        file = folder / "table.csv"
        table.write(file, find_column(load_formats(known.formats), known), _budget(settings))
        offer = Offer(file, table.name, replaces=True, again=again)
        return _load_file(db, offer, settings, known, progress)


def _load_file(
    db: Database, offer: Offer, settings: Settings, known: Known, progress: Progress | None
) -> FileReport:
    source = open_source(offer.path, max_text_bytes=_budget(settings))
    head = source.head()
    if source.is_empty():
        return manifest.note_file(db, FileReport(offer.name, "loaded", "the file is empty"), source)
    if len(head) < HEAD and holds_nothing(head):
        empty = FileReport(offer.name, "loaded", "the export lists nothing")
        return manifest.note_file(db, empty, source)
    check_export(head, offer.name)
    binding = detect(
        head,
        where=offer.name,
        known=known,
        endpoint_paths=tuple(url_path(url) for url in settings.endpoints),
        headers=source.find_lines(MARK) if MARK in head else None,
        newest=source.written_at,
    )
    same = manifest.recognise(db, source, head, None if offer.again else known.stream)
    old = manifest.choose_own(db, same, offer.name) if offer.again else []
    before = None if offer.again or not same else same[0]
    with borrow_scratch(binding.scan_sql, binding.fields_sql, binding.format.side) as scratch:
        transfer = Transfer(db, offer, source, binding, known, before, scratch, progress)
        try:
            with db.transaction():
                if old:
                    manifest.take_out(db, old)
                report = transfer.run(head)
        except SeenError as seen:
            report = FileReport(offer.name, "unchanged", str(seen), binding.format.id)
            return manifest.note_file(db, report, source, seen.generation_id)
        except InputError as error:
            is_log = binding.format.side == "receiver" and not transfer.unlike
            lacking = (transfer.stream, binding.format.layer) if is_log else (None, None)
            return _refuse(db, offer.name, error, lacking)
    db.con.execute("CHECKPOINT")
    return report


def _budget(settings: Settings) -> int:
    return int(settings.max_text_gib * 2**30)


def _refuse_fault(db: Database, offer: Offer | Table, error: Exception, known: Known) -> FileReport:
    """Refuse a file that cannot be read, or that a fault of ours stands against; the rest goes on.

    Raises:
        HookAnalysisError: It is the workspace, or its disk, that fails.
    """
    stream = manifest.stream_of(Path(offer.name), known.stream)
    failure = explain(error)
    failure.where = f"{offer.name} ({failure.where})"
    if isinstance(error, OSError) and isinstance(offer, Offer):
        # The database tells of its own disk by other errors.
        reason = error.strerror or str(error)
        failure = InputError("the file cannot be read", reason=reason, where=offer.name)
    if failure.exit_code in {InputError.exit_code, HookAnalysisError.exit_code}:
        return _refuse(db, offer.name, failure, (stream, known.layer))
    raise failure from error


def _refuse(
    db: Database,
    name: str,
    error: HookAnalysisError,
    lacking: tuple[str | None, str | None] = (None, None),
) -> FileReport:
    reason = f"{error.what}: {error.reason}" if error.reason else error.what
    report = FileReport(name, "refused", reason, lacking=lacking, error=error)
    return manifest.note_file(db, report)
