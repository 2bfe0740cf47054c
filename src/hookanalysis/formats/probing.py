"""`formats`: what one says, which of them fits a file, and what its records become."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb

from hookanalysis.read.sources import Source, print_path
from hookanalysis.settings import Known
from hookanalysis.words import say

from .detect import detect, gather_formats, look_at, no_such_format
from .engine import borrow_scratch, connect_parser
from .format import FileFacts, Format, load_formats
from .logs import Binding, count_fits, take_lines
from .refusals import UnfitError, disguise, draft_format, say_unlike
from .trials import Beginning, Trial, hold_trials, reach, take_records
from .wrappers import peel

# How many records are shown of those that are kept, and of those that are rejected.
_SHOWN = 5
# So many formats are named, with how far each got.
_NEAREST = 8
_WIDTH = 110
# Columns that say nothing to a reader here, or stand at the beginning of the line anyway.
_SILENT = {
    "line", "byte_offset", "at", "zoned", "verdict", "reason", "record", "also", "logged_at",
    "attempted_at", "record_hash", "row_hash", "message", "response",
}  # fmt: skip
_NOTHING: tuple[object, ...] = (None, "", [], False)


def try_file(path: Path, known: Known | None = None) -> tuple[str, bool]:
    """Which format fits a file, and how well; nothing is loaded.

    Args:
        path: The file.
        known: What the user says of it: formats of one's own, zone.

    Returns:
        What to tell the user, and whether a format was found. Where none was, a draft of one.

    Raises:
        InputError: The file cannot be read, or what is known of it cannot be used.
    """
    source = Source(path, max_text_bytes=1 << 62)
    name = source.path.replace("\n", "\\n")
    if source.is_empty():
        return f"{name} is empty", True
    head = source.head
    known = known or Known()
    lines: list[str] = []
    try:
        binding = detect(head, str(path), known, newest=source.written_at)
        records = parse_head(head, binding)
        _check_fit(records, binding, source.path)
    except UnfitError as error:
        lines += [str(error), "", *_others(head, known)]
        draft = draft_format(head, print_path(path.stem))
        lines += ["", "A draft, to be put into a file of its own and mended:", "", draft]
        return "\n".join(lines), False
    entry = binding.format
    inside = "".join(f", inside {name}" for name in reversed(binding.wrappers))
    layers = peel(head, connect_parser())
    bare = next(layer.head for layer in layers if layer.wrappers == binding.wrappers)
    beside = [name for name in binding.formats if name != entry.id]
    also = f", with lines of {', '.join(beside)}" if beside else ""
    lines += [f"{name} is {entry.id}{inside}{also}: {entry.title}", ""]
    lines += [*_others(bare, known, (entry.id, *beside)), ""]
    lines += [*_parsed(records), *_rejected(records, name)]
    if any(record["zoned"] is False for record in records) and not binding.timezone:
        lines += ["", "Its times name no zone: give it, such as --timezone America/Edmonton"]
    return "\n".join(lines), True


def _check_fit(records: Sequence[dict[str, Any]], binding: Binding, path: str) -> None:
    """Refuse, as loading does, a file of which no record can be read."""
    rejected = [record for record in records if record["verdict"] == "reject"]
    if rejected and all(record["verdict"] in {"reject", "ignore"} for record in records):
        reasons = Counter(str(record["reason"]) for record in rejected).most_common()
        raise say_unlike(binding.format, path, rejected[0]["line"], reasons)


def _others(head: bytes, known: Known, chosen: Sequence[str] = ()) -> list[str]:
    """How far the nearest formats got, the best first; then, how many others got nowhere."""
    formats = gather_formats(known)
    begin = look_at(head, formats, known)
    lines = take_lines(head)
    told = [(*_judge(entry, begin, lines, known), entry.id) for entry in formats]
    told.sort(key=lambda row: (row[2] not in chosen, -row[0], row[2]))
    near = [(name, said) for _, said, name in told if said][:_NEAREST]
    wide = max((len(name) for name, _ in near), default=0)
    shown = [f"  {'→' if name in chosen else ' '} {name:<{wide}}  {said}" for name, said in near]
    return [*shown, f"    {len(told) - len(near)} other formats are less like it"]


def _judge(entry: Format, head: Beginning, lines: Sequence[str], known: Known) -> tuple[float, str]:
    """How well one format fits by itself: a number to sort by, and words."""
    if entry.is_log:
        if fits := (entry.pattern or entry.keys) and count_fits(lines, [entry])[entry.id]:
            return fits / len(lines), f"{fits} of {len(lines)} records fit"
        if not entry.pattern and not entry.keys:
            return 0, "reads any such record by its shape"
        column, line = reach(entry.pattern, head.text) if entry.pattern else (0, 0)
        return column / 1e6, f"matches line {line} up to column {column}" if column else ""
    trials = hold_trials([entry], head, FileFacts(known.timezone, known.day_first))
    # A table's header says more than the beginnings of lines.
    return next(((max(trial.share, 0.01), _share(trial)) for trial in trials), (0, ""))


def _share(trial: Trial) -> str:
    if trial.missing:
        return "its header lacks " + "; ".join(" or ".join(group) for group in trial.missing)
    if not trial.reasons:
        return "its header fits; there are no records"
    reasons = Counter(reason for reason in trial.reasons if reason)
    told = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    fits = f"{trial.reasons.count(None)} of {len(trial.reasons)} records fit"
    return f"{fits}; {told}" if told else fits


def _parsed(records: Sequence[dict[str, Any]]) -> Iterator[str]:
    counts = Counter(record["verdict"] for record in records)
    words = {"keep": "kept", "count": "counted", "ignore": "passed over", "reject": "rejected"}
    told = ", ".join(f"{counts[verdict]} {word}" for verdict, word in words.items())
    yield f"Of its first {len(records)} records: {told}"
    kept = [record for record in records if record["verdict"] == "keep"]
    for record in (kept or [r for r in records if r["verdict"] == "count"])[:_SHOWN]:
        moment = record.get("attempted_at") or record["at"]
        time = f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "no time"
        shown = {n: v for n, v in record.items() if n not in _SILENT and v not in _NOTHING}
        values = (f"{name}={_short(value)}" for name, value in shown.items())
        yield f"  line {record['line']:<5} {time}  {'  '.join(values)}"


def _short(value: object) -> str:
    text = ",".join(value) if isinstance(value, list) else str(value)
    return text if len(text) <= 48 else f"{text[:47]}…"


def _rejected(records: Sequence[dict[str, Any]], path: str) -> Iterator[str]:
    """The first rejected records, each with its place and the reason."""
    rejected = [record for record in records if record["verdict"] == "reject"]
    for record in rejected[:_SHOWN]:
        text = str(record["record"]).splitlines()[0] if record["record"] else ""
        yield ""
        words = say(record["reason"], "rejects")
        yield f"{path}:{record['line']}: rejected, {record['reason']}: {words}"
        yield f"  | {disguise(text[:_WIDTH])}"
    if len(rejected) > _SHOWN:
        yield f"  … and {len(rejected) - _SHOWN} more"


def parse_head(head: bytes, binding: Binding) -> list[dict[str, Any]]:
    """The first records of a text as loading will see them.

    Returns:
        For each record the columns of scanning and, where it is kept, those of its first event;
        `also` is its second event.
    """
    kept: dict[int, list[dict[str, Any]]] = {}
    with borrow_scratch(binding.scan_sql, binding.fields_sql, binding.format.side) as scratch:
        scratch.parse(take_records(head, binding.split))
        scanned = _rows(scratch.con, "SELECT * FROM scanned ORDER BY byte_offset")
        places = [row["byte_offset"] for row in scanned]
        for row in _rows(scratch.con, "SELECT * FROM parsed ORDER BY byte_offset, event_uuid"):
            kept.setdefault(bisect_right(places, row["byte_offset"]), []).append(row)
    records = []
    for number, row in enumerate(scanned, 1):
        first, *others = kept.get(number, [{}])
        records.append(row | first | {"also": others[0]["event_uuid"] if others else None})
    return records


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    result = con.execute(query)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def describe_format(name: str) -> str:
    """What is known of one format: its form, and its samples.

    Raises:
        InputError: There is no such format.
    """
    entry = next((entry for entry in load_formats() if entry.id == name), None)
    if entry is None:
        raise no_such_format(name)
    facts = {
        "id": entry.id,
        "title": entry.title,
        "side": entry.side,
        "layer": entry.layer or "",
        "records": entry.split,
        "times": f"{entry.time_marks} of the request" if entry.time_marks else "",
        "keeps": f"{entry.retention_days:g} days" if entry.retention_days else "",
        "waits": f"{entry.timeout_s:g} s" if entry.timeout_s else "",
        "lists": entry.completeness if entry.side == "sender" else "",
        "url": entry.url,
        "pattern": entry.pattern,
    }
    lines = [f"{key:<8} {value}" for key, value in facts.items() if value]
    lines += [f"  {text:<15} {', '.join(names)}" for text, names in entry.names.items()]
    for number, sample in enumerate(entry.samples, 1):
        lines += [f"sample {number}", *(f"  {line}" for line in sample.text.splitlines())]
    return "\n".join(lines)
