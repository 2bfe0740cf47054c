"""The first records of a text, split as reading will split the whole."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from hookanalysis.read.decoding import HEAD
from hookanalysis.read.records import Chunk
from hookanalysis.read.sources import make_splitter
from hookanalysis.read.splitting import Batch, End, Split

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

RECORDS = 200
# What may be a webhook: what a log is read for.
_TELLS = re.compile(rb"POST|[0-9a-f]{8}-[0-9a-f]{4}-|uuid")
# Shapes of objects that are parsed the quick way.
_SHAPES = 16


class Beginning:
    """The beginning of a file; its first records are taken once for each way to split them."""

    def __init__(self, text: bytes, table: Split | None = None) -> None:
        self.text = text
        self.table = table
        self._chunks: dict[Split, Chunk] = {}
        self._objects: dict[Split, list[dict[str, Any]]] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """What the header of a table names."""
        return self.table.names if self.table else ()

    def chunk(self, split: Split) -> Chunk:
        """The first records."""
        if split not in self._chunks:
            self._chunks[split] = take_records(self.text, split)
        return self._chunks[split]

    def objects(self, split: Split | None = None) -> list[dict[str, Any]]:
        """The first records that are objects: a table's rows, else what is written in JSON."""
        split = split or self.table or Split("json")
        if split.kind == "json" and self.text.lstrip()[:1] not in {b"{", b"["}:
            return []
        if split not in self._objects:
            found = map(open_object, self.chunk(split).texts())
            self._objects[split] = [record for record in found if record is not None]
        return self._objects[split]


def take_records(head: bytes, split: Split) -> Chunk:
    """The first records of a text as a chunk: at most 200, half of them such as tell of webhooks.

    Where `head` is not the whole text, an unfinished last record is left out.
    """
    text = np.frombuffer(head, np.uint8).copy()
    splitter = make_splitter(split, head)
    end = End.GROWING if len(head) >= HEAD else End.WHOLE
    at, line = 0, 1
    while at < len(text):
        batch = splitter.split(text[at:], end)
        if not batch.taken:
            break
        if len(batch.lines):
            _keep(batch, text[at:])
            return Chunk(text[at : at + batch.taken], batch, (at, at, line), [])
        at, line = at + batch.taken, line + batch.breaks
    return Chunk(text[:0], Batch(), (at, at, line), [])


def _keep(batch: Batch, text: NDArray[np.uint8]) -> None:
    """Pass over all rows but the first, and the next that may tell of a webhook."""
    rows, first = len(batch.lines), RECORDS
    if rows > RECORDS and batch.texts is None:
        places = [found.start() for found in _TELLS.finditer(text.tobytes())]
        telling = np.unique(np.searchsorted(batch.starts, places, "right") - 1)
        later = telling[(telling >= RECORDS // 2) & (telling < rows)][: RECORDS // 2]
        first = RECORDS - len(later)
        chosen = np.zeros(rows, np.bool_)
        chosen[:first] = chosen[later] = True
        batch.ignore(~chosen)
        first = max(first, int(later[-1]) + 1 if len(later) else 0)
    batch.keep_rows(min(first, rows))


def usual_shapes(objects: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The keys of objects that are common, a JSON list each, as the database writes it.

    Sorted, so that files with the same shapes are parsed by the same statement.
    """
    write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    shapes = Counter(write(list(keys)) for keys in objects if keys)
    return tuple(sorted(shape for shape, _ in shapes.most_common(_SHAPES)))


def spell(names: Mapping[str, Sequence[str]], keys: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Names of keys as they are spelt among `keys`, in snake_case, and in camelCase."""
    met = {re.sub(r"[^\w/]|_", "", key).lower(): key for key in keys}
    spelt = {}
    for text, aliases in names.items():
        forms = []
        for alias in aliases:
            outer, slash, inner = alias.rpartition("/")
            words = re.findall(r"[a-z0-9]+", inner.lower())
            if not words:
                forms.append(alias)
                continue
            first, *others = words
            snake, camel = "_".join([first, *others]), first + "".join(map(str.capitalize, others))
            known = met.get(f"{outer}{slash}{first}{''.join(others)}", alias)
            forms += [known, *(f"{outer}{slash}{form}" for form in (snake, camel))]
        spelt[text] = tuple(dict.fromkeys(forms))
    return spelt


# Each format and each wrapper asks for the same first records.
@lru_cache(3 * RECORDS)
def open_object(text: str) -> dict[str, Any] | None:
    """The object that a record is, if it is one."""
    if not text.startswith("{"):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
