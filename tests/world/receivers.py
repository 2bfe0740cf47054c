"""The machines that receive: what they do with a request, and all else that their logs hold."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from .events import dice, draw_time
from .faults import CRM, DAY, HOUR, MINUTE, SECOND, SENDERS, STRANGERS, TICKETS, Fault
from .logs import Clock, EdgeLog, JsonLog, LocalTextLog, Log, Request, TextLog, escape_body
from .scenarios import Scenario

AppLog = JsonLog | TextLog

# After this long the sender gives up on an answer.
TIMEOUT = 10 * SECOND

_SENDER_AGENT = "python-requests/2.32.3"
_PAGES = ("/", "/shows", "/shows/harvest-fair", "/tickets/checkout", "/static/app.css")
_PROBES = ("/.env", "/wp-login.php", "/robots.txt", "/admin/")


@dataclass(frozen=True)
class Endpoint:
    """One place that the sender posts to, and the logs of the machines behind it."""

    name: str
    host: str
    path: str
    event_types: frozenset[str]
    """Types that it is subscribed to; empty: all."""
    apps: tuple[AppLog, ...]
    """One for each machine that runs the application."""
    edge: EdgeLog | None = None

    def url(self, fault: Fault) -> str:
        """The URL that the sender posts to while a fault strikes."""
        return f"https://{fault.host or self.host}{fault.path or self.path}"

    @property
    def logs(self) -> tuple[Log, ...]:
        """All logs, the proxy's first."""
        return (self.edge, *self.apps) if self.edge else self.apps


def build_endpoints(scenario: Scenario) -> tuple[Endpoint, ...]:
    """A shop behind a proxy that gets everything, and a CRM that gets changes of orders."""
    begin = scenario.begin
    shop = Clock(
        begin,
        ahead=scenario.ahead_ms,
        drift_ppm=scenario.drift_ppm,
        step=scenario.step_ms,
        step_at=(begin + scenario.end) // 2,
    )
    proxy = replace(shop, zone=scenario.zone_hours * HOUR)
    crm = Clock(begin, ahead=-800)
    changes = {"invoice.refund", "invoice.void", "invoice.transfer", "invoice.transferred"}
    edge = EdgeLog("edge/access.log", proxy, names_events=scenario.edge == "uuid")
    # The logs of the shop turn over together, at the proxy's midnight.
    apps = [_build_app(scenario, proxy, number) for number in range(scenario.hosts)]
    endpoints = (
        Endpoint(
            TICKETS,
            "tickets.example.com",
            "/webhooks/showpass",
            frozenset(),
            tuple(apps) if scenario.app != "none" else (),
            edge if scenario.edge != "none" else None,
        ),
        Endpoint(
            CRM,
            "tickets.example.com" if scenario.one_server else "crm.example.com",
            "/hooks/showpass",
            frozenset(changes),
            (TextLog("app/crm.log", crm),),
            edge if scenario.one_server and scenario.edge != "none" else None,
        ),
    )
    if scenario.damaged:
        for log in (log for endpoint in endpoints for log in endpoint.logs):
            log.damaged_until = scenario.end - DAY
    return endpoints


def _build_app(scenario: Scenario, clock: Clock, number: int) -> AppLog:
    folder = "app" if scenario.hosts == 1 else f"app/web{number + 1}"
    # From the last machine on, nobody handed in the logs.
    absent = number >= scenario.hosts - scenario.absent_hosts
    if scenario.app == "json":
        return JsonLog(f"{folder}/app.jsonl", clock, absent=absent)
    kind = LocalTextLog if scenario.local_time else TextLog
    return kind(f"{folder}/app.log", clock, absent=absent)


def receive(endpoint: Endpoint, request: Request, rng: random.Random, sampled: float) -> list[Log]:
    """Write what the receiver's logs say of one request; returns those that got lines."""
    handling = request.post.handling
    wrote: list[Log] = []
    if endpoint.edge and handling.edge and rng.random() < sampled:
        size = 0 if handling.edge == 499 else len(handling.body)
        agent = _SENDER_AGENT if set(request.post.sources) <= set(SENDERS) else "curl/8.5.0"
        endpoint.edge.request(
            min(request.done, request.sent + TIMEOUT + 20) + 1,
            request.source_ip,
            f"POST {request.path}",
            (handling.edge, size, agent),
            escape_body(request.event) if request.names_event else "-",
        )
        wrote.append(endpoint.edge)
    if not (handling.app and endpoint.apps):
        return wrote
    app = endpoint.apps[rng.randrange(len(endpoint.apps))]
    if rng.random() >= sampled:
        return wrote
    *steps, last = handling.app
    for number, name in enumerate(steps):
        app.step(request.arrives + 2 + 3 * number, name, request, None)
    answered = (handling.app_status, request.done - request.arrives)
    app.step(request.done, last, request, answered)
    return [*wrote, app]


def write_background(endpoint: Endpoint, scenario: Scenario) -> None:
    """Fill the logs with everything else: signs of life, health checks, visitors, probes."""
    rng = dice(scenario.seed, endpoint.name, "background")
    sampled = dice(scenario.seed, endpoint.name, "sampled")
    begin, end = scenario.begin, scenario.end
    for app in endpoint.apps:
        for at in range(begin, end, MINUTE):
            moment = at + rng.randrange(200)
            if sampled.random() < scenario.sampled:
                app.beat(moment)
    edge = endpoint.edge
    if not edge:
        return
    silent = [span for app in endpoint.apps for span in app.silent]

    def visit(at: int, source_ip: str, path: str, agent: str) -> None:
        """One GET; while only the application is silent, the proxy answers for it."""
        app_away = any(start <= at < end for start, end in silent)
        status = 502 if app_away else 404 if path in _PROBES else 200
        size = {200: 2 if path == "/healthz" else 18_344, 404: 146, 502: 150}[status]
        edge.request(at, source_ip, f"GET {path}", (status, size, agent))

    for at in range(begin, end, MINUTE):
        moment = at + rng.randrange(8 * SECOND)
        if sampled.random() < scenario.sampled:
            visit(moment, "10.0.0.5", "/healthz", "checker/1.0")
    hours = (end - begin) // HOUR
    for _ in range(10 * hours):
        at = draw_time(rng, begin, end)
        visit(at, rng.choice(STRANGERS), rng.choice(_PAGES), "Mozilla/5.0")
    for _ in range(hours):
        at = rng.randrange(begin, end)
        visit(at, rng.choice(STRANGERS), rng.choice(_PROBES), "zgrab/0.x")
