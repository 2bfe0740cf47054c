"""JSON text → records: the elements of an array or of an envelope's list, or one object per line.

How a text is laid out is judged by its beginning. Elements over several lines are found in
`elements.py`; one object per line needs no more than its line ends.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import numpy as np

from .elements import DEPTH_LIMIT, ElementSplitter, Outline, scan_object
from .pages import ENVELOPES
from .splitting import End, LineSplitter, Piece, Splitter, blank_rows

if TYPE_CHECKING:
    from .unpacking import Bytes

_MARK = re.compile(rb'\\[\\"]|["{}\[\]]')
_SPACE = re.compile(rb"[ \t\r\n]*")
_KEY = re.compile(rb'"([^"\\]*)"[ \t\r\n]*:')
_LIST = re.compile(rb'"([^"\\]*)"[ \t\r\n]*:[ \t\r\n]*\[[ \t\r\n]*[{\]]')
# An object with one of these is a record itself, whatever lists it holds.
_OF_RECORDS = frozenset(
    b"id uid uuid guid payload event event_id event_type event_uuid webhook_event_uuid".split()
)


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
        return ElementSplitter(_outline(head, begin + 1, enveloped=0), fresh=fresh)
    if first == b"{":
        opening, depth = _envelope(head, begin, complete=complete)
        if opening:
            return ElementSplitter(_outline(head, opening, enveloped=depth), fresh=fresh)
        if not _one_per_line(head, complete=complete):
            follow = Outline(begin, array=False, enveloped=0, resume=re.compile(rb"\n\{"))
            return ElementSplitter(follow, fresh=fresh)
    return _ObjectLineSplitter()


def is_spread(head: bytes) -> bool:
    """Whether a text is JSON that is not one object a line: an array, an envelope, wide objects."""
    from .decoding import HEAD

    if not re.match(rb"\s*(?:\{|\[\s*[{\]])", head):
        return False
    return isinstance(split_json(head, complete=len(head) < HEAD, fresh=True), ElementSplitter)


def holds_nothing(text: bytes) -> bool:
    """Whether a whole JSON text is a list, or an envelope, without any element."""
    if text.lstrip()[:1] not in {b"[", b"{"}:
        return False
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    lists = [value]
    if isinstance(value, dict):
        inner = value.get("data")
        lists = [value.get(name) for name in ENVELOPES]
        lists += [inner.get("content")] if isinstance(inner, dict) else []
    return [] in lists


def _space(text: bytes, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _outline(head: bytes, prefix: int, *, enveloped: int) -> Outline:
    gap = head[prefix : _space(head, prefix)]
    indent = gap.rpartition(b"\n")
    resume = re.compile(rb"\n%b\{" % re.escape(indent[2])) if indent[1] else None
    return Outline(prefix, array=True, enveloped=enveloped, resume=resume)


def _envelope(head: bytes, at: int, *, complete: bool) -> tuple[int, int]:
    """Where the list of an envelope begins, past its bracket, and how many objects are around it.

    An envelope is the only object of the text: objects that follow it on their own are records.
    Zeros when the text is none.
    """
    depth, opening, quote = 0, 0, -1
    around, key = 0, b""
    for token in _MARK.finditer(head, at):
        mark = token.group()
        if mark == b'"':
            quote = token.start() if quote < 0 else -1
            if quote < 0 or depth > 2:
                continue
            told = _KEY.match(head, quote)
            if depth == 1 and told:
                key = told.group(1)
                if key.lower() in _OF_RECORDS:
                    return 0, 0
            named = _LIST.match(head, quote)
            if named and not opening and _is_list(depth, key, named.group(1)):
                opening, around = head.index(b"[", named.end(1)) + 1, depth
        elif quote < 0 and len(mark) == 1:
            depth += 1 if mark in b"{[" else -1
            if not depth:
                alone = complete and _space(head, token.end()) == len(head)
                return (opening, around) if alone else (0, 0)
    return opening, around


def _is_list(depth: int, key: bytes, name: bytes) -> bool:
    """Whether an envelope's list is called so: `results` and the like, or `content` in `data`."""
    if depth == 2:
        return (key, name) == (b"data", b"content")
    return name.decode("ascii", "replace") in ENVELOPES


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
