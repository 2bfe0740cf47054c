"""Which files are offered for loading: what a folder holds, without what this package made."""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager
from importlib import resources
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from hookanalysis.errors import InputError
from hookanalysis.read.postgres import Table, find_table
from hookanalysis.read.sources import print_path
from hookanalysis.settings import DEFAULT_NAME, RUNS_NAME
from hookanalysis.tables import MERGED, RESULTS, TABLES

from .transfers import Offer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DATABASE = b"DUCK"  # behind the first eight bytes
_CELLS = re.compile(rb'"nbformat"|"cells"\s*:\s*\[')
_GENERATOR = b'<meta name="generator" content="hookanalysis">'
_RUN = b'{"started_at": "'
_FACTS = b'{\n "period": {\n  "since":'


class ProductError(InputError):
    """A file is what this package made of others."""


def walk(paths: Iterable[str | Path]) -> Iterator[Offer | Table]:
    """The files to be loaded, and addresses of tables; names that begin with a dot are left out.

    Raises:
        InputError: One is the address of a database, and cannot be used.
    """
    for told in paths:
        path = Path(told)
        if table := find_table(told):
            yield table
        elif os.path.isdir(path):  # noqa: PTH112 - Path.is_dir fails where nothing may be seen
            for inner in _list(path):
                yield Offer(inner, print_path(inner), found=True)
        else:
            yield Offer(path, print_path(path))


def _list(folder: Path) -> Iterator[Path]:
    """What a folder holds at any depth, by name; also each folder that does not show what it holds.

    A link to a folder is not followed: it is offered, and refused, as it stands.
    """
    places = [(folder, True)]
    while places:
        place, inner = places.pop()
        if not inner:
            yield place
            continue
        try:
            entries = sorted(os.scandir(place), key=attrgetter("name"), reverse=True)
        except OSError:
            yield place
            continue
        shown = (entry for entry in entries if not entry.name.startswith("."))
        places += [(Path(entry), entry.is_dir(follow_symlinks=False)) for entry in shown]


def _read_head(path: Path) -> bytes:
    try:
        if not path.is_file():  # to open a pipe would wait for its writer
            return b""
        with path.open("rb") as file:
            return file.read(4096)
    except OSError:
        return b""


def check_product(path: Path) -> None:
    """Pass over a file that this package, or its user's work, has made.

    Raises:
        ProductError: Its first bytes say so; names what it is.
    """
    head = _read_head(path)
    journal = path.suffix == ".wal" and _read_head(path.with_suffix(""))[8:12] == _DATABASE
    signs = {
        "a DuckDB file, as workspaces are": journal or head[8:12] == _DATABASE,
        "settings of hookanalysis": path.name == DEFAULT_NAME,
        "a report of hookanalysis": head.startswith(b"<!DOCTYPE html>") and _GENERATOR in head,
        "the facts of a report": head.startswith(_FACTS),
        "what runs say of themselves": path.name == RUNS_NAME and head.startswith(_RUN),
        "a notebook": path.suffix == ".ipynb" and _CELLS.search(head) is not None,
    }
    for name, found in signs.items():
        if found:
            raise ProductError(name)


def check_export(head: bytes, where: str) -> None:
    """Refuse a table of a workspace: what was concluded is no evidence.

    Args:
        head: First bytes of a text: a table, or objects.
        where: Its path, for the error.

    Raises:
        ProductError: The columns are those of a table of the contract.
    """
    text = head.lstrip(b"[ \r\n").decode("utf-8", "replace")
    names = text.partition("\n")[0].strip().split(",")
    if text.startswith("{"):
        try:
            names = list(json.JSONDecoder().raw_decode(text)[0])
        except (ValueError, RecursionError):
            return
    records = TABLES["attempt_records"], TABLES["receipt_records"]
    for table in (*records, *MERGED, *RESULTS):
        if names in ([*table.names], [*table.names, "in_words"]):
            raise ProductError(
                f"this is the table {table.name} of a workspace, no log",
                where=where,
                hint="load the logs that it was made of",
            )


@contextmanager
def find_samples() -> Iterator[Path]:
    """The folder of the bundled samples: of the wheel, or of the checkout."""
    packaged = resources.files("hookanalysis").joinpath("samples")
    with resources.as_file(packaged) as installed:
        checkout = Path(__file__).parents[3] / "data" / "samples"
        yield installed if installed.is_dir() else checkout
