"""Stored bytes → normalised text: one file, read through one descriptor, unpacked and transcoded.

Normalised text is UTF-8 without byte-order mark and leading NULs. Its offsets and hashes are those
of the stored (unpacked) bytes: invalid UTF-8 stays as it is here and is escaped only in the copy
that the database gets. Two kinds of files are rewritten: UTF-16 becomes UTF-8, and a text that ends
its lines with CR alone gets LF instead, byte for byte.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from hookanalysis.errors import InputError

from .packings import BLOCK, Bytes, Parts, Stamp, Stored, buffered, codec_of, unpack
from .pages import COMMENTS
from .rewriting import rewrite

HEAD = 1 << 18

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NO_MARK = (b"", "utf-8")
_FOREIGN = (
    (0, b"PK\x03\x04", "a zip archive inside another", "unpack it first"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook (.xls)", "save it as CSV (UTF-8)"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it first"),
    (0, b"%PDF-", "a PDF", "export the rows as CSV or JSON"),
    (0, b"PAR1", "a Parquet file", "export the rows as CSV or JSON"),
    (0, b"SQLite format 3\x00", "a SQLite database", "export the rows as CSV or JSON"),
    (8, b"DUCK", "a DuckDB database", "name it with --workspace, or export its rows as CSV"),
    (257, b"ustar", "a tar archive", "unpack it first: tar -xf FILE"),
)
_HTML = re.compile(rb"(?is)\s*" + COMMENTS + rb"<(?:!doctype\s+html|html|head|body)\b")
_CONTROL = bytes(set(range(1, 32)) - set(b"\b\t\n\v\f\r\x1b")) + b"\x7f"


@dataclass(frozen=True)
class Packing:
    """What the first bytes say of a file: how it is packed, and how its text is written."""

    stamp: Stamp
    compressed: bool
    carriage: bool  # lines end with CR alone


class TextReader:
    """One pass over a file's normalised text. Use it as a context manager.

    With the `packing` that an earlier pass found, the file must still be the same one.

    Raises:
        InputError: The file is missing, no regular file, not readable, damaged, over the budget, or
            another one than before. Damage may show only while reading on.
    """

    def __init__(self, path: Path, max_text_bytes: int, packing: Packing | None = None) -> None:
        self.path = path
        self._carriage = bool(packing and packing.carriage)
        self._stored = Stored(path, packing.stamp if packing else None)
        try:
            self._begin(max_text_bytes)
        except BaseException:
            self._stored.close()
            raise

    def _begin(self, budget: int) -> None:
        text, self._condition = unpack(self._stored, budget)
        self.stripped = _skip_nulls(text)  # bytes of NULs and byte-order mark before the text
        text = buffered(text)
        lead = text.peek()
        mark, self.encoding = next((row for row in _MARKS if lead.startswith(row[0])), _NO_MARK)
        self.stripped += len(text.read(len(mark)))
        if self.encoding == "utf-32" or (self.encoding == "utf-16-be" and self.stripped == 4):
            # The big-endian mark of UTF-32 is two NULs and then the one of UTF-16.
            raise _foreign(self.path, "UTF-32 text", "save it as UTF-8")
        if self.encoding.startswith("utf-16"):
            text = buffered(Parts(self._transcode(text), text, self.path, budget))
        rows = rewrite(text, self.path, stored=not (self._condition.packed or self.stripped))
        self._text = text if rows is None else buffered(Parts(rows, text, self.path, budget))

    def _transcode(self, wide: io.BufferedReader) -> Iterator[bytes]:
        """UTF-16 → UTF-8; what is no UTF-16 becomes a visible escape."""
        decoder = codecs.getincrementaldecoder(self.encoding)("backslashreplace")
        while block := wide.read(BLOCK):
            yield decoder.decode(block).encode()
        # At the end, half a character is dropped rather than escaped: it may be completed
        # later, and then the text so far must still be the beginning of the text.
        self._condition.truncated |= bool(decoder.getstate()[0])

    @property
    def truncated(self) -> bool:
        """Whether a compressed stream or the last UTF-16 character broke off; known at the end."""
        return self._condition.truncated

    @property
    def proven(self) -> bool:
        """Whether it is uncompressed, or every compressed stream read so far has a checksum."""
        return not self._condition.unproven

    def read_head(self, size: int) -> bytes:
        """The first bytes of the text, at most `size`."""
        view = np.empty(size, np.uint8)
        return view[: self.readinto(view)].tobytes()

    def readinto(self, view: Bytes) -> int:
        """Fill `view`; less only at the end of the text. Returns how many bytes."""
        filled = self._text.readinto(view.data)
        if self._carriage:
            part = view[:filled]
            part[part == 13] = 10
        return filled

    def describe(self, head: bytes) -> Packing:
        """What this pass found, for the passes to come; `head` is the beginning of the text.

        A single CR at the very end may be half of a CR LF that is being written.
        """
        carriage = b"\n" not in head and b"\r" in head[:-1]
        return Packing(self._stored.stamp, self._condition.packed, carriage)

    def close(self) -> None:
        """Close the file; safe to repeat."""
        self._stored.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def check_text(head: bytes, path: Path) -> None:
    """Refuse what is no text: workbooks, archives, databases, web pages, other binary data.

    Raises:
        InputError: With what it seems to be, and what to do.
    """
    if codec_of(head):
        raise _foreign(path, "packed more than twice", "unpack it first")
    for offset, magic, what, hint in _FOREIGN:
        if head.startswith(magic, offset):
            raise _foreign(path, what, hint)
    if _HTML.match(head[:4096]):
        hint = "an expired login saves a web page instead of the export: log in and export again"
        raise _foreign(path, "an HTML page", hint)
    sample = head[:65536]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if max(even, odd) > 0.35 * len(sample) and min(even, odd) < 0.1 * max(even, odd):
        raise _foreign(path, "UTF-16 text without its mark", "save it as UTF-8")
    # NULs are no sign: a crash leaves thousands of them in a log.
    sample = sample.replace(b"\0", b"")
    control = len(sample) - len(sample.translate(None, _CONTROL))
    invalid = 0
    if not sample.isascii():
        escaped = sample.decode("utf-8", "surrogateescape")
        invalid = sum("\udc80" <= char <= "\udcff" for char in escaped)
    packed = control > 0.01 * len(sample) and invalid > 0.3 * len(sample)
    if packed or control > 0.05 * len(sample) + 2:
        named = path.suffix in {".gz", ".zst", ".bz2", ".xz", ".zip"}
        what = "a damaged packed file" if named else "binary data"
        raise _foreign(path, what, "give a log, or an export as CSV or JSON")


def _skip_nulls(text: io.BufferedReader) -> int:
    """Skip leading NULs (a truncated log whose writer kept its offset); return their number."""
    skipped = 0
    while (block := text.peek()) and not block[0]:
        skipped += len(text.read(len(block) - len(block.lstrip(b"\0"))))
    return skipped


def _foreign(path: Path, what: str, hint: str) -> InputError:
    return InputError(f"this is no log or export but {what}", where=str(path), hint=hint)
