"""The codes of the tables in the words of a reader, which stand in words.toml, and there alone.

A reason is a code with parameters, `code key=value key=value`, as sql/reasons.sql makes it. Each
code has one sentence or more: the first whose parameters are all given says it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from importlib import resources
from typing import Any

_ABSENT = "\N{EN DASH}"

_PARAMETER = re.compile(r" (\w+)=(.*?)(?= \w+=|$)")
# The name of an exception, and what it says: `KeyError('ticket_items')`.
_RAISED = re.compile(
    r"(?:[\w.$:\\]*[.:\\])?(\w*(?:Error|Exception|Violation|Warning|Fault)\b)[(: ]*([^)]*)"
)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?")

# Glossary → code → its words; of a reason, a sentence or more.
WORDS: dict[str, dict[str, Any]] = tomllib.loads(
    resources.files("hookanalysis").joinpath("words.toml").read_text(encoding="utf-8")
)
PHRASES = WORDS["phrases"]  # that belong to no code


def count(number: float) -> str:
    """A whole number with thousands marked: `12,345`."""
    return f"{round(number):,}"


def plural(number: int, noun: str) -> str:
    """A number and its noun: `1 delivery`, `2 deliveries`."""
    if number != 1:
        noun = re.sub(r"(?<![aeiou])y$", "ie", noun) + "s"
    return f"{number:,} {noun}"


def percent(part: float, whole: float) -> str:
    """A share in words: `98.0 %`; `0 %` and `100 %` only where it is exactly that."""
    if not whole:
        return _ABSENT
    if 0 < part < whole:
        tenths = min(max(round_number(100 * part / whole, 1), 0.1), 99.9)
        return f"{tenths:.1f} %"
    return f"{round_number(100 * part / whole, 0):.0f} %"


def round_number(value: float, digits: int) -> float:
    """Round as people do: halves away from zero, on the number as it is written."""
    step = Decimal(1).scaleb(-digits)
    return float(Decimal(repr(float(value))).quantize(step, rounding=ROUND_HALF_UP))


def sentence(text: str) -> str:
    """A text that begins with a capital."""
    return text[:1].upper() + text[1:]


def explain_reason(reason: str) -> tuple[str, str]:
    """What a reason says, and what to do (empty: nothing); a code that is not known says itself."""
    code = reason.partition(" ")[0]
    given = {key: _say_value(key, value) for key, value in _PARAMETER.findall(reason)}
    sentences = WORDS["reasons"].get(code, ())
    for sentence in (sentences,) if isinstance(sentences, str) else sentences:
        if set(re.findall(r"\{(\w+)\}", sentence)) <= set(given):
            says, _, remedy = sentence.partition("; ")
            return says.format_map(given), remedy
    return reason.replace("_", " "), ""


def say_reason(reason: str) -> str:
    """A reason in one sentence: what is open, and what would settle it."""
    sentence = "; ".join(filter(None, explain_reason(reason)))
    return f"{sentence[:1].upper()}{sentence[1:]}." if sentence else ""


def _say_value(key: str, value: str) -> str:
    if key == "minutes":
        return _say_ahead(int(value))
    if key == "hole":
        return say(value, "holes")
    if _TIME.fullmatch(value):
        return f"{value.replace('T', ' ')} UTC"
    return value


def _say_ahead(minutes: int) -> str:
    return f"{abs(minutes)} minutes {'behind' if minutes < 0 else 'ahead of'}"


def say_zone_error(
    stream: str, minutes: int, suspect: str, log_zone: str | None, export_zone: str | None
) -> str:
    """A row of `zone_errors`, with the remedy."""
    either = f"log {log_zone or 'as written'}, exports {export_zone or 'as written'}"
    misread, zone, again = {
        "log": ("the log was", log_zone, "it"),
        "export": ("the exports were", export_zone, "them"),
        "either": ("one of the two was", either, "the log"),
    }[suspect]
    side = "east" if (minutes > 0) == (suspect != "export") else "west"
    return (
        f"{stream} runs {_say_ahead(minutes)} the exports: {misread} read in a wrong zone"
        f"{f' ({zone})' if zone else ''}; read {again} again by a zone {abs(minutes)} minutes"
        f" further {side}"
    )


def say(code: str, glossary: str = "details") -> str:
    """A code in the words of a glossary; one that is not known says itself."""
    return str(WORDS[glossary].get(code, code.replace("_", " ")))


def say_badge(level: str | None, judged: float) -> tuple[str, str]:
    """How bad it is: the code of its colour, and its words."""
    if not (level or judged):
        return "info", str(PHRASES["nothing"])
    return level or "good", say(level or "good", "badges")


def say_sender(row: Mapping[str, Any]) -> str:
    """What the sender said last of a delivery: `failed, 503; 2 attempts`."""
    said = row["last_status"] or _ABSENT
    answer = say_answer(row["last_http_status"], row["last_error_kind"])
    if answer != _ABSENT:
        said = f"{said}, {answer}"
    attempts = row["attempts"] or 0
    return f"{said}; {attempts:,} attempts" if attempts > 1 else said


def say_answer(status: float | None, error: str | None) -> str:
    """What an attempt was answered: `503`, or why there was no answer."""
    if status is not None:
        return str(int(status))
    return say(error, "errors") if error else _ABSENT


def say_answers(statuses: str | None) -> list[str]:
    """The answers of an incident, `503, timeout`, in words; a success among them had no effect."""
    told = [say(part.strip(), "errors") for part in (statuses or "").split(",")]
    return [f"{part} without effect" if part[:1] == "2" else part for part in told]


def say_line(row: Mapping[str, Any]) -> str:
    """What a line of a log says: `failed 503`, `POST /hook 500 failed “no such ticket”`."""
    if row["side"] == "sender":
        return f"{row['status'] or ''} {say_answer(row['http_status'], row['error_kind'])}".strip()
    step, message = (row["status"] or "").replace("_", " "), row["message"]
    answer = row["http_status"] and str(int(row["http_status"]))
    parts = (row["method"], row["path"], answer, step, message and f"“{message}”")
    return " ".join(part for part in parts if part)


def say_evidence(rule: str, row: Mapping[str, Any]) -> str:
    """What a row of `finding_evidence` says: a line, or what the rule counted."""
    if row["side"] is None:
        return explain_reason(f"{rule} {row['what'] or ''}")[0]
    return f"{row['side']} {say_line(row) or 'mentions the event'}"


def say_seen(answers: Mapping[str, int], messages: Mapping[str, int]) -> str:
    """What was seen of a failure: `500 KeyError 'ticket_items'`, `404 or time-out`."""
    failures: dict[str, int] = {}
    for message, number in messages.items():
        words = _say_failure(message)
        failures[words] = failures.get(words, 0) + number
    given = {say(answer, "errors"): number for answer, number in answers.items()}
    seen = " ".join(filter(None, map(_most, (given, failures))))
    return f"answered {seen}" if seen.isdigit() else seen


def _say_failure(message: str) -> str:
    """What went wrong, out of a message: the exception, else its words up to the first value."""
    text = re.split(r" [\w.]+=", message)[0].removeprefix("[…] ")
    if found := _RAISED.search(text):
        about = re.sub(r'^["…\s]*$', "", found[2].strip())[:60]
        return f"{found[1]} {about}".strip()
    return f"“{text[:60]}”" if text.strip("[…] ") else ""


def _most(counts: Mapping[str, int]) -> str:
    """The most frequent one or two, and whether there are others."""
    names = sorted(counts, key=lambda name: (-counts[name], name))
    return " or ".join(names) if len(names) < 3 else f"{names[0]} and others"
