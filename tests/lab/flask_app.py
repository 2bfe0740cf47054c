"""A Flask application as its guide has it: one log, by its own logger, to standard error."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import time

from flask import Flask, request

app = Flask(__name__)
handler = logging.FileHandler(os.environ["LAB_LOGS"] + "/hooks.log")
handler.setFormatter(logging.Formatter("[%(asctime)s] %(levelname)s in %(module)s: %(message)s"))
app.logger.handlers = [handler]
app.logger.setLevel(logging.INFO)
seen: set[str] = set()


@app.post("/webhooks/showpass")
def showpass() -> tuple[str, int]:
    """Check the signature, ignore what was seen, process the rest."""
    event = request.get_json()
    uuid = event["webhook_event_uuid"]
    about = {"webhook_event_uuid": uuid}
    app.logger.info("webhook received: %s %s %s", request.method, request.path, about)
    secret = os.environ["LAB_SECRET"].encode()
    expected = hmac.new(secret, event["id"].encode(), hashlib.sha1).hexdigest()
    if not hmac.compare_digest(expected, request.headers.get("X-Showpass-Signature", "")):
        app.logger.warning("invalid signature: %s status=401", about)
        return "bad signature", 401
    if request.headers.get("X-Lab") == "crash":
        app.logger.error("webhook failed: %s status=500", about)
        return "error", 500
    if request.headers.get("X-Lab") == "slow":
        time.sleep(2)
    word = "duplicate ignored" if uuid in seen else "webhook processed"
    seen.add(uuid)
    app.logger.info("%s: %s status=200", word, about)
    return "ok", 200


@app.get("/health")
def health() -> str:
    """Say that all is well."""
    app.logger.info("health check")
    return "healthy"
