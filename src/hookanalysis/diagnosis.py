"""Diagnosis: `rules/*.sql` say why. Each rule selects offending deliveries; together: findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

SEVERITIES = ("info", "warning", "critical")


@dataclass(frozen=True)
class Finding:
    """One rule's statement about the deliveries of one endpoint. Times are UTC."""

    rule_id: str
    title: str
    severity: str  # one of SEVERITIES
    cause: str  # sender, network, receiver, logs or unknown
    guide_step: str  # heading of the sender's troubleshooting guide
    endpoint_url: str  # empty where nobody knows it
    deliveries: int
    first_at: datetime | None
    last_at: datetime | None
    explain: str
    next_check: str
