"""For the tests of reading: one call that reads a file to its end and keeps the books."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import nanoarrow as na

from hookanalysis.read.sources import Account, Chunk, Reject, Source, Split

if TYPE_CHECKING:
    from pathlib import Path

LINES, NDJSON = Split("lines"), Split("json")
BUDGET = 1 << 32


@dataclass(frozen=True)
class Result:
    """What a file gave: records as (line, byte offset, text), rejects, and the account."""

    records: list[tuple[int, int, str]]
    rejects: list[Reject]
    account: Account
    source: Source
    spans: list[tuple[int, int]]

    @property
    def texts(self) -> list[str]:
        return [text for _, _, text in self.records]


def csv_split(columns: int, delimiter: str = ",", skip_lines: int = 0) -> Split:
    """A table whose columns are called c1, c2 …"""
    names = tuple(f"c{number}" for number in range(1, columns + 1))
    return Split("rows", delimiter, ((0, names),), skip_lines)


def cells_of(record: str) -> list[str | None]:
    """The cells of a table's row, in the order of their columns."""
    return list(json.loads(record).values())


def rows_of(chunk: Chunk) -> list[tuple[int, int, str]]:
    rows = na.ArrayStream(chunk).read_all().to_pylist()
    records = [(r["line"], r["byte_offset"], r["record"]) for r in rows if r["record"] is not None]
    assert len(records) == chunk.records
    return records


def read_file(
    path: Path,
    split: Split,
    *,
    size: int = 1 << 24,
    start: int = 0,
    start_line: int = 1,
    final: bool = True,
) -> Result:
    source = Source(path, max_text_bytes=BUDGET, chunk_bytes=size)
    records: list[tuple[int, int, str]] = []
    rejects: list[Reject] = []
    spans: list[tuple[int, int]] = []
    for chunk in source.chunks(split, start=start, start_line=start_line, final=final):
        records += rows_of(chunk)
        rejects += chunk.rejects
        spans.append((chunk.start, chunk.end))
    return Result(records, rejects, source.account, source, spans)


def read_text(folder: Path, text: bytes, split: Split, *, final: bool = True) -> Result:
    path = folder / "log"
    path.write_bytes(text)
    return read_file(path, split, final=final)
