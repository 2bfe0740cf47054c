"""Files → attempt and receipt records, rejects and activity; what became of them, what lacks."""

from __future__ import annotations

import re
import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from hookanalysis.database import Database, sql_text
from hookanalysis.errors import InputError
from hookanalysis.formats.engine import connect_parser
from hookanalysis.read.postgres import Table
from hookanalysis.read.sources import Source
from hookanalysis.settings import Settings
from hookanalysis.tables import TABLES
from hookanalysis.words import WORDS, plural, say_zone_error
from hookanalysis.zones import minutes_ahead, name_database, say_offset

from . import manifest
from .manifest import FileReport, stream_of
from .offers import Wishes, load_offer, recognise, refuse_fault, url_path, walk
from .parts import Part, gather
from .transfers import Offer
from .workers import count_cores, open_workers

# Of more files than this, each kind has a line.
_SINGLY = 20
# How many names of files of one kind are told.
_NAMED = 3


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
            source = Source(offer.path, max_text_bytes=wishes.budget)
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


@dataclass(frozen=True)
class LoadReport:
    """What became of each file that was offered, in the order of reading.

    Attributes:
        files: One report each.
        lacks: What is missing to judge deliveries, a sentence each.
    """

    files: tuple[FileReport, ...]
    lacks: tuple[str, ...] = ()

    @property
    def refused(self) -> tuple[FileReport, ...]:
        """The files that were not loaded."""
        return tuple(file for file in self.files if file.status == "refused")

    def lines(self, *, every: bool = False) -> list[str]:
        """A line for each file that was not refused; for each kind of them where they are many."""
        files = [file for file in self.files if file.error is None]
        if every or len(self.files) <= _SINGLY:
            return [str(file) for file in files]
        return list(_by_kind(files))

    def errors(self, *, every: bool = False) -> list[str]:
        """Why files were refused: once for each reason where they are many."""
        refused = [(file, file.error) for file in self.refused if file.error]
        if every or len(self.files) <= _SINGLY:
            return [str(error) for _, error in refused]
        kinds: dict[str, list[str]] = defaultdict(list)
        for file, error in refused:
            kinds[error.what].append(file.path)
        return [
            f"refused   {plural(len(paths), 'file')}  {what}: {_name(paths)}"
            for what, paths in kinds.items()
        ]

    def __str__(self) -> str:
        return "\n".join([*self.lines(), *self.errors(), *self.lacks]) or "no files"


def _by_kind(files: Sequence[FileReport]) -> Iterator[str]:
    kinds: dict[tuple[str, str], list[FileReport]] = defaultdict(list)
    for file in files:
        kinds[file.status, file.read_as or file.reason].append(file)
    for (status, kind), group in sorted(kinds.items()):
        told = status in {"loaded", "grown"}
        yield str(
            FileReport(
                plural(len(group), "file"),
                status,
                "" if told else _name([file.path for file in group]),
                kind,
                records=sum(file.records for file in group),
                kept=sum(file.kept for file in group),
                rejected=sum(file.rejected for file in group),
                first_at=min((f.first_at for f in group if told and f.first_at), default=None),
                last_at=max((f.last_at for f in group if told and f.last_at), default=None),
            )
        )


def _name(paths: Sequence[str]) -> str:
    return ", ".join(paths[:_NAMED]).replace("\n", "\\n") + (", …" if len(paths) > _NAMED else "")


def find_lacks(db: Database) -> tuple[str, ...]:
    """What the loaded files do not tell: see sql/load/lacks.sql."""
    streams: dict[str, list[str]] = defaultdict(list)
    for code, stream in db.rows(sql_text("load/lacks")):
        streams[code] += [stream] if stream else []
    return tuple(
        text.format(streams=_name(sorted(streams[code])))
        for code, text in WORDS["lacks"].items()
        if code in streams
    )


def find_zone_errors(db: Database, *, reconciled: bool = False) -> list[str]:
    """What `zone_errors` says, or would say: a sentence a log, and the command that mends it.

    Of what is only loaded, logs that name no event are left out; their times tell it later.
    """
    measured = f"WITH clock_offsets AS ({sql_text('load/zone_offsets')})"
    source = "zone_errors" if reconciled else f"({measured} FROM ({sql_text('zone_errors')}))"
    query = f"SELECT stream, minutes, suspect, log_zone, export_zone FROM {source} ORDER BY stream"
    told = []
    for stream, minutes, suspect, log_zone, export_zone in db.rows(query):
        log = [] if suspect == "export" else [_say_again(db, log_zone, minutes, stream)]
        export = [] if suspect == "log" else [_say_again(db, export_zone, -minutes)]
        commands = " or ".join(filter(None, log + export))
        words = say_zone_error(stream, minutes, suspect, log_zone, export_zone)
        told.append(f"{words}: {commands}" if commands else words)
    return told


def _say_again(db: Database, zone: str | None, minutes: int, stream: str | None = None) -> str:
    """The command that reads a log (else the exports) again, by a zone so much further east."""
    rows = db.rows(
        """
        SELECT arg_max(path, file_id), any_value(stream), any_value(layer), min(first_at)
        FROM generations JOIN files USING (generation_id) JOIN (
          SELECT generation_id, min(first_at) AS first_at FROM activity GROUP BY generation_id
        ) USING (generation_id)
        WHERE timezone = $zone AND coalesce(stream = $stream, TRUE)
          AND side = if($stream IS NULL, 'sender', 'receiver')
        GROUP BY generation_id ORDER BY 1
        """,
        {"zone": zone, "stream": stream},
    )
    if zone is None or not rows:
        return ""  # where times name their zone, it is the clock that is wrong
    paths, streams, layers, times = zip(*rows, strict=True)
    offset = timedelta(minutes=minutes_ahead(zone, times[0]) + minutes)
    words = ["hookanalysis", "load", "-w", db.path, "--again", "--timezone", say_offset(offset)]
    # What the files do not say themselves was told, and has to be told again.
    if len({*streams}) == 1 and any(stream_of(Path(path)) != streams[0] for path in paths):
        words += ["--stream", streams[0]]
    words += ["--layer", layers[0]] if layers[0] else []
    return shlex.join([*words, *dict.fromkeys(paths)])
