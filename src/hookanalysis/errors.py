"""One tree of errors. Each says what happened, why, where, and what to do next.

HookAnalysisError    a fault of this package, where it is none of      exit code 70
├── InputError       a file, format or setting that cannot be used     exit code 2
├── ReportError      a notebook or its report failed                   exit code 3
├── StorageError     a disk or folder that does not take what is made  exit code 74
└── BusyError        another process holds the workspace               exit code 75
"""

from __future__ import annotations

import errno

# A path that cannot be, whatever the disk.
_WRONG_PATH = {
    errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP,
}  # fmt: skip


class HookAnalysisError(Exception):
    """An error that a user can act on, printed as four short lines.

    Args:
        what: What happened, in one line.
        reason: Why, as far as it is known.
        where: File and line, and how far reading or matching got.
        hint: The next thing to try.
    """

    exit_code = 70

    def __init__(self, what: str, *, reason: str = "", where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.reason = reason
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        parts = {"error": self.what, "reason": self.reason, "where": self.where, "hint": self.hint}
        # Each is one line, also where a name has a line end in it.
        said = {label: text.replace("\n", "\\n") for label, text in parts.items() if text}
        return "\n".join(f"{label:>6}: {text}" for label, text in said.items())


class InputError(HookAnalysisError):
    """A file, a format, a setting or an argument that cannot be used."""

    exit_code = 2


class DamagedError(InputError):
    """A file whose bytes are not those that were once written."""


class ReportError(HookAnalysisError):
    """A notebook or its report failed."""

    exit_code = 3


class StorageError(HookAnalysisError):
    """A disk is full or broken, or a folder may not be written to."""

    exit_code = 74


class BusyError(HookAnalysisError):
    """Another process holds the workspace."""

    exit_code = 75


def unwritable(what: str, error: OSError, where: object) -> HookAnalysisError:
    """The error for a file that cannot be written: its path is wrong, or the disk refuses."""
    reason = error.strerror or str(error)
    if error.errno in _WRONG_PATH:
        return InputError(what, reason=reason, where=str(where), hint="check the path")
    hint = "make room, or ask for permission, and run the same again: nothing is lost"
    return StorageError(what, reason=reason, where=str(where), hint=hint)
