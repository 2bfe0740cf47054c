"""Logs of both sides with a known truth: for samples, the demo and tests.

A small world is played from the outside: people buy tickets, the sender posts events and lists its
attempts, machines with clocks of their own answer and write logs, and faults strike. The truth is
what was played; nothing here reads a finished log.
"""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

from hookanalysis.errors import InputError

from .events import dice, draw_events, draw_uuid
from .exports import Attempt, write_exports
from .plan import Delivery, Plan
from .receivers import TIMEOUT, Request, build_endpoints, receive, write_background
from .scenarios import Scenario
from .shapes import SECOND
from .truth import Evidence, Trace, Truth, tell_truth, write_truth

_LOCAL_TIME = """# The application of the shop writes local time without a zone.
[[sources]]
match = "*/app.log*"
timezone = "America/New_York"
"""


def simulate(folder: str | Path, **options: Any) -> Truth:
    """Write a sender's exports, a receiver's logs and the truth about them into `folder`.

    The same options write the same bytes. `folder` gets `sender/`, `receiver/edge/`,
    `receiver/app/`, `truth.csv`, `truth_windows.csv` and `README.md`; and a `hookanalysis.toml`
    where the logs do not say their zone. What an earlier simulation wrote there is replaced.

    Args:
        folder: New, empty, or of an earlier simulation.
        options: Fields of `Scenario`, such as events, days, seed, start, faults, edge, app.

    Raises:
        InputError: An unknown fault, an impossible number, or a folder that holds other things.
    """
    scenario = Scenario(**options).settle()
    target = _clear_folder(Path(folder))
    plan = _make_plan(scenario)
    traces = {id(delivery): _play(delivery, scenario) for delivery in plan.deliveries}
    for endpoint in plan.endpoints:
        write_background(endpoint, scenario)
        for log in endpoint.logs:
            log.save(target / "receiver")
    attempts = [trace.attempt for posts in traces.values() for trace in posts if trace.attempt]
    exported = write_exports(target / "sender", attempts, scenario)
    last_day = scenario.start + timedelta(days=scenario.days - 1)
    truth = tell_truth(Evidence(plan, traces, exported), scenario, last_day)
    write_truth(target, truth)
    if scenario.local_time:
        (target / "hookanalysis.toml").write_text(_LOCAL_TIME, encoding="utf-8")
    _write_readme(target, truth, scenario)
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
    rng = dice(scenario.seed, delivery.event.uuid, delivery.endpoint.name)
    luck = dice(scenario.seed, delivery.event.uuid, delivery.endpoint.name, "luck")
    traces = []
    for post, at in zip(delivery.story.posts, delivery.times, strict=True):
        handling = post.handling
        usual = min(4 * SECOND, 15 + round(rng.lognormvariate(3.4, 0.6)))
        takes = rng.randrange(*handling.takes) if handling.takes else usual
        arrives = at + rng.randrange(15, 60)
        source_ip = rng.choice(post.sources)
        path = delivery.path or delivery.endpoint.path
        request = Request(
            delivery.event,
            bool(delivery.story.outcome),
            *(post, path, source_ip, draw_uuid(rng)),
            *(at, arrives, arrives + takes),
        )
        wrote = receive(delivery.endpoint, request, luck, scenario.sampled) if post.sent else []
        left = tuple(log for log in wrote if log.keeps(min(request.done, at + TIMEOUT)))
        attempt = None
        if post.logged:
            body = handling.body.replace("{host}", delivery.host or delivery.endpoint.host)
            status = handling.status if post.sent else ""
            event, url = delivery.event, delivery.url
            attempt = Attempt("", at, event, url, status, handling.answer, body)
        traces.append(Trace(at, attempt, left, lost=len(left) < len(wrote)))
    return traces


_README = """# Simulated logs of both sides

Written by `hookanalysis simulate` ({about}); nothing here is real, all people are invented.
Made again with the same numbers, it is the same to the byte.

- `sender/`: {exports}
{logs}
- `truth.csv`: what became of each event at each endpoint as far as these files can show, what is to
  blame, and the fault that was played. `certain` is false where the files leave a doubt.
- `truth_windows.csv`: faults that lasted for a while, and how many deliveries failed in a row.

| outcome | deliveries |
|---|---|
{outcomes}
"""
_TWO_EXPORTS = """two exports of the sender's attempts. They overlap; the later one knows the
  results of attempts that were pending in the earlier one."""
_USUAL_LOGS = """\
- `receiver/edge/`: access log of the nginx in front of the shop; no uuid in it, time in UTC-7.
- `receiver/app/`: the shop's application log (JSON lines) and the CRM's (text). The shop's clock is
  2.3 s ahead and drifts, the CRM's is 0.8 s behind. Older days are `.1` and `.N.gz`."""
_OTHER_LOGS = "- `receiver/`: logs of the proxy in front of the shop, of the shop, and of a CRM."


def _write_readme(folder: Path, truth: Truth, scenario: Scenario) -> None:
    counts = truth.count_outcomes().most_common()
    usual = (scenario.edge, scenario.app, scenario.hosts, scenario.zone_hours) == (
        *("plain", "json"),
        *(1, -7),
    )
    text = _README.format(
        about=f"{scenario.events} events, {scenario.days} days from {scenario.start}, "
        f"seed {scenario.seed}",
        exports=_TWO_EXPORTS if scenario.export == "two" else "an export of the sender's attempts.",
        logs=_USUAL_LOGS if usual else _OTHER_LOGS,
        outcomes="\n".join(f"| {outcome} | {count} |" for outcome, count in counts),
    )
    (folder / "README.md").write_text(text, encoding="utf-8")


def _clear_folder(folder: Path) -> Path:
    """Make `folder`, and remove what an earlier simulation wrote; nothing else is ever removed."""
    ours = {"sender", "receiver", "truth.csv", "truth_windows.csv", "README.md"}
    ours.add("hookanalysis.toml")
    if folder.is_file():
        raise InputError("this is a file, not a folder", where=str(folder))
    found = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if found and ("truth.csv" not in found or found - ours):
        raise InputError(
            "the folder holds other things than a simulation",
            reason=f"such as {min(found - ours, default=min(found))!r}",
            where=str(folder),
            hint="name a new folder",
        )
    for name in ("sender", "receiver"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "hookanalysis.toml").unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
