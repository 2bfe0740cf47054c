"""Stored bytes of one file, and what they unpack to: gzip, bzip2, xz, zstd, zip with one member.

Python's own decoders unpack and check the sums. Its file objects are not used: all but gzip's take
a damaged stream behind the first for the end of the file, and xz's may take any memory.
"""

from __future__ import annotations

import bz2
import io
import lzma
import os
import re
import stat
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hookanalysis.errors import DamagedError, InputError
from hookanalysis.redaction import redact_name

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


Bytes = npt.NDArray[np.uint8]

BLOCK = 1 << 18
# Real logs pack 10 to 40 times. Beyond this, a small file was made to fill a disk.
_BOMB_RATIO = 250
_BOMB_FROM = 64 << 20
# What a decoder may keep to look back at; the largest that `xz -9` asks for is 64 MiB.
_MEMORY = 256 << 20
# A log that is packed more than twice was made so on purpose.
_DEPTH = 2
_LEAD = 14
_ZIP = b"PK\x03\x04"
# Others are unpacked by zipfile without a limit.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# zstd's padding: a frame that may be skipped, whose first byte varies.
_SKIPPED = b"\x2a\x4d\x18"


@dataclass(frozen=True)
class Stamp:
    """Which file it was, and how large, when it was first opened."""

    size: int
    device: int
    inode: int


class Stored(io.FileIO):
    """The file's own bytes, up to the size that it had when it was first opened, as `known`.

    Raises:
        InputError: It cannot be read, is no regular file, or another one than before.
    """

    def __init__(self, path: Path, known: Stamp | None) -> None:
        self.path = path
        try:
            super().__init__(path, opener=_open)
        except IsADirectoryError as error:
            raise InputError(
                "a folder cannot be read as a log",
                where=str(path),
                hint="name the files in it, or load the folder with `hookanalysis load`",
            ) from error
        except (OSError, ValueError) as error:
            raise _unreadable(path, error) from error
        try:
            self.stamp = self._check(known)
        except BaseException:
            self.close()
            raise

    def _check(self, known: Stamp | None) -> Stamp:
        info = os.fstat(self.fileno())
        if not stat.S_ISREG(info.st_mode):
            raise InputError(
                "this is no regular file",
                reason="a pipe, socket or device has no end that could be proven",
                where=str(self.path),
                hint="write it to a file first",
            )
        stamp = Stamp(known.size if known else info.st_size, info.st_dev, info.st_ino)
        if known and (stamp != known or info.st_size < known.size):
            raise changed(self.path)
        return stamp

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a byte; the end is where it was when the file was first opened."""
        if whence == os.SEEK_END:
            return super().seek(self.stamp.size + offset)
        return super().seek(offset, whence)

    def readinto(self, buffer: Any, /) -> int:
        """Fill the front of `buffer`; 0 at the end."""
        part = memoryview(buffer)[: max(0, self.stamp.size - self.tell())]
        try:
            count = super().readinto(part) or 0
        except OSError as error:
            raise _unreadable(self.path, error) from error
        if part and not count:
            raise changed(self.path)
        return count


class Parts(io.RawIOBase):
    """A byte source with `readinto`, over bytes that are made part by part, at most `budget`.

    What they are made of stays open: a file that is let go of is closed.
    """

    def __init__(
        self, parts: Iterator[bytes], source: io.BufferedReader, path: Path, budget: int
    ) -> None:
        super().__init__()
        self._source = source
        self._parts = filter(None, parts)
        self._path = path
        self._budget = self._left = budget
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fill `buffer`; less only at the end. More than the budget is an error."""
        view = memoryview(buffer)
        filled = 0
        while filled < len(view):
            self._rest = self._rest or memoryview(next(self._parts, b""))
            part = self._rest[: len(view) - filled]
            if not part:
                break
            view[filled : filled + len(part)] = part
            self._rest = self._rest[len(part) :]
            filled += len(part)
        self._left -= filled
        if self._left < 0:
            raise over_budget(self._path, self._budget)
        return filled


def buffered(raw: io.RawIOBase | io.BufferedReader) -> io.BufferedReader:
    """A file whose first `BLOCK` bytes, or all, can be looked at by `peek` before they are read."""
    return io.BufferedReader(raw, BLOCK)


def changed(path: Path) -> InputError:
    """The error for a file that is no longer what an earlier look at it saw."""
    return InputError(
        "the file changed while it was being read",
        reason="it was replaced, shortened or rewritten",
        where=str(path),
        hint="load it again; a log that is rotated right now is found under its new name",
    )


def over_budget(path: Path | str, budget: int) -> InputError:
    """The error for a text larger than the user allows."""
    return InputError(
        "the file is over the size budget",
        reason=f"its text is larger than {budget:,} bytes",
        where=str(path),
        hint="split it, or raise `max_text_gib` in hookanalysis.toml",
    )


def _open(path: str, _flags: int) -> int:
    # Without NONBLOCK, opening a FIFO would wait for its writer.
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)


def _unreadable(path: Path, error: OSError | ValueError) -> InputError:
    reason = (isinstance(error, OSError) and error.strerror) or str(error)
    what, hint = "the file cannot be read", "check the path and the disk"
    if isinstance(error, FileNotFoundError):
        what, hint = "there is no such file", "check the path"
    elif isinstance(error, PermissionError):
        hint = "ask for read permission, or copy the file to a folder of yours"
    return InputError(what, reason=reason, where=redact_name(str(path)), hint=hint)


class _Inflater:
    """zlib's decoder, in the manner of the others."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(31)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


@dataclass(frozen=True)
class Codec:
    """A way to pack bytes."""

    name: str  # its name, and that of its program
    magic: bytes  # its first bytes
    decoder: Callable[[], Any]  # makes a decoder for one stream
    # Pattern of what they are followed by, where text might begin like them.
    lead: re.Pattern[bytes] = re.compile(b"")
    # Whether a stream, by its first bytes, carries a checksum of its text.
    proves: Callable[[bytes], bool] = lambda _lead: True

    def may_begin(self, lead: bytes) -> bool:
        """Whether a further stream may begin with these bytes, as far as they are there."""
        return lead.startswith(self.magic) or self.magic.startswith(lead) or lead[1:4] == _SKIPPED


_CODECS = (
    Codec("gzip", b"\x1f\x8b", _Inflater),
    Codec("bzip2", b"BZh", bz2.BZ2Decompressor, re.compile(rb"[1-9](?:1AY&SY|\x17rE8P\x90)")),
    Codec(
        "xz",
        b"\xfd7zXZ\x00",
        lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY),
        proves=lambda lead: len(lead) > 7 and bool(lead[7] & 15),
    ),
    Codec(
        "zstd",
        b"\x28\xb5\x2f\xfd",
        zstd.ZstdDecompressor,
        proves=lambda lead: len(lead) > 4 and bool(lead[4] & 4),
    ),
)
_ERRORS = (
    zlib.error, lzma.LZMAError, zstd.ZstdError, zipfile.BadZipFile, OSError, EOFError, ValueError,
    NotImplementedError, RuntimeError,
)  # fmt: skip


def codec_of(lead: bytes) -> Codec | None:
    """The codec that the first bytes of a file name."""
    for codec in _CODECS:
        if lead.startswith(codec.magic) and codec.lead.match(lead, len(codec.magic)):
            return codec
    return None


@dataclass
class Condition:
    """What is known of a file as far as it was read."""

    packed: bool = False
    truncated: bool = False  # a stream, or the last character, broke off; known at the end
    unproven: bool = False  # a stream carries no checksum: damage in it does not show


def unpack(stored: Stored, budget: int) -> tuple[io.BufferedReader, Condition]:
    """The uncompressed bytes of a file, at most `budget`.

    Raises:
        InputError: It is damaged, over the budget, or an archive of several files; also later.
    """
    condition = Condition()
    text = buffered(stored)
    end = os.pread(stored.fileno(), 4, max(0, stored.stamp.size - 4))
    if text.peek().startswith(_ZIP):
        member = _read_member(text, _Meter(stored, "zip"))
        text, condition.packed, end = buffered(Parts(member, text, stored.path, budget)), True, b""
    for _ in range(_DEPTH):
        codec = codec_of(text.peek())
        if not codec:
            break
        streams = _read_streams(text, codec, _Meter(stored, codec.name), condition, end)
        text, condition.packed, end = buffered(Parts(streams, text, stored.path, budget)), True, b""
    if not condition.packed and stored.stamp.size > budget:
        raise over_budget(stored.path, budget)
    return text, condition


@dataclass
class _Meter:
    """Counts what comes out of a packed file, and stops it where it was made to fill a disk."""

    stored: Stored
    name: str
    total: int = 0

    def count(self, text: bytes) -> bytes:
        self.total += len(text)
        read = self.stored.tell()
        if self.total > _BOMB_FROM and self.total > _BOMB_RATIO * read:
            raise InputError(
                f"the {self.name} file unpacks to far more than a log",
                reason=f"{read:,} bytes became more than {self.total:,}",
                where=str(self.stored.path),
                hint="if this is a real log, unpack it first",
            )
        return text

    def damaged(self, reason: object) -> DamagedError:
        test = "unzip -t" if self.name == "zip" else f"{self.name} -t"
        return DamagedError(
            f"the {self.name} file is damaged",
            reason=f"{reason}; {self.total:,} bytes were unpacked, none of them can be trusted",
            where=str(self.stored.path),
            hint=f"copy it again from its source; `{test} FILE` checks it",
        )


def _read_streams(
    packed: io.BufferedReader, codec: Codec, meter: _Meter, condition: Condition, end: bytes
) -> Iterator[bytes]:
    """The text of the streams of a packed file, whose last bytes are `end`, as far as known."""
    lead = packed.read(_LEAD)
    while lead:
        if not codec.may_begin(lead):
            raise meter.damaged(f"bytes that are no {codec.name} follow its end")
        condition.unproven |= lead.startswith(codec.magic) and not codec.proves(lead)
        decoder, begin = codec.decoder(), meter.total
        while not decoder.eof:
            starving = decoder.needs_input
            block = (lead or packed.read1(BLOCK)) if starving else b""
            lead = b""
            try:
                text = decoder.decompress(block, BLOCK)
            except _ERRORS as error:
                raise meter.damaged(error) from error
            if text:
                yield meter.count(text)
            elif starving and not block and not decoder.eof:
                condition.truncated = True
                if _has_end_mark(codec, end, meter.total - begin):
                    raise meter.damaged("its end mark is not found where its size says")
                return
        # Block devices pad with NULs.
        lead = decoder.unused_data.lstrip(b"\0")
        while len(lead) < _LEAD and (more := packed.read1(BLOCK)):
            lead = (lead + more).lstrip(b"\0")


def _has_end_mark(codec: Codec, end: bytes, found: int) -> bool:
    """Whether a file that ends within a stream was not cut: damage hides the stream's end.

    A gzip file that was not cut still ends with the size of its text, as far as damage lets it
    grow or shrink; one that was cut ends so by chance once in 30,000 times. One of xz ends with
    a mark of two letters.
    """
    away = abs(int.from_bytes(end, "little") - found)
    near = bool(found) and away <= min(BLOCK // 4, found // 8)
    return (codec.name == "gzip" and near) or (codec.name == "xz" and end.endswith(b"YZ"))


def _read_member(packed: io.BufferedReader, meter: _Meter) -> Iterator[bytes]:
    """The text of the one file in a zip archive; zipfile checks its sum."""
    try:
        with zipfile.ZipFile(packed) as archive:
            info = _choose_member(archive, str(meter.stored.path))
            with archive.open(info) as member:
                while text := member.read(BLOCK):
                    yield meter.count(text)
    except _ERRORS as error:
        raise meter.damaged(error) from error
    if meter.total != info.file_size:
        raise meter.damaged("its size is not what it says")


def _choose_member(archive: zipfile.ZipFile, where: str) -> zipfile.ZipInfo:
    files = [info for info in archive.infolist() if not info.is_dir()]
    files = [info for info in files if not info.filename.startswith("__MACOSX/")]
    what, hint = "", "unpack it first"
    if any(info.filename == "[Content_Types].xml" for info in files):
        what, hint = "this is no log or export but an Excel workbook", "save it as CSV (UTF-8)"
    elif len(files) != 1:
        what = f"the zip archive holds {len(files)} files instead of one"
        hint = "unpack it to a folder, and load that"
    elif files[0].flag_bits & 1 or files[0].compress_type not in _METHODS:
        what = "the zip archive has a password, or is packed in an unusual way"
    if what:
        raise InputError(what, where=where, hint=hint)
    return files[0]
