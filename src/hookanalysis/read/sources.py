"""Files → records: one source is opened, proven to be text, hashed, and split into chunks.

This module alone decides what was in a file. Every byte of it is accounted for: it stands in a
record, in a reject with its reason, in what is ignored by rule, in the unread tail, or before the
text (`Account`). The database is given finished columns, never the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from blake3 import blake3

from hookanalysis.errors import DamagedError, InputError
from hookanalysis.redaction import redact_name

from .decoding import HEAD, TextReader, check_text
from .documents import split_json
from .packings import Bytes, changed
from .records import Chunk, Reject
from .rows import HeadedSplitter, RowSplitter
from .splitting import (
    BLOCK,
    NEWLINE,
    Batch,
    End,
    FragmentSplitter,
    LineSplitter,
    Region,
    Split,
    Splitter,
)

__all__ = ["Account", "Chunk", "Reject", "Source", "Split"]

# Text that is worked on at once, bytes.
CHUNK_BYTES = 16 << 20
# A file with more has another format than the one it is read by, or was made to fill a disk.
_REJECT_LIMIT = 1_000_000  # lines


@dataclass(frozen=True)
class Account:
    """What became of every byte of a text; complete once its chunks were all taken.

    `loaded_bytes + tail_bytes == text_bytes`, and the chunks tile the text from where reading
    began up to `loaded_bytes`.
    """

    text_bytes: int = 0  # size of the normalised text
    loaded_bytes: int = 0  # end of the last record or reject; the next reading may begin here
    lines: int = 0  # line ends up to there; the next reading begins in line `lines + 1`
    tail_bytes: int = 0  # unfinished last record, left unread
    stripped_bytes: int = 0  # byte-order mark and leading NULs, which are no part of the text
    ignored: int = 0  # headers, comments of a W3C log, and blank lines, where these are no records
    # `whole`, or `truncated`: the text broke off, what came before it is given.
    integrity: str = "whole"
    content_hash: str = blake3(b"").hexdigest()  # hash of the first `loaded_bytes`
    proven: bool = True  # false where it is packed without a checksum, so that damage does not show


def print_path(path: str | Path) -> str:
    """A path as text, whatever bytes its name has, and without secrets."""
    return redact_name(str(path).encode("utf-8", "backslashreplace").decode())


def make_splitter(split: Split, head: bytes, *, start: int = 0, start_line: int = 1) -> Splitter:
    """What splits a text, by its first bytes, from a byte and its line on."""
    if split.kind == "json":
        return split_json(head, complete=len(head) < HEAD, fresh=not start)
    if split.kind == "rows":
        return RowSplitter(split, lines_before=start_line - 1)
    if split.kind == "headed":
        return HeadedSplitter(split, start=start)
    return FragmentSplitter(split.fragments) if split.fragments else LineSplitter()


class Source:
    """One file, proven to be text that can be read; each pass opens and closes it anew.

    Args:
        path: A regular file, packed or not; it may be empty. Kept in printable form.
        max_text_bytes: Budget for the unpacked text, bytes.
        chunk_bytes: Text to work on at once; no result depends on it.

    Attributes:
        head: The first bytes of the normalised text, `HEAD` of them or all.
        stored_bytes: Size on disk, bytes.
        compressed: It is packed.
        account: What became of its bytes; zeros until the last chunk was taken.

    Raises:
        InputError: It is missing, no regular file, not readable, over the budget, damaged, or
            something other than text: a workbook, archive, database, web page.
    """

    def __init__(self, path: Path, *, max_text_bytes: int, chunk_bytes: int = CHUNK_BYTES) -> None:
        self.path = print_path(path)
        self.account = Account()
        self._file = path
        self._budget = max_text_bytes
        self._chunk_bytes = chunk_bytes
        self._hashes: dict[int, str] = {}
        with TextReader(path, max_text_bytes) as reader:
            head = reader.read_head(HEAD)
            check_text(head, path)
            self._packing = reader.describe(head)
            self._torn = len(head) < HEAD and reader.truncated
        self.head = head.replace(b"\r", b"\n") if self._packing.carriage else head
        self.stored_bytes = self._packing.stamp.size
        self.compressed = self._packing.compressed

    @property
    def written_at(self) -> str:
        """When the file was last written: `YYYY-MM-DD HH:MM:SS`, UTC."""
        moment = datetime.fromtimestamp(self._file.stat().st_mtime, tz=UTC)
        return f"{moment:%Y-%m-%d %H:%M:%S}"

    def is_empty(self) -> bool:
        """Whether there is no text in it.

        Raises:
            DamagedError: It is packed, and breaks off before any text.
        """
        if self.head.strip():
            return False
        if self._torn:
            raise DamagedError(
                "the file is damaged",
                reason="what it is packed in breaks off before its first line",
                where=self.path,
                hint="copy it again from its source",
            )
        return True

    def line_at(self, offset: int, *, size: int = 1 << 16) -> str:
        """The text from `offset` to the end of its line, at most `size` bytes of it."""
        with self._read() as reader:
            _skip(reader, offset, None)
            line = reader.read_head(size).partition(b"\n")[0]
        return line.decode("utf-8", "backslashreplace").rstrip("\r")

    def find_lines(self, mark: bytes) -> list[tuple[int, str]]:
        """The lines that begin with `mark`: where each begins in the text, and what it says."""
        pattern = re.compile(rb"^" + re.escape(mark) + rb"[^\r\n]*", re.MULTILINE)
        found: list[tuple[int, str]] = []
        at, rest = -1, b"\n"  # where the block stands in the text, with the line that it finishes
        with self._read() as reader:
            while block := reader.read_head(BLOCK):
                text = rest + block
                end = text.rfind(b"\n") + 1 if len(block) == BLOCK else len(text)
                lines = pattern.finditer(text, 0, end)
                found += [(at + m.start(), m[0].decode("utf-8", "replace")) for m in lines]
                at, rest = at + end, text[end:]
                if len(rest) > BLOCK:  # no such line is so long
                    at, rest = at + len(rest) - 1, b"~"
        return found

    def hashes(self, lengths: Sequence[int]) -> dict[int, str]:
        """Hashes of the first n bytes of the text, for each n of `lengths` that it reaches.

        Returns:
            blake3, hexadecimal, by length. One pass, as far as the largest length.
        """
        found: dict[int, str] = {}
        hasher, at = blake3(), 0
        with self._read() as reader:
            for length in sorted(set(lengths)):
                at += _skip(reader, length - at, hasher)
                if at < length:
                    break
                found[length] = hasher.hexdigest()
        self._hashes |= found
        return found

    def chunks(
        self, split: Split, *, start: int = 0, start_line: int = 1, final: bool
    ) -> Iterator[Chunk]:
        """Split the text into records, from byte `start` on.

        Args:
            split: How.
            start: Where an earlier reading ended (`Account.loaded_bytes`).
            start_line: The physical line there, from 1.
            final: The file will not grow: a last record needs no line end. Otherwise it is left
                as the tail. Compressed files are final.

        Yields:
            The chunks, in order. Nothing read so far may be trusted if an error ends them.

        Raises:
            InputError: The file is damaged, over the budget, not the one that was opened, or has
                more than a million lines that are no records.
        """
        splitter = make_splitter(split, self.head, start=start, start_line=start_line)
        with self._read() as reader:
            run = _Run(reader, splitter, self._chunk_bytes, final=final or self.compressed)
            if not run.begin(start, start_line, self._hashes.get(start)):
                raise changed(self._file)
            yield from run.chunks()
            self.account = run.account()

    def _read(self) -> TextReader:
        return TextReader(self._file, self._budget, self._packing)


def _skip(reader: TextReader, size: int, hasher: blake3 | None) -> int:
    """Read on by `size` bytes, or to the end; returns how many."""
    block = np.empty(min(size, BLOCK), np.uint8)
    done = 0
    while done < size:
        count = reader.readinto(block[: size - done])
        if not count:
            break
        if hasher:
            hasher.update(block[:count].data)
        done += count
    return done


class _Run:
    """One pass that splits a text: keeps its place, its hash, and the rejects that still grow."""

    def __init__(
        self, reader: TextReader, splitter: Splitter, chunk_bytes: int, *, final: bool
    ) -> None:
        self._reader = reader
        self._splitter = splitter
        self._size = chunk_bytes
        self._final = final
        self._at = 0  # what the splitter took
        self._line = 1
        self._loaded = 0  # as `_at`, without a record whose end is not in sight
        self._given = 0  # what was given out in chunks
        self._text = 0  # size of the text, known at the end
        self._ignored = 0
        self._rejected = 0
        self._hasher = blake3()
        self._held: tuple[blake3, Region | None] | None = None  # as it was before such a record
        self._region: Region | None = None
        self._rejects: list[Reject] = []

    def begin(self, start: int, start_line: int, known_hash: str | None) -> bool:
        """Go to `start`; False when what precedes it is not what it was."""
        self._at = self._loaded = self._given = _skip(self._reader, start, self._hasher)
        self._line = start_line
        return self._at == start and known_hash in {None, self._hasher.hexdigest()}

    def chunks(self) -> Iterator[Chunk]:
        """Read, split, give out."""
        rest = np.empty(0, np.uint8)
        end = End.MORE
        while end is End.MORE:
            buffer = np.empty(len(rest) + self._size, np.uint8)
            buffer[: len(rest)] = rest
            count = self._reader.readinto(buffer[len(rest) :])
            view = buffer[: len(rest) + count]
            if count < self._size:
                end = End.GROWING
                if self._final:
                    end = End.CUT if self._reader.truncated else End.WHOLE
            while len(view):
                batch = self._splitter.split(view, end)
                if not batch.taken:
                    break
                chunk = self._take(view[: batch.taken], batch)
                view = view[batch.taken :]
                if chunk:
                    yield chunk
            rest = view
        self._text = self._at + len(rest)
        if self._held:
            self._hasher, self._region = self._held
        self._settle(self._at + 1)
        if self._rejects or self._given < self._loaded:
            yield self._give(rest[:0], Batch(), self._loaded)

    def account(self) -> Account:
        """What became of the bytes; at the end."""
        tail = self._text - self._loaded
        torn = self._reader.truncated or self._splitter.truncated or bool(tail)
        return Account(
            text_bytes=self._text,
            loaded_bytes=self._loaded,
            lines=self._line - 1,
            tail_bytes=tail,
            stripped_bytes=self._reader.stripped,
            ignored=self._ignored,
            integrity="truncated" if self._final and torn else "whole",
            content_hash=self._hasher.hexdigest(),
            proven=self._reader.proven,
        )

    def _take(self, text: Bytes, batch: Batch) -> Chunk | None:
        if batch.held and not self._held:
            self._held = self._hasher.copy(), self._region and replace(self._region)
        self._hasher.update(text.data)
        if len(batch.lines) and int(text.view(np.int8).min()) <= 0:
            zeros = np.flatnonzero(text == 0)
            rows = np.unique(np.searchsorted(batch.starts, zeros, side="right") - 1)
            batch.reject(rows[rows >= 0].tolist(), "nul_byte")
        offset, line = self._at, self._line
        self._at += len(text)
        self._line += batch.breaks
        for region in batch.regions:
            region.open = bool(text[region.end - 1] != NEWLINE)
            region.start, region.end = region.start + offset, region.end + offset
            region.line += line
            self._note(region)
        if batch.held:
            return None
        self._held = None
        self._loaded = self._at
        self._ignored += batch.ignored
        self._settle(self._at)
        if not len(batch.lines) and not self._rejects:
            return None
        return self._give(text, batch, offset, line)

    def _give(self, text: Bytes, batch: Batch, offset: int, line: int = 0) -> Chunk:
        rejects, self._rejects = self._rejects, []
        chunk = Chunk(text, batch, (self._given, offset, line), rejects)
        self._given = chunk.end
        return chunk

    def _note(self, region: Region) -> None:
        """Add a reject, to the one before it where they touch."""
        self._rejected += region.breaks + region.open
        if self._rejected > _REJECT_LIMIT:
            raise InputError(
                "too much of the file cannot be read",
                reason=f"more than {_REJECT_LIMIT:,} lines are no records: {region.reason}",
                where=f"{self._reader.path}:{region.line}",
                hint="check the file with a text viewer, and its format: --format ID",
            )
        last = self._region
        if last and last.end == region.start:
            last.end, last.open = region.end, region.open
            last.breaks += region.breaks
        else:
            self._settle(region.end)
            self._region = region

    def _settle(self, at: int) -> None:
        """The reject that ended before `at` can grow no more."""
        last = self._region
        if last and last.end < at:
            lines, size = last.breaks + last.open, last.end - last.start
            self._rejects.append(Reject(last.line, last.start, size, lines, last.reason))
            self._region = None
