"""Stored bytes of one file: read through one descriptor, unpacked when they are gzip."""

from __future__ import annotations

import os
import stat
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hookanalysis.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

Bytes = npt.NDArray[np.uint8]

BLOCK = 1 << 18

GZIP = b"\x1f\x8b"

# Real logs pack 10 to 40 times. Beyond this, a small file was made to fill a disk.
_BOMB_RATIO = 250
_BOMB_FROM = 64 << 20


@dataclass(frozen=True)
class Stamp:
    """Which file it was, and how large, when it was first opened."""

    size: int
    device: int
    inode: int


class Stored:
    """The file's own bytes, up to the size that it had when it was opened."""

    def __init__(self, path: Path, known: Stamp | None) -> None:
        self.path = path
        # Without NONBLOCK, opening a FIFO would wait for its writer.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        try:
            self.fd = os.open(path, flags | getattr(os, "O_NOCTTY", 0))
        except (OSError, ValueError) as error:
            raise _unreadable(path, error) from error
        try:
            self._check(known)
        except BaseException:
            self.close()
            raise

    def _check(self, known: Stamp | None) -> None:
        info = os.fstat(self.fd)
        if stat.S_ISDIR(info.st_mode):
            raise InputError(
                "a folder cannot be read as a log",
                where=str(self.path),
                hint="name the files in it, or load the folder with `hookanalysis load`",
            )
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
        self.stamp = stamp
        self.left = stamp.size

    def peek(self, count: int) -> bytes:
        """The first bytes, which stay unread."""
        first = os.read(self.fd, min(count, self.left))
        os.lseek(self.fd, 0, os.SEEK_SET)
        return first

    def read_last(self, count: int) -> bytes:
        """The last bytes, which stay as they are: read or unread."""
        return os.pread(self.fd, count, max(0, self.stamp.size - count))

    def readinto(self, view: Bytes) -> int:
        """Fill the front of `view`; 0 at the end."""
        part = view.data[: self.left]
        if not part:
            return 0
        try:
            count = os.readv(self.fd, [part])
        except OSError as error:
            raise _unreadable(self.path, error) from error
        if not count:
            raise changed(self.path)
        self.left -= count
        return count

    def close(self) -> None:
        """Close the file; safe to repeat."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


class Unzipped:
    """The members of a gzip file; zlib checks the CRC and size of each."""

    def __init__(self, stored: Stored, budget: int, path: Path) -> None:
        self.truncated = False
        self._stored = stored
        self._budget = budget
        self._path = path
        self._total = 0
        self._member_start = 0
        self._input = b""
        self._block = np.empty(BLOCK, np.uint8)
        self._member = zlib.decompressobj(31)
        self._ended = False

    def readinto(self, view: Bytes) -> int:
        """Fill the front of `view`; 0 at the end."""
        while not self._ended:
            packed = self._input or self._read()
            try:
                text = self._member.decompress(packed, min(len(view), BLOCK))
            except zlib.error as error:
                raise self._damaged(str(error)) from error
            self._input = self._member.unconsumed_tail
            self._count(len(text))
            if self._member.eof:
                self._next_member()
            elif not packed and not text:
                self._break_off()
            if text:
                view[: len(text)] = np.frombuffer(text, np.uint8)
                return len(text)
        return 0

    def _read(self) -> bytes:
        return self._block[: self._stored.readinto(self._block)].tobytes()

    def _next_member(self) -> None:
        """After a member: another one, or zeros (padding of block devices), or the end."""
        rest = self._member.unused_data.lstrip(b"\0")
        while len(rest) < len(GZIP):
            read = self._read()
            if not read:
                break
            rest = (rest + read).lstrip(b"\0")
        if not rest:
            self._ended = True
        elif GZIP.startswith(rest[:2]):
            self._member = zlib.decompressobj(31)
            self._member_start = self._total
            self._input = rest
        else:
            raise self._damaged("bytes that are no gzip follow its end")

    def _break_off(self) -> None:
        """The file ends within a member: it was cut, or damage hides its end.

        A file that was not cut still ends with the size of its text, as far as damage lets it grow
        or shrink; one that was cut ends so by chance once in 30,000 times.
        """
        self._ended = self.truncated = True
        size = int.from_bytes(self._stored.read_last(4), "little")
        found = self._total - self._member_start
        if found and abs(size - found) <= min(BLOCK // 4, found // 8):
            raise self._damaged("its end mark is not found where its size says")

    def _count(self, more: int) -> None:
        self._total += more
        if self._total > self._budget:
            raise over_budget(self._path, self._budget)
        read = self._stored.stamp.size - self._stored.left
        if self._total > _BOMB_FROM and self._total > _BOMB_RATIO * read:
            raise InputError(
                "the gzip file unpacks to far more than a log",
                reason=f"{read:,} bytes became more than {self._total:,}",
                where=str(self._path),
                hint="if this is a real log, unpack it first: gunzip FILE",
            )

    def _damaged(self, reason: str) -> InputError:
        return InputError(
            "the gzip file is damaged",
            reason=f"{reason}; {self._total:,} bytes were unpacked, none of them can be trusted",
            where=str(self._path),
            hint="copy it again from its source; `gzip -t FILE` checks it",
        )


def changed(path: Path) -> InputError:
    """The error for a file that is no longer what an earlier look at it saw."""
    return InputError(
        "the file changed while it was being read",
        reason="it was replaced, shortened or rewritten",
        where=str(path),
        hint="load it again; a log that is rotated right now is found under its new name",
    )


def _unreadable(path: Path, error: OSError | ValueError) -> InputError:
    reason = (isinstance(error, OSError) and error.strerror) or str(error)
    what, hint = "the file cannot be read", "check the path and the disk"
    if isinstance(error, FileNotFoundError):
        what, hint = "there is no such file", "check the path"
    elif isinstance(error, PermissionError):
        hint = "ask for read permission, or copy the file to a folder of yours"
    return InputError(what, reason=reason, where=str(path), hint=hint)


def over_budget(path: Path, budget: int) -> InputError:
    """The error for a text larger than the user allows."""
    return InputError(
        "the file is over the size budget",
        reason=f"its text is larger than {budget:,} bytes",
        where=str(path),
        hint="split it, or raise `max_text_gib` in hookanalysis.toml",
    )
