"""One table → a file that other programs can open without being fooled by what logs contain."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from itertools import starmap
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from .database import Database
from .errors import InputError
from .facts.gathering import facts as gather
from .facts.gathering import read_days
from .facts.period import ask, day_bounds
from .outputs import no_formula, write_beside
from .tables import OUTCOMES, TABLES
from .verdict.findings import SEVERITIES, read_finding, say_ground
from .words import WORDS, say, say_evidence, say_reason, say_zone_error

_EVIDENCE = TABLES["finding_evidence"].names
# Tables whose codes a sheet says in words too: the columns that it takes, and the words of a row.
_IN_WORDS: dict[str, tuple[tuple[str, ...], Callable[..., str]]] = {
    "deliveries": (("reason",), lambda reason: say_reason(reason or "")),
    "resends": (("reason",), lambda reason: say(reason, "resends")),
    "findings": (TABLES["findings"].names, lambda *row: say_ground(read_finding(*row))),
    "finding_evidence": (
        _EVIDENCE,
        lambda *row: say_evidence(row[0], dict(zip(_EVIDENCE, row, strict=True))),
    ),
    "zone_errors": (("stream", "minutes", "suspect", "log_zone", "export_zone"), say_zone_error),
}

# For the labels of Prometheus' metrics.
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

_TIME = "%Y-%m-%d %H:%M:%S.%f"
_AS_JSON: Any = {"orient": "records", "date_format": "iso", "date_unit": "us", "indent": 1}

# A sheet has 2^20 rows; one is the header.
_MOST_IN_XLSX = 2**20 - 1


def export(db: Database, table: str, target: str | Path) -> int:
    """Write a table of the workspace to `target`; the suffix decides the form.

    `.csv` and `.xlsx` are made for spreadsheets: codes stand there in words too, and text that
    would be taken for a formula is marked as text. `.json` (an array of objects, ISO times) and
    `.parquet` hold the values unchanged. `metrics`, which is no table, goes to a `.prom`, in
    Prometheus' text format.

    Returns:
        How many rows were written.

    Raises:
        InputError: No such table, an unknown suffix, a table too long for .xlsx, or a target that
            cannot be written.
    """
    path = Path(target)
    if (table == "metrics") != (path.suffix == ".prom"):
        raise InputError(
            "metrics are written to a .prom file, and nothing else is", where=str(path)
        )
    if table == "metrics":
        return _write_metrics(db, path)
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise InputError(
            f"cannot export to {path.suffix or 'a file without suffix'}",
            where=str(path),
            hint=f"use one of {', '.join(_WRITERS)}",
        )
    frame = db.table(table)
    if write is _write_xlsx and len(frame) > _MOST_IN_XLSX:
        raise InputError(
            "the table is too long for a spreadsheet",
            reason=f"it has {len(frame):,} rows; .xlsx takes {_MOST_IN_XLSX:,}",
            where=str(path),
            hint="export to .csv or .parquet",
        )
    if path.suffix.lower() in {".csv", ".xlsx"} and table in _IN_WORDS:
        columns, tell = _IN_WORDS[table]
        told = frame[[*columns]].astype(object)
        told = told.where(told.notna(), None)
        # Few rows of millions differ in what their words depend on.
        frame["in_words"] = [*starmap(cache(tell), told.itertuples(index=False))]
    with write_beside(path, "the export cannot be written") as part:
        write(frame, part, table)
    return len(frame)


def _write_metrics(db: Database, path: Path) -> int:
    found: dict[str, list[tuple[dict[str, str], float]]] = {name: [] for name in WORDS["metrics"]}
    facts = gather(db)
    for outcome in facts.outcomes:
        found["deliveries"].append(({"outcome": outcome.outcome}, outcome.deliveries))
    worst = Counter(one.severity for one in facts.alarming)
    found["findings"] = [({"severity": name}, worst[name]) for name in SEVERITIES]
    found["unsound_files"] = [({}, sum(file.unsound for file in facts.files))]
    for row in (row for row in ask(db, "sources") if row["ends_at"]):
        labels = {name: row[name] or "" for name in ("side", "layer", "stream")}
        found["log_end_timestamp_seconds"].append((labels, _seconds(row["ends_at"])))
    for (zone,) in db.rows("SELECT DISTINCT timezone FROM history ORDER BY 1"):
        last = read_days(db, zone)[-1]
        start, _ = day_bounds(last["day"], zone)
        found["day_timestamp_seconds"].append(({"timezone": zone}, _seconds(start)))
        for name in OUTCOMES:
            found["day_deliveries"].append(({"timezone": zone, "outcome": name}, last[name]))
    lines = []
    for name, help_ in WORDS["metrics"].items():
        lines += [f"# HELP hookanalysis_{name} {help_}", f"# TYPE hookanalysis_{name} gauge"]
        for labels, value in found[name]:
            told = ",".join(f'{key}="{text.translate(_ESCAPES)}"' for key, text in labels.items())
            lines.append(f"hookanalysis_{name}{f'{{{told}}}' if told else ''} {value}")
    with write_beside(path, "the metrics cannot be written") as part:
        part.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return sum(map(len, found.values()))


def _seconds(at: datetime) -> int:
    return int(at.replace(tzinfo=UTC).timestamp())


def _write_xlsx(frame: pd.DataFrame, path: Path, table: str) -> None:
    options = {"options": {"strings_to_formulas": False, "strings_to_urls": False}}
    # Where a disk is full, its writer would print of that by itself.
    sheet = io.BytesIO()
    with pd.ExcelWriter(sheet, engine="xlsxwriter", engine_kwargs=options) as book:
        _as_text(frame).to_excel(book, sheet_name=table[:31], index=False)
    path.write_bytes(sheet.getbuffer())


def _write_parquet(frame: pd.DataFrame, path: Path, _table: str) -> None:
    # The workspace's own connection may not touch other files; a fresh one holds just this frame.
    with duckdb.connect() as con:
        con.register("frame", frame)
        con.execute("COPY (SELECT * FROM frame) TO ? (FORMAT parquet)", [str(path)])


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    texts = frame.select_dtypes(exclude=["number", "datetime", "bool"])
    return frame.assign(**{str(name): texts[name].map(no_formula) for name in texts})


_WRITERS: dict[str, Callable[[pd.DataFrame, Path, str], None]] = {
    ".csv": lambda frame, path, _: _as_text(frame).to_csv(path, index=False, date_format=_TIME),
    ".json": lambda frame, path, _: frame.to_json(path, **_AS_JSON),
    ".parquet": _write_parquet,
    ".xlsx": _write_xlsx,
}
