"""What can go wrong between a sender and a receiver: one small entry for each fault."""

from __future__ import annotations

from . import handlings as ways
from .outages import MORE_OUTAGES, SAMPLED_OUTAGES
from .shapes import BOTH, CRM, SECOND, STRANGERS, WELL, Fault, Post, Story
from .stories import AT_ONCE, DELIVERED, HOLE, LATER, LOST, RECOVERED, REJECTED, SOON, recover, tell

_SPOTS = (
    Fault(
        "timeout_processed",
        "spots",
        (
            tell(
                ("unacknowledged", "false_failure"),
                "receiver",
                Post(ways.LATE),
                edge_only=REJECTED,
            ),
        ),
        "timeout",
        share=0.009,
        endpoints=BOTH,
    ),
    Fault(
        "timeout_resent",
        "spots",
        (
            tell(
                ("duplicated", "retry_after_timeout"),
                "receiver",
                Post(ways.LATE),
                Post(ways.SEEN_BEFORE, after=SOON),
                edge_only=RECOVERED,
            ),
        ),
        "timeout",
        share=0.006,
        endpoints=BOTH,
    ),
    Fault(
        "processed_twice",
        "spots",
        (
            tell(
                ("duplicated", "double_processed"),
                "receiver",
                Post(ways.LATE),
                Post(after=SOON),
                edge_only=RECOVERED,
            ),
        ),
        "idempotency",
        edge_root="timeout",
        share=0.005,
        endpoints=BOTH,
    ),
    Fault(
        "failed_once",
        "spots",
        (recover(ways.BROKEN, "receiver"),),
        "app_error",
        share=0.008,
        endpoints=BOTH,
    ),
    Fault(
        "resent_after_success",
        "spots",
        (
            tell(
                ("duplicated", "resend_after_success"),
                "sender",
                Post(),
                Post(ways.SEEN_BEFORE, after=LATER),
            ),
        ),
        "sender_duplicate",
        share=0.005,
        endpoints=BOTH,
    ),
    Fault(
        "double_send",
        "spots",
        (
            tell(
                ("duplicated", "double_send"),
                "sender",
                Post(),
                Post(ways.SEEN_BEFORE, after=AT_ONCE, logged=False),
            ),
        ),
        "sender_duplicate",
        share=0.005,
        endpoints=BOTH,
    ),
    Fault(
        "accepted_not_processed",
        "spots",
        (tell(LOST, "receiver", Post(ways.FORGOTTEN), edge_only=DELIVERED),),
        "async_loss",
        share=0.006,
    ),
    Fault(
        "false_success",
        "spots",
        (tell(("missed", "false_success"), "network", Post(ways.ANSWERED_BY_CDN)),),
        "wrong_host",
        share=0.006,
    ),
)

_OTHERS = (
    Fault("before_logs", "first", (tell(HOLE, "logs"),), "evidence", endpoints=BOTH),
    Fault(
        "still_pending",
        "last",
        (tell(("pending", "in_flight"), "", Post(ways.UNSENT)),),
        endpoints=BOTH,
    ),
    Fault(
        "unknown_events",
        "strays",
        (
            tell(
                ("unexpected", "forged"),
                "unknown",
                Post(ways.UNSIGNED, logged=False, sources=STRANGERS),
            ),
            tell(("unexpected", "orphan"), "unknown", Post(logged=False)),
            Story("unexpected", "test", "", (Post(logged=False),), event_type="webhook.test"),
        ),
        share=0.01,
    ),
    Fault(
        "scanner_noise",
        "strays",
        (Story("", "", "", (Post(ways.NO_SIGNATURE, logged=False, sources=STRANGERS),)),),
        share=0.03,
    ),
)

_MORE_SPOTS = (
    Fault(
        "proxy_retry",
        "spots",
        (
            tell(
                ("duplicated", "double_processed"),
                "receiver",
                Post(ways.FIRST_UPSTREAM),
                Post(after=(5 * SECOND, 5 * SECOND + 50), logged=False),
                edge_only=DELIVERED,
            ),
        ),
        "idempotency",
        share=0.04,
        scenario={"hosts": 2},
    ),
    Fault(
        "waf_block",
        "spots",
        (
            tell(REJECTED, "receiver", Post(ways.BLOCKED)),
            tell(REJECTED, "receiver", Post(ways.BLOCKED), Post(ways.BLOCKED, after=SOON)),
        ),
        "allowlist",
        share=0.05,
    ),
    Fault(
        "payload_bug",
        "spots",
        (
            tell(REJECTED, "receiver", Post(ways.BROKEN)),
            tell(REJECTED, "receiver", Post(ways.BROKEN), Post(ways.BROKEN, after=SOON)),
        ),
        "payload",
        share=1,
        event_types=("invoice.refund",),
    ),
    Fault(
        "payload_too_large",
        "spots",
        (tell(REJECTED, "receiver", Post(ways.TOO_LARGE), Post(ways.TOO_LARGE, after=SOON)),),
        "payload",
        share=0.04,
    ),
    Fault(
        "one_endpoint_fails",
        "spots",
        (tell(REJECTED, "receiver", Post(ways.BROKEN)),),
        "app_error",
        share=0.04,
        endpoints=(CRM,),
    ),
    # As false_success, so that there are enough of them in a rush.
    Fault(
        "lost_on_the_way",
        "spots",
        (tell(("missed", "false_success"), "network", Post(ways.ANSWERED_BY_CDN)),),
        "wrong_host",
        share=0.02,
    ),
)

_MORE_STRAYS = (
    Fault(
        "foreign_posts",
        "strays",
        (tell(("unexpected", "orphan"), "unknown", Post(logged=False)),),
        share=0.01,
    ),
    Fault(
        "replayed_signature",
        "strays",
        (tell(("unexpected", "forged"), "unknown", Post(WELL, logged=False, sources=STRANGERS)),),
        share=0.03,
    ),
    Fault(
        "test_traffic",
        "strays",
        (Story("unexpected", "test", "", (Post(logged=False),), event_type="webhook.test"),),
        share=0.05,
    ),
)

_LOGS = (
    Fault("host_absent", "none", scenario={"hosts": 3, "absent_hosts": 1}),
    Fault("log_sampled", "none", scenario={"sampled": 0.1}),
    Fault("clock_fast", "none", scenario={"ahead_ms": 7000, "drift_ppm": 20}),
    Fault("clock_step", "none", scenario={"step_ms": -3000}),
    Fault("summer_time_ends", "none", scenario={"local_time": True}),
    Fault("day_first_export", "none", scenario={"export": "day_first"}),
    Fault("failed_tab", "none", scenario={"export": "logs", "rows": "failed"}),
    Fault("export_capped", "none", scenario={"export": "logs", "rows": "capped"}),
    Fault("exports_overlap", "none", scenario={"export": "two"}),
    Fault("attempts_expired", "none", scenario={"export": "logs", "rows": "expired"}),
    Fault("transfer_pairs", "none", scenario={"transfers": 0.3}),
    Fault("gzip_damaged", "none", scenario={"days": 2, "damaged": True}),
)

_SAMPLED = (*SAMPLED_OUTAGES, *_SPOTS, *_OTHERS)
FAULTS = {
    fault.name: fault for fault in (*_SAMPLED, *MORE_OUTAGES, *_MORE_SPOTS, *_MORE_STRAYS, *_LOGS)
}

# What the samples hold: as much as fits into one picture.
DEFAULT_FAULTS = tuple(fault.name for fault in _SAMPLED)

# The fifty pictures that every verdict is proven against; the first is that nothing is wrong.
PICTURES: tuple[tuple[str, ...], ...] = (
    (),
    ("server_down",),
    ("server_down_unlogged",),
    ("app_down",),
    ("proxy_timeout",),
    ("timeout_processed",),
    ("timeout_resent",),
    ("processed_twice",),
    ("resent_after_success",),
    ("double_send",),
    ("proxy_retry",),
    ("wrong_path",),
    ("slash_redirect",),
    ("https_redirect",),
    ("wrong_method",),
    ("signature_refused",),
    ("signature_rotated",),
    ("signature_stripped",),
    ("allowlist_gap",),
    ("waf_block",),
    ("firewall_all",),
    ("certificate_expired",),
    ("dns_failure",),
    ("deploy_bug",),
    ("payload_bug",),
    ("payload_too_large",),
    ("rate_limit",),
    ("worker_crash",),
    ("endpoint_paused",),
    ("type_not_subscribed",),
    ("staging_host",),
    ("false_success",),
    ("log_hole",),
    ("host_absent",),
    ("log_sampled",),
    ("clock_fast",),
    ("clock_step",),
    ("summer_time_ends",),
    ("day_first_export",),
    ("failed_tab", "deploy_bug"),
    ("export_capped",),
    ("exports_overlap",),
    ("attempts_expired",),
    ("replayed_signature",),
    ("test_traffic",),
    ("scanner_noise",),
    ("transfer_pairs",),
    ("one_endpoint_fails",),
    ("server_down", "signature_refused"),
    ("gzip_damaged",),
)
