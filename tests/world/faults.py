"""The faults that can strike a played world, read from `faults.toml`.

A fault says which deliveries it takes, and tells one or more stories. A story is a list of posts,
each with what becomes of it on its way, and the verdict that a delivery with that story deserves.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

TICKETS, CRM = "tickets", "crm"
TAKES = ("first", "last", "window", "spots", "strays")

# The addresses that Showpass says it posts from (its developer guide).
SENDERS = ("34.83.8.110", "34.168.12.250", "35.230.81.80", "35.230.119.67")
# Addresses that are kept for documentation.
STRANGERS = (*(f"203.0.113.{n}" for n in range(2, 250)), "198.51.100.23", "192.0.2.44")

_SOURCES = {"strangers": STRANGERS, "old_addresses": SENDERS[:3], "new_address": SENDERS[3:]}
_NGINX = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n"
    "<center><h1>{0}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>"
)
_UNSENT = "HTTPSConnectionPool(host='{host}', port=443): "


@dataclass(frozen=True)
class Handling:
    """What becomes of one request; times are milliseconds, from and to."""

    edge: int = 200
    """Status in the line of the proxy; 0: it never got there, or another line tells of it."""
    app: Sequence[str] = ("received", "verified", "processed")
    """What the application logs of it, step by step."""
    app_status: int = 200
    answer: int = 200
    """The status that the sender sees; 0: no answer."""
    body: str = '{"status":"ok"}'
    """Response body, or error text, in the sender's log; `{host}` is the endpoint's host."""
    takes: Sequence[int] | None = None
    """How long the receiver works on it; None: as usual."""
    left: bool = True
    """Whether a request left the sender; False: it says itself that it could not send one."""

    @property
    def status(self) -> str:
        """The attempt's status in the sender's log."""
        if not self.answer and not self.body:
            return "Pending"
        return "Success" if 0 < self.answer < 300 else "Failed"


@dataclass(frozen=True)
class Post:
    """One POST of a story."""

    handling: Handling = Handling()
    after: Sequence[int] = (0, 0)
    """Time since the post before it."""
    logged: bool = True
    """Whether the sender's log has an attempt for it."""
    sent: bool = True
    """False: the sender lists the event, and never posted it."""
    sources: Sequence[str] = SENDERS
    """Addresses that it may come from."""


@dataclass(frozen=True)
class Story:
    """What happened to one delivery, and the verdict that it deserves."""

    verdict: tuple[str, str]
    """Outcome and detail; empty: the posts name no event, so there is nothing to judge."""
    cause: str
    """sender, network, receiver, logs or unknown; empty where nothing is to blame."""
    posts: tuple[Post, ...]
    edge_only: tuple[str, str] | None = None
    """The verdict for a reader of the proxy's log alone, where it differs."""
    certain: bool = True
    """False: good logs leave a doubt, and `undetermined` is an honest answer too."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong, and which deliveries it takes.

    - spots: a share of all deliveries, each with nothing else around it
    - window: all deliveries of an endpoint for some minutes
    - first: some events from before the receiver's first log line
    - last: the last events of all
    - strays: posts of events that the sender's log does not know, a share of all deliveries
    - none: no delivery; it is about how the logs are written (`scenario`)
    """

    name: str
    takes: str
    extent: float
    """A share, or minutes."""
    stories: tuple[Story, ...]
    """Told in turn; one may stand there several times."""
    root: str = ""
    """Root cause: id of the rule that should be named first."""
    edge_root: str = ""
    """The same for a reader of the proxy's log alone, where it differs."""
    burst: int = 0
    """How many deliveries of other hours a window draws into it: an on-sale."""
    endpoints: Sequence[str] = (TICKETS,)
    of_host: bool = False
    """Whether it strikes all endpoints on the host of these."""
    event_types: Sequence[str] = ()
    """Types of event that it is about; empty: all."""
    silent: Sequence[str] = ()
    """Logs (edge, app) of the endpoint that hold no line of the window."""
    path: str = ""
    """Path that the sender posts to instead of the right one."""
    host: str = ""
    """Host that the sender posts to instead of the right one."""
    scenario: dict[str, Any] = field(default_factory=dict)
    """What it changes in the scenario: see `Scenario`."""

    @property
    def minutes(self) -> float:
        return self.extent if self.takes == "window" else 0

    @property
    def is_outage(self) -> bool:
        """Whether it makes a run of failures: no first post in its window has an effect."""
        return self.takes == "window" and all(
            story.certain
            and story.posts[0].sent
            and (story.posts[0].handling.status == "Failed" or story.verdict[0] == "unprocessed")
            for story in self.stories
        )


def _read_handling(given: dict[str, Any]) -> Handling:
    if proxy := given.pop("proxy", None):
        status = int(proxy[:3])
        given |= {"edge": status, "app": (), "answer": status, "body": _NGINX.format(proxy)}
    if reason := given.pop("unsent", None):
        given |= {"edge": 0, "app": (), "answer": 0, "body": _UNSENT + reason, "left": False}
    return Handling(**given)


def _read_verdict(text: str) -> tuple[str, str]:
    outcome, _, detail = text.partition(": ")
    return outcome, detail


def _read_stories(row: list[str], edge_only: str) -> list[Story]:
    """`["2x missed: never_reached?", "receiver", "refused", "well later"]`.

    The verdict; what is to blame; the posts. `2x`: it stands there twice. `?`: not certain.
    """
    text, cause, *posts = row
    times, _, verdict = text.rpartition("x ")
    return [
        Story(
            _read_verdict(verdict.removesuffix("?")),
            cause,
            tuple(map(_read_post, posts)),
            _read_verdict(edge_only) if edge_only else None,
            certain=not verdict.endswith("?"),
        )
    ] * int(times or 1)


def _read_post(text: str) -> Post:
    """`seen_before soon unlogged`: its handling, and how it differs from an ordinary post."""
    handling, *words = text.split()
    after = next((_FILE["wait"][word] for word in words if word in _FILE["wait"]), (0, 0))
    sources = next((_SOURCES[word] for word in words if word in _SOURCES), SENDERS)
    logged, sent = "unlogged" not in words, "unsent" not in words
    return Post(_HANDLINGS[handling], after, logged, sent, sources)


def _read_fault(name: str, entry: dict[str, Any]) -> Fault:
    takes: dict[str, Any] = entry.pop("takes", {})
    kind = next((kind for kind in TAKES if kind in takes), "none")
    rows = entry.pop("stories", [])
    # Everything fails for a while, the same way; a third is sent again later.
    if outage := entry.pop("outage", None):
        verdict, handling = outage
        rows = [
            [f"2x {verdict}", "receiver", handling],
            ["recovered: recovered", "receiver", handling, "well later"],
        ]
    edge_only = entry.pop("edge_only", "")
    stories = [story for row in rows for story in _read_stories(row, edge_only)]
    return Fault(name, kind, float(takes.pop(kind, 0)), tuple(stories), **takes, **entry)


_FILE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_HANDLINGS = {name: _read_handling(entry) for name, entry in _FILE["handling"].items()}
FAULTS = {name: _read_fault(name, entry) for name, entry in _FILE["fault"].items()}
DEFAULT_FAULTS = tuple(_FILE["samples"].split())
# The first is that nothing is wrong.
PICTURES: tuple[tuple[str, ...], ...] = tuple(
    () if picture == "none" else tuple(picture.split("+")) for picture in _FILE["pictures"].split()
)
NONE = Fault("none", "none", 0, (Story(("delivered", "delivered"), "", (Post(),)),))
