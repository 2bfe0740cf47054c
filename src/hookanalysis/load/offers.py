"""What is offered for loading, and one offer → its records, in one transaction."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import resources
from operator import attrgetter
from pathlib import Path

from hookanalysis.database import Database
from hookanalysis.errors import DamagedError, HookAnalysisError, InputError
from hookanalysis.formats.detect import detect, find_column
from hookanalysis.formats.engine import borrow_scratch
from hookanalysis.formats.format import load_formats
from hookanalysis.opening import explain
from hookanalysis.outputs import work_folder
from hookanalysis.read.decoding import HEAD
from hookanalysis.read.documents import holds_nothing
from hookanalysis.read.postgres import Table, find_table
from hookanalysis.read.rows import MARK
from hookanalysis.read.sources import Source, print_path
from hookanalysis.settings import DEFAULT_NAME, RUNS_NAME, Known, Settings
from hookanalysis.tables import MERGED, RESULTS, TABLES

from . import manifest
from .manifest import FileReport
from .transfers import Offer, OrderError, Progress, SeenError, Transfer

_DATABASE = b"DUCK"  # behind the first eight bytes
_CELLS = re.compile(rb'"nbformat"|"cells"\s*:\s*\[')
_GENERATOR = b'<meta name="generator" content="hookanalysis">'
_RUN = b'{"started_at": "'
_FACTS = b'{\n "period": {\n  "since":'


class ProductError(InputError):
    """A file is what this package made of others."""


def walk(paths: Iterable[str | Path]) -> Iterator[Offer | Table]:
    """The files to be loaded, and addresses of tables; names that begin with a dot are left out.

    Raises:
        InputError: One is the address of a database, and cannot be used.
    """
    for told in paths:
        path = Path(told)
        if table := find_table(told):
            yield table
        elif os.path.isdir(path):  # noqa: PTH112 - Path.is_dir fails where nothing may be seen
            for inner in _list(path):
                yield Offer(inner, print_path(inner), found=True)
        else:
            yield Offer(path, print_path(path))


def _list(folder: Path) -> Iterator[Path]:
    """What a folder holds at any depth, by name; also each folder that does not show what it holds.

    A link to a folder is not followed: it is offered, and refused, as it stands.
    """
    places = [(folder, True)]
    while places:
        place, inner = places.pop()
        if not inner:
            yield place
            continue
        try:
            entries = sorted(os.scandir(place), key=attrgetter("name"), reverse=True)
        except OSError:
            yield place
            continue
        shown = (entry for entry in entries if not entry.name.startswith("."))
        places += [(Path(entry), entry.is_dir(follow_symlinks=False)) for entry in shown]


def _read_head(path: Path) -> bytes:
    try:
        if not path.is_file():  # to open a pipe would wait for its writer
            return b""
        with path.open("rb") as file:
            return file.read(4096)
    except OSError:
        return b""


def check_product(path: Path) -> None:
    """Pass over a file that this package, or its user's work, has made.

    Raises:
        ProductError: Its first bytes say so; names what it is.
    """
    head = _read_head(path)
    journal = path.suffix == ".wal" and _read_head(path.with_suffix(""))[8:12] == _DATABASE
    signs = {
        "a DuckDB file, as workspaces are": journal or head[8:12] == _DATABASE,
        "settings of hookanalysis": path.name == DEFAULT_NAME,
        "a report of hookanalysis": head.startswith(b"<!DOCTYPE html>") and _GENERATOR in head,
        "the facts of a report": head.startswith(_FACTS),
        "what runs say of themselves": path.name == RUNS_NAME and head.startswith(_RUN),
        "a notebook": path.suffix == ".ipynb" and _CELLS.search(head) is not None,
    }
    for name, found in signs.items():
        if found:
            raise ProductError(name)


def check_export(head: bytes, where: str) -> None:
    """Refuse a table of a workspace: what was concluded is no evidence.

    Raises:
        ProductError: The columns of a table, or the keys of objects, are those of the contract.
    """
    text = head.lstrip(b"[ \r\n").decode("utf-8", "replace")
    names = text.partition("\n")[0].strip().split(",")
    if text.startswith("{"):
        try:
            names = list(json.JSONDecoder().raw_decode(text)[0])
        except (ValueError, RecursionError):
            return
    records = TABLES["attempt_records"], TABLES["receipt_records"]
    for table in (*records, *MERGED, *RESULTS):
        if names in ([*table.names], [*table.names, "in_words"]):
            raise ProductError(
                f"this is the table {table.name} of a workspace, no log",
                where=where,
                hint="load the logs that it was made of",
            )


@contextmanager
def find_samples() -> Iterator[Path]:
    """The folder of the bundled samples: of the wheel, or of the checkout."""
    packaged = resources.files("hookanalysis").joinpath("samples")
    with resources.as_file(packaged) as installed:
        checkout = Path(__file__).parents[3] / "data" / "samples"
        yield installed if installed.is_dir() else checkout


@dataclass(frozen=True)
class Wishes:
    """What holds for all files of a load."""

    settings: Settings  # endpoints, budgets, and what is known of the source folders
    # Format, zone, stream or layer that the caller gives for all of them.
    known: Known = field(default_factory=Known)
    progress: Progress | None = None  # told now and then how far reading is
    again: bool = False  # files that are loaded already are read anew
    threads: int = 1  # how many pieces of a file are parsed at a time

    def known_of(self, name: str) -> Known:
        """What is known beforehand of a file."""
        given = {k: v for k, v in vars(self.known).items() if v is not None and k != "match"}
        return replace(self.settings.known_of(name), **given)

    @property
    def budget(self) -> int:
        """How much text a file may hold, bytes."""
        return int(self.settings.max_text_gib * 2**30)


@dataclass
class Apart:
    """What is known of a workspace where a file is read apart, and what the file is to it."""

    generations: Sequence[manifest.Generation] = ()  # those of the workspace
    head_hash: str = ""  # of the file, once it is recognised
    before: manifest.Generation | None = None  # the generation that it repeats or continues


def load_offer(
    db: Database, offer: Offer | Table, wishes: Wishes, apart: Apart | None = None
) -> FileReport:
    """Load one file or table, whole or not at all; what cannot be used is refused.

    Raises:
        StorageError: The workspace's disk is full or broken.
        OrderError: It cannot be read apart.
    """
    told = wishes.known_of(offer.name)
    try:
        if isinstance(offer, Table):
            return _load_table(db, offer, wishes, told)
        if offer.found:
            check_product(offer.path)
        return _load_file(db, offer, wishes, told, apart)
    except OrderError:
        raise
    except ProductError as error:
        found = isinstance(offer, Offer) and offer.found
        passed = FileReport(offer.name, "passed", error.what)
        return passed if found else refuse(db, offer.name, error)
    except InputError as error:
        gone = isinstance(offer, Offer) and offer.found and not os.path.lexists(offer.path)
        told_of = InputError("the file vanished before it was read") if gone else error
        # What it held is not known; a lost or damaged log must not be taken for no log.
        lost = gone or isinstance(error, DamagedError)
        stream = manifest.stream_of(Path(offer.name), told.stream) if lost else None
        return refuse(db, offer.name, told_of, (stream, told.layer if lost else None))
    except Exception as error:  # noqa: BLE001 - one bad file never stops the rest
        return refuse_fault(db, offer, error, told)


def _load_table(db: Database, table: Table, wishes: Wishes, known: Known) -> FileReport:
    """Load a table of a database as it is now; it takes the place of what it was before."""
    known = replace(known, stream=known.stream or table.stream)
    with work_folder() as folder:
        file = folder / "table.csv"
        table.write(file, find_column(load_formats(known.formats), known), wishes.budget)
        return _load_file(db, Offer(file, table.name, replaces=True), wishes, known)


def _load_file(
    db: Database, offer: Offer, wishes: Wishes, known: Known, apart: Apart | None = None
) -> FileReport:
    source = Source(offer.path, max_text_bytes=wishes.budget)
    head = source.head
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
        endpoint_paths=tuple(url_path(url) for url in wishes.settings.endpoints),
        headers=source.find_lines(MARK) if MARK in head else None,
        newest=source.written_at,
    )
    before, old = recognise(db, offer, source, wishes, apart)
    if apart and before and binding.format.side == "sender":
        raise OrderError  # what an export is complete of, its old rows tell
    with borrow_scratch(binding.scan_sql, binding.fields_sql, binding.format.side) as scratch:
        transfer = Transfer(
            db, offer, source, binding, known, before, scratch, wishes.progress,
            apart=bool(apart), again=wishes.again, threads=wishes.threads,
        )  # fmt: skip
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
            return refuse(db, offer.name, error, lacking)
    if not apart:
        db.con.execute("CHECKPOINT")
    return report


def recognise(
    db: Database, offer: Offer, source: Source, wishes: Wishes, apart: Apart | None = None
) -> tuple[manifest.Generation | None, list[int]]:
    """The generation that a file goes on with, the longest; and those that it takes the place of.

    With a stream told, only that stream's generations count: its owner says who writes it.
    """
    head_hash = manifest.head_hash(source.head)
    if apart:
        apart.head_hash = head_hash
        known = [] if wishes.again else apart.generations
    else:
        known = manifest.list_generations(db, head_hash)
    stream = None if wishes.again else wishes.known_of(offer.name).stream
    alike = [g for g in known if g.head_hash == head_hash and stream in {None, g.stream}]
    hashes = source.hashes(sorted({g.loaded_bytes for g in alike})) if alike else {}
    same = [g for g in alike if hashes.get(g.loaded_bytes) == g.content_hash]
    if wishes.again:
        return None, manifest.choose_own(db, same, offer.name)
    before = same[0] if same else None
    if apart:
        apart.before = before
    return before, []


def url_path(url: str) -> str:
    """The path of a URL, `/` when it has none."""
    path = re.sub(r"^[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*", "", url)
    return re.split(r"[?#]", path, maxsplit=1)[0] or "/"


def refuse_fault(db: Database, offer: Offer | Table, error: Exception, known: Known) -> FileReport:
    """Refuse a file that cannot be read, or that a fault of ours stands against; the rest goes on.

    Raises:
        HookAnalysisError: It is the workspace, or its disk, that fails.
    """
    stream = manifest.stream_of(Path(offer.name), known.stream)
    failure = error if isinstance(error, HookAnalysisError) else explain(error)
    if failure is not error:
        failure.where = ", ".join(filter(None, (offer.name, failure.where)))
    if isinstance(error, OSError) and isinstance(offer, Offer):
        # The database tells of its own disk by other errors.
        reason = error.strerror or str(error)
        failure = InputError("the file cannot be read", reason=reason, where=offer.name)
    if failure.exit_code in {InputError.exit_code, HookAnalysisError.exit_code}:
        return refuse(db, offer.name, failure, (stream, known.layer))
    raise failure from error


def refuse(
    db: Database,
    name: str,
    error: HookAnalysisError,
    lacking: tuple[str | None, str | None] = (None, None),
) -> FileReport:
    """Note that a file is refused, and which stream and layer lack it."""
    reason = f"{error.what}: {error.reason}" if error.reason else error.what
    report = FileReport(name, "refused", reason, lacking=lacking, error=error)
    return manifest.note_file(db, report)
