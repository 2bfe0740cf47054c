"""A played world: logs of both sides with a known truth.

People buy tickets, the sender posts events and lists its attempts, machines with clocks of their
own answer and write logs, and faults strike. The truth is what was played; nothing here reads a
finished log, or knows anything of the tool that is tested with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .events import dice, draw_events, draw_uuid
from .exports import Attempt, write_exports
from .faults import SECOND
from .logs import Request
from .plan import Delivery, Plan
from .receivers import TIMEOUT, build_endpoints, receive, write_background
from .scenarios import Scenario
from .truth import Trace, Truth, tell_truth, write_truth

_LOCAL_TIME = """# The application of the shop writes local time without a zone.
[[sources]]
match = "*/app.log*"
timezone = "America/New_York"
"""


def simulate(folder: str | Path, **options: Any) -> Truth:
    """Write a sender's exports, a receiver's logs and the truth about them into `folder`.

    The same options, fields of `Scenario`, write the same bytes: `sender/`, `receiver/edge/`,
    `receiver/app/`, `truth.csv`, `truth_windows.csv`; and a `hookanalysis.toml` where the logs do
    not say their zone. The folder must be new or empty.
    """
    scenario = Scenario(**options).settle()
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise ValueError(f"{target} is not empty")
    plan = _make_plan(scenario)
    traces = {id(delivery): _play(delivery, scenario) for delivery in plan.deliveries}
    for endpoint in plan.endpoints:
        write_background(endpoint, scenario)
        for log in endpoint.logs:
            log.save(target / "receiver")
    attempts = [trace.attempt for posts in traces.values() for trace in posts if trace.attempt]
    exported = write_exports(target / "sender", attempts, scenario)
    truth = tell_truth(plan, traces, exported)
    write_truth(target, truth)
    if scenario.local_time:
        (target / "hookanalysis.toml").write_text(_LOCAL_TIME, encoding="utf-8")
    return truth


def _make_plan(scenario: Scenario) -> Plan:
    """All deliveries, struck by the faults; their logs know when they are silent."""
    endpoints = build_endpoints(scenario)
    deliveries = [
        Delivery(event, endpoint, [event.at])
        for event in draw_events(scenario)
        for endpoint in endpoints
        if not endpoint.event_types or event.type in endpoint.event_types
    ]
    plan = Plan(scenario, endpoints, deliveries)
    plan.strike(scenario.chosen)
    for span in plan.spans:
        for log in span.endpoint.logs:
            layer = "edge" if log is span.endpoint.edge else "app"
            if layer in span.fault.silent:
                log.silent.append((span.start, span.end))
    return plan


def _play(delivery: Delivery, scenario: Scenario) -> list[Trace]:
    """Send every post of a delivery: lines in the receiver's logs, attempts in the sender's."""
    event, endpoint = delivery.event, delivery.endpoint
    rng = dice(scenario.seed, event.uuid, endpoint.name)
    luck = dice(scenario.seed, event.uuid, endpoint.name, "luck")
    traces = []
    for post, at in zip(delivery.story.posts, delivery.times, strict=True):
        handling = post.handling
        usual = min(4 * SECOND, 15 + round(rng.lognormvariate(3.4, 0.6)))
        takes = rng.randrange(*handling.takes) if handling.takes else usual
        arrives = at + rng.randrange(15, 60)
        source_ip = rng.choice(post.sources)
        request = Request(
            event,
            bool(delivery.story.verdict[0]),
            *(post, delivery.fault.path or endpoint.path, source_ip, draw_uuid(rng)),
            *(at, arrives, arrives + takes),
        )
        wrote = receive(endpoint, request, luck, scenario.sampled) if post.sent else []
        left = tuple(log for log in wrote if log.keeps(min(request.done, at + TIMEOUT)))
        attempt = None
        if post.logged:
            body = handling.body.replace("{host}", delivery.fault.host or endpoint.host)
            status = handling.status if post.sent else ""
            attempt = Attempt("", at, event, delivery.url, status, handling.answer, body)
        traces.append(Trace(at, attempt, left, lost=len(left) < len(wrote)))
    return traces
