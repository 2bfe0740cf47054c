"""Codes of the tables in the words of a reader: each sentence stands here, and here alone.

A reason is a code with parameters, `code key=value key=value`, as sql/reasons.sql makes it. Each
code has one sentence or more: the first whose parameters are all given says it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_ABSENT = "\N{EN DASH}"

_PARAMETER = re.compile(r" (\w+)=(.*?)(?= \w+=|$)")
# The name of an exception, and what it says: `KeyError('ticket_items')`.
_RAISED = re.compile(
    r"(?:[\w.$:\\]*[.:\\])?(\w*(?:Error|Exception|Violation|Warning|Fault)\b)[(: ]*([^)]*)"
)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?")

BADGES = {
    "critical": "Action needed",
    "warning": "Worth a look",
    "info": "For information",
    None: "All clear",
}
SAMPLE = "Sample data"
DELIVERED = "delivered in all"
DELIVERED_IS = "accepted at least once, of the next four; shares are of all that were judged"
ADVICE = {"do_not_resend": "do not resend"}
DETAILS = {
    "delivered": "accepted at the first try",
    "delivered_pending": "accepted; the sender still calls it pending",
    "delivered_unlogged": "accepted; the sender logged no attempt",
    "recovered": "accepted after a failed attempt",
    "double_processed": "processed more than once",
    "resend_after_failure": "resent after a failure that had been accepted",
    "retry_after_timeout": "tried again after a time-out; the first try had arrived",
    "resend_after_success": "resent although it had succeeded",
    "double_send": "two arrivals from one attempt",
    "replay": "arrived again with no attempt that would explain it",
    "false_failure": "accepted, yet the sender calls it failed",
    "unanswered": "arrived; the sender gave up before the answer",
    "accepted_not_processed": "answered with success, never seen by the application",
    "signature_dropped": "answered with success, dropped for its signature",
    "rejected": "answered with an error each time",
    "contradictory_status": "the sender logged success, the receiver an error",
    "never_reached": "the request never got out or through",
    "answered_upstream": "something in front of your servers answered",
    "false_success": "the sender logged success, and no log of yours has it",
    "stuck_pending": "still pending long after its time",
    "not_attempted": "the sender never tried",
    "in_flight": "still within its time",
    "orphan": "not in the sender's export, which covers the time",
    "forged": "not from the sender's addresses, or wrongly signed",
    "test": "a test event",
    "receiver_coverage": "no log of the receiver covers the time",
    "sender_coverage": "no export of the sender covers the time",
    "ambiguous": "several deliveries fit the same log lines",
    "conflict": "the exports contradict each other",
}
# What the loaded files do not tell: see sql/load/lacks.sql.
LACKS = {
    "no_attempts": "missing: the sender's side; load its exported delivery log",
    "no_receipts": "missing: your own side; load the logs of your servers",
    "no_webhooks": "missing: no line of your logs may be a webhook; load those of the servers that "
    "take them in, or name your endpoint: `endpoints` in hookanalysis.toml",
    "no_endpoint": "missing: {streams} names no URL; name your endpoint: `endpoint` under "
    "[[sources]] in hookanalysis.toml",
    "no_time": "missing: {streams} names no times of attempts; export them with their time",
    "apart": "missing: your logs and the sender's export do not cover one time in common",
    "no_answers": "missing: {streams} tells neither a status nor what became of a request; log the "
    "status",
    "no_names": "missing: no line of your logs names an event, so requests are told apart by their "
    "time alone; log webhook_event_uuid",
}
ERRORS = {
    "timeout": "time-out",
    "refused": "connection refused",
    "dns": "host name not found",
    "tls": "TLS failure",
    "other": "no answer",
    "signature": "signature refused",
    "pending": "none yet",
}
CAUSES = {
    "sender": "the sender",
    "network": "the network between",
    "receiver": "your servers",
    "logs": "the logs at hand",
    "unknown": "not known",
}
# Whether a finding is new: none, or some, in the four weeks before.
TRENDS = ("new: none in the four weeks before", "{} in the four weeks before")
AGAINST_NOTHING = "nothing that the logs show"
HOLES = {
    "no_liveness": "nothing was written",
    "rotation": "the log went on in another file",
    "rotation_hole": "a rotated file is missing",
    "rejected_lines": "lines could not be read",
    "truncated": "the file is cut off",
    "dst_ambiguous": "the clock showed this hour twice",
    "sender_window": "older than the sender keeps",
    "sender_capped": "the export ends at a page limit",
}
# How far a delivery got.
STEPS = {
    "tried": "tried by the sender",
    "edge": "seen at the edge",
    "app": "seen at the application",
}
METHODS = {
    "daily_median": "median of each day",
    "pooled_median": "median of all days",
    "other_streams": "taken from the other logs",
    "assumed": "assumed: nothing to measure it by",
}
# Why a delivery is to be resent, or not: `resends.reason`.
RESENDS = {
    "resent": "it was sent again and has arrived",
    "unacknowledged": "it has arrived, whatever the sender says: a resend would duplicate it",
    "unanswered": "it has arrived, and nobody waited for the answer: see whether it was handled",
    "double_processed": "it has been processed more than once already",
    "duplicated": "it has arrived more than once already",
    "pending": "its last attempt may still be answered",
    "unlisted": "it has arrived, though no export of the sender covers it",
    "undetermined": "the logs cannot tell whether it arrived: close the hole first",
    "still_failing": "the endpoint has accepted nothing since: mend the cause first, then resend",
    "missed": "it never arrived: a resend cannot duplicate it",
    "refused": "it was never accepted: a resend cannot duplicate it",
    "unprocessed": "it was accepted and never processed",
}

_LOAD_LAYER = "; load the file of that time, or the log of another layer"
_LOAD_HOSTS = "; load the logs of all its hosts"
_EXPORT = "; export all attempts of that time"
_BETWEEN = " between {from} and {until}"
_SILENT = "stream {stream} is silent" + _BETWEEN
_TWICE = "{} names local times that the clock showed twice"
_LACKING = (
    "the logs lack {lacking} of {answers} requests to this endpoint that the sender saw answered"
)
_NAME_IT = '; name it: endpoints = ["https://…"] in hookanalysis.toml, and '

# Code → what it says, and after a semicolon what closes the gap; for each set of parameters.
_REASONS: dict[str, str | tuple[str, ...]] = {
    # Holes of the receiver's logs.
    "no_liveness": (
        _SILENT + _LOAD_LAYER,
        "the logs that serve the endpoint do not testify all at once" + _LOAD_LAYER,
    ),
    "rotation_hole": _SILENT + "; load the rotated file of that time",
    "rotation": (
        "stream {stream} went on in another file, and may have lost a line, between {from} and"
        " {until}; load the log of another layer"
    ),
    "rejected_lines": (
        "stream {stream} has unreadable lines" + _BETWEEN + "; look at its rejects",
        "export {export} has unreadable rows, maybe of {at}" + _EXPORT,
    ),
    "truncated": (
        "stream {stream} is cut off" + _BETWEEN + "; load the whole file",
        "stream {stream} is cut off at {at}; load the whole file",
        "export {export} is cut off and may lack rows of {at}" + _EXPORT,
    ),
    "dst_ambiguous": (
        _TWICE.format("stream {stream}") + _BETWEEN + "; let the log name its zone",
        _TWICE.format("export {export}") + "; export it with times that name their zone",
    ),
    "before_first_log": "stream {stream} begins {at}; load its earlier file",
    "after_last_log": "stream {stream} ends {at}; load its next file",
    "no_times": "stream {stream} shows no times; load a log that does",
    "quarantined": "file {file} of stream {stream} was refused; load it whole",
    # Logs that are no witness.
    "not_bracketed": (
        "the sender calls it delivered, and the logs show too few requests to this endpoint"
        " before and after; load more of its logs"
    ),
    "ends_only": "the logs tell what was worked off, not what arrived; load a log of the requests",
    "tz_suspect": (
        "stream {stream} runs {minutes} the exports: one of the two was read in a wrong zone"
        "; load that one with --again and the right timezone"
    ),
    "sampled": (
        "stream {stream} is said to be sampled; load a whole log",
        _LACKING + _LOAD_HOSTS + ", or one that holds every request",
    ),
    "host_missing": _LACKING + _LOAD_HOSTS,
    "lines_lacking": (
        "the outermost log lacks {lacking} of {answers} requests that a log behind it shows"
        + _LOAD_HOSTS
    ),
    "steps_lacking": "stream {stream} lacks the beginning of {lacking} of {answers}; load it whole",
    "nameless_refusals": (
        "the application answers {status} to requests whose event it does not log"
        "; load the proxy's log, or log the uuid"
    ),
    "no_receiver_log": "no log of the receiver is loaded; load the one of that time",
    "endpoint_unnamed": "the export does not tell its endpoint" + _NAME_IT + "load again",
    "endpoint_not_logged": (
        "no loaded log shows a request to {url}; load the log of the server behind it"
    ),
    # Holes of the sender's exports.
    "sender_window": (
        "export {export} is of a time when the sender had forgotten the attempts of {at}" + _EXPORT,
        "the exports reach from {from} to {until}, too little for {at}" + _EXPORT,
        "no export covers {at}" + _EXPORT,
        "no export covers it" + _EXPORT,
    ),
    "sender_capped": (
        "export {export} has a round number of rows, so it may lack some of {at}" + _EXPORT
    ),
    "sender_filtered": (
        "export {export} holds only {holds} at {at}" + _EXPORT,
        (
            "only failed attempts were exported, and no log names the events: a later success"
            " would not show; export all attempts"
        ),
    ),
    "endpoint_unlisted": (
        "no export lists the endpoint that it went to" + _NAME_IT + "export its attempts"
    ),
    # What is open for other reasons.
    "in_grace": "the exports end too soon after its last attempt; load a later export",
    "conflict": "exports disagree about this event; export its attempts again",
    "unlisted_address": (
        "a request from {address} may be it; if that address is the sender's, add it (and others"
        " like it) to sender_ips in hookanalysis.toml, and load again"
    ),
    "ambiguous": (
        "requests fit several attempts or endpoints; log the uuid, name all endpoints, load an"
        " export of each with its `endpoint` under [[sources]]"
    ),
    # What a rule counted: `finding_evidence.what`, by the rule's name.
    "address_gap": "{seen} of {known} addresses show in {receipts} requests",
    "clock": "{stream}: up to {off} s off, changed by up to {step} s in a day",
    "log_gaps": "{stream}: until {until}, {hole}",
    "paused": "{events} events of type {type} went to other endpoints only, until {until}",
    "payload_extras": "{payloads} payloads have {field}",
    "payload_shape": "{payloads} payloads lack {field}",
    "signature_checks": (
        "{odd} do not fit, {fitting} do, none since {since}",
        "{odd} do not fit, and come among {fitting} that do",
        "{odd} do not fit, none ever fitted",
    ),
    "signature_unchecked": "{signatures} signatures were not checked",
    "silence": (
        "your logs are silent from {logs_since} to {logs_until}",
        "your logs are silent since {logs_since}",
        "your logs begin only at {logs_until}",
        "{logs} log of yours is loaded",
        "the sender's exports say nothing from {exports_since} to {exports_until}",
        "the sender's exports end at {exports_since}",
        "the sender's exports begin only at {exports_until}",
        "{exports} export of the sender is loaded",
    ),
    "unchecked": "on {day} only {checked} of {judged} webhooks could be checked, usually {usual} %",
    "zone": "{stream} runs {minutes} the exports",
}


def count(number: float) -> str:
    """A whole number with thousands marked: `12,345`."""
    return f"{round(number):,}"


def plural(number: int, noun: str, several: str = "") -> str:
    """A number and its noun: `1 delivery`, `2 deliveries`."""
    if number != 1:
        noun = several or re.sub(r"(?<![aeiou])y$", "ie", noun) + "s"
    return f"{number:,} {noun}"


def sentence(text: str) -> str:
    """A text that begins with a capital."""
    return text[:1].upper() + text[1:]


def explain_reason(reason: str) -> tuple[str, str]:
    """What a reason says, and what to do (empty: nothing); a code that is not known says itself."""
    code = reason.partition(" ")[0]
    given = {key: _say_value(key, value) for key, value in _PARAMETER.findall(reason)}
    sentences = _REASONS.get(code, ())
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
        return say(value, HOLES)
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


def say(code: str, glossary: Mapping[str, str] = DETAILS) -> str:
    """A code in words; one that is not known says itself."""
    return glossary.get(code, code.replace("_", " "))


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
    return say(error, ERRORS) if error else _ABSENT


def say_answers(statuses: str | None) -> list[str]:
    """The answers of an incident, `503, timeout`, in words."""
    return [say(part.strip(), ERRORS) for part in (statuses or "").split(",")]


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
    given = {say(answer, ERRORS): number for answer, number in answers.items()}
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
