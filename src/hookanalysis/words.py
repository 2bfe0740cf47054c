"""Reason codes in words: why something cannot be told, and what would close the gap.

A reason is a code with parameters, `code key=value key=value`, as sql/reasons.sql makes it. Each
code has one sentence or more here: the first whose parameters are all given says it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_PARAMETER = re.compile(r" (\w+)=(.*?)(?= \w+=|$)")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


class Reason(NamedTuple):
    """A reason in its parts: its code, what it says, and what to do (empty: nothing)."""

    code: str
    says: str
    remedy: str


_LOAD_LAYER = "load the file of that time, or the log of another layer"
_EXPORT = "export all attempts of that time"
_LACKING = (
    "the logs lack {lacking} of {answers} requests to this endpoint that the sender saw answered"
)

# Code → (what it says, what closes the gap), for each set of parameters.
_WORDS: dict[str, tuple[tuple[str, str], ...]] = {
    # Holes of the receiver's logs.
    "no_liveness": (
        ("stream {stream} is silent between {from} and {until}", _LOAD_LAYER),
        ("the logs that serve the endpoint do not testify all at once", _LOAD_LAYER),
    ),
    "rotation_hole": (
        (
            "stream {stream} is silent between {from} and {until}",
            "load the rotated file of that time",
        ),
    ),
    "rotation": (
        (
            (
                "stream {stream} went on in another file, and may have lost a line, between {from}"
                " and {until}"
            ),
            "load the log of another layer",
        ),
    ),
    "rejected_lines": (
        (
            "stream {stream} has unreadable lines between {from} and {until}",
            "look at its rejects",
        ),
        ("export {export} has unreadable rows, maybe of {at}", _EXPORT),
    ),
    "truncated": (
        ("stream {stream} is cut off between {from} and {until}", "load the whole file"),
        ("stream {stream} is cut off at {at}", "load the whole file"),
        ("export {export} is cut off and may lack rows of {at}", _EXPORT),
    ),
    "dst_ambiguous": (
        (
            (
                "stream {stream} names local times that the clock showed twice between {from}"
                " and {until}"
            ),
            "let the log name its zone",
        ),
        (
            "export {export} names local times that the clock showed twice",
            "export it with times that name their zone",
        ),
    ),
    "before_first_log": (("stream {stream} begins {at}", "load its earlier file"),),
    "after_last_log": (("stream {stream} ends {at}", "load its next file"),),
    "no_times": (("stream {stream} shows no times", "load a log that does"),),
    "quarantined": (("file {file} of stream {stream} was refused", "load it whole"),),
    # Logs that are no witness.
    "not_bracketed": (
        (
            (
                "the sender calls it delivered, and the logs show too few requests to this endpoint"
                " before and after"
            ),
            "load more of its logs",
        ),
    ),
    "tz_suspect": (
        (
            "stream {stream} runs {minutes} the exports: one of the two was read in a wrong zone",
            "load both into a new workspace with the right timezone",
        ),
    ),
    "sampled": (
        ("stream {stream} is said to be sampled", "load a whole log"),
        (_LACKING, "load the logs of all its hosts, or one that holds every request"),
    ),
    "host_missing": ((_LACKING, "load the logs of all its hosts"),),
    "lines_lacking": (
        (
            "the outermost log lacks {lacking} of {answers} requests that a log behind it shows",
            "load the logs of all its hosts",
        ),
    ),
    "steps_lacking": (
        (
            "stream {stream} lacks the first line of {lacking} of {answers} processed requests",
            "load the whole log",
        ),
    ),
    "nameless_refusals": (
        (
            "the application answers {status} to requests whose event it does not log",
            "load the proxy's log, or log the uuid",
        ),
    ),
    "no_receiver_log": (("no log of the receiver is loaded", "load the one of that time"),),
    "endpoint_unnamed": (
        (
            "the export does not tell its endpoint",
            'name it: endpoints = ["https://…"] in hookanalysis.toml, and load again',
        ),
    ),
    "endpoint_not_logged": (
        ("no loaded log shows a request to {url}", "load the log of the server behind it"),
    ),
    # Holes of the sender's exports.
    "sender_window": (
        (
            "export {export} is of a time when the sender had forgotten the attempts of {at}",
            _EXPORT,
        ),
        ("the exports reach from {from} to {until}, too little for {at}", _EXPORT),
        ("no export covers {at}", _EXPORT),
        ("no export covers it", _EXPORT),
    ),
    "sender_capped": (
        (
            "export {export} has a round number of rows, so it may lack some of {at}",
            _EXPORT,
        ),
    ),
    "sender_filtered": (
        ("export {export} holds only {holds} at {at}", _EXPORT),
        (
            (
                "only failed attempts were exported, and no log names the events: a later success"
                " would not show"
            ),
            "export all attempts",
        ),
    ),
    "endpoint_unlisted": (
        (
            "no export lists the endpoint that it went to",
            'name it: endpoints = ["https://…"] in hookanalysis.toml, and export its attempts',
        ),
    ),
    # What is open for other reasons.
    "in_grace": (("the exports end too soon after its last attempt", "load a later export"),),
    "conflict": (("exports disagree about this event", "export its attempts again"),),
    "unlisted_address": (
        (
            "a request from {address} may be it",
            (
                "if that address is the sender's, add it (and others like it) to sender_ips in"
                " hookanalysis.toml, and load again"
            ),
        ),
    ),
    "ambiguous": (
        (
            "requests fit several attempts or endpoints",
            (
                "log the uuid, name all endpoints, load an export of each with its `endpoint` under"
                " [[sources]]"
            ),
        ),
    ),
}


def explain_reason(reason: str) -> Reason:
    """A reason of `deliveries.reason` in its parts; a code that is not known says itself."""
    code = reason.partition(" ")[0]
    given = {key: _say(key, value) for key, value in _PARAMETER.findall(reason)}
    for says, remedy in _WORDS.get(code, ()):
        if set(re.findall(r"\{(\w+)\}", says)) <= set(given):
            return Reason(code, says.format_map(given), remedy)
    return Reason(code, reason.replace("_", " "), "")


def say_reason(reason: str) -> str:
    """A reason in one sentence: what is open, and what would settle it."""
    _, says, remedy = explain_reason(reason)
    sentence = f"{says}; {remedy}" if remedy else says
    return f"{sentence[:1].upper()}{sentence[1:]}." if sentence else ""


def _say(key: str, value: str) -> str:
    if key == "minutes":
        return f"{value.lstrip('-')} minutes {'behind' if value.startswith('-') else 'ahead of'}"
    if _TIME.fullmatch(value):
        return f"{value.replace('T', ' ')} UTC"
    return value
