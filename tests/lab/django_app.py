"""A Django project in one file, which logs plain text beside its development server's lines."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import sys
import time

from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpRequest, HttpResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    TIME_ZONE="UTC",
    LOGGING={
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
        "handlers": {
            "file": {
                "class": "logging.FileHandler",
                "filename": os.environ["LAB_LOGS"] + "/hooks.log",
                "formatter": "plain",
            }
        },
        "loggers": {"hooks": {"handlers": ["file"], "level": "INFO"}},
    },
)
logger = logging.getLogger("hooks")
seen: set[str] = set()


def showpass(request: HttpRequest) -> HttpResponse:
    """Check the signature, ignore what was seen, process the rest."""
    event = json.loads(request.body)
    uuid = event["webhook_event_uuid"]
    logger.info("received webhook_event_uuid=%s POST %s", uuid, request.path)
    secret = os.environ["LAB_SECRET"].encode()
    expected = hmac.new(secret, event["id"].encode(), hashlib.sha1).hexdigest()
    if not hmac.compare_digest(expected, request.headers.get("X-Showpass-Signature", "")):
        logger.warning("signature verification failed webhook_event_uuid=%s status=401", uuid)
        return HttpResponse("bad signature", status=401)
    if request.headers.get("X-Lab") == "crash":
        logger.error("failed webhook_event_uuid=%s: no such ticket status=500", uuid)
        return HttpResponse("error", status=500)
    if request.headers.get("X-Lab") == "slow":
        time.sleep(2)
    word = "duplicate ignored" if uuid in seen else "processed"
    seen.add(uuid)
    logger.info("%s webhook_event_uuid=%s status=200", word, uuid)
    return HttpResponse("ok")


def health(_request: HttpRequest) -> HttpResponse:
    """Say that all is well."""
    logger.info("health check")
    return HttpResponse("healthy")


urlpatterns = [path("webhooks/showpass", showpass), path("health", health)]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
