"""One tree of errors. Each says what happened, why, where, and what to do next.

HookAnalysisError
├── InputError       a file, format or setting that cannot be used     exit code 2
├── ReportError      a notebook or its report failed                   exit code 3
└── BusyError        another process holds the workspace               exit code 75
"""

from __future__ import annotations


class HookAnalysisError(Exception):
    """An error that a user can act on, printed as four short lines.

    Args:
        what: What happened, in one line.
        reason: Why, as far as it is known.
        where: File and line, and how far reading or matching got.
        hint: The next thing to try.
    """

    exit_code = 1

    def __init__(self, what: str, *, reason: str = "", where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.reason = reason
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        parts = {"error": self.what, "reason": self.reason, "where": self.where, "hint": self.hint}
        return "\n".join(f"{label:>6}: {text}" for label, text in parts.items() if text)


class InputError(HookAnalysisError):
    """A file, a format, a setting or an argument that cannot be used."""

    exit_code = 2


class DamagedError(InputError):
    """A file whose bytes are not those that were once written."""


class ReportError(HookAnalysisError):
    """A notebook or its report failed."""

    exit_code = 3


class BusyError(HookAnalysisError):
    """Another process holds the workspace."""

    exit_code = 75
