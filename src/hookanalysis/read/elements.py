"""JSON objects in a text, one after the other: where each begins and ends.

Only the structure is looked at: strings, brackets, depth. Whether an object is valid JSON is left
to the parser; it is rejected here where its own borders, or its depth, are in doubt.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from .splitting import RECORD_LIMIT, ROWS, Batch, End, Region, Rows

if TYPE_CHECKING:
    from .unpacking import Bytes

DEPTH_LIMIT = 64  # brackets inside each other

# How far ahead the end of an element is looked for, so that an over-long one costs only itself.
_SEARCH_LIMIT = 8 * RECORD_LIMIT

_OPEN, _CLOSE = b"{]"
_TOKEN = re.compile(rb'\\[\\"]|["\n{}\[\]]')
_GAP = re.compile(rb"[ \t\r\n,]*")
_SPACE = re.compile(rb"[ \t\r\n]*")
# What may stand in a list instead of an object, as far as its end is certain.
_OTHER = re.compile(rb'"(?:[^"\\\n]|\\[^\n])*"|[^"{}\[\]\n,]+|\}')

_STEP = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}
_DECODER = json.JSONDecoder()


@dataclass
class _Work:
    """One offer of text to the element splitter, and what was taken of it so far."""

    view: Bytes
    end: End
    batch: Batch
    rows: Rows

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
        self.rows.add(at, batch.breaks, valid=valid)
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
    """How a document is laid out, judged by its beginning.

    Attributes:
        prefix: Bytes before the first element.
        array: The elements stand in a list, which has an end.
        enveloped: How many objects the list stands in, whose rest follows it.
        resume: Where an element certainly begins: after a line end, at the depth of indentation
            of the first one. None when the elements do not begin their lines.
    """

    prefix: int
    array: bool
    enveloped: int
    resume: re.Pattern[bytes] | None


def scan_object(text: memoryview, at: int, limit: int, depth: int = 0) -> _Scan:
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
        open_list = self._outline.array and not self._closed and not self._lost
        return self._torn or open_list

    def split(self, view: Bytes, end: End) -> Batch:
        """See `Splitter`."""
        if self._prefix:
            taken = min(self._prefix, len(view))
            self._prefix -= taken
            return Batch(taken, view[:taken].tobytes().count(b"\n"))
        work = _Work(view, end, Batch(), Rows())
        while work.at < len(view) and len(work.rows) < ROWS and self._advance(work):
            pass
        work.rows.fill(work.batch)
        return work.batch

    def _advance(self, work: _Work) -> bool:
        """Take the next element or separator; False when more text must be seen first."""
        if self._lost:
            return self._recover(work)
        gap = (_SPACE if self._closed else _GAP).match(work.text, work.at)
        if gap and gap.end() > work.at:
            return work.take(gap.end())
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
            if brackets > DEPTH_LIMIT or stop - at > RECORD_LIMIT:
                break
            work.take(stop, valid=True)
            gap = _GAP.match(work.text, stop)
            if gap and gap.end() > stop:
                work.take(gap.end())
        return work.at > begin

    def _read(self, work: _Work) -> bool:
        """The slow path: one object, followed to its end."""
        limit, short = work.window(_SEARCH_LIMIT)
        scan = scan_object(work.text, work.at, limit)
        if scan.end and not scan.broken:
            long = scan.end - work.at > RECORD_LIMIT
            deep = scan.depth > DEPTH_LIMIT
            reason = "too_long" if long else "too_deep" if deep else ""
            return work.take(scan.end, valid=not reason, reason=reason)
        if short and not scan.broken:
            if not work.end.final:
                return False
            if work.end is End.CUT or not self._ends_whole(work.text):
                self._torn = True
                return False
        self._lost = "malformed_json" if short or scan.broken else "too_long"
        return self._recover(work)

    def _ends_whole(self, text: memoryview) -> bool:
        """Whether the text has its end mark: an object left open is then malformed, not cut off."""
        last = bytes(text[-4096:]).rstrip()[-1:]
        return last == (b"]" if self._outline.array and not self._outline.enveloped else b"}")

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
            scan = scan_object(work.text, stop, limit, depth=self._outline.enveloped)
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
