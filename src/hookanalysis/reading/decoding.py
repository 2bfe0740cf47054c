"""Stored bytes → normalised text: one file, read through one descriptor, unpacked and transcoded.

Normalised text is UTF-8 without byte-order mark and leading NULs. Its offsets and hashes are those
of the stored (unpacked) bytes: invalid UTF-8 stays as it is here and is escaped only in the copy
that the database gets. Two kinds of files are rewritten: UTF-16 becomes UTF-8, and a text that ends
its lines with CR alone gets LF instead, byte for byte.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

from hookanalysis.errors import InputError

from .unpacking import BLOCK, GZIP, Bytes, Stamp, Stored, Unzipped, over_budget

if TYPE_CHECKING:
    from pathlib import Path

HEAD = 1 << 18

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_FOREIGN = (
    (0, b"PK\x03\x04", "an Excel workbook or another zip archive", "save it as CSV (UTF-8)"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook (.xls)", "save it as CSV (UTF-8)"),
    (0, b"\x28\xb5\x2f\xfd", "packed with zstd", "unpack it: zstd -d FILE"),
    (0, b"BZh", "packed with bzip2", "unpack it: bunzip2 FILE"),
    (0, b"\xfd7zXZ\x00", "packed with xz", "unpack it: xz -d FILE"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it first"),
    (0, GZIP, "packed twice with gzip", "unpack it once: gunzip FILE"),
    (0, b"%PDF-", "a PDF", "export the rows as CSV or JSON"),
    (0, b"PAR1", "a Parquet file", "export the rows as CSV or JSON"),
    (0, b"SQLite format 3\x00", "a SQLite database", "export the rows as CSV or JSON"),
    (8, b"DUCK", "a DuckDB database", "name it with --workspace, or export its rows as CSV"),
    (257, b"ustar", "a tar archive", "unpack it first: tar -xf FILE"),
)
_HTML = re.compile(rb"(?is)\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b")
_CONTROL = bytes(set(range(1, 32)) - set(b"\b\t\n\v\f\r\x1b")) + b"\x7f"


class _Reader(Protocol):
    def readinto(self, view: Bytes, /) -> int:
        """Fill the front of `view`; 0 at the end."""


@dataclass(frozen=True)
class Packing:
    """What the first bytes say of a file: how it is packed, and how its text is written."""

    stamp: Stamp
    compressed: bool
    encoding: str
    carriage: bool  # lines end with CR alone


class TextReader:
    """One pass over a file's normalised text. Use it as a context manager.

    Args:
        path: The file.
        max_text_bytes: Budget for the unpacked text, bytes.
        packing: What an earlier pass found; the file must still be the same one.

    Raises:
        InputError: The file is missing, no regular file, not readable, damaged, over the budget, or
            another one than before. Damage may show only while reading on.
    """

    def __init__(self, path: Path, max_text_bytes: int, packing: Packing | None = None) -> None:
        self.path = path
        self.stripped = 0  # bytes of NULs and byte-order mark before the text
        self._stored = Stored(path, packing.stamp if packing else None)
        try:
            self._begin(max_text_bytes, packing)
        except BaseException:
            self._stored.close()
            raise

    def _begin(self, budget: int, packing: Packing | None) -> None:
        lead = self._stored.peek(2)
        self._packed = Unzipped(self._stored, budget, self.path) if lead == GZIP else None
        if not self._packed and self._stored.stamp.size > budget:
            raise over_budget(self.path, budget)
        plain: _Reader = self._packed or self._stored
        first = self._strip_nulls(plain)
        self.encoding = "utf-8"
        for mark, name in _MARKS:
            if first.startswith(mark):
                self.encoding = name
                first = first[len(mark) :]
                self.stripped += len(mark)
                break
        if self.encoding == "utf-32" or (self.encoding == "utf-16-be" and self.stripped == 4):
            # The big-endian mark of UTF-32 is two NULs and then the one of UTF-16.
            raise _foreign(self.path, "UTF-32 text", "save it as UTF-8")
        plain = _Prefixed(first, plain)
        wide = self.encoding.startswith("utf-16")
        self._text: _Reader = _Transcoded(plain, self.encoding) if wide else plain
        self._carriage = packing.carriage if packing else False

    def _strip_nulls(self, plain: _Reader) -> bytes:
        """Skip leading NULs (a truncated log whose writer kept its offset); return what follows."""
        block = np.empty(BLOCK, np.uint8)
        first = b""
        while len(first) < len(codecs.BOM_UTF32_LE) and (count := plain.readinto(block)):
            read = block[:count].tobytes()
            if not first:
                read = read.lstrip(b"\0")
                self.stripped += count - len(read)
            first += read
        return first

    @property
    def truncated(self) -> bool:
        """The gzip stream, or the last UTF-16 character, broke off; known at the end."""
        torn = isinstance(self._text, _Transcoded) and self._text.torn
        return torn or bool(self._packed and self._packed.truncated)

    def read_head(self, size: int) -> bytes:
        """The first bytes of the text, at most `size`."""
        view = np.empty(size, np.uint8)
        return view[: self.readinto(view)].tobytes()

    def readinto(self, view: Bytes) -> int:
        """Fill `view`; less only at the end of the text. Returns how many bytes."""
        filled = 0
        while filled < len(view):
            count = self._text.readinto(view[filled:])
            if not count:
                break
            filled += count
        if self._carriage:
            part = view[:filled]
            part[part == 13] = 10
        return filled

    def describe(self, head: bytes) -> Packing:
        """What this pass found, for the passes to come; `head` is the beginning of the text.

        A single CR at the very end may be half of a CR LF that is being written.
        """
        carriage = b"\n" not in head and b"\r" in head[:-1]
        return Packing(self._stored.stamp, self._packed is not None, self.encoding, carriage)

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
        what = "a damaged gzip file" if path.suffix == ".gz" else "binary data"
        raise _foreign(path, what, "give a log, or an export as CSV or JSON")


class _Prefixed:
    """Bytes that were read already, then the rest."""

    def __init__(self, first: bytes, rest: _Reader) -> None:
        self._first = first
        self._rest = rest

    def readinto(self, view: Bytes) -> int:
        if not self._first:
            return self._rest.readinto(view)
        part, self._first = self._first[: len(view)], self._first[len(view) :]
        view[: len(part)] = np.frombuffer(part, np.uint8)
        return len(part)


class _Transcoded:
    """UTF-16 → UTF-8; what is no UTF-16 becomes a visible escape."""

    def __init__(self, wide: _Reader, encoding: str) -> None:
        self._wide = wide
        self._decoder = codecs.getincrementaldecoder(encoding)("backslashreplace")
        self._block = np.empty(BLOCK, np.uint8)
        self._rest = b""
        self._ended = False
        self.torn = False

    def readinto(self, view: Bytes) -> int:
        while not self._rest and not self._ended:
            count = self._wide.readinto(self._block)
            # At the end, half a character is dropped rather than escaped: it may be completed
            # later, and then the text so far must still be the beginning of the text.
            self._ended = not count
            self.torn = self._ended and bool(self._decoder.getstate()[0])
            self._rest = self._decoder.decode(self._block[:count].tobytes()).encode()
        part, self._rest = self._rest[: len(view)], self._rest[len(view) :]
        view[: len(part)] = np.frombuffer(part, np.uint8)
        return len(part)


def _foreign(path: Path, what: str, hint: str) -> InputError:
    return InputError(f"this is no log or export but {what}", where=str(path), hint=hint)
