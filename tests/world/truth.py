"""What a wise reader of the files could know: the truth about each delivery, and each outage.

A story says what happened. Where the files that are left cannot show it, the verdict follows what
they do show; where they show nothing, it is `undetermined`.
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from itertools import groupby
from pathlib import Path

from .events import to_datetime
from .exports import Attempt, sees
from .faults import MINUTE, NONE
from .logs import Log
from .plan import Delivery, Plan, Span
from .scenarios import Scenario

# A request may have come this long before or after its attempt, as far as a reader can know.
_AROUND = 3 * MINUTE

# So long after its attempt a request may still come, counted from the exports' last attempt.
_GRACE = 15 * MINUTE

# What may still turn to the good in that time.
_OPEN = {"refused", "missed", "undetermined", "unprocessed"}

_HOLE = ("undetermined", "receiver_coverage")
_UNLISTED = ("undetermined", "sender_coverage")


@dataclass(frozen=True)
class Verdict:
    """The truth about one delivery; `fault` is `none` where all went well."""

    event_uuid: str
    endpoint_url: str
    outcome: str
    detail: str
    cause: str
    root_cause: str
    """Id of the rule that should be named first; empty: nothing to blame."""
    fault: str
    certain: bool
    """False: the files leave a doubt, and `undetermined` is an honest answer too."""


@dataclass(frozen=True)
class Window:
    """A fault that lasted for a while; times are UTC, by the sender's clock."""

    fault: str
    scope: str
    """server, where deliveries failed at several endpoints of a host; else endpoint."""
    endpoint_url: str
    """Empty for a server."""
    starts_at: datetime
    ends_at: datetime
    failed: int
    """Deliveries that failed in it; 0 unless all did: then it is an incident."""
    first_failed_at: datetime | None
    last_failed_at: datetime | None


@dataclass(frozen=True)
class Truth:
    """What really happened."""

    deliveries: tuple[Verdict, ...]
    windows: tuple[Window, ...]

    def count_outcomes(self) -> Counter[str]:
        """How many deliveries have each outcome."""
        return Counter(verdict.outcome for verdict in self.deliveries)


@dataclass(frozen=True)
class Trace:
    """What one post of a story left behind."""

    at: int
    attempt: Attempt | None
    """As the sender logged it."""
    logs: tuple[Log, ...] = ()
    """Logs that got lines of it, and can still be read for that time."""
    lost: bool = False
    """Whether lines of it were lost."""


def tell_truth(plan: Plan, traces: dict[int, list[Trace]], exported: list[Attempt]) -> Truth:
    """The verdicts in order of time, and the windows; `traces` by the identity of the delivery."""
    listed = {(a.event.uuid, a.url, a.at) for a in exported}
    judged = [
        verdict
        for delivery in sorted(plan.deliveries, key=lambda d: (d.times[0], d.event.uuid, d.url))
        if (verdict := _judge(delivery, plan, traces[id(delivery)], exported, listed))
    ]
    spans = sorted(plan.spans, key=lambda span: (span.start, span.fault.name))
    windows = [
        _tell_window(list(group), plan, judged)
        for _, group in groupby(spans, key=lambda span: (span.start, span.fault.name))
    ]
    return Truth(tuple(judged), tuple(windows))


def _judge(
    delivery: Delivery,
    plan: Plan,
    traces: list[Trace],
    exported: list[Attempt],
    listed: set[tuple[str, str, int]],
) -> Verdict | None:
    """The verdict that the files deserve; None where they do not name the event."""
    story, scenario = delivery.story, plan.scenario
    posted = [trace for trace in traces if trace.attempt]
    told = [trace for trace in posted if (delivery.event.uuid, delivery.url, trace.at) in listed]
    logs = {log.path: log for trace in traces for log in trace.logs}
    named = any(log.names_events for log in logs.values())
    if not story.verdict[0] or not (told or named):
        return None
    verdict = story.verdict
    if told:
        verdict = _judge_listed(delivery, told[-1], logs, scenario)
        if verdict[0] in _OPEN and told[-1].at > exported[-1].at - _GRACE:
            verdict = ("pending", "in_flight")
    elif posted or not sees(scenario, exported, delivery.times[0]):
        verdict = _UNLISTED
    url = delivery.url if told else delivery.endpoint.url(NONE)
    doubts = (
        len(told) < len(posted)
        or any(trace.lost for trace in traces)
        or (not named and not plan.is_alone(delivery))
        or scenario.sampled < 1
        or any(scenario.is_ambiguous(at) for at in delivery.times)
        # No log shows that this address is logged at all: its silence need not convince anybody.
        or (verdict[1] == "answered_upstream" and url != delivery.endpoint.url(NONE))
    )
    return Verdict(
        delivery.event.uuid,
        url,
        *verdict,
        *_blame(delivery, verdict, told or [trace for trace in posted if trace.logs]),
        delivery.fault.name,
        story.certain and not doubts,
    )


def _judge_listed(
    delivery: Delivery, last: Trace, logs: dict[str, Log], scenario: Scenario
) -> tuple[str, str]:
    """Outcome and detail of a delivery that the exports list."""
    story = delivery.story
    if story.verdict[0] == "pending" or not any(post.handling.left for post in story.posts):
        return story.verdict
    if not logs:
        return _judge_absence(last) if _whole(delivery, scenario) else _HOLE
    if not _processing_is_told(delivery, logs, scenario):
        return story.edge_only or story.verdict
    return story.verdict


def _blame(delivery: Delivery, verdict: tuple[str, str], shown: list[Trace]) -> tuple[str, str]:
    """Cause and root cause, as far as the verdict and the answers that are shown tell them."""
    story, fault = delivery.story, delivery.fault
    if verdict == story.verdict:
        return story.cause, fault.root if story.cause else ""
    accepted = any(trace.attempt and trace.attempt.status == "Success" for trace in shown)
    if verdict == _UNLISTED and accepted:
        return "logs", ""  # it has arrived, and nothing is to be found out
    if verdict[0] == "undetermined":
        last = shown[-1].attempt if shown else None
        if last and last.status == "Failed" and last.http_status:
            return story.cause, fault.root
        return "logs", "evidence"
    if verdict[0] in {"delivered", "pending"}:
        return "", ""
    return story.cause, (verdict == story.edge_only and fault.edge_root) or fault.root


def _judge_absence(last: Trace) -> tuple[str, str]:
    """No line tells of it, in logs that would: what remains is what the sender says."""
    attempt = last.attempt
    if attempt is None or not attempt.status:
        return ("missed", "not_attempted")
    if attempt.status == "Success":
        return ("missed", "false_success")
    return ("missed", "answered_upstream" if attempt.http_status else "never_reached")


def _whole(delivery: Delivery, scenario: Scenario) -> bool:
    """Whether the outermost logs would show every request of the delivery."""
    endpoint = delivery.endpoint
    logs: list[Log] = [endpoint.edge] if endpoint.edge else list(endpoint.apps)
    return scenario.sampled == 1 and all(
        log.keeps(at + around)
        for log in logs
        for at in delivery.times
        for around in (-_AROUND, 0, _AROUND)
    )


def _processing_is_told(delivery: Delivery, logs: dict[str, Log], scenario: Scenario) -> bool:
    """Whether the application's logs are there to say what became of it."""
    apps = delivery.endpoint.apps
    if any(app.path in logs for app in apps):
        return True
    return bool(apps) and scenario.sampled == 1 and all(a.keeps(delivery.times[0]) for a in apps)


def _tell_window(spans: list[Span], plan: Plan, judged: list[Verdict]) -> Window:
    """A window at one endpoint or several, with the failures of it that the files show."""
    span = spans[0]
    shown = {
        (verdict.event_uuid, verdict.endpoint_url)
        for verdict in judged
        if verdict.outcome != "delivered" and (verdict.outcome, verdict.detail) != _UNLISTED
    }
    failed = sorted(
        (delivery.times[0], delivery.url)
        for delivery in plan.deliveries
        if span.fault.is_outage
        and delivery.fault is span.fault
        and span.start <= delivery.times[0] < span.end
        and (delivery.event.uuid, delivery.url) in shown
    )
    met = {url for _, url in failed} or {span.endpoint.url(span.fault)}
    return Window(
        span.fault.name,
        "server" if len(met) > 1 else "endpoint",
        min(met) if len(met) == 1 else "",
        to_datetime(span.start),
        to_datetime(span.end),
        len(failed),
        to_datetime(failed[0][0]) if failed else None,
        to_datetime(failed[-1][0]) if failed else None,
    )


def write_truth(folder: Path, truth: Truth) -> None:
    """Write `truth.csv` and `truth_windows.csv`."""
    for name, kind, rows in (
        ("truth.csv", Verdict, truth.deliveries),
        ("truth_windows.csv", Window, truth.windows),
    ):
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(field.name for field in fields(kind))
            out.writerows([_write_value(value) for value in astuple(row)] for row in rows)


def _write_value(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else value
