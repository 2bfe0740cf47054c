"""The same logs in another order, or in parts, rotated and packed: the same rows in all tables."""

from __future__ import annotations

import gzip
import random
import re
import shutil
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

import hookanalysis as ha
from hookanalysis.tables import MERGED, RESULTS
from street.play import play

# Where a line stands, and the numbers that loading gives.
GIVEN = {"file_id", "line", "receipt_id", "delivery_no", "stranger_id"}
WORLDS = range(60)
# Of few lines, and judged in a moment.
SHORT = (54,)
Rows = dict[str, list[tuple[Any, ...]]]


def judge(folder: Path, files: list[Path]) -> Rows:
    settings = folder / "hookanalysis.toml"
    found: Rows = {}
    with ha.connect(":memory:", settings=settings if settings.exists() else ha.Settings()) as ws:
        for file in files:
            ws.load(file)
        ws.reconcile()
        for table in (*MERGED, *RESULTS):
            names = ", ".join(name for name in table.names if name not in GIVEN)
            found[table.name] = ws.rows(f"SELECT {names} FROM {table.name} ORDER BY ALL")
    return found


def files_of(folder: Path) -> list[Path]:
    sides = (folder / "sender", folder / "receiver")
    return sorted(file for side in sides for file in side.rglob("*") if file.is_file())


def rotate(log: Path, dice: random.Random) -> None:
    """Put the older lines of a log into a file of their own, packed or not."""
    if log.suffix not in {".log", ".jsonl"} or [*log.parent.glob(f"{log.name}.*")]:
        return
    lines = log.read_bytes().splitlines(keepends=True)
    cut = dice.randint(len(lines) // 4, len(lines) * 3 // 4)
    # A server that writes what its columns are does so in each of its files.
    head = [*takewhile(lambda line: line.startswith(b"#"), lines)]
    older, newer = b"".join(lines[:cut]), b"".join(head + lines[cut:])
    if dice.random() < 0.5:
        log.with_name(f"{log.name}.1.gz").write_bytes(gzip.compress(older, mtime=0))
    else:
        log.with_name(f"{log.name}.1").write_bytes(older)
    log.write_bytes(newer)


@pytest.mark.parametrize(
    "number",
    [
        *SHORT,
        *(
            pytest.param(n, marks=pytest.mark.long if n < 8 else pytest.mark.slow)
            for n in WORLDS
            if n not in SHORT
        ),
    ],
)
def test_order_and_parts_mean_nothing(number: int, tmp_path: Path) -> None:
    dice = random.Random(number)
    whole = tmp_path / "whole"
    whole.mkdir()
    play(number, whole)
    files = files_of(whole)
    clean = judge(whole, files)
    assert clean["deliveries"]
    parts = tmp_path / "parts" / "whole"
    shutil.copytree(whole, parts)
    for file in files_of(parts):
        rotate(file, dice)
    settings = parts / "hookanalysis.toml"
    if settings.exists():  # what is known of a log is known of its parts
        settings.write_text(re.sub(r'(match = "[^"]*)"', r'\1*"', settings.read_text()))
    cases = [("parts", parts, files_of(parts))]
    if number in SHORT:
        cases.append(("order", whole, files))
    for name, folder, order in cases:
        dice.shuffle(order)
        other = judge(folder, order)
        unlike = {
            table: (
                [row for row in rows if row not in other[table]][:3],
                [row for row in other[table] if row not in rows][:3],
            )
            for table, rows in clean.items()
            if rows != other[table]
        }
        assert unlike == {}, (name, [str(file) for file in order])
