"""Stored bytes of one file, read through one descriptor; and bytes in the making, as a file."""

from __future__ import annotations

import io
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hookanalysis.errors import InputError
from hookanalysis.redaction import redact_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


Bytes = npt.NDArray[np.uint8]

BLOCK = 1 << 18


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

    def read_last(self, count: int) -> bytes:
        """The last bytes; the position in the file stays the same."""
        return os.pread(self.fileno(), count, max(0, self.stamp.size - count))

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
        """Fill `buffer`; less only at the end.

        Raises:
            InputError: There are more bytes than the budget allows.
        """
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
