"""Records → columns: the formats, which of them a file has, and the statements that parse it.

A format is data (`formats/*.toml`); what it does is written down in SQL (`sql/load/*.sql`) and put
together in `fields.py`. `detection.py` chooses one for a file, by its content alone.
"""

from __future__ import annotations

from hookanalysis.read.splitting import Split

from .catalog import load_formats
from .checking import check_formats, score_formats
from .detect import detect, find_column, no_such_format
from .fields import scrub_sql
from .format import Format, Sample
from .logs import Binding
from .probing import try_file

__all__ = [
    "Binding",
    "Format",
    "Sample",
    "Split",
    "check_formats",
    "describe_format",
    "detect",
    "find_column",
    "list_formats",
    "load_formats",
    "score_formats",
    "scrub_sql",
    "try_file",
]


def list_formats() -> tuple[Format, ...]:
    """All formats of the package, by id."""
    return load_formats()


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
        "resends": "" if entry.side != "sender" or entry.retry_keeps_id else "have new ids",
        "url": entry.url,
        "pattern": entry.pattern,
    }
    lines = [f"{key:<8} {value}" for key, value in facts.items() if value]
    lines += [f"  {text:<15} {', '.join(names)}" for text, names in entry.names.items()]
    for number, sample in enumerate(entry.samples, 1):
        lines += [f"sample {number}", *(f"  {line}" for line in sample.text.splitlines())]
    return "\n".join(lines)
