"""JSON text → records: the elements of an array or of an envelope's list, or one object per line.

How a text is laid out is judged by its beginning. Elements over several lines are found in
`elements.py`; one object per line needs no more than its line ends.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from .elements import DEPTH_LIMIT, ElementSplitter, Outline, scan_object
from .splitting import End, LineSplitter, Piece, Splitter, blank_rows

if TYPE_CHECKING:
    from .unpacking import Bytes

ENVELOPES = ("results", "data", "items", "events", "logs", "deliveries", "attempts")

_MARK = re.compile(rb'\\[\\"]|["{}\[\]]')
_SPACE = re.compile(rb"[ \t\r\n]*")
_LIST = re.compile(rb'"([^"\\]*)"[ \t\r\n]*:[ \t\r\n]*\[[ \t\r\n]*[{\]]')


def split_json(head: bytes, *, complete: bool, fresh: bool) -> Splitter:
    """The splitter for a JSON text.

    Args:
        head: Its beginning.
        complete: `head` is all of it.
        fresh: The first text offered is the beginning, not a later element.
    """
    begin = _space(head, 0)
    first = head[begin : begin + 1]
    if first == b"[":
        return ElementSplitter(_outline(head, begin + 1, enveloped=False), fresh=fresh)
    if first == b"{":
        opening = _envelope(head, begin, complete=complete)
        if opening:
            return ElementSplitter(_outline(head, opening, enveloped=True), fresh=fresh)
        if not _one_per_line(head, complete=complete):
            follow = Outline(begin, array=False, enveloped=False, resume=re.compile(rb"\n\{"))
            return ElementSplitter(follow, fresh=fresh)
    return _ObjectLineSplitter()


def _space(text: bytes, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _outline(head: bytes, prefix: int, *, enveloped: bool) -> Outline:
    gap = head[prefix : _space(head, prefix)]
    indent = gap.rpartition(b"\n")
    resume = re.compile(rb"\n%b\{" % re.escape(indent[2])) if indent[1] else None
    return Outline(prefix, array=True, enveloped=enveloped, resume=resume)


def _envelope(head: bytes, at: int, *, complete: bool) -> int:
    """Where the list of an envelope begins, past its bracket; 0 when the text is no envelope.

    An envelope is the only object of the text: objects that follow it on their own are records.
    """
    depth, opening, quote = 0, 0, -1
    for token in _MARK.finditer(head, at):
        mark = token.group()
        if mark == b'"':
            quote = token.start() if quote < 0 else -1
            named = _LIST.match(head, quote) if quote >= 0 and depth == 1 and not opening else None
            if named and named.group(1).decode("ascii", "replace") in ENVELOPES:
                opening = head.index(b"[", named.end(1)) + 1
        elif quote < 0 and len(mark) == 1:
            depth += 1 if mark in b"{[" else -1
            if not depth:
                alone = complete and _space(head, token.end()) == len(head)
                return opening if alone else 0
    return opening


def _one_per_line(head: bytes, *, complete: bool) -> bool:
    """Whether some line is an object of its own. `{}` proves nothing: printers never break it."""
    lines = head.split(b"\n")
    if len(lines) == 1:
        return True
    for line in lines[:1000] if complete else lines[:-1]:
        text = line.rstrip()
        object_ = text.startswith(b"{") and text != b"{}"
        if object_ and scan_object(memoryview(text), 0, len(text)).end == len(text):
            return True
    return False


class _ObjectLineSplitter(LineSplitter):
    """One JSON object per line (NDJSON); blank lines are no records."""

    def split(self, view: Bytes, end: End) -> Piece:
        piece = super().split(view, end)
        if piece.held or not len(piece.lines):
            return piece
        blank = blank_rows(view, piece.starts)
        if blank.any():
            piece.valid = ~blank if piece.valid is None else piece.valid & ~blank
            piece.ignored = int(blank.sum())
        part = view[: piece.taken]
        opening = np.flatnonzero((part | 0x20) == 123)
        crowded = np.diff(np.searchsorted(opening, piece.starts)) > DEPTH_LIMIT
        if crowded.any():
            rows = np.flatnonzero(crowded)
            spans = zip(rows, piece.starts[rows], piece.starts[rows + 1], strict=True)
            deep = [
                int(row)
                for row, start, end in spans
                if scan_object(view.data, start, end).depth > DEPTH_LIMIT
            ]
            piece.reject(deep, "too_deep")
        return piece
