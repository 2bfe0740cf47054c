"""What can go wrong between a sender and a receiver: one small entry for each fault.

A fault says which deliveries it takes, and tells one or more stories. A story is a list of posts,
each with what becomes of it on its way, and the verdict that a delivery with that story deserves.
The verdict is written down by hand from what happened; nothing here looks at a finished log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

TICKETS = "tickets"
CRM = "crm"

Takes = Literal["first", "last", "window", "spots", "strays"]
TAKES: tuple[Takes, ...] = get_args(Takes)

_NGINX_502 = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>"
)
_POOL = "HTTPSConnectionPool(host='{host}', port=443): "


@dataclass(frozen=True)
class Handling:
    """What becomes of one request. `{host}` in `body` stands for the endpoint's host."""

    edge: int | None = 200
    """Status in the line of the proxy; None: it never got there."""
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

    @property
    def status(self) -> str:
        """The attempt's status in the sender's log."""
        if self.answer is None and not self.body:
            return "Pending"
        return "Success" if self.answer is not None and self.answer < 300 else "Failed"


WELL = Handling()
SEEN_BEFORE = Handling(
    app=("received", "verified", "duplicate"), body='{"status":"ok","duplicate":true}'
)
LATE = Handling(
    edge=499,
    answer=None,
    body=_POOL + "Read timed out. (read timeout=10)",
    takes=(12 * SECOND, 25 * SECOND),
)
BROKEN = Handling(
    edge=500,
    app=("received", "verified", "failed"),
    app_status=500,
    answer=500,
    body='{"error":"Internal Server Error"}',
)
REFUSED = Handling(
    edge=None,
    app=(),
    answer=None,
    body=_POOL + "Failed to establish a new connection: [Errno 111] Connection refused",
)
NO_UPSTREAM = Handling(edge=502, app=(), answer=502, body=_NGINX_502)
SWALLOWED = Handling(
    edge=None,
    app=(),
    answer=None,
    body=_POOL + "Connection to {host} timed out. (connect timeout=10)",
)
NO_ROUTE = Handling(edge=404, app=(), answer=404, body='{"error":"Not Found"}')
DROPPED = Handling(app=("received", "signature_failed"), body='{"status":"ignored"}')
FORGOTTEN = Handling(app=(), body='{"status":"accepted"}')
ANSWERED_BY_CDN = Handling(
    edge=None, app=(), body="<!doctype html><title>We'll be right back</title>"
)
UNSENT = Handling(edge=None, app=(), answer=None, body="")
UNSIGNED = Handling(edge=401, app=("received", "signature_failed"), app_status=401, answer=401)
NO_SIGNATURE = Handling(edge=401, app=(), answer=401)


@dataclass(frozen=True)
class Post:
    """One POST of a story."""

    handling: Handling = WELL
    after: tuple[int, int] = (0, 0)
    """Time since the post before it, milliseconds, from and to."""
    logged: bool = True
    """Whether the sender's log has an attempt for it."""
    stranger: bool = False
    """Whether it comes from somebody else's address."""


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


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    `takes` says which deliveries it is about:

    - spots: a share of all deliveries, each with nothing else around it
    - window: all deliveries of an endpoint for some minutes
    - first: some events from before the receiver's first log line
    - last: the last events of all
    - strays: posts of events that the sender's log does not know
    """

    name: str
    takes: Takes
    stories: tuple[Story, ...]
    share: float = 0
    """Of all deliveries, for spots and strays."""
    minutes: int = 0
    """Length of a window."""
    endpoints: tuple[str, ...] = (TICKETS,)
    silent: tuple[str, ...] = ()
    """Logs (edge, app) of the endpoint that hold no line of the window."""
    path: str = ""
    """Path that the sender posts to instead of the right one."""

    @property
    def cycle(self) -> tuple[Story, ...]:
        """The stories, each as often as its weight says."""
        return tuple(story for story in self.stories for _ in range(story.weight))


HEALTHY = Story("delivered", "delivered", "", (Post(),))


def _story(outcome: str, detail: str, cause: str, *posts: Post, weight: int = 1) -> Story:
    return Story(outcome, detail, cause, posts or (Post(),), weight)


_SOON = (5 * MINUTE, HOUR)
_LATER = (20 * MINUTE, 6 * HOUR)
_AT_ONCE = (300, 900)
_BOTH = (TICKETS, CRM)


def _recovered(first: Handling, cause: str) -> Story:
    return _story("recovered", "recovered", cause, Post(first), Post(after=_LATER))


_WINDOWS = (
    Fault(
        "server_down",
        "window",
        (
            _story("missed", "never_reached", "receiver", Post(REFUSED), weight=2),
            _recovered(REFUSED, "receiver"),
        ),
        minutes=20,
        silent=("edge", "app"),
    ),
    Fault(
        "app_down",
        "window",
        (
            _story("refused", "rejected", "receiver", Post(NO_UPSTREAM), weight=2),
            _recovered(NO_UPSTREAM, "receiver"),
        ),
        minutes=25,
        silent=("app",),
    ),
    Fault(
        "deploy_bug",
        "window",
        (
            _story("refused", "rejected", "receiver", Post(BROKEN), weight=2),
            _recovered(BROKEN, "receiver"),
        ),
        minutes=60,
    ),
    Fault(
        "log_hole",
        "window",
        (_story("undetermined", "receiver_coverage", "logs"),),
        minutes=40,
        silent=("edge", "app"),
    ),
    Fault(
        "signature_rotated",
        "window",
        (_story("unprocessed", "signature_dropped", "receiver", Post(DROPPED)),),
        minutes=30,
    ),
    Fault(
        "wrong_path",
        "window",
        (_story("refused", "rejected", "receiver", Post(NO_ROUTE)),),
        minutes=30,
        path="/webhook/showpass",
    ),
    Fault(
        "firewall_drop",
        "window",
        (
            _story("missed", "never_reached", "network", Post(SWALLOWED), weight=3),
            _recovered(SWALLOWED, "network"),
        ),
        minutes=150,
        endpoints=(CRM,),
    ),
)

_SPOTS = (
    Fault(
        "timeout_processed",
        "spots",
        (_story("unacknowledged", "false_failure", "receiver", Post(LATE)),),
        share=0.009,
        endpoints=_BOTH,
    ),
    Fault(
        "timeout_resent",
        "spots",
        (
            _story(
                "duplicated",
                "retry_after_timeout",
                "receiver",
                Post(LATE),
                Post(SEEN_BEFORE, after=_SOON),
            ),
        ),
        share=0.006,
        endpoints=_BOTH,
    ),
    Fault(
        "processed_twice",
        "spots",
        (_story("duplicated", "double_processed", "receiver", Post(LATE), Post(after=_SOON)),),
        share=0.005,
        endpoints=_BOTH,
    ),
    Fault(
        "failed_once",
        "spots",
        (_recovered(BROKEN, "receiver"),),
        share=0.008,
        endpoints=_BOTH,
    ),
    Fault(
        "resent_after_success",
        "spots",
        (
            _story(
                "duplicated",
                "resend_after_success",
                "sender",
                Post(),
                Post(SEEN_BEFORE, after=_LATER),
            ),
        ),
        share=0.005,
        endpoints=_BOTH,
    ),
    Fault(
        "double_send",
        "spots",
        (
            _story(
                "duplicated",
                "double_send",
                "sender",
                Post(),
                Post(SEEN_BEFORE, after=_AT_ONCE, logged=False),
            ),
        ),
        share=0.005,
        endpoints=_BOTH,
    ),
    Fault(
        "accepted_not_processed",
        "spots",
        (_story("unprocessed", "accepted_not_processed", "receiver", Post(FORGOTTEN)),),
        share=0.006,
    ),
    Fault(
        "false_success",
        "spots",
        (_story("missed", "false_success", "network", Post(ANSWERED_BY_CDN)),),
        share=0.006,
    ),
)

_OTHERS = (
    Fault(
        "before_logs",
        "first",
        (_story("undetermined", "receiver_coverage", "logs"),),
        endpoints=_BOTH,
    ),
    Fault(
        "still_pending",
        "last",
        (_story("pending", "in_flight", "", Post(UNSENT)),),
        endpoints=_BOTH,
    ),
    Fault(
        "unknown_events",
        "strays",
        (
            _story("unexpected", "forged", "unknown", Post(UNSIGNED, logged=False, stranger=True)),
            _story("unexpected", "orphan", "unknown", Post(logged=False)),
            Story("unexpected", "test", "", (Post(logged=False),), event_type="webhook.test"),
        ),
        share=0.01,
    ),
    Fault(
        "scanner_noise",
        "strays",
        (_story("", "", "", Post(NO_SIGNATURE, logged=False, stranger=True)),),
        share=0.03,
    ),
)

FAULTS = {fault.name: fault for fault in (*_WINDOWS, *_SPOTS, *_OTHERS)}
DEFAULT_FAULTS = tuple(FAULTS)
