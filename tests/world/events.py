"""Made-up ticket sales: events as Showpass tells them, with invented people.

Every random choice comes from `dice`, named after what it decides, so that the same seed always
tells the same story, and one fault more does not change the rest of it.
"""

from __future__ import annotations

import random
from bisect import bisect
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any
from uuid import UUID

from .faults import DAY, HOUR, MINUTE, SECOND
from .scenarios import Scenario

# The zone in which people buy tickets and the web server writes: seven hours behind UTC.
LOCAL_ZONE_MS = -7 * HOUR

# How busy each local hour of the day is, from midnight on.
_BUSY = (3, 2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 10, 11, 10, 9, 9, 10, 11, 12, 13, 12, 10, 8, 5)
_BUSY_UNTIL = tuple(accumulate(_BUSY))

# What may happen at one moment, and how likely it is; a transfer is told to both of its sides.
_KINDS = (
    ("invoice.purchase",),
    ("invoice.refund",),
    ("invoice.void",),
    ("invoice.transfer", "invoice.transferred"),
    ("webhook.test",),
)
_SHARES = (0.82, 0.08, 0.03, 0.05, 0.02)

# The last events of all come this long before the end, milliseconds.
_LAST = (19 * MINUTE, 16 * MINUTE, 13 * MINUTE)

_FIRST_NAMES = ("Ada", "Björn", "Chloé", "Dev", "Emeka", "Fern", "Gus", "Hana", "Ines", "Juan")
_LAST_NAMES = ("Abara", "Brandt", "Castle", "Dubois", "Eng", "Finch", "Gray", "Holm", "O'Neil")
_SHOWS = ("Harvest Fair", "Winter Lights, Late Show", "The Quiet Choir", 'Comedy "Open Mic"')


@dataclass(frozen=True)
class Event:
    """What happened at the sender. Several events share one transaction."""

    uuid: str
    transaction_id: str
    type: str
    at: int
    """When it happened, milliseconds since 1970, UTC."""


def dice(*name: object) -> random.Random:
    """A random source of its own for whatever `name` says; the same name, the same numbers."""
    return random.Random(":".join(map(str, name)))


def draw_uuid(rng: random.Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))


def draw_time(rng: random.Random, start: int, end: int) -> int:
    """A moment from `start` on and before `end`, likelier in busy hours; milliseconds."""
    while True:
        hour = bisect(_BUSY_UNTIL, rng.randrange(_BUSY_UNTIL[-1]))
        at = start + rng.randrange((end - start) // DAY + 1) * DAY
        at += (hour * HOUR - LOCAL_ZONE_MS) % DAY + rng.randrange(HOUR)
        if at < end:
            return at


def draw_events(scenario: Scenario) -> list[Event]:
    """The scenario's events in order; the last three come shortly before its end.

    Refunds, voids and transfers are about an earlier purchase; a transfer comes as a pair,
    `invoice.transfer` and `invoice.transferred`.
    """
    rng = dice(scenario.seed, "events")
    count, end = scenario.events, scenario.end
    moments = _draw_moments(rng, count - len(_LAST), scenario) if count > len(_LAST) else []
    moments += [(end - before, ("invoice.purchase",)) for before in _LAST[:count]]
    sold: list[str] = []
    events: list[Event] = []
    for at, types in moments:
        new = types[0] in {"invoice.purchase", "webhook.test"}
        transaction = draw_uuid(rng) if new or not sold else rng.choice(sold)
        if types[0] == "invoice.purchase":
            sold.append(transaction)
        events += [Event(draw_uuid(rng), transaction, type_, at) for type_ in types]
    return events


def _draw_moments(
    rng: random.Random, count: int, scenario: Scenario
) -> list[tuple[int, tuple[str, ...]]]:
    """Times in order, each with the types of the events that happen then: `count` in all."""
    shares = [*_SHARES]
    shares[0] += shares[3] - scenario.transfers
    shares[3] = scenario.transfers
    until = [round(total, 9) for total in accumulate(shares)]
    kinds: list[tuple[str, ...]] = []
    while count > 0:
        kind = _KINDS[bisect(until, rng.random())] if count > 1 else _KINDS[0]
        kinds.append(kind)
        count -= len(kind)
    begin, end = scenario.begin, scenario.end
    if scenario.per_second is None:
        times = [draw_time(rng, begin + 5 * MINUTE, end - 40 * MINUTE) for _ in kinds]
    else:
        length = round(SECOND * len(kinds) / scenario.per_second)
        times = [end - 23 * HOUR + rng.randrange(length) for _ in kinds]
    return list(zip(sorted(times), kinds, strict=True))


def build_payload(event: Event) -> dict[str, Any]:
    """The body of the POST, in Showpass's shape: the transaction first, the event's uuid last."""
    rng = dice(event.uuid)
    name = f"{rng.choice(_FIRST_NAMES)} {rng.choice(_LAST_NAMES)}"
    tickets = rng.randrange(1, 4)
    price = rng.randrange(15, 120)
    show = rng.randrange(len(_SHOWS))
    refund = event.type in {"invoice.refund", "invoice.void"}
    return {
        "id": event.transaction_id,
        "event_type": event.type,
        "data": {
            "transaction_id": event.transaction_id,
            "showpass_organization_id": "20",
            "customer_name": name,
            "customer_email": f"customer{rng.randrange(10_000)}@example.com",
            "customer_phone_number": f"+1 403 555 01{rng.randrange(100):02}",
            "payment_type": "credit",
            "currency": "CAD",
            "net_sales": tickets * price * (-1 if refund else 1),
            "invoice_type": "Refund" if refund else "Sale",
            "ticket_items": [
                {
                    "event_id": str(show),
                    "event_name": _SHOWS[show],
                    "name_on_ticket": name,
                    "ticket_status": "voided" if refund else "issued",
                    "barcode_string": f"{rng.randrange(36**9):09X}"[:9],
                }
                for _ in range(tickets)
            ],
            "invoice_items": [{"invoice_item_type": "Ticket", "quantity": tickets}],
        },
        "webhook_event_uuid": event.uuid,
    }


def to_datetime(at: int) -> datetime:
    """Milliseconds since 1970 as a UTC time."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)
