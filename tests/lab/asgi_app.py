"""The lab's application again, for uvicorn: its own log is JSON lines, as behind gunicorn."""

from __future__ import annotations

import asyncio
from typing import Any

from lab import app


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer one request."""
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = {
        "HTTP_" + name.decode().upper().replace("-", "_"): value.decode()
        for name, value in scope["headers"]
    }
    if scope["path"] == "/webhooks/showpass":
        known = headers | {"PATH_INFO": scope["path"]}
        status, answer = await asyncio.to_thread(app.handle_showpass, body, known)
    else:
        app.showpass.debug("health check")
        status, answer = "200 OK", "healthy"
    await send({"type": "http.response.start", "status": int(status[:3]), "headers": []})
    await send({"type": "http.response.body", "body": answer.encode()})
