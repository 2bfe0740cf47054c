"""What happens: a sender posts, a network carries, a proxy passes on, an application works.

Times are seconds of true time, which is the sender's. The receiver's clock comes in when its lines
are written down (`receiver.py`).
"""

import heapq
from dataclasses import dataclass, field
from itertools import count

from .dice import Dice
from .plan import NOTICING, PATTERNS, Plan

ADDRESSES = {
    "showpass": ("34.83.8.110", "34.168.12.250", "35.230.81.80", "35.230.119.67"),
    "github": ("140.82.115.9", "140.82.115.42", "140.82.115.250"),
    "svix": ("44.228.126.217", "50.112.21.217"),
    "stripe": ("3.18.12.63", "3.130.192.231"),
    "gitlab": ("34.74.90.64", "34.74.226.1"),
    "generic": ("198.51.100.20",),
}
AGENTS = {
    "showpass": "Showpass-Webhooks/1.0",
    "github": "GitHub-Hookshot/8d33975",
    "svix": "Svix-Webhooks/1.24.0",
    "stripe": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    "gitlab": "GitLab/18.5.1",
    "generic": "python-requests/2.32.3",
}
URLLESS = ("github", "showpass_logs", "stripe")  # exports that do not name the URL
STARTS = ("apache_common", "apache_combined", "traefik", "haproxy", "cloud_run")


@dataclass
class Event:
    """What happened at the sender."""

    key: str
    kind: str
    at: float
    transaction: str


@dataclass
class Request:
    """What came to the receiver's door."""

    path: str
    at: float
    source: str
    agent: str
    event: Event | None
    host: int = 0
    status: int = 200
    answered: float = 0.0
    accepted: bool = False
    in_app: bool = False
    processed: bool = False


@dataclass
class Attempt:
    """One try of the sender, and what it saw of it."""

    number: int
    event: Event
    url: str
    shown: str
    hook: int
    nth: int
    at: float
    known: float = 0.0
    seen: int | None = None
    error: str = ""
    word: str = ""
    listed: bool = True
    request: Request | None = None
    by_hand: bool = False


@dataclass
class Line:
    """One line of a receiver's log, or one row of its table (`log` is `table`)."""

    log: str
    kind: str
    at: float
    written: float
    method: str = ""
    path: str = ""
    status: int = 0
    source: str = ""
    agent: str = ""
    took: float = 0.0
    key: str = ""
    done: float | None = None
    request: Request | None = None
    kept: bool = True


@dataclass
class Acts:
    """Everything that happened in one world."""

    plan: Plan
    base: float
    end: float
    urls: tuple[str, ...]
    attempts: list[Attempt] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    strangers: list[Request] = field(default_factory=list)
    catches_up: bool = False


def act(plan: Plan) -> Acts:
    """Play a world from its first event to the moment of the export."""
    return Street(plan).run()


class Street:
    """The sender, the network and the receiver of one world."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.dice = Dice(plan.number, 2)
        self.sender = plan.shape.split("_", maxsplit=1)[0]
        base = 1794787200.0 + self.dice.between(0, 9 * 86400)  # from 2026-11-16 on
        end = plan.duration + 2.4 * plan.grace * 60
        stem = self.dice.pick(("/hooks/in", "/webhooks/events", "/api/v1/webhooks/incoming"))
        tails = [f"?shop={sign}" if plan.by_query else f"/{sign}" for sign in "abc"]
        paths = [stem + tail for tail in tails][: plan.endpoints] if plan.endpoints > 1 else [stem]
        self.old_path = stem
        self.new_path = stem + "/v2"
        self.moves = plan.duration * self.dice.between(0.3, 0.7)  # the receiver's routes
        self.turns = self.moves + plan.duration * self.dice.between(-0.1, 0.1)  # the sender's URL
        if plan.url_change:
            paths = [self.new_path]
        urls = tuple("https://hooks.example.com" + path for path in paths)
        catches = self.dice.chance(0.4) and any(t.kind == "worker_down" for t in plan.troubles)
        self.acts = Acts(plan, base, end, urls, catches_up=catches)
        self.queue: list[tuple[float, int, Attempt]] = []
        self.serial = count()
        self.numbers = count(71003000, 7)
        self.seen: dict[tuple[str, str], float] = {}  # what each endpoint remembers

    def trouble(self, kind: str, at: float) -> float:
        """Return when the trouble of that kind ends which there is at that time, else 0."""
        ends = [t.end for t in self.plan.troubles if t.kind == kind and t.start <= at < t.end]
        return max(ends, default=0.0)

    def run(self) -> Acts:
        for event in self._events():
            urls = self.acts.urls
            for url in urls if self.plan.fanout else (self.dice.pick(urls),):
                for hook in range(1 if self.plan.hooks == "one" else 2):
                    lag = self.dice.between(0.005, 1.0) if self.plan.shape == "stripe" else 0.0
                    at = event.at + lag + hook * self.dice.between(0.02, 0.08)
                    self._plan_attempt(event, url, hook, 1, at)
        while self.queue:
            at, _, attempt = heapq.heappop(self.queue)
            if at < self.acts.end:
                self._post(attempt)
        self._traffic()
        return self.acts

    def _events(self) -> list[Event]:
        plan, dice, at, times = self.plan, self.dice, 0.0, []
        for _ in range(plan.events):
            if plan.bursts:
                at += dice.wait(plan.gap * (0.1 if dice.chance(0.8) else 4.6))
            else:
                at += dice.wait(plan.gap)
            times.append(at)
        times = [time for time in times if time < plan.duration]
        # A last few, far enough behind the others, so that patience with these is over.
        times += [plan.duration + plan.grace * 60 * part for part in (0.7, 1.4, 2.1)]
        kinds = ("invoice.purchase", "invoice.refund", "invoice.transfer")
        return [Event(self._key(), dice.pick(kinds, (6, 1, 1)), at, dice.uuid()) for at in times]

    def _key(self) -> str:
        if self.sender == "svix":
            return "msg_" + self.dice.letters(27)
        return "evt_" + self.dice.letters(24) if self.sender == "stripe" else self.dice.uuid()

    def _plan_attempt(self, event: Event, url: str, hook: int, nth: int, at: float) -> Attempt:
        shown = url
        if self.plan.url_change:
            path = self.old_path if at < self.turns else self.new_path
            url = "https://hooks.example.com" + path
            shown = self.acts.urls[0] if self.plan.shape in URLLESS else url
        attempt = Attempt(next(self.numbers), event, url, shown, hook, nth, at)
        heapq.heappush(self.queue, (at, next(self.serial), attempt))
        return attempt

    def _post(self, attempt: Attempt) -> None:
        """Make an attempt, and plan what follows from what the sender saw of it."""
        plan, dice, at = self.plan, self.dice, attempt.at
        attempt.known = at + plan.timeout
        no_proxy = not plan.edge and self.trouble("app_down", at)
        if self.trouble("box_down", at) or no_proxy or dice.chance(plan.unsent):
            attempt.error = dice.pick(("refused", "dns", "tls")) if plan.unsent else "refused"
            attempt.known = at + dice.between(0.01, 0.3)
        elif dice.chance(0.8 if self.trouble("loss", at) else plan.loss):
            attempt.error = "timeout"
        elif dice.chance(0.9 if self.trouble("elsewhere", at) else plan.elsewhere):
            attempt.seen, attempt.known = dice.pick((200, 403, 502)), at + dice.about(0.1)
        else:
            self._travel(attempt)
        attempt.word = "success" if attempt.seen and attempt.seen < 300 else "failed"
        self.acts.attempts.append(attempt)
        self._try_again(attempt)

    def _travel(self, attempt: Attempt) -> None:
        """Carry a request to the receiver and its answer back."""
        plan, dice = self.plan, self.dice
        path = attempt.url.removeprefix("https://hooks.example.com")
        source = dice.pick(ADDRESSES[self.sender])
        at = attempt.at + min(dice.about(0.03), 1.0)
        request = Request(path, at, source, AGENTS[self.sender], attempt.event)
        attempt.request = request
        self._arrive(request)
        back = request.answered + dice.about(0.02)
        leaves = attempt.at + plan.timeout
        if back > leaves:
            attempt.error = "timeout"
            self._edge_line(request, leaves + 0.02)
            return
        self._edge_line(request, None)
        if dice.chance(plan.reset):
            attempt.error = "timeout"
        else:
            attempt.seen, attempt.known = request.status, back

    def _try_again(self, attempt: Attempt) -> None:
        plan, dice = self.plan, self.dice
        failed, at = attempt.word == "failed", attempt.known
        if failed and attempt.nth <= len(plan.retries):
            wait = plan.retries[attempt.nth - 1] * dice.between(0.9, 1.2)
        elif dice.chance(plan.resent_failures if failed else plan.resent_successes):
            wait = dice.log(5 if plan.gap < 1 else 60, 5400)
        else:
            return
        if attempt.nth < 5:
            again = self._plan_attempt(
                attempt.event, attempt.url, attempt.hook, attempt.nth + 1, at + wait
            )
            again.by_hand = attempt.nth > len(plan.retries)

    def _arrive(self, request: Request) -> None:
        """Let the receiver answer a request: the proxy alone, or its application."""
        plan, dice, at = self.plan, self.dice, request.at
        request.host = dice.whole(0, max(plan.edge_hosts or plan.app_hosts, 1) - 1)
        barred = self.trouble("allowlist", at) and request.source == ADDRESSES[self.sender][0]
        request.answered = at + dice.about(0.002)
        if plan.edge and self.trouble("app_down", at):
            request.status = 502
        elif plan.edge and barred:
            request.status = 403
        elif plan.edge and dice.chance(plan.proxy_refusals):
            request.status = dice.pick((413, 429, 503))
        else:
            waits = dice.log(1, 20) if dice.chance(plan.tail) else 0.0
            self._application(request, at + waits + dice.about(0.002))
        request.accepted = request.status < 300

    def _application(self, request: Request, at: float) -> None:
        plan, dice = self.plan, self.dice
        work = dice.about(3.0, 0.6) if self.trouble("slow", at) else dice.about(plan.work)
        route = self.old_path if at < self.moves else self.new_path
        if plan.url_change and request.path != route:
            request.status, request.answered = 404, at + dice.about(0.003)
        else:
            request.in_app = True
            self._handle(request, at, work)
        self._access_line(request)

    def _handle(self, request: Request, at: float, work: float) -> None:
        """Do what the handler does: check, remember, work or queue; say some of it."""
        plan, dice, event = self.plan, self.dice, request.event
        quick = at + dice.about(0.006)
        self._say(request, "middleware", at)
        if not plan.early_check:
            begun = at + dice.about(0.003, 0.3)
            self._say(request, "received", begun)
            quick = max(quick, begun + 0.001)  # it has said so before it says how it ends
        request.answered = quick
        forged = event is None or event.at < 0
        if forged or dice.chance(0.95 if self.trouble("key", at) else plan.bad_signatures):
            request.status = 401 if forged and plan.signature == 200 else plan.signature
            self._say(request, "signature", quick)
            return
        if plan.early_check:
            self._say(request, "received", at + dice.about(0.003, 0.3))
        key = (request.event.key if request.event else "", request.path)
        if plan.memory != "none" and self.seen.get(key, 9e99) <= at:
            request.processed = False
            self._say(request, "known", quick)
            return
        if plan.memory == "before":
            self.seen[key] = at
        if dice.chance(0.9 if self.trouble("errors", at) else plan.errors):
            request.status, request.answered = 500, at + work
            self._say(request, "failed", at + work)
            return
        row = self._row(request, quick)
        if plan.asynchronous:
            self._say(request, "enqueued", quick)
            self._worker(request, quick, row)
            return
        request.answered = at + work
        self._done(request, at + work + (dice.about(0.03) if plan.late_lines else -0.001), row)

    def _worker(self, request: Request, at: float, row: Line | None) -> None:
        plan, dice = self.plan, self.dice
        takes = at + (dice.log(9, 60) if dice.chance(0.02) else dice.between(0.3, 9))
        if ends := self.trouble("worker_down", takes):
            if not self.acts.catches_up:
                return
            takes = ends + dice.between(0, 30)
        if dice.chance(plan.worker_loss):
            if dice.chance(0.5):
                self._say(request, "failed", takes, status=0)
            return
        self._say(request, "started", takes)
        self._done(request, takes + dice.about(plan.work), row)

    def _done(self, request: Request, at: float, row: Line | None) -> None:
        request.processed = True
        if request.event and self.plan.memory == "after":
            self.seen.setdefault((request.event.key, request.path), at)
        self._say(request, "processed", at)
        if row:
            row.done = at

    def _row(self, request: Request, at: float) -> Line | None:
        if not self.plan.table or not request.event:
            return None
        row = Line("table", "row", at, at, key=request.event.key, request=request)
        self.acts.lines.append(row)
        return row

    def _say(self, request: Request, kind: str, at: float, status: int | None = None) -> None:
        """Write a line of the application about a request, if this application writes such."""
        plan = self.plan
        always = kind in {"failed", "known", "signature"}
        if not plan.app or not (always or kind in PATTERNS.get(plan.pattern, ())):
            return
        apart = plan.worker_apart and kind in {"started", "processed"}
        log = "worker" if apart else f"app{self._app_host(request)}"
        key = request.event.key if request.event and plan.pattern else ""
        path = request.path.split("?", maxsplit=1)[0] if plan.app_path and not apart else ""
        ends = kind in {"processed", "signature", "failed", "known"} and not plan.asynchronous
        answer = request.status if plan.app_status and ends and status is None else 0
        self.acts.lines.append(
            Line(log, kind, at, at, "POST" if path else "", path, answer, key=key, request=request)
        )

    def _app_host(self, request: Request) -> int:
        return request.host % max(self.plan.app_hosts, 1)

    def _access_line(self, request: Request, method: str = "POST") -> None:
        plan = self.plan
        if not plan.access:
            return
        at = request.answered + self.dice.between(0.0, 0.004)
        log = ("access" if plan.access_apart else "app") + str(self._app_host(request))
        source = request.source if not plan.edge and plan.shows_source else "172.18.0.1"
        path = request.path
        self.acts.lines.append(
            Line(log, "access", at, at, method, path, request.status, source, request=request)
        )

    def _edge_line(self, request: Request, leaves: float | None, method: str = "POST") -> None:
        """Write the proxy's line: when it has answered, or notices that the client has left."""
        plan = self.plan
        if not plan.edge:
            return
        ends, status = request.answered + 0.001, request.status
        if leaves is not None and plan.edge in NOTICING:
            ends, status = leaves, {"caddy": 0, "alb": 460, "cloud_run": 504}.get(plan.edge, 499)
        at = request.at if plan.edge in STARTS else ends
        source = request.source if plan.shows_source or plan.edge == "nginx_main" else "172.18.0.1"
        self.acts.lines.append(
            Line(
                log=f"edge{request.host}",
                kind="edge",
                at=at,
                written=ends + self.dice.between(0, plan.edge_buffer),
                method=method,
                path=request.path,
                status=status,
                source=source,
                agent=request.agent,
                took=ends - request.at,
                request=request,
            )
        )

    def _traffic(self) -> None:
        """Add what else comes to the receiver, and what its application writes by itself."""
        plan = self.plan
        self._stream(plan.health, "GET", "/healthz", "10.0.0.2", "kube-probe/1.30")
        self._stream(plan.posts, "POST", "/cart/add", "203.0.113.77", "Mozilla/5.0")
        self._stream(plan.strangers, "POST", "", "203.0.113.9", "curl/8.9.1")
        logs = [f"app{host}" for host in range(plan.app_hosts)]
        logs += ["worker"] if plan.worker_apart else []
        for log in logs:
            at = self.dice.wait(plan.chatter)
            while at < self.acts.end:
                if not self.trouble("box_down", at):
                    self.acts.lines.append(Line(log, "chatter", at, at))
                at += self.dice.wait(plan.chatter)

    def _stream(self, pace: float, method: str, path: str, source: str, agent: str) -> None:
        """Let a client of its own pace come; a probe comes by the clock and to every host."""
        dice, plan, at = self.dice, self.plan, 0.0
        probe = method == "GET"
        while pace and (at := at + (pace if probe else dice.wait(pace))) < self.acts.end:
            if self.trouble("box_down", at):
                continue
            last = max(plan.edge_hosts, plan.app_hosts, 1) - 1
            for host in range(last + 1) if probe else (dice.whole(0, last),):
                self._call(Request(path, at, source, agent, None, host), method)

    def _call(self, request: Request, method: str) -> None:
        """Answer a client that is not the sender; without a path it posts to a hook, forging."""
        request.answered = request.at + self.dice.about(0.01)
        if request.path:
            self._access_line(request, method)
        else:
            request.event = Event(self.dice.uuid(), "", -1.0, "")
            request.path = self.dice.pick(self.acts.urls).removeprefix("https://hooks.example.com")
            self._application(request, request.at + 0.002)
            self.acts.strangers.append(request)
        self._edge_line(request, None, method)
