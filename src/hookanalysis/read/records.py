"""Records as the database is given them: a table of lines, and what was rejected."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import compress, pairwise
from typing import Any

import numpy as np

from .packings import Bytes
from .splitting import BLOCK, Batch, Ints

# Rows per Arrow array: what one thread of the database works on.
_ARRAY_ROWS = 60_000


@dataclass(frozen=True)
class Reject:
    """A run of bytes that could not be read as records."""

    line: int  # first physical line, from 1
    byte_offset: int  # where it begins in the normalised text
    bytes: int  # its size
    lines: int  # physical lines that it spans
    # `nul_byte`, `too_long`, `unclosed_quote`, `field_count`, `stray_quote`, `too_deep`,
    # `not_an_object` or `malformed_json`; of a run, the reason of its beginning.
    reason: str
    detail: str = ""  # what else is known; never a value of the text


class Chunk:
    r"""Consecutive records, as a table that DuckDB reads: `con.register("chunk", chunk)`.

    Columns: `line` BIGINT, `byte_offset` BIGINT, `bytes` BIGINT, `record` VARCHAR. A record is NULL
    where the bytes are none: rejected, blank, or between records. Offsets and sizes are those of
    the text; bytes that are no UTF-8 appear in `record` as `\xNN`. A line that was cut in pieces
    stands at the first of them, with the bytes of all; a row is an object.

    Attributes:
        start: Where the chunk begins in the text, bytes.
        end: Where it ends.
        records: How many rows hold a record.
        rejects: What was rejected; a run of rejects stands in the chunk in which it ends, or in
            the one after.
    """

    def __init__(
        self, text: Bytes, batch: Batch, place: tuple[int, int, int], rejects: list[Reject]
    ) -> None:
        self.start, offset, line = place
        self.end = offset + batch.taken
        self.rejects = rejects
        self._offset = offset
        self._places = batch.starts
        self._lines = batch.lines + line
        self._valid = batch.valid
        rows = len(batch.lines)
        self.records = rows if self._valid is None else int(self._valid.sum())
        self._sizes = np.diff(batch.starts)
        starts = batch.starts
        if batch.texts is not None:
            text = np.frombuffer(b"".join(batch.texts), np.uint8)
            starts = np.append(0, np.cumsum(list(map(len, batch.texts))))
        elif batch.joined:
            text, starts = _splice(text, batch)
            for first, *others in (rows for rows, _ in batch.joined):
                self._sizes[first] += self._sizes[others].sum()
                self._sizes[others] = 0
        self._text, self._starts = _escape(text, starts)

    @property
    def bytes(self) -> int:
        """How much of the text it covers: records, rejects and what is ignored."""
        return self.end - self.start

    def texts(self) -> list[str]:
        """The records alone."""
        spans = pairwise(self._starts.tolist())
        # What is no record may end within a character.
        kept = spans if self._valid is None else compress(spans, self._valid)
        return [self._text[start:end].tobytes().decode() for start, end in kept]

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        import nanoarrow as na
        from nanoarrow.c_array_stream import CArrayStream

        arrays = []
        for at in range(0, len(self._lines), _ARRAY_ROWS):
            starts = self._starts[at : at + _ARRAY_ROWS + 1]
            rows = len(starts) - 1
            bits, missing = None, 0
            if self._valid is not None:
                valid = self._valid[at : at + rows]
                bits, missing = np.packbits(valid, bitorder="little"), rows - int(valid.sum())
            lines, places = self._lines[at : at + rows], self._places[at : at + rows]
            columns = [
                na.c_array_from_buffers(na.int64(), rows, [None, lines]),
                na.c_array_from_buffers(na.int64(), rows, [None, places + self._offset]),
                na.c_array_from_buffers(na.int64(), rows, [None, self._sizes[at : at + rows]]),
                na.c_array_from_buffers(
                    na.large_string(), rows, [bits, starts, self._text], null_count=missing
                ),
            ]
            arrays.append(na.c_array_from_buffers(_schema(), rows, [None], children=columns))
        return CArrayStream.from_c_arrays(arrays, na.c_schema(_schema())).__arrow_c_stream__()


@cache
def _schema() -> Any:
    import nanoarrow as na

    numbers = dict.fromkeys(("line", "byte_offset", "bytes"), na.int64())
    return na.struct(numbers | {"record": na.large_string()})


def _splice(text: Bytes, batch: Batch) -> tuple[Bytes, Ints]:
    """The text of rows in which pieces of lines are joined, and where the rows begin in it."""
    texts = {rows[0]: joined for rows, joined in batch.joined}
    texts |= {row: b"" for rows, _ in batch.joined for row in rows[1:]}
    sizes = np.diff(batch.starts)
    parts: list[bytes | memoryview] = []
    at = 0
    for row, joined in sorted(texts.items()):
        parts += [text[at : batch.starts[row]].data, joined]
        at = batch.starts[row + 1]
        sizes[row] = len(joined)
    parts.append(text[at:].data)
    return np.frombuffer(b"".join(parts), np.uint8), np.append(0, np.cumsum(sizes))


def _escape(text: Bytes, starts: Ints) -> tuple[Bytes, Ints]:
    """The text of rows, with what is no UTF-8 made visible, and where the rows begin in it."""
    if not len(text) or int(text.view(np.int8).min()) >= 0:
        return text, starts
    steps = np.searchsorted(starts, np.arange(0, len(text), BLOCK))
    cuts = np.unique(np.append(steps, [0, len(starts) - 1])).tolist()
    parts: list[bytes | memoryview] = []
    sizes = np.diff(starts)
    for first, last in pairwise(cuts):
        part = text[starts[first] : starts[last]]
        parts.append(part.data)
        try:
            str(part.data, "utf-8")
        except UnicodeDecodeError:
            parts[-1] = str(part.data, "utf-8", "backslashreplace").encode()
            rows = starts[first : last + 1] - starts[first]
            sizes[first:last] += 3 * np.diff(np.searchsorted(_invalid(part), rows))
    if not any(isinstance(part, bytes) for part in parts):
        return text, starts
    return np.frombuffer(b"".join(parts), np.uint8), np.append(0, np.cumsum(sizes))


def _invalid(text: Bytes) -> Ints:
    """Where the bytes stand that are no UTF-8."""
    marked = str(text.data, "utf-8", "surrogateescape").encode("utf-8", "surrogatepass")
    found = np.frombuffer(marked, np.uint8)
    # Each was made three bytes, the encoding of a surrogate, which is no UTF-8 itself.
    places = np.flatnonzero((found[:-1] == 0xED) & (found[1:] >= 0xA0))
    return places - 2 * np.arange(len(places))
