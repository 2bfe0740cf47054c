"""What became of each delivery, and whether the files that were written can show it.

`judge` says what really happened, in the outcomes of the design. The `Reader` then reads the files
as a patient person would who knows how such servers work, and keeps every possibility that he
cannot rule out. Where all that is left comes to one outcome, the row is certain. He is careful: he
would rather leave a row open than lean on a window that is too narrow.
"""

import itertools
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from .acts import STARTS, Acts, Attempt, Line, Request
from .holes import Pace, absent
from .plan import NOTICING, PATTERNS
from .puzzle import Graph

ABSENT, REFUSED, ACCEPTED = "absent", "refused", "accepted"
LEFT = {0, 408, 460, 499, 504}  # the client had left: what the application did is another question
KNOWN_TIMEOUTS = ("github", "svix", "gitlab")
UNTIMED = {"nginx_combined", "nginx_main", "apache_common", "apache_combined"}
UNSENT = ("refused", "dns", "tls")


@dataclass(frozen=True)
class Row:
    """The truth about one delivery."""

    event_uuid: str
    endpoint_url: str
    outcome: str
    certain: bool = False
    arrived: bool = True
    bearable: tuple[str, ...] = ()
    why: str = ""
    possible: tuple[str, ...] = ()


@dataclass
class Delivery:
    """One event for one endpoint: its attempts, and what came of them."""

    key: str
    url: str
    attempts: list[Attempt]
    groups: list[list[Line]] = field(default_factory=list)
    why: set[str] = field(default_factory=set)

    @property
    def listed(self) -> list[Attempt]:
        return [attempt for attempt in self.attempts if attempt.listed]


def judge(words: list[str], fates: list[str], *, processed: bool, waiting: bool) -> tuple[str, ...]:
    """Return the outcome of a delivery, and behind it others that the words bear as well.

    `words` and `fates` belong to the attempts in the order of time; a fate without a word is of a
    request that no export lists. A word is empty where the sender lists no attempts.
    """
    accepted = fates.count(ACCEPTED)
    if accepted > 1 and processed:
        return ("duplicated",)
    if accepted == 1 and processed:
        return _once(words, fates)
    if accepted:
        found = "unprocessed"
    else:
        found = "missed" if all(fate == ABSENT for fate in fates) else "refused"
    if waiting:
        return {"missed": ("pending",), "refused": ("pending", "refused")}.get(
            found, (found, "pending")
        )
    return (found,)


def _once(words: list[str], fates: list[str]) -> tuple[str, ...]:
    """Return the outcome of what was accepted once, and processed as far as anyone tells."""
    simple = ("delivered",) if len(fates) == 1 else ("delivered", "recovered")
    if not any(words):
        return simple
    if "success" in words:
        failed = "failed" in words[: fates.index(ACCEPTED)]
        return ("recovered",) if failed else simple
    if "failed" in words:
        return ("unacknowledged", "delivered") if "pending" in words else ("unacknowledged",)
    return ("delivered",)


def tell(acts: Acts) -> list[Row]:
    """Return the truth about every delivery that the files may speak of."""
    return Reader(acts).rows()


class Reader:
    """Reads what was left of the logs, beside the export, and rules out what he can."""

    def __init__(self, acts: Acts) -> None:
        self.acts, self.plan = acts, acts.plan
        plan = self.plan
        self.kept = [line for line in acts.lines if line.kept]
        logs = {line.log for line in acts.lines if line.log != "table"}
        by_log: dict[str, list[Line]] = {log: [] for log in logs}
        for line in self.kept:
            by_log.setdefault(line.log, []).append(line)
        self.paces = {log: Pace.of(by_log[log]) for log in logs}
        self.kind = "edge" if plan.edge else "access"
        self.outer = {line.log for line in acts.lines if line.kind == self.kind}
        self.apps = {log for log in logs if log.startswith("app")} if plan.named else set()
        self.workers = {"worker"} if plan.worker_apart else self.apps
        self.slack = 2.5 + abs(plan.drift) * acts.end
        known = plan.says_timeout or plan.shape in KNOWN_TIMEOUTS
        self.timeout = plan.timeout if known else max(plan.timeout, 30.0)
        self.tells_processing = "processed" in PATTERNS.get(plan.pattern, ()) or bool(plan.table)
        edge = (line for line in acts.lines if line.kind == "edge")
        # A line without a duration may be an application server's, which works on, unless the log
        # notes that clients left.
        self.shows_leaving = plan.edge in {*NOTICING, *STARTS} - UNTIMED or any(
            line.kind == "edge" and line.status == 499 for line in self.kept
        )
        self.edge_said = {id(line.request): line.status for line in edge}
        self.deliveries = self._deliveries()
        self.urls_of: dict[str, set[str]] = defaultdict(set)
        for key, url in self.deliveries:
            self.urls_of[key].add(url)
        told = (line for line in acts.lines if line.kind in {"failed", "signature"})
        self.disowned = {id(line.request) for line in told}
        self.skipped = {id(line.request) for line in self.kept if line.kind == "known"}
        self.horizon = max((a.at for a in acts.attempts if a.listed), default=0.0)
        self.horizons: dict[str, float] = defaultdict(float)
        for attempt in acts.attempts:
            if attempt.listed:
                self.horizons[attempt.shown] = max(self.horizons[attempt.shown], attempt.at)
        self._gather()
        self._assign()

    # What there is to read

    def _deliveries(self) -> dict[tuple[str, str], Delivery]:
        found: dict[tuple[str, str], Delivery] = {}
        for attempt in sorted(self.acts.attempts, key=lambda attempt: attempt.at):
            name = (attempt.event.key, attempt.shown)
            found.setdefault(name, Delivery(*name, [])).attempts.append(attempt)
        return found

    def _gather(self) -> None:
        """Put the lines that name an event together, those of one request in one group."""
        groups: dict[int, list[Line]] = defaultdict(list)
        for line in self.kept:
            if line.key and line.request:
                groups[id(line.request)].append(line)
        self.group_of = groups
        for delivery in self.deliveries.values():
            for attempt in delivery.attempts:
                if attempt.request and (group := groups.get(id(attempt.request))):
                    delivery.groups.append(group)
        named = sum(bool(delivery.groups) for delivery in self.deliveries.values())
        lines = [line for line in self.kept if self._may_be_senders(line)]
        self.clock_known = not self.plan.zone_error and (named >= 20 or len(lines) >= 40)
        visible = [d for d in self.deliveries.values() if self._processed_seen(d)]
        self.usual = len(visible) >= 10 and len(visible) >= 0.5 * named

    def _may_be_senders(self, line: Line) -> bool:
        if line.kind != self.kind or line.method != "POST" or line.path == "/cart/add":
            return False
        return not self._shows_source() or bool(line.request and self._of_sender(line.request))

    def _shows_source(self) -> bool:
        plan = self.plan
        return bool(plan.edge == "nginx_main" or plan.shows_source)

    def _of_sender(self, request: Request) -> bool:
        return request.agent != "curl/8.9.1"

    def _whole(self, logs: Iterable[str]) -> bool:
        """Whether all of a layer's logs are there, and nothing shows that they lack lines."""
        plan, logs = self.plan, set(logs)
        if logs & absent(plan):
            return False
        thin = plan.thinned == "all" or any(
            plan.thinned and (log.startswith(plan.thinned) or (plan.thinned, log) == THIN_WORKER)
            for log in logs
        )
        return not thin and bool(logs)

    @cached_property
    def nothing_lacks(self) -> bool:
        """Whether answers that left no line are no sign of a host whose logs are absent.

        They are none where the user says that the logs are complete, where every request that an
        inner layer names has its line and few answers lack one, and where all that lack it stand
        close together in time.
        """
        answered = [a for a in self.acts.attempts if a.listed and a.seen]
        lacking = [a.at for a in answered if not a.request]
        if self.plan.says_complete or not lacking:
            return True
        named = sum(bool(a.request and id(a.request) in self.group_of) for a in answered)
        if self.outer and self._whole(self.outer) and named >= 20:
            return len(lacking) <= 0.15 * len(answered)
        close = max(lacking) - min(lacking) < 0.2 * self.acts.end
        return close and len(answered) - len(lacking) >= 50

    # Times

    def window(self, attempt: Attempt) -> tuple[float, float]:
        """Return when a line of an attempt may be dated, as far as the export tells."""
        plan, low, high = self.plan, attempt.at, attempt.at
        if plan.shape == "stripe":
            low, high = attempt.event.at - 1, attempt.event.at + 2
        if plan.shape == "gitlab" and not attempt.seen:
            low, high = self._neighbours(attempt)
        if attempt.seen and plan.shape in KNOWN_TIMEOUTS:
            wait = attempt.known - attempt.at
        elif self.shows_leaving:
            wait = self.timeout
        else:
            wait = self.timeout + 75
        return low - self.slack, high + wait + self.slack

    def _neighbours(self, attempt: Attempt) -> tuple[float, float]:
        times = [a.at for a in self.acts.attempts if a.listed and a.seen]
        before = max((time for time in times if time < attempt.at), default=0.0)
        return before, min((time for time in times if time > attempt.at), default=self.acts.end)

    def covered(self, logs: Iterable[str], low: float, high: float) -> bool:
        return all(self.paces[log].covers(low, high) for log in logs)

    # Lines without a name

    def _assign(self) -> None:
        """Ask of every attempt whether it surely has a line in the outermost layer, or none."""
        lines = [line for line in self.kept if self._may_be_senders(line)]
        self.lines = sorted(lines, key=lambda line: line.at)
        self.dates = [line.at for line in self.lines]
        self.paths = {_path(attempt) for attempt in self.acts.attempts}
        self.asked = [a for a in self.acts.attempts if a.listed and not self._unsent(a)]
        fits = [self._fitting(attempt) for attempt in self.asked]
        whole = self._whole(self.outer) and self.clock_known
        must = {
            number
            for number, attempt in enumerate(self.asked)
            if whole
            and attempt.request
            and id(attempt.request) in self.group_of
            and self.covered(self.outer, *self.window(attempt))
        }
        plan = self.plan
        full = plan.export == "full" and not plan.orphans and plan.hooks != "one_listed"
        owned = full and self._shows_source() and self.clock_known
        states = Graph(fits, len(self.lines), must, owned).settle()
        self.fits = {
            id(a): [self.lines[n] for n in f] for a, f in zip(self.asked, fits, strict=True)
        }
        self.state = {id(a): state for a, state in zip(self.asked, states, strict=True)}
        self.tied: dict[str, list[float]] = defaultdict(list)
        for attempt in self.asked:
            named = attempt.request and id(attempt.request) in self.group_of
            if named or self.state[id(attempt)] == "line" or len(self.fits[id(attempt)]) > 0:
                self.tied[attempt.shown].append(attempt.at)

    def _fitting(self, attempt: Attempt) -> list[int]:
        low, high = self.window(attempt)
        seen = self._seen(attempt)
        near = range(bisect_left(self.dates, low), bisect_right(self.dates, high))
        return [
            number
            for number in near
            if self.lines[number].path == _path(attempt)
            or self.lines[number].path not in self.paths
            if not seen or self.lines[number].status == seen
        ]

    def _seen(self, attempt: Attempt) -> int | None:
        return None if self.plan.shape == "stripe" else attempt.seen

    def _unsent(self, attempt: Attempt) -> bool:
        """Whether the sender itself says that no request went out."""
        return attempt.error in UNSENT and self.plan.shape not in {"stripe", "gitlab"}

    # What each attempt and delivery may have been

    def _rest(self, attempt: Attempt, why: set[str]) -> set[str]:
        """Return the fates of an attempt that no line names; add to `why` what keeps it open."""
        if self._unsent(attempt):
            return {ABSENT}
        answer = self._answers(attempt)
        if self.outer and self.state[id(attempt)] == "line":
            return answer
        logs, later = (self.outer, 0) if self.outer else (self.apps, 30)
        low, high = self.window(attempt)
        times = self.tied[attempt.shown]
        doubts = {
            "not bracketed": not (times and min(times) < low and max(times) > high),
            "answers lack": not self.nothing_lacks,
            "logs lack": not self._whole(logs),
            "clock": not self.clock_known,
            "silence": not self.covered(logs, low, high + later),
            "crowd": bool(self.outer) and self.state[id(attempt)] == "open",
        }
        why |= {name for name, true in doubts.items() if true}
        return {ABSENT} | answer if any(doubts.values()) else {ABSENT}

    def _answers(self, attempt: Attempt) -> set[str]:
        if seen := self._seen(attempt):
            return {ACCEPTED if seen < 300 else REFUSED}
        found = set()
        for line in self.fits.get(id(attempt), []):
            found |= {REFUSED, ACCEPTED} if line.status in LEFT else {_fate(line.status)}
        return found or {REFUSED, ACCEPTED}

    def _named(self, attempt: Attempt | None, group: list[Line]) -> set[str]:
        """Return the fates of a request of which lines tell that name its event."""
        if attempt and (seen := self._seen(attempt)):
            return {_fate(seen)}
        kinds = {line.kind for line in group}
        if kinds & {"processed", "enqueued", "started", "known", "row"}:
            return {ACCEPTED}
        for line in group:
            if line.status:
                return {_fate(line.status)}
        raised = "failed" in kinds and not self.plan.asynchronous  # else a worker may have
        return {REFUSED} if raised else {REFUSED, ACCEPTED}

    def _processed_seen(self, delivery: Delivery) -> bool:
        return any(
            line.kind == "processed" or line.done is not None
            for group in delivery.groups
            for line in group
        )

    def _processed(self, delivery: Delivery) -> set[bool]:
        """Return whether the event can have been processed, or not."""
        plan = self.plan
        if self._processed_seen(delivery):
            return {True}
        arrivals = [a.at for a in delivery.listed if not self._unsent(a)]
        low = min(arrivals, default=0.0) - self.slack
        high = max(arrivals, default=0.0) + self.timeout + 90
        if self.acts.catches_up:
            high = self.acts.end
        logs = self.workers | self.apps
        covered = self._whole(logs) and self.clock_known and self.covered(logs, low, high)
        if not self.tells_processing:
            if self._disowned(delivery):
                return {False} if covered else {True, False}
            return {True} if covered or not plan.named else {True, False}
        table = bool(plan.table) and high < self.acts.end
        lines = "processed" in PATTERNS.get(plan.pattern, ()) and covered
        return {False} if (table or lines) and self.usual and self.clock_known else {True, False}

    def _disowned(self, delivery: Delivery) -> bool:
        """Whether nothing came of it, and the application says so of a request that it accepted.

        It failed, or it was passed over as known, while all that was known of it had failed.
        """
        requests = [a.request for a in delivery.attempts if a.request]
        failed = any(id(request) in self.disowned for request in requests)
        told = self.disowned | (self.skipped if failed else set())
        return not any(request.processed for request in requests) and any(
            request.accepted and id(request) in told for request in requests
        )

    def _waiting(self, delivery: Delivery) -> set[bool]:
        """Return whether the sender's patience may last, at the export's end."""
        last = max(attempt.at for attempt in delivery.listed)
        grace = self.plan.grace * 60.0
        ages = [self.horizon - last, self.horizons[delivery.url] - last]
        return {age < grace + shift for age in ages for shift in (-60, 60)}

    def possible(self, delivery: Delivery) -> set[str]:
        """Return every outcome that the files leave possible."""
        listed, groups = delivery.listed, delivery.groups
        if len(listed) > 5 or len(groups) > 5:
            return {"too many to tell"}
        found: set[str] = set()
        words = [self._word(attempt) for attempt in listed]
        if len(self._processed(delivery)) > 1:
            delivery.why.add("work unseen")
        for taken in self._injections(listed, groups):
            fates: list[set[str]] = []
            for number, attempt in enumerate(listed):
                group = groups[taken.index(number)] if number in taken else None
                fates.append(
                    self._named(attempt, group) if group else self._rest(attempt, delivery.why)
                )
            fates += [self._named(None, g) for g, n in zip(groups, taken, strict=True) if n is None]
            for way in itertools.product(*fates):
                for processed in self._processed(delivery):
                    for waiting in self._waiting(delivery):
                        outcomes = judge(words, list(way), processed=processed, waiting=waiting)
                        found.add(outcomes[0])
        return found

    def _injections(
        self, listed: list[Attempt], groups: list[list[Line]]
    ) -> list[tuple[int | None, ...]]:
        """List the ways in which the named requests may belong to the attempts."""
        options: list[list[int | None]] = []
        for group in groups:
            first = min(line.at for line in group)
            early = any(line.kind in {"middleware", "received", "row"} for line in group)
            late = 30.0 if early else 9e9  # a worker takes a job when it comes to it
            fitting: list[int | None] = [
                number
                for number, attempt in enumerate(listed)
                if self.window(attempt)[0] <= first <= self.window(attempt)[1] + late
                and not self._unsent(attempt)
            ]
            options.append(fitting or [None])
        ways = [
            way
            for way in itertools.product(*options)
            if len({n for n in way if n is not None}) == sum(n is not None for n in way)
        ]
        return ways or [tuple(None for _ in groups)]

    def _word(self, attempt: Attempt) -> str:
        return "" if self.plan.shape == "stripe" else attempt.word

    # What really happened

    def rows(self) -> list[Row]:
        rows = [self._row(delivery) for delivery in self.deliveries.values() if delivery.listed]
        rows += [
            self._unlisted(delivery)
            for delivery in self.deliveries.values()
            if not delivery.listed and delivery.groups
        ]
        for request in self.acts.strangers:
            if id(request) in self.group_of and request.event:
                url = "https://hooks.example.com" + request.path
                rows.append(Row(request.event.key, url, "unexpected", bearable=("refused",)))
        return rows

    def _happened(self, delivery: Delivery, attempts: list[Attempt]) -> tuple[str, ...]:
        fates = [_true_fate(attempt) for attempt in attempts]
        words = [self._word(attempt) for attempt in attempts]
        last = max(attempt.at for attempt in attempts)
        waiting = self.horizon - last < self.plan.grace * 60
        processed = self._truly_processed(delivery)
        return judge(words, fates, processed=processed, waiting=waiting)

    def _truly_processed(self, delivery: Delivery) -> bool:
        requests = [a.request for a in delivery.attempts if a.request]
        if self.tells_processing:
            return any(request.processed for request in requests)
        return not self._disowned(delivery)

    def _row(self, delivery: Delivery) -> Row:
        plan = self.plan
        real = self._happened(delivery, delivery.attempts)
        bearable = set(real) | self._half_seen(delivery)
        possible = self.possible(delivery)
        why = set()
        if len(possible) > 1 or "too many to tell" in possible:
            why |= {"open"} | delivery.why
        if not plan.named and not plan.table and real[0] == "unprocessed":
            why.add("unnamed")
        if len(delivery.listed) < len(delivery.attempts) or plan.export == "failures":
            why.add("unlisted")
        if self._vague(delivery):
            why.add("endpoint")
        if plan.zone_error:
            why.add("zone")
        arrived = any(_true_fate(attempt) != ABSENT for attempt in delivery.attempts)
        return Row(
            delivery.key,
            delivery.url,
            real[0],
            not why,
            arrived,
            tuple(sorted(bearable - {real[0]})),
            "+".join(sorted(why)),
            tuple(sorted(possible)),
        )

    def _half_seen(self, delivery: Delivery) -> set[str]:
        """Return what one may also say where the files show a delivery by halves.

        The proxy may only show that the client had left; requests may be of attempts that no
        export lists; a later attempt may be past the export's end.
        """
        words: list[str] = []
        fates: list[list[str]] = []
        unlisted: list[list[str]] = []
        works = {self._truly_processed(delivery)}
        works |= set() if self.plan.named or self.plan.table else {True}
        for attempt in delivery.attempts:
            left = attempt.request and self.edge_said.get(id(attempt.request)) in LEFT
            blind = left and id(attempt.request) not in self.group_of
            options = [REFUSED, ACCEPTED] if blind else [_true_fate(attempt)]
            if attempt.listed:
                words.append(self._word(attempt))
                fates.append(options)
            else:
                unlisted.append([ABSENT, *options])
        return {
            outcome
            for way in itertools.islice(itertools.product(*fates, *unlisted), 500)
            for processed in works
            for waiting in self._waiting(delivery)
            for outcome in judge(words, list(way), processed=processed, waiting=waiting)
        }

    def _vague(self, delivery: Delivery) -> bool:
        """Whether the lines that name the event do not say for which endpoint they are."""
        urls = self.urls_of[delivery.key]
        if len(urls) == 1 or not (self.plan.named or self.plan.table):
            return False
        done = {self._processed_seen(self.deliveries[delivery.key, url]) for url in urls}
        if self.plan.worker_apart and len(done) > 1:
            return True  # its lines name the event alone
        tells = self.plan.app_path and not self.plan.by_query and not self.plan.table
        groups = [g for url in urls for g in self.deliveries[delivery.key, url].groups]
        return not (tells and all(any(line.path for line in group) for group in groups))

    def _unlisted(self, delivery: Delivery) -> Row:
        plan = self.plan
        inside = plan.export == "full" and self.horizon > delivery.attempts[-1].at + 60
        if inside:
            vague = self._vague(delivery) or bool(plan.zone_error) or not self.clock_known
            others = ("duplicated", "unprocessed", "refused")
            return Row(delivery.key, delivery.url, "unexpected", certain=not vague, bearable=others)
        real = self._happened(delivery, delivery.attempts)
        return Row(delivery.key, delivery.url, real[0], bearable=real[1:], why="unlisted")


THIN_WORKER = ("app", "worker")


def _path(attempt: Attempt) -> str:
    return attempt.shown.removeprefix("https://hooks.example.com")


def _fate(status: int) -> str:
    return ACCEPTED if 200 <= status < 300 else REFUSED


def _true_fate(attempt: Attempt) -> str:
    if not attempt.request:
        return ABSENT
    return ACCEPTED if attempt.request.accepted else REFUSED
