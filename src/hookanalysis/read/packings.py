"""What files are packed in: gzip, bzip2, xz, zstd, also one in another; zip with one member."""

from __future__ import annotations

import bz2
import io
import lzma
import os
import re
import sys
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from hookanalysis.errors import DamagedError, InputError

from .unpacking import BLOCK, over_budget

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .unpacking import Bytes, Stored

# Real logs pack 10 to 40 times. Beyond this, a small file was made to fill a disk.
_BOMB_RATIO = 250
_BOMB_FROM = 64 << 20
# What a decoder may keep to look back at; the largest that `xz -9` asks for is 64 MiB.
_MEMORY = 256 << 20
# A log that is packed more than twice was made so on purpose.
_DEPTH = 2
_LEAD = 14
_ZIP = b"PK\x03\x04"


class Reader(Protocol):
    """Gives bytes."""

    def readinto(self, view: Bytes, /) -> int:
        """Fill the front of `view`; 0 at the end."""


class _Decoder(Protocol):
    """One stream of a packed file, as Python's own modules decode it."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Inflater:
    """zlib's decoder, in the manner of the others."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


@dataclass(frozen=True)
class Codec:
    """A way to pack bytes.

    Args:
        name: Its name, and that of its program.
        magic: Its first bytes.
        lead: Pattern of what they are followed by, where text might begin like them.
        decoder: Makes a decoder for one stream.
        proves: Whether a stream, by its first bytes, carries a checksum of its text.
    """

    name: str
    magic: bytes
    lead: re.Pattern[bytes]
    decoder: Callable[[], _Decoder]
    proves: Callable[[bytes], bool] = lambda _lead: True


_CODECS = (
    Codec("gzip", b"\x1f\x8b", re.compile(rb""), _Inflater),
    Codec("bzip2", b"BZh", re.compile(rb"[1-9](?:1AY&SY|\x17rE8P\x90)"), bz2.BZ2Decompressor),
    Codec(
        "xz",
        b"\xfd7zXZ\x00",
        re.compile(rb""),
        lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY),
        lambda lead: len(lead) > 7 and bool(lead[7] & 15),
    ),
    Codec(
        "zstd",
        b"\x28\xb5\x2f\xfd",
        re.compile(rb""),
        zstd.ZstdDecompressor,
        lambda lead: len(lead) > 4 and bool(lead[4] & 4),
    ),
)
_ERRORS = (zlib.error, lzma.LZMAError, zstd.ZstdError, zipfile.BadZipFile, OSError, EOFError)


def codec_of(lead: bytes) -> Codec | None:
    """How bytes are packed, as far as their beginning says."""
    for codec in _CODECS:
        if lead.startswith(codec.magic) and codec.lead.match(lead, len(codec.magic)):
            return codec
    return None


class Prefixed:
    """Bytes that were read already, then the rest."""

    def __init__(self, first: bytes, rest: Reader) -> None:
        self._first = first
        self._rest = rest

    def readinto(self, view: Bytes) -> int:
        """Fill the front of `view`; 0 at the end."""
        if not self._first:
            return self._rest.readinto(view)
        part, self._first = self._first[: len(view)], self._first[len(view) :]
        view[: len(part)] = np.frombuffer(part, np.uint8)
        return len(part)


class Unpacked:
    """A file without what it is packed in; the bytes themselves where it is not packed.

    Args:
        stored: The file.
        budget: Largest size of the text, bytes.
        path: Where it is, for errors.

    Raises:
        InputError: It is damaged, over the budget, or an archive of several files.
    """

    def __init__(self, stored: Stored, budget: int, path: Path) -> None:
        self._layers: list[_Streams] = []
        self.packed = False
        lead, self._reader = _peek(stored)
        if lead.startswith(_ZIP):
            member = _Member(stored, budget, path)
            self.packed = True
            lead, self._reader = _peek(member)
        while (codec := codec_of(lead)) and len(self._layers) < _DEPTH:
            meter = _Meter(stored, budget, path, codec.name)
            layer = _Streams(self._reader, codec, meter, None if self.packed else stored)
            self._layers.append(layer)
            self.packed = True
            lead, self._reader = _peek(layer)

    def readinto(self, view: Bytes) -> int:
        """Fill the front of `view`; 0 at the end."""
        return self._reader.readinto(view)

    @property
    def truncated(self) -> bool:
        """A stream broke off; known at the end."""
        return any(layer.truncated for layer in self._layers)

    @property
    def unproven(self) -> bool:
        """A stream carries no checksum: damage in it does not show. Known of those read so far."""
        return any(layer.unproven for layer in self._layers)


def _peek(reader: Reader) -> tuple[bytes, Reader]:
    """The first bytes, and all of them."""
    first, view = b"", np.empty(_LEAD, np.uint8)
    while len(first) < _LEAD and (count := reader.readinto(view[: _LEAD - len(first)])):
        first += view[:count].tobytes()
    return first, Prefixed(first, reader)


@dataclass
class _Meter:
    """Counts what comes out of a packed file, and stops it where it was made to fill a disk."""

    stored: Stored
    budget: int
    path: Path
    name: str
    total: int = 0

    def count(self, more: int) -> None:
        self.total += more
        if self.total > self.budget:
            raise over_budget(self.path, self.budget)
        read = self.stored.stamp.size - self.stored.left
        if self.total > _BOMB_FROM and self.total > _BOMB_RATIO * read:
            raise InputError(
                f"the {self.name} file unpacks to far more than a log",
                reason=f"{read:,} bytes became more than {self.total:,}",
                where=str(self.path),
                hint="if this is a real log, unpack it first",
            )

    def damaged(self, reason: str) -> DamagedError:
        test = "unzip -t" if self.name == "zip" else f"{self.name} -t"
        return DamagedError(
            f"the {self.name} file is damaged",
            reason=f"{reason}; {self.total:,} bytes were unpacked, none of them can be trusted",
            where=str(self.path),
            hint=f"copy it again from its source; `{test} FILE` checks it",
        )


class _Streams:
    """The streams of a packed file, one after the other; their decoders check their sums."""

    def __init__(self, packed: Reader, codec: Codec, meter: _Meter, stored: Stored | None) -> None:
        self.truncated = False
        self.unproven = False
        self._packed = packed
        self._codec = codec
        self._meter = meter
        self._stored = stored
        self._begin = 0
        self._input = b""
        self._block = np.empty(BLOCK, np.uint8)
        self._ended = False
        self._decoder = self._next_stream(padding=b"")

    def readinto(self, view: Bytes) -> int:
        """Fill the front of `view`; 0 at the end."""
        while len(view) and not self._ended:
            decoder, packed = self._decoder, b""
            starving = decoder.needs_input
            if starving:
                packed, self._input = self._input or self._read(), b""
            try:
                text = decoder.decompress(packed, min(len(view), BLOCK))
            except _ERRORS as error:
                raise self._meter.damaged(str(error)) from error
            self._meter.count(len(text))
            if decoder.eof:
                self._input = decoder.unused_data + self._input
                self._decoder = self._next_stream(padding=b"\0")
            elif starving and not packed and not text:
                self._break_off()
            if text:
                view[: len(text)] = np.frombuffer(text, np.uint8)
                return len(text)
        return 0

    def _read(self) -> bytes:
        return self._block[: self._packed.readinto(self._block)].tobytes()

    def _next_stream(self, padding: bytes) -> _Decoder:
        """The decoder of the next stream, behind the padding of block devices; or the end."""
        lead = self._input.lstrip(padding)
        while len(lead) < _LEAD:
            read = self._read()
            if not read:
                break
            lead = (lead + read).lstrip(padding)
        magic = self._codec.magic
        # The padding of zstd is a frame that may be skipped.
        if lead and not (
            lead.startswith(magic) or magic.startswith(lead) or lead[1:4] == b"\x2a\x4d\x18"
        ):
            raise self._meter.damaged(f"bytes that are no {self._codec.name} follow its end")
        self._ended = not lead
        self._input = lead
        self._begin = self._meter.total
        self.unproven |= lead.startswith(magic) and not self._codec.proves(lead)
        return self._codec.decoder()

    def _break_off(self) -> None:
        """The file ends within a stream: it was cut, or damage hides its end.

        A gzip file that was not cut still ends with the size of its text, as far as damage lets it
        grow or shrink; one that was cut ends so by chance once in 30,000 times. One of xz ends with
        a mark of two letters.
        """
        self._ended = self.truncated = True
        end = self._stored.read_last(4) if self._stored else b""
        found = self._meter.total - self._begin
        away = abs(int.from_bytes(end, "little") - found)
        if (self._codec.name == "gzip" and found and away <= min(BLOCK // 4, found // 8)) or (
            self._codec.name == "xz" and end.endswith(b"YZ")
        ):
            raise self._meter.damaged("its end mark is not found where its size says")


class _Member:
    """The one file in a zip archive; zipfile checks its CRC."""

    def __init__(self, stored: Stored, budget: int, path: Path) -> None:
        self._meter = _Meter(stored, budget, path, "zip")
        stored.left = 0  # it is read from its end, by another way
        try:
            archive = zipfile.ZipFile(io.BufferedReader(_Seekable(stored)))
            self._info = self._choose(archive)
            self._file = archive.open(self._info)
        except (*_ERRORS, ValueError, NotImplementedError, RuntimeError) as error:
            raise self._meter.damaged(str(error)) from error

    def _choose(self, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
        where = str(self._meter.path)
        files = [info for info in archive.infolist() if not info.is_dir()]
        files = [info for info in files if not info.filename.startswith("__MACOSX/")]
        if any(info.filename == "[Content_Types].xml" for info in files):
            hint = "save it as CSV (UTF-8)"
            raise InputError(
                "this is no log or export but an Excel workbook", where=where, hint=hint
            )
        if len(files) != 1:
            raise InputError(
                f"the zip archive holds {len(files)} files instead of one",
                where=where,
                hint="unpack it to a folder, and load that",
            )
        if files[0].flag_bits & 1 or files[0].compress_type not in _METHODS:
            raise InputError(
                "the zip archive has a password, or is packed in an unusual way",
                where=where,
                hint="unpack it first",
            )
        return files[0]

    def readinto(self, view: Bytes) -> int:
        """Fill the front of `view`; 0 at the end."""
        try:
            text = self._file.read(min(len(view), BLOCK))
        except _ERRORS as error:
            raise self._meter.damaged(str(error)) from error
        self._meter.count(len(text))
        if not text and self._meter.total != self._info.file_size:
            raise self._meter.damaged("its size is not what it says")
        view[: len(text)] = np.frombuffer(text, np.uint8)
        return len(text)


# Others are unpacked by zipfile without a limit.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class _Seekable(io.RawIOBase):
    """A stored file as zipfile wants to read it; the descriptor stays the file's own."""

    def __init__(self, stored: Stored) -> None:
        self._stored = stored
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = max(0, offset + (0, self._at, self._stored.stamp.size)[whence])
        return self._at

    def readinto(self, view: Any, /) -> int:
        size = min(len(view), max(0, self._stored.stamp.size - self._at))
        count = os.preadv(self._stored.fd, [memoryview(view)[:size]], self._at) if size else 0
        self._at += count
        return count
