"""Stored bytes of one file, read through one descriptor."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hookanalysis.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

Bytes = npt.NDArray[np.uint8]

BLOCK = 1 << 18


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
        try:
            self.fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
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


def over_budget(path: Path | str, budget: int) -> InputError:
    """The error for a text larger than the user allows."""
    return InputError(
        "the file is over the size budget",
        reason=f"its text is larger than {budget:,} bytes",
        where=str(path),
        hint="split it, or raise `max_text_gib` in hookanalysis.toml",
    )
