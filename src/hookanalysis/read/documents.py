"""JSON text → records: the elements of an array or of an envelope's list, or one object per line.

How a text is laid out is judged by its beginning. Elements over several lines are found in
`elements.py`; one object per line needs no more than its line ends.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from .decoding import HEAD
from .elements import DEPTH_LIMIT, ElementSplitter, Outline, scan_object
from .pages import ENVELOPES
from .splitting import Batch, End, LineSplitter, Splitter, blank_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .unpacking import Bytes

_MARK = re.compile(rb'\\[\\"]|["{}\[\]]')
_SPACE = re.compile(rb"[ \t\r\n]*")
_KEY = re.compile(rb'"([^"\\]*)"[ \t\r\n]*:')
_LIST = re.compile(rb'"([^"\\]*)"[ \t\r\n]*:[ \t\r\n]*(\[)[ \t\r\n]*[{\]]')
# An object with one of these (in any spelling) is a record itself, whatever lists it holds.
_OF_RECORDS = frozenset(
    b"id uid uuid guid payload event eventid eventtype eventuuid webhookeventuuid externalid"
    b" messageid msgid deliveryid attemptid time timestamp @timestamp ts date datetime level"
    b" levelname severity msg logger".split()
)
# Objects around an envelope's list, at most.
_AROUND = 5
_OPEN = 123  # {


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
    # A line of text may begin with a brace that is no object's.
    if not re.match(rb"\s*(?:\[\s*)?(?:\{\s*(?:[\"}]|$)|\[\s*\])", head):
        return False
    return isinstance(split_json(head, complete=len(head) < HEAD, fresh=True), ElementSplitter)


def holds_nothing(text: bytes) -> bool:
    """Whether a whole JSON text is a list, or an envelope, without any element."""
    if text.lstrip()[:1] not in {b"[", b"{"}:
        return False
    try:
        value = json.loads(text)
        if isinstance(value, dict) and any(_of_record(key.encode()) for key in value):
            return False
        lists = list(_lists(value))
    except (ValueError, RecursionError):
        return False
    return bool(lists) and not any(lists)


def _lists(value: Any) -> Iterator[list[Any]]:
    """The lists of an envelope; none that stands in another."""
    if isinstance(value, list):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _lists(inner)


def _of_record(key: bytes) -> bool:
    return key.lower().translate(None, b"_-") in _OF_RECORDS


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

    It stands under any key, in the envelope or in objects inside of it; of several lists it is the
    one with a usual name, else the longest. An envelope is the only object of the text: objects
    that follow it on their own are records. Zeros when the text is none.
    """
    path = bytearray()  # the brackets that are open
    quote, opening = -1, 0
    best = (False, 0, 0, 0)  # has a usual name, length, where it begins, objects around it
    last = best
    for token in _MARK.finditer(head, at):
        mark = token.group()
        if mark == b'"':
            quote = token.start() if quote < 0 else -1
            if quote < 0 or len(path) > _AROUND or b"[" in path:
                continue
            told = _KEY.match(head, quote)
            if told and len(path) == 1 and _of_record(told.group(1)):
                return 0, 0
            named = _LIST.match(head, quote)
            if named:
                usual = len(path) == 1 and named.group(1).decode("ascii", "replace") in ENVELOPES
                opening = named.end(2) if usual or head[named.end() - 1] == _OPEN else 0
                last = usual, len(head) - opening, opening, len(path)
        elif quote < 0 and len(mark) == 1:
            if mark in b"{[":
                path += mark
                continue
            path.pop()
            if opening and len(path) == last[3]:
                best = max(best, (last[0], token.start() - opening, *last[2:]))
                opening = 0
            if not path:
                alone = complete and _space(head, token.end()) == len(head)
                return best[2:] if alone else (0, 0)
    return (max(best, last) if opening else best)[2:]


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

    def split(self, view: Bytes, end: End) -> Batch:
        batch = super().split(view, end)
        if batch.held or not len(batch.lines):
            return batch
        blank = blank_rows(view, batch.starts)
        if blank.any():
            batch.ignore(blank)
        part = view[: batch.taken]
        opening = np.flatnonzero((part | 0x20) == 123)
        crowded = np.diff(np.searchsorted(opening, batch.starts)) > DEPTH_LIMIT
        if crowded.any():
            rows = np.flatnonzero(crowded)
            spans = zip(rows, batch.starts[rows], batch.starts[rows + 1], strict=True)
            deep = [
                int(row)
                for row, start, end in spans
                if scan_object(view.data, start, end).depth > DEPTH_LIMIT
            ]
            batch.reject(deep, "too_deep")
        return batch
