"""The receiver's application, as a small shop would write it; gunicorn runs it behind nginx.

`/webhooks/showpass` and `/webhooks/tickets` log JSON lines, check signatures and ignore events that
they have seen. `/webhooks/partner` logs plain text and does neither. The header `X-Lab` asks for a
fault.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

_secret = os.environ["LAB_SECRET"].encode()
_folder = Path(os.environ["LAB_LOGS"])
_seen: set[str] = set()
_lock = Lock()


class JsonLines(logging.Formatter):
    """One JSON object a line, times in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        fields: dict[str, Any] = record.args if isinstance(record.args, dict) else {}
        line = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "msg": record.msg,
            **fields,
        }
        return json.dumps(line)


def make_logger(name: str, file: str, formatter: logging.Formatter) -> logging.Logger:
    """A logger with a file of its own."""
    logger = logging.getLogger(name)
    handler = logging.FileHandler(_folder / file)
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    return logger


showpass = make_logger("showpass", "app.jsonl", JsonLines())
partner = make_logger(
    "partner",
    "partner.log",
    logging.Formatter("%(asctime)s %(levelname)s webhooks: %(message)s"),
)

Start = Callable[[str, list[tuple[str, str]]], object]


def application(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    """Answer one request."""
    path = environ["PATH_INFO"]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if path == "/health":
        showpass.debug("health check")
        partner.debug("health check")
        status, answer = "200 OK", "healthy"
    elif path in {"/webhooks/showpass", "/webhooks/tickets"}:
        status, answer = handle_showpass(body, environ)
    elif path == "/webhooks/partner":
        status, answer = handle_partner(body, environ)
    else:
        status, answer = "404 Not Found", "not found"
    start(status, [("Content-Type", "text/plain")])
    return [answer.encode()]


def handle_showpass(body: bytes, environ: dict[str, Any]) -> tuple[str, str]:
    """Check the signature, ignore what was seen, process the rest."""
    began = time.monotonic()
    try:
        event = json.loads(body)
        uuid, kind = event["webhook_event_uuid"], event["event_type"]
    except (ValueError, KeyError, TypeError):
        showpass.warning("no webhook payload", {"status": 400})
        return "400 Bad Request", "no webhook payload"
    known = {
        "request_id": environ.get("HTTP_X_REQUEST_ID"),
        "path": environ["PATH_INFO"],
        "webhook_event_uuid": uuid,
        "event_type": kind,
    }
    showpass.info("webhook received", known)

    def say(level: int, message: str, status: int) -> None:
        spent = round((time.monotonic() - began) * 1000, 1)
        showpass.log(level, message, known | {"status": status, "duration_ms": spent})

    expected = hmac.new(_secret, event["id"].encode(), hashlib.sha1).hexdigest()
    if not hmac.compare_digest(expected, environ.get("HTTP_X_SHOWPASS_SIGNATURE", "")):
        # The sender's guide says both: answer 401, and do not answer 401.
        quiet = environ.get("HTTP_X_LAB") == "quiet"
        say(logging.WARNING, "signature verification failed", 200 if quiet else 401)
        return ("200 OK", "ok") if quiet else ("401 Unauthorized", "bad signature")
    if environ.get("HTTP_X_LAB") == "crash":
        say(logging.ERROR, "webhook failed: no such ticket", 500)
        return "500 Internal Server Error", "error"
    with _lock:
        seen = uuid in _seen
        _seen.add(uuid)
    if environ.get("HTTP_X_LAB") == "slow":
        time.sleep(2)
    say(logging.INFO, "duplicate webhook ignored" if seen else "webhook processed", 200)
    return "200 OK", "ok"


def handle_partner(body: bytes, environ: dict[str, Any]) -> tuple[str, str]:
    """Process whatever comes, as often as it comes."""
    began = time.monotonic()
    uuid = json.loads(body)["webhook_event_uuid"]
    partner.info("received webhook_event_uuid=%s", uuid)
    if environ.get("HTTP_X_LAB") == "crash":
        partner.error("failed webhook_event_uuid=%s: no such partner", uuid)
        return "500 Internal Server Error", "error"
    if environ.get("HTTP_X_LAB") == "slow":
        time.sleep(2)
    spent = (time.monotonic() - began) * 1000
    partner.info("processed webhook_event_uuid=%s in %.0fms", uuid, spent)
    return "200 OK", "ok"
