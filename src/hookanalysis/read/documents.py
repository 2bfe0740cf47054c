"""JSON text → records: the elements of an array or of an envelope's list, or one object per line.

How a text is laid out is judged by its beginning. Of elements only the structure is looked at:
strings, brackets, depth. Whether an object is valid JSON is left to the parser; it is rejected here
where its own borders, or its depth, are in doubt.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from .decoding import HEAD
from .packings import Bytes
from .pages import ENVELOPES
from .splitting import RECORD_LIMIT, ROWS, Batch, End, LineSplitter, Region, Splitter, blank_rows

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
_DEPTH_LIMIT = 64  # brackets inside each other
# How far ahead the end of an element is looked for, so that an over-long one costs only itself.
_SEARCH_LIMIT = 8 * RECORD_LIMIT
_OPEN, _CLOSE = b"{]"
_TOKEN = re.compile(rb'\\[\\"]|["\n{}\[\]]')
_GAP = re.compile(rb"[ \t\r\n,]*")
# What may stand in a list instead of an object, as far as its end is certain.
_OTHER = re.compile(rb'"(?:[^"\\\n]|\\[^\n])*"|[^"{}\[\]\n,]+|\}')
_STEP = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}
_DECODER = json.JSONDecoder()


def split_json(head: bytes, *, complete: bool, fresh: bool) -> Splitter:
    """The splitter for a JSON text, by its beginning, which may be `complete`.

    `fresh`: the first text offered is the beginning, not a later element.
    """
    begin = _skip(_SPACE, head, 0)
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
    try:
        value = json.loads(text)
        if isinstance(value, dict) and any(_of_record(key.encode()) for key in value):
            return False
        lists = _lists(value)
    except (ValueError, RecursionError):
        return False
    return bool(lists) and not any(lists)


def _lists(value: Any) -> list[list[Any]]:
    """The lists of an envelope; none that stands in another."""
    if isinstance(value, list):
        return [value]
    inner = value.values() if isinstance(value, dict) else ()
    return [found for item in inner for found in _lists(item)]


def _of_record(key: bytes) -> bool:
    return key.lower().translate(None, b"_-") in _OF_RECORDS


def _skip(pattern: re.Pattern[bytes], text: bytes | memoryview, at: int) -> int:
    """Where a pattern that always fits stops to do so."""
    found = pattern.match(text, at)
    return found.end() if found else at


def _outline(head: bytes, prefix: int, *, enveloped: int) -> Outline:
    _, broken, indent = head[prefix : _skip(_SPACE, head, prefix)].rpartition(b"\n")
    resume = re.compile(rb"\n%b\{" % re.escape(indent)) if broken else None
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
                alone = complete and _skip(_SPACE, head, token.end()) == len(head)
                return best[2:] if alone else (0, 0)
    return (max(best, last) if opening else best)[2:]


def _one_per_line(head: bytes, *, complete: bool) -> bool:
    """Whether some line is an object of its own. `{}` proves nothing: printers never break it."""
    lines = head.split(b"\n")
    texts = (line.rstrip() for line in (lines[:1000] if complete else lines[:-1]))
    return len(lines) == 1 or any(
        text[:1] == b"{"
        and text != b"{}"
        and _follow(memoryview(text), 0, len(text)).end == len(text)
        for text in texts
    )


class _ObjectLineSplitter(LineSplitter):
    """One JSON object per line (NDJSON); blank lines are no records."""

    def split(self, view: Bytes, end: End) -> Batch:
        batch = super().split(view, end)
        if batch.held or not len(batch.lines):
            return batch
        blank = blank_rows(view, batch.starts)
        if blank.any():
            batch.ignore(blank)
        opening = np.flatnonzero((view[: batch.taken] | 0x20) == _OPEN)
        crowded = np.diff(np.searchsorted(opening, batch.starts)) > _DEPTH_LIMIT
        spans = ((row, *batch.starts[row : row + 2]) for row in np.flatnonzero(crowded).tolist())
        scans = ((row, _follow(view.data, start, end)) for row, start, end in spans)
        batch.reject((row for row, scan in scans if scan.depth > _DEPTH_LIMIT), "too_deep")
        return batch


@dataclass
class _Work:
    """One offer of text to the element splitter, and what was taken of it so far."""

    view: Bytes
    end: End
    batch: Batch = field(default_factory=Batch)
    # Where each row begins, its line, and whether it is a record.
    rows: list[tuple[int, int, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.text = self.view.data

    @cached_property
    def plain(self) -> str:
        """The text with a character for each byte: borders of objects stand in ASCII."""
        return str(self.text, "latin-1")

    @property
    def at(self) -> int:
        return self.batch.taken

    def window(self, size: int) -> tuple[int, bool]:
        """Where a search of `size` bytes must stop, and whether it may see less than it should."""
        limit = min(len(self.text), self.at + size)
        return limit, limit < self.at + size

    def take(self, stop: int, *, valid: bool = False, reason: str = "") -> bool:
        """Take one row up to `stop`: a record, a reject with its reason, or what is neither."""
        batch, at = self.batch, self.at
        breaks = self.plain.count("\n", at, stop)
        self.rows.append((at, batch.breaks, valid))
        if reason:
            batch.regions.append(Region(at, stop, batch.breaks, breaks, reason))
        batch.breaks += breaks
        batch.taken = stop
        return True


@dataclass(frozen=True)
class _Scan:
    """How far an object goes: `end` is 0 when it has none, or not this one."""

    end: int
    depth: int
    broken: bool = False


@dataclass(frozen=True)
class Outline:
    """How a document is laid out, judged by its beginning."""

    prefix: int  # bytes before the first element
    array: bool  # the elements stand in a list, which has an end
    enveloped: int  # how many objects the list stands in, whose rest follows it
    # Where an element certainly begins: after a line end, at the depth of indentation of the first
    # one. None when the elements do not begin their lines.
    resume: re.Pattern[bytes] | None


def _follow(text: memoryview, at: int, limit: int, depth: int = 0) -> _Scan:
    """Follow the object that begins at `at` to its end."""
    deepest, inside = depth, False
    for token in _TOKEN.finditer(text, at, limit):
        mark = token.group()
        if mark == b'"':
            inside = not inside
        elif mark == b"\n":
            if inside:
                return _Scan(0, deepest, broken=True)
        elif len(mark) == 1 and not inside:
            depth += _STEP[mark]
            deepest = max(deepest, depth)
            if depth <= 0:
                return _Scan(token.end(), deepest, broken=mark != b"}")
    return _Scan(0, deepest)


class ElementSplitter:
    """The objects of a list, or objects that follow each other, over any number of lines.

    A record is the object alone; commas and space between objects are rows that are no records.
    """

    def __init__(self, outline: Outline, *, fresh: bool) -> None:
        self._outline = outline
        self._prefix = outline.prefix if fresh else 0
        self._torn = False  # the text ends inside an element
        self._closed = False  # the list has ended
        self._lost = ""  # why no element is certain until a line begins like one

    @property
    def truncated(self) -> bool:
        """The text ended before its own end mark."""
        return self._torn or (self._outline.array and not self._closed and not self._lost)

    def split(self, view: Bytes, end: End) -> Batch:
        """See `Splitter`."""
        if self._prefix:
            taken = min(self._prefix, len(view))
            self._prefix -= taken
            return Batch(taken, view[:taken].tobytes().count(b"\n"))
        work = _Work(view, end)
        while work.at < len(view) and len(work.rows) < ROWS and self._advance(work):
            pass
        batch = work.batch
        if work.rows:
            starts, lines, valid = zip(*work.rows, strict=True)
            batch.starts = np.array([*starts, batch.taken], np.int64)
            batch.lines, batch.valid = np.array(lines, np.int64), np.array(valid, np.bool_)
        return batch

    def _advance(self, work: _Work) -> bool:
        """Take the next element or separator; False when more text must be seen first."""
        if self._lost:
            return self._recover(work)
        gap = _skip(_SPACE if self._closed else _GAP, work.text, work.at)
        if gap > work.at:
            return work.take(gap)
        mark = work.text[work.at]
        if mark == _OPEN and not self._closed:
            return self._accept(work) or self._read(work)
        if mark == _CLOSE and self._outline.array and not self._closed:
            return self._close(work)
        return self._pass_other(work)

    @staticmethod
    def _accept(work: _Work) -> bool:
        """The fast path: take the objects that are JSON, of moderate size and depth."""
        text, begin = work.plain, work.at
        while text.startswith("{", work.at) and len(work.rows) < ROWS:
            at = work.at
            try:
                _, stop = _DECODER.raw_decode(text, at)
            except (ValueError, RecursionError):
                break
            brackets = text.count("{", at, stop) + text.count("[", at, stop)
            if brackets > _DEPTH_LIMIT or stop - at > RECORD_LIMIT:
                break
            work.take(stop, valid=True)
            gap = _skip(_GAP, work.text, stop)
            if gap > stop:
                work.take(gap)
        return work.at > begin

    def _read(self, work: _Work) -> bool:
        """The slow path: one object, followed to its end."""
        limit, short = work.window(_SEARCH_LIMIT)
        scan = _follow(work.text, work.at, limit)
        if scan.end and not scan.broken:
            long = scan.end - work.at > RECORD_LIMIT
            deep = scan.depth > _DEPTH_LIMIT
            reason = "too_long" if long else "too_deep" if deep else ""
            return work.take(scan.end, valid=not reason, reason=reason)
        if short and not scan.broken:
            if not work.end.final:
                return False
            # Without its end mark the text was cut; with it, an object left open is malformed.
            listed = self._outline.array and not self._outline.enveloped
            mark = bytes(work.text[-4096:]).rstrip()[-1:]
            if work.end is End.CUT or mark != (b"]" if listed else b"}"):
                self._torn = True
                return False
        self._lost = "malformed_json" if short or scan.broken else "too_long"
        return self._recover(work)

    def _recover(self, work: _Work) -> bool:
        """Reject everything up to the next line that begins like an element."""
        text, at, resume = work.text, work.at, self._outline.resume
        found = resume.search(text, at) if resume and not self._closed else None
        if found:
            reason, self._lost = self._lost, ""
            return work.take(found.start() + 1, reason=reason)
        stop = len(text)
        if resume and not work.end.final:
            # The last line may be the beginning of such a line.
            last = bytes(text[at:]).rfind(b"\n") + at
            if last >= at and stop - last < len(resume.pattern):
                stop = last
        return stop > at and work.take(stop, reason=self._lost)

    def _close(self, work: _Work) -> bool:
        """The list ends. The rest of its envelope is passed over, if it is there to its end."""
        stop = work.at + 1
        if self._outline.enveloped:
            limit, short = work.window(_SEARCH_LIMIT)
            scan = _follow(work.text, stop, limit, depth=self._outline.enveloped)
            if short and not scan.end and not scan.broken:
                self._torn = work.end.final
                return False
            if scan.broken or not scan.end:
                self._lost = "malformed_json"
                return self._recover(work)
            stop = scan.end
        self._closed = True
        return work.take(stop)

    def _pass_other(self, work: _Work) -> bool:
        """Reject what stands in the place of an object, as far as its end is certain."""
        limit, short = work.window(1024)
        other = _OTHER.match(work.text, work.at, limit)
        stop = other.end() if other else limit
        if stop == limit and short and not work.end.final:
            return False
        stray = work.text[work.at] in b"}]" or self._closed
        reason = "malformed_json" if stray else "not_an_object"
        if other and not self._closed:
            return work.take(stop, reason=reason)
        self._lost = reason
        return self._recover(work)
