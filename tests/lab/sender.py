"""A sender like Showpass: posts events, gives up after a second, exports its Logs tab as CSV."""

from __future__ import annotations

import csv
import hashlib
import hmac
import http.client
import json
import random
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

SECRET = "lab-secret"
PATIENCE_SECONDS = 1.0
TYPES = ("invoice.purchase", "invoice.refund", "invoice.void", "invoice.transfer")
HEADER = (
    "HTTP Status Code",
    "ID",
    "Time",
    "Event",
    "Idempotency",
    "Response Body",
    "Webhook URL",
    "Status",
)


@dataclass(frozen=True)
class Event:
    """What happened at the sender, and where it is to be posted."""

    uuid: str
    kind: str
    url: str
    transaction: str

    @property
    def body(self) -> bytes:
        """The payload, in the order of the real one: the transaction first, the uuid last."""
        payload = {
            "id": self.transaction,
            "event_type": self.kind,
            "data": {"transaction_id": self.transaction, "currency": "CAD", "total": "10.00"},
            "webhook_event_uuid": self.uuid,
        }
        return json.dumps(payload).encode()


@dataclass
class Sender:
    """Posts and remembers each attempt as a row of the export."""

    random: random.Random
    rows: list[list[Any]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def make(self, url: str) -> Event:
        """Make a new event for an endpoint."""
        ids = [str(uuid.UUID(int=self.random.getrandbits(128), version=4)) for _ in range(2)]
        return Event(ids[0], self.random.choice(TYPES), url, ids[1])

    def post(
        self,
        event: Event,
        *,
        fault: str = "",
        signed: bool = True,
        via: int | None = None,
        source: str = "127.0.0.1",
        logged: bool = True,
    ) -> None:
        """Make one attempt.

        Args:
            event: What to post, and where.
            fault: What the receiver is to do wrong with it.
            signed: Sign it with the right key.
            via: Port of something in the way, which gets the request in place of the receiver.
            source: Address to post from.
            logged: Whether the sender's log knows of the attempt.
        """
        row: list[Any] = ["", f"att_{self.random.getrandbits(48):012x}", _now(), event.kind]
        row += [event.uuid, "", event.url, "Pending"]
        if logged:
            with self.lock:
                self.rows.append(row)
        key = (SECRET if signed else "another-secret").encode()
        signature = hmac.new(key, event.transaction.encode(), hashlib.sha1).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Showpass-Webhooks",
            "X-SHOWPASS-SIGNATURE": signature,
        }
        if fault:
            headers["X-Lab"] = fault
        host, _, path = event.url.removeprefix("http://").partition("/")
        port = via or int(host.partition(":")[2])
        connection = http.client.HTTPConnection(
            "127.0.0.1", port, timeout=PATIENCE_SECONDS, source_address=(source, 0)
        )
        try:
            connection.request("POST", f"/{path}", event.body, headers)
            answer = connection.getresponse()
            row[0], row[5] = answer.status, answer.read().decode()
            row[7] = "Success" if 200 <= answer.status < 300 else "Failed"
        except TimeoutError:
            row[5], row[7] = "timeout: no answer within 1 second", "Failed"
        except ConnectionRefusedError:
            row[5], row[7] = "Connection refused", "Failed"
        finally:
            connection.close()

    def export(self, file: Path) -> None:
        """Write the Logs tab as it is now, newest first."""
        with self.lock:
            rows = [list(row) for row in reversed(self.rows)]
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(HEADER)
            writer.writerows(rows)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
