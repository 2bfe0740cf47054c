"""Fragments of a line that a container runtime split → one record, at the first one's place.

Docker and Kubernetes cut a line after 16 KB and log the pieces as lines of their own; lines of the
other output stream may stand between them. The pieces are put together again before anything else
sees them. Every physical line keeps its row, so that the rows still tile the text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from .splitting import RECORD_LIMIT, Batch, End, Fragments, LineSplitter

if TYPE_CHECKING:
    import re

    from .unpacking import Bytes

# Lines after which the rest of a cut line is no longer waited for.
_PATIENCE = 1000


@dataclass
class _Group:
    rows: list[int]
    head: bytes
    bodies: list[bytes] = field(default_factory=list)
    foot: bytes = b""

    @property
    def text(self) -> bytes:
        return self.head + b"".join(self.bodies) + self.foot


class FragmentSplitter(LineSplitter):
    """One record per line, where a line may have been split into fragments."""

    def __init__(self, fragments: Fragments) -> None:
        super().__init__()
        self._fragments = fragments

    def split(self, view: Bytes, end: End) -> Batch:
        """See `Splitter`."""
        batch = super().split(view, end)
        if batch.held or not len(batch.lines):
            return batch
        text = view[: batch.taken].tobytes()
        if self._fragments.are_in(text, len(batch.lines)):
            waiting = self._join(text, batch)
            if waiting is not None and end is not End.WHOLE:
                batch.keep_rows(waiting)
        return batch

    def _join(self, text: bytes, batch: Batch) -> int | None:
        """Fill `batch.joined`; returns the first row of a line whose end is not there, if any."""
        line, opening = self._fragments.patterns
        starts = batch.starts
        found = [match.start() for match in opening.finditer(text)]
        rows = np.searchsorted(starts, found, side="right") - 1
        open_rows = set(rows.tolist())
        groups: dict[bytes, _Group] = {}
        after = -1
        for first in rows.tolist():
            row = first
            while row > after and row < len(starts) - 1 and (groups or row == first):
                after = row
                part = line.fullmatch(text, starts[row], starts[row + 1])
                if part and starts[row + 1] - starts[row] <= RECORD_LIMIT:
                    self._add(groups, part, row, open_=row in open_rows, batch=batch)
                for stream, group in list(groups.items()):
                    too_far = starts[row + 1] - starts[group.rows[0]] > RECORD_LIMIT
                    if too_far or row - group.rows[0] > _PATIENCE:
                        self._close(groups.pop(stream), batch)
                row += 1
        waiting = min((group.rows[0] for group in groups.values()), default=None)
        for group in groups.values():
            self._close(group, batch)
        return waiting

    def _add(
        self,
        groups: dict[bytes, _Group],
        part: re.Match[bytes],
        row: int,
        *,
        open_: bool,
        batch: Batch,
    ) -> None:
        stream = part["stream"]
        if not open_ and stream not in groups:
            return
        group = groups.setdefault(stream, _Group([], part["head"]))
        group.rows.append(row)
        group.bodies.append(part["body"])
        group.foot = part["foot"]
        if not open_:
            self._close(groups.pop(stream), batch)

    @staticmethod
    def _close(group: _Group, batch: Batch) -> None:
        text = group.text
        if len(group.rows) > 1 and b"\0" not in text:
            batch.joined.append((tuple(group.rows), text))
            if batch.valid is None:
                batch.valid = np.ones(len(batch.lines), np.bool_)
            batch.valid[group.rows[1:]] = False
