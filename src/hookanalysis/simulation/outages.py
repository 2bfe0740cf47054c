"""Faults that last for a while: all that is posted to an endpoint in some minutes meets them."""

from __future__ import annotations

from . import handlings as ways
from .shapes import CRM, SENDERS, Fault, Handling, Post
from .stories import DELIVERED, DROPPED, HOLE, LOST, NEVER_REACHED, REJECTED, recover, tell


def _outage(
    name: str,
    root: str,
    handling: Handling,
    minutes: int,
    verdict: tuple[str, str] = REJECTED,
    silent: tuple[str, ...] = (),
    *,
    of_host: bool = False,
) -> Fault:
    """Everything fails for a while, the same way; a third is sent again later."""
    stories = (
        tell(verdict, "receiver", Post(handling), weight=2),
        recover(handling, "receiver"),
    )
    return Fault(name, "window", stories, root, minutes=minutes, silent=silent, of_host=of_host)


SAMPLED_OUTAGES = (
    _outage(
        *("server_down", "server_down", ways.REFUSED, 20, NEVER_REACHED),
        silent=("edge", "app"),
        of_host=True,
    ),
    _outage("app_down", "upstream", ways.NO_UPSTREAM, 25, silent=("app",)),
    _outage("deploy_bug", "app_error", ways.BROKEN, 60),
    Fault(
        "log_hole",
        "window",
        (tell(HOLE, "logs"),),
        "evidence",
        minutes=40,
        silent=("edge", "app"),
    ),
    Fault(
        "signature_rotated",
        "window",
        (tell(DROPPED, "receiver", Post(ways.DROPPED), edge_only=DELIVERED),),
        "signature",
        minutes=30,
    ),
    Fault(
        "wrong_path",
        "window",
        (tell(REJECTED, "receiver", Post(ways.NO_ROUTE)),),
        "wrong_path",
        minutes=30,
        path="/webhook/showpass",
    ),
    Fault(
        "firewall_drop",
        "window",
        (
            tell(NEVER_REACHED, "network", Post(ways.SWALLOWED), weight=3),
            recover(ways.SWALLOWED, "network"),
        ),
        "firewall",
        minutes=150,
        endpoints=(CRM,),
    ),
)

# Not in the samples: each makes a picture of its own.
MORE_OUTAGES = (
    _outage("proxy_timeout", "upstream", ways.UPSTREAM_SLOW, 30),
    _outage("slash_redirect", "redirect", ways.MOVED_SLASH, 60),
    _outage("https_redirect", "redirect", ways.MOVED_HTTPS, 60),
    _outage("wrong_method", "wrong_method", ways.WRONG_METHOD, 60),
    _outage("signature_refused", "signature", ways.UNSIGNED, 90),
    _outage("signature_stripped", "signature", ways.STRIPPED, 60),
    _outage("certificate_expired", "tls", ways.EXPIRED, 90, NEVER_REACHED, of_host=True),
    _outage("dns_failure", "dns", ways.UNRESOLVED, 45, NEVER_REACHED, of_host=True),
    _outage("firewall_all", "firewall", ways.SWALLOWED, 60, NEVER_REACHED, of_host=True),
    Fault(
        "server_down_unlogged",
        "window",
        (
            tell(NEVER_REACHED, "receiver", Post(ways.REFUSED), weight=2),
            tell(HOLE, "receiver", Post(ways.SWALLOWED)),
        ),
        "server_down",
        minutes=40,
        of_host=True,
        silent=("edge", "app"),
    ),
    Fault(
        "allowlist_gap",
        "window",
        (
            tell(REJECTED, "receiver", Post(ways.FORBIDDEN, sources=SENDERS[3:])),
            tell(DELIVERED, "", Post(sources=SENDERS[:3]), weight=2),
        ),
        "allowlist",
        minutes=150,
    ),
    Fault(
        "rate_limit",
        "window",
        (
            tell(REJECTED, "receiver", Post(ways.THROTTLED), certain=False),
            tell(DELIVERED, "", Post()),
            recover(ways.THROTTLED, "receiver"),
        ),
        "rate_limit",
        minutes=20,
        burst=20,
    ),
    Fault(
        "worker_crash",
        "window",
        (tell(LOST, "receiver", Post(ways.LOST_IN_QUEUE), edge_only=DELIVERED),),
        "async_loss",
        minutes=45,
    ),
    Fault(
        "endpoint_paused",
        "window",
        (tell(("missed", "not_attempted"), "sender", Post(sent=False)),),
        "paused",
        minutes=120,
        scenario={"export": "events"},
    ),
    Fault(
        "type_not_subscribed",
        "window",
        (tell(("missed", "not_attempted"), "sender", Post(sent=False)),),
        "paused",
        minutes=480,
        event_types=("invoice.refund", "invoice.void"),
        scenario={"export": "events"},
    ),
    Fault(
        "staging_host",
        "window",
        # The paths are the same, and the logs name no host: that they are not its logs is a guess.
        (tell(("missed", "false_success"), "sender", Post(ways.ELSEWHERE), certain=False),),
        "wrong_host",
        minutes=45,
        host="staging.example.com",
    ),
)
