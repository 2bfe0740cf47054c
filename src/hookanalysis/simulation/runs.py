"""Logs of both sides with a known truth: for samples, the demo and tests.

A small world is played from the outside: people buy tickets, the sender posts events and lists its
attempts, machines with clocks of their own answer and write logs, and faults strike. The truth is
what was played; nothing here reads a finished log.
"""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from dataclasses import astuple, dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from hookanalysis.errors import InputError

from .events import (
    DAY,
    LOCAL_ZONE_MS,
    dice,
    draw_events,
    draw_time,
    draw_uuid,
    to_datetime,
)
from .faults import (
    CRM,
    DEFAULT_FAULTS,
    FAULTS,
    HOUR,
    MINUTE,
    SECOND,
    TICKETS,
    Post,
)
from .logs import (
    Attempt,
    Clock,
    EdgeLog,
    JsonLog,
    Log,
    Step,
    TextLog,
    write_csv_export,
    write_json_export,
)
from .plan import Delivery, Endpoint, Plan

# After this long the sender gives up on an answer.
_TIMEOUT = 10 * SECOND

# The addresses that Showpass says it posts from (its developer guide), and its kind of client.
_SENDERS = ("34.83.8.110", "34.168.12.250", "35.230.81.80", "35.230.119.67")
_SENDER_AGENT = "python-requests/2.32.3"

# Addresses that are kept for documentation.
_STRANGERS = (*(f"203.0.113.{n}" for n in range(2, 250)), "198.51.100.23", "192.0.2.44")

_PAGES = ("/", "/shows", "/shows/harvest-fair", "/tickets/checkout", "/static/app.css")
_PROBES = ("/.env", "/wp-login.php", "/robots.txt", "/admin/")


@dataclass(frozen=True)
class Verdict:
    """The truth about one delivery; `fault` is `none` where all went well."""

    event_uuid: str
    endpoint_url: str
    outcome: str
    detail: str
    cause: str
    fault: str


@dataclass(frozen=True)
class Window:
    """A fault that lasted for a while at one endpoint; times are UTC, by the sender's clock."""

    fault: str
    endpoint_url: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Truth:
    """What really happened, and the last whole day of it."""

    deliveries: tuple[Verdict, ...]
    windows: tuple[Window, ...]
    last_day: date

    def count_outcomes(self) -> Counter[str]:
        """How many deliveries have each outcome."""
        return Counter(verdict.outcome for verdict in self.deliveries)


def simulate(
    folder: str | Path,
    *,
    events: int = 500,
    days: int = 3,
    seed: int = 7,
    start: date = date(2026, 11, 19),
    faults: tuple[str, ...] = DEFAULT_FAULTS,
) -> Truth:
    """Write a sender's exports, a receiver's logs and the truth about them into `folder`.

    The same arguments write the same bytes. `folder` gets `sender/`, `receiver/edge/`,
    `receiver/app/`, `truth.csv`, `truth_windows.csv` and `README.md`; what an earlier simulation
    wrote there is replaced.

    Raises:
        InputError: An unknown fault, an impossible number, or a folder that holds other things.
    """
    unknown = sorted(set(faults) - set(FAULTS) - {"none"})
    if unknown:
        known = ", ".join(("none", *FAULTS))
        raise InputError(f"unknown fault {unknown[0]!r}", hint=f"one of: {known}")
    if events < 1 or days < 1:
        raise InputError("a simulation needs at least one event and one day")
    target = _clear_folder(Path(folder))
    begin = int(datetime(start.year, start.month, start.day, tzinfo=UTC).timestamp()) * SECOND
    end = begin + days * DAY
    endpoints = _build_endpoints(begin)
    deliveries = [
        Delivery(event, endpoint, [event.at])
        for event in draw_events(seed, events, begin, end)
        for endpoint in endpoints
        if not endpoint.event_types or event.type in endpoint.event_types
    ]
    plan = Plan(seed, begin, end, deliveries)
    plan.strike(FAULTS[name] for name in dict.fromkeys(faults) if name != "none")
    attempts = [attempt for delivery in plan.deliveries for attempt in _play(delivery, seed)]
    for endpoint in endpoints:
        _write_background(endpoint, plan)
    for log in (log for endpoint in endpoints for log in _logs(endpoint)):
        log.save(target / "receiver")
    _write_exports(target / "sender", attempts, end)
    truth = _tell_truth(plan, start + timedelta(days=days - 1))
    _write_truth(target, truth, f"{events} events, {days} days from {start}, seed {seed}")
    return truth


def _build_endpoints(begin: int) -> tuple[Endpoint, ...]:
    """A shop behind nginx that gets everything, and a CRM that gets changes of orders."""
    shop = Clock(begin, ahead=2300, drift_ppm=20, zone=LOCAL_ZONE_MS)
    crm = Clock(begin, ahead=-800)
    changes = {"invoice.refund", "invoice.void", "invoice.transfer", "invoice.transferred"}
    return (
        Endpoint(
            TICKETS,
            "tickets.example.com",
            "/webhooks/showpass",
            frozenset(),
            JsonLog("app/app.jsonl", shop),
            EdgeLog("edge/access.log", shop),
        ),
        Endpoint(
            CRM,
            "crm.example.com",
            "/hooks/showpass",
            frozenset(changes),
            TextLog("app/crm.log", crm),
        ),
    )


def _logs(endpoint: Endpoint) -> list[Log]:
    return [log for log in (endpoint.edge, endpoint.app) if log]


def _play(delivery: Delivery, seed: int) -> list[Attempt]:
    """Send every post of a delivery: lines in the receiver's logs, attempts in the sender's."""
    rng = dice(seed, delivery.event.uuid, delivery.endpoint.name)
    attempts = []
    for post, at in zip(delivery.story.posts, delivery.times, strict=True):
        handling = post.handling
        usual = min(4 * SECOND, 15 + round(rng.lognormvariate(3.4, 0.6)))
        takes = rng.randrange(*handling.takes) if handling.takes else usual
        arrives = at + rng.randrange(15, 60)
        source_ip = rng.choice(_STRANGERS if post.stranger else _SENDERS)
        request_id = draw_uuid(rng)
        _receive(delivery, post, (at, arrives, arrives + takes), source_ip, request_id)
        if post.logged:
            body = handling.body.replace("{host}", delivery.endpoint.host)
            status = handling.status
            event, url = delivery.event, delivery.url
            attempts.append(Attempt("", at, event, url, status, handling.answer, body))
    return attempts


def _receive(
    delivery: Delivery, post: Post, times: tuple[int, int, int], source_ip: str, request_id: str
) -> None:
    """Write what the receiver's logs say of one request; `times`: sent, arrived, worked off."""
    sent, arrives, done = times
    endpoint, handling = delivery.endpoint, post.handling
    path = delivery.path or endpoint.path
    if endpoint.edge and handling.edge is not None:
        size = 0 if handling.edge == 499 else len(handling.body)
        agent = "curl/8.5.0" if post.stranger else _SENDER_AGENT
        endpoint.edge.request(
            min(done, sent + _TIMEOUT + 20) + 1,
            source_ip,
            f"POST {path}",
            (handling.edge, size, agent),
        )
    for number, name in enumerate(handling.app):
        step = Step(name, delivery.event, request_id, path, source_ip)
        at = arrives + 2 + 3 * number
        if number == len(handling.app) - 1:
            at = done
            step = replace(step, http_status=handling.app_status, duration_ms=done - arrives)
        endpoint.app.step(at, step)


def _write_background(endpoint: Endpoint, plan: Plan) -> None:
    """Fill the logs with everything else: signs of life, health checks, visitors, probes."""
    spans = [span for span in plan.spans if span.endpoint is endpoint]
    for log, name in ((endpoint.edge, "edge"), (endpoint.app, "app")):
        if log:
            log.silent += [(s.start, s.end) for s in spans if name in s.fault.silent]
    rng = dice(plan.seed, endpoint.name, "background")
    for at in range(plan.start, plan.end, MINUTE):
        endpoint.app.beat(at + rng.randrange(200))
    if not endpoint.edge:
        return
    for at in range(plan.start, plan.end, MINUTE):
        _visit(endpoint, at + rng.randrange(8 * SECOND), "10.0.0.5", "/healthz", "checker/1.0")
    hours = (plan.end - plan.start) // HOUR
    for _ in range(10 * hours):
        at = draw_time(rng, plan.start, plan.end)
        _visit(endpoint, at, rng.choice(_STRANGERS), rng.choice(_PAGES), "Mozilla/5.0")
    for _ in range(hours):
        at = rng.randrange(plan.start, plan.end)
        _visit(endpoint, at, rng.choice(_STRANGERS), rng.choice(_PROBES), "zgrab/0.x")


def _visit(endpoint: Endpoint, at: int, source_ip: str, path: str, agent: str) -> None:
    """One GET; while only the application is silent, the proxy answers for it."""
    if endpoint.edge is None:
        return
    app_away = any(start <= at < end for start, end in endpoint.app.silent)
    status = 502 if app_away else 404 if path in _PROBES else 200
    size = {200: 2 if path == "/healthz" else 18_344, 404: 146, 502: 150}[status]
    endpoint.edge.request(at, source_ip, f"GET {path}", (status, size, agent))


def _write_exports(folder: Path, attempts: list[Attempt], end: int) -> None:
    """Write an export with its newest attempts still pending, and a later one that overlaps it."""
    numbered = [
        replace(attempt, id=str(71_000_000 + 7 * number))
        for number, attempt in enumerate(
            sorted(attempts, key=lambda a: (a.at, a.event.uuid, a.url))
        )
    ]
    taken = end - 9 * HOUR
    early = [attempt for attempt in numbered if attempt.at < taken]
    undecided = early[-4:]
    early[-4:] = [attempt.undecided for attempt in undecided]
    since = min([taken - 3 * HOUR, *(attempt.at for attempt in undecided)])
    late = [attempt for attempt in numbered if attempt.at >= since]
    write_csv_export(folder / f"webhook-logs-{to_datetime(taken):%Y-%m-%d}.csv", early)
    write_json_export(folder / f"webhook-logs-{to_datetime(end):%Y-%m-%d}.json", late)


def _tell_truth(plan: Plan, last_day: date) -> Truth:
    judged = [delivery for delivery in plan.deliveries if delivery.story.outcome]
    judged.sort(key=lambda d: (d.times[0], d.event.uuid, d.url))
    verdicts = [
        Verdict(d.event.uuid, d.url, d.story.outcome, d.story.detail, d.story.cause, d.fault)
        for d in judged
    ]
    windows = [
        Window(
            span.fault.name,
            f"https://{span.endpoint.host}{span.fault.path or span.endpoint.path}",
            to_datetime(span.start),
            to_datetime(span.end),
        )
        for span in sorted(plan.spans, key=lambda span: span.start)
    ]
    return Truth(tuple(verdicts), tuple(windows), last_day)


_README = """# Simulated logs of both sides

Written by `hookanalysis simulate` ({about}); nothing here is real, all people are invented.
Made again with the same numbers, it is the same to the byte.

- `sender/`: two exports of the sender's attempts. They overlap; the later one knows the results of
  attempts that were pending in the earlier one.
- `receiver/edge/`: access log of the nginx in front of the shop; no uuid in it, time in UTC-7.
- `receiver/app/`: the shop's application log (JSON lines) and the CRM's (text). The shop's clock is
  2.3 s ahead and drifts, the CRM's is 0.8 s behind. Older days are `.1` and `.N.gz`.
- `truth.csv`: what really became of each event at each endpoint, and the fault that was played.
- `truth_windows.csv`: faults that lasted for a while.

| outcome | deliveries |
|---|---|
{outcomes}
"""


def _write_truth(folder: Path, truth: Truth, about: str) -> None:
    for name, kind, rows in (
        ("truth.csv", Verdict, truth.deliveries),
        ("truth_windows.csv", Window, truth.windows),
    ):
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(field.name for field in fields(kind))
            out.writerows(
                [v.isoformat() if isinstance(v, datetime) else v for v in astuple(row)]
                for row in rows
            )
    counts = truth.count_outcomes().most_common()
    outcomes = "\n".join(f"| {outcome} | {count} |" for outcome, count in counts)
    text = _README.format(about=about, outcomes=outcomes)
    (folder / "README.md").write_text(text, encoding="utf-8")


def _clear_folder(folder: Path) -> Path:
    """Make `folder`, and remove what an earlier simulation wrote; nothing else is ever removed."""
    ours = {"sender", "receiver", "truth.csv", "truth_windows.csv", "README.md"}
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
    folder.mkdir(parents=True, exist_ok=True)
    return folder
