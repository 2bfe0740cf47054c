"""How a story is told in a line or two: common verdicts, waits, and shapes of stories."""

from __future__ import annotations

from .shapes import HOUR, MINUTE, Handling, Post, Story

SOON = (5 * MINUTE, HOUR)
LATER = (20 * MINUTE, 6 * HOUR)
AT_ONCE = (300, 900)

DELIVERED = ("delivered", "delivered")
RECOVERED = ("recovered", "recovered")
REJECTED = ("refused", "rejected")
NEVER_REACHED = ("missed", "never_reached")
HOLE = ("undetermined", "receiver_coverage")
DROPPED = ("unprocessed", "signature_dropped")
LOST = ("unprocessed", "accepted_not_processed")


def tell(
    verdict: tuple[str, str],
    cause: str,
    *posts: Post,
    weight: int = 1,
    edge_only: tuple[str, str] | None = None,
    certain: bool = True,
) -> Story:
    """A story in a line: its verdict, what is to blame, and its posts."""
    return Story(*verdict, cause, posts or (Post(),), weight, edge_only=edge_only, certain=certain)


def recover(first: Handling, cause: str) -> Story:
    """The first post fails, and a later one succeeds."""
    return tell(RECOVERED, cause, Post(first), Post(after=LATER))
