"""What became of the files that were offered, in short; and what is missing to judge deliveries."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hookanalysis.database import sql_text
from hookanalysis.words import LACKS, plural

from .manifest import FileReport

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hookanalysis.database import Database

# Of more files than this, each kind has a line.
_SINGLY = 20
# How many names of files of one kind are told.
_NAMED = 3


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
        for code, text in LACKS.items()
        if code in streams
    )
