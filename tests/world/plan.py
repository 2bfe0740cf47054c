"""Which delivery suffers which fault, and when: decided before anything is sent."""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from .events import Event, dice, draw_time, draw_uuid
from .faults import DAY, HOUR, MINUTE, NONE, SECOND, TAKES, Fault, Story
from .receivers import Endpoint
from .scenarios import Scenario

# A fault strikes a single delivery only where nothing else is posted to the same endpoint so close
# by: then there is one reading of the logs, also for a reader who has nothing but times.
_ALONE = 90 * SECOND

# Faults that last for a while keep this distance from each other and from single faults.
_APART = 20 * MINUTE

# Nobody resends later than this before the end, and no fault begins there.
_QUIET_END = HOUR

# Requests do not straddle the start or end of a window.
_EDGE = MINUTE


@dataclass
class Delivery:
    """One event for one endpoint, with the story that will happen to it."""

    event: Event
    endpoint: Endpoint
    times: list[int]
    """When each post of the story is sent, milliseconds since 1970, UTC."""
    fault: Fault = NONE
    story: Story = NONE.stories[0]

    @property
    def url(self) -> str:
        """The URL that the sender really posts to."""
        return self.endpoint.url(self.fault)


@dataclass(frozen=True)
class Span:
    """A fault that lasts for a while at one endpoint, milliseconds since 1970, UTC."""

    fault: Fault
    endpoint: Endpoint
    start: int
    end: int


@dataclass
class Plan:
    """All deliveries of a scenario, healthy until a fault takes them."""

    scenario: Scenario
    endpoints: tuple[Endpoint, ...]
    deliveries: list[Delivery]
    spans: list[Span] = field(default_factory=list)
    _busy: dict[str, list[int]] = field(default_factory=dict)
    _posted: dict[str, list[int]] = field(default_factory=dict)

    def strike(self, faults: Iterable[Fault]) -> None:
        """Let all `faults` take their deliveries; never two faults for one delivery."""
        ranked = sorted(faults, key=lambda fault: (-fault.minutes, fault.name))
        grouped = {takes: [f for f in ranked if f.takes == takes] for takes in TAKES}
        # Spans first, so that no resend falls into one; then single faults, in what is still calm.
        for fault in grouped["first"]:
            self._move_first(fault)
        for fault in grouped["last"]:
            for delivery in self.deliveries[-3:]:
                self._cast(delivery, fault, fault.stories[0])
        for number, fault in enumerate(grouped["window"]):
            self._place(fault, number)
        for delivery in self.deliveries:
            insort(self._busy.setdefault(delivery.endpoint.name, []), delivery.times[0])
        for span in self.spans:
            self._fill(span)
        for fault in grouped["spots"]:
            self._take_spots(fault)
        for fault in grouped["strays"]:
            self._add_strays(fault)

    def _move_first(self, fault: Fault) -> None:
        """Move some of the first events to before the receiver's first log line."""
        rng = dice(self.scenario.seed, fault.name)
        # The last three events have a part of their own.
        events = list(dict.fromkeys(d.event for d in self.deliveries))[:-3][:4]
        moved = {
            event: self.scenario.begin - 3 * HOUR + number * 40 * MINUTE + rng.randrange(MINUTE)
            for number, event in enumerate(events)
        }
        for delivery in self.deliveries:
            if delivery.event in moved:
                delivery.times = [moved[delivery.event]]
                self._cast(delivery, fault, fault.stories[0])

    def _place(self, fault: Fault, number: int) -> None:
        """Choose when a fault strikes: a time with about as much traffic as a busy hour has.

        The first strikes on the last day, the second on the day before, and so on in turn.
        """
        rng = dice(self.scenario.seed, fault.name)
        mine = [d for d in self._healthy() if self._concerns(fault, d)]
        busy = sorted(d.times[0] for d in mine)
        length = round(fault.minutes * MINUTE)
        days = self.scenario.days
        wanted = max(4, 1.4 * len(busy) * length / (days * DAY))
        day = self.scenario.end - DAY * (1 + number % days)
        starts = range(day + 2 * HOUR, day + DAY - 4 * HOUR - length, MINUTE)
        found: list[tuple[float, int]] = []
        for start in rng.sample(starts, 60):
            inside = bisect_left(busy, start + length) - bisect_left(busy, start)
            if inside and self._calm(start, start + length):
                found.append((abs(inside - wanted), start))
        if not found:
            return
        start = min(found)[1]
        end = start + length
        for delivery in mine:
            if min(abs(delivery.times[0] - edge) for edge in (start, end)) < _EDGE:
                delivery.times[0] += 2 * _EDGE
        for delivery in rng.sample(mine, min(fault.burst, len(mine))):
            if delivery.times[0] < self.scenario.end - _QUIET_END:
                delivery.times[0] = rng.randrange(start + _EDGE, end - _EDGE)
        for endpoint in self.endpoints:
            if any(delivery.endpoint is endpoint for delivery in mine):
                self.spans.append(Span(fault, endpoint, start, end))

    def _fill(self, span: Span) -> None:
        hit = [
            delivery
            for delivery in self._healthy()
            if self._concerns(span.fault, delivery)
            and delivery.endpoint is span.endpoint
            and span.start <= delivery.times[0] < span.end
        ]
        for delivery, story in zip(hit, span.fault.stories * len(hit), strict=False):
            if not self._cast(delivery, span.fault, story):
                # No room for a resend: then nobody resends.
                self._cast(delivery, span.fault, span.fault.stories[0])

    def _take_spots(self, fault: Fault) -> None:
        fit = [
            delivery
            for delivery in self._healthy()
            if self._concerns(fault, delivery)
            and delivery.times[0] < self.scenario.end - _QUIET_END
            and self._calm(delivery.times[0], delivery.times[0])
            and self._neighbours(delivery.endpoint, delivery.times[0]) == 1
        ]
        dice(self.scenario.seed, fault.name).shuffle(fit)
        left = max(1, round(fault.extent * len(self.deliveries)))
        for delivery, story in zip(fit, fault.stories * len(fit), strict=False):
            if left and self._cast(delivery, fault, story):
                left -= 1

    def _add_strays(self, fault: Fault) -> None:
        rng = dice(self.scenario.seed, fault.name)
        known = [d.endpoint for d in self.deliveries if d.endpoint.name in fault.endpoints]
        count = max(len(fault.stories), round(fault.extent * len(self.deliveries)))
        for story in (fault.stories * count)[: count if known else 0]:
            at = self._find_time(known[0], lambda: self._draw_moment(rng))
            if at is not None:
                kind = "webhook.test" if story.verdict[1] == "test" else "invoice.purchase"
                event = Event(draw_uuid(rng), draw_uuid(rng), kind, at)
                self.deliveries.append(Delivery(event, known[0], [at], fault, story))

    def _draw_moment(self, rng: random.Random) -> int:
        """A time like that of any event."""
        if self.scenario.per_second is None:
            return draw_time(rng, self.scenario.begin + HOUR, self.scenario.end - _QUIET_END)
        times = [delivery.event.at for delivery in self.deliveries[:-3]]
        return rng.randrange(min(times), max(times) + 1)

    def _cast(self, delivery: Delivery, fault: Fault, story: Story) -> bool:
        """Give `delivery` its part in `story`; False where there is no good time for a resend."""
        rng = dice(self.scenario.seed, fault.name, delivery.event.uuid)
        times = delivery.times[:1]
        for post in story.posts[1:]:
            low, high = (times[-1] + after for after in post.after)
            at: int | None = rng.randrange(low, high)
            if high - times[-1] > self._alone:
                draw = partial(rng.randrange, low, high)
                at = self._find_time(delivery.endpoint, draw)
            if at is None:
                return False
            times.append(at)
        delivery.times, delivery.fault, delivery.story = times, fault, story
        return True

    def _find_time(self, endpoint: Endpoint, draw: Callable[[], int]) -> int | None:
        """A drawn time with nothing else around it, taken at once; None after 100 bad draws."""
        for _ in range(100):
            at = draw()
            if at > self.scenario.end - _QUIET_END or not self._calm(at, at):
                continue
            if self._neighbours(endpoint, at) == 0:
                insort(self._busy.setdefault(endpoint.name, []), at)
                return at
        return None

    def _neighbours(self, endpoint: Endpoint, at: int) -> int:
        """How many posts to `endpoint` there are close to `at`, itself included."""
        busy = self._busy.get(endpoint.name, [])
        return bisect_right(busy, at + self._alone) - bisect_left(busy, at - self._alone)

    @property
    def _alone(self) -> int:
        """Events that come in a rush are never alone."""
        return _ALONE if self.scenario.per_second is None else 0

    def _concerns(self, fault: Fault, delivery: Delivery) -> bool:
        """Whether a delivery is of the endpoint and the type that a fault is about."""
        types = fault.event_types
        met = {
            e.host if fault.of_host else e.name for e in self.endpoints if e.name in fault.endpoints
        }
        mine = delivery.endpoint.host if fault.of_host else delivery.endpoint.name
        return mine in met and (not types or delivery.event.type in types)

    def is_alone(self, delivery: Delivery) -> bool:
        """Whether nothing else was posted so close by that times could mix the two up."""
        name = delivery.endpoint.name
        if name not in self._posted:
            others = [d for d in self.deliveries if d.endpoint is delivery.endpoint]
            self._posted[name] = sorted(at for other in others for at in other.times)
        posted = self._posted[name]
        return all(
            bisect_right(posted, at + _ALONE) - bisect_left(posted, at - _ALONE)
            == sum(abs(at - own) <= _ALONE for own in delivery.times)
            for at in delivery.times
        )

    def _calm(self, start: int, end: int) -> bool:
        """Whether no lasting fault is near."""
        return all(end < span.start - _APART or start > span.end + _APART for span in self.spans)

    def _healthy(self) -> list[Delivery]:
        return [delivery for delivery in self.deliveries if delivery.fault is NONE]
