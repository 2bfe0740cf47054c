"""The shapes in which faults are told: what becomes of a request, a story, a fault.

A fault says which deliveries it takes, and tells one or more stories. A story is a list of posts,
each with what becomes of it on its way, and the verdict that a delivery with that story deserves.
The verdict is written down by hand from what happened; nothing here looks at a finished log.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

TICKETS = "tickets"
CRM = "crm"
BOTH = (TICKETS, CRM)

# The addresses that Showpass says it posts from (its developer guide).
SENDERS = ("34.83.8.110", "34.168.12.250", "35.230.81.80", "35.230.119.67")

# Addresses that are kept for documentation.
STRANGERS = (*(f"203.0.113.{n}" for n in range(2, 250)), "198.51.100.23", "192.0.2.44")

Takes = Literal["first", "last", "window", "spots", "strays", "none"]
TAKES: tuple[Takes, ...] = get_args(Takes)


@dataclass(frozen=True)
class Handling:
    """What becomes of one request. `{host}` in `body` stands for the endpoint's host."""

    edge: int | None = 200
    """Status in the line of the proxy; None: it never got there, or another line tells of it."""
    app: tuple[str, ...] = ("received", "verified", "processed")
    """What the application logs of it, step by step."""
    app_status: int = 200
    """What the application answers."""
    answer: int | None = 200
    """What the sender sees; None: no answer."""
    body: str = '{"status":"ok"}'
    """Response body, or error text, in the sender's log."""
    takes: tuple[int, int] | None = None
    """How long the receiver works on it, milliseconds, from and to; None: as usual."""
    left: bool = True
    """Whether a request left the sender; False: it says itself that it could not send one."""

    @property
    def status(self) -> str:
        """The attempt's status in the sender's log."""
        if self.answer is None and not self.body:
            return "Pending"
        return "Success" if self.answer is not None and self.answer < 300 else "Failed"


WELL = Handling()


@dataclass(frozen=True)
class Post:
    """One POST of a story."""

    handling: Handling = WELL
    after: tuple[int, int] = (0, 0)
    """Time since the post before it, milliseconds, from and to."""
    logged: bool = True
    """Whether the sender's log has an attempt for it."""
    sent: bool = True
    """False: the sender lists the event, and never posted it."""
    sources: tuple[str, ...] = SENDERS
    """Addresses that it may come from."""

    @property
    def stranger(self) -> bool:
        """Whether it comes from somebody else's address."""
        return not set(self.sources) <= set(SENDERS)


@dataclass(frozen=True)
class Story:
    """What happened to one delivery, and the verdict that it deserves."""

    outcome: str
    """Empty: the posts name no event, so there is nothing to judge."""
    detail: str
    cause: str
    """sender, network, receiver, logs or unknown; empty where nothing is to blame."""
    posts: tuple[Post, ...]
    weight: int = 1
    event_type: str = "invoice.purchase"
    """Type of the event, for strays."""
    edge_only: tuple[str, str] | None = None
    """Outcome and detail for a reader of the proxy's log alone, where these differ."""
    certain: bool = True
    """False: good logs leave a doubt, and `undetermined` is an honest answer too."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    `takes` says which deliveries it is about:

    - spots: a share of all deliveries, each with nothing else around it
    - window: all deliveries of an endpoint for some minutes
    - first: some events from before the receiver's first log line
    - last: the last events of all
    - strays: posts of events that the sender's log does not know
    - none: no delivery; it is about how the logs are written (`scenario`)
    """

    name: str
    takes: Takes
    stories: tuple[Story, ...] = ()
    root: str = ""
    """Root cause: id of the rule that should be named first."""
    edge_root: str = ""
    """Root cause for a reader of the proxy's log alone, where it differs."""
    share: float = 0
    """Of all deliveries, for spots and strays."""
    minutes: int = 0
    """Length of a window."""
    burst: int = 0
    """How many deliveries of other hours a window draws into it: an on-sale."""
    endpoints: tuple[str, ...] = (TICKETS,)
    of_host: bool = False
    """Whether it strikes all endpoints on the host of these."""
    event_types: tuple[str, ...] = ()
    """Types of event that it is about; empty: all."""
    silent: tuple[str, ...] = ()
    """Logs (edge, app) of the endpoint that hold no line of the window."""
    path: str = ""
    """Path that the sender posts to instead of the right one."""
    host: str = ""
    """Host that the sender posts to instead of the right one."""
    scenario: dict[str, Any] = field(default_factory=dict)
    """What it changes in the scenario: see `Scenario`."""

    @property
    def cycle(self) -> tuple[Story, ...]:
        """The stories, each as often as its weight says."""
        return tuple(story for story in self.stories for _ in range(story.weight))

    @property
    def is_outage(self) -> bool:
        """Whether it makes a run of failures: no first post in its window has an effect."""
        return self.takes == "window" and all(
            story.certain
            and story.posts[0].sent
            and (story.posts[0].handling.status == "Failed" or story.outcome == "unprocessed")
            for story in self.stories
        )


HEALTHY = Story("delivered", "delivered", "", (Post(),))
