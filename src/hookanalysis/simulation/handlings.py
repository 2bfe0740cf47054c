"""What can become of a request on its way: one name for each."""

from __future__ import annotations

from .shapes import SECOND, Handling

_NGINX = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n"
    "<center><h1>{0}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>"
)
_POOL = "HTTPSConnectionPool(host='{host}', port=443): "


def _turned_away(status: int, title: str) -> Handling:
    """The proxy answers by itself; the application hears nothing."""
    return Handling(edge=status, app=(), answer=status, body=_NGINX.format(f"{status} {title}"))


def _unsent(error: str) -> Handling:
    """No connection comes about, and the sender says so."""
    return Handling(edge=None, app=(), answer=None, body=_POOL + error, left=False)


# It got there, and the application did something.
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
DROPPED = Handling(app=("received", "signature_failed"), body='{"status":"ignored"}')
FORGOTTEN = Handling(app=(), body='{"status":"accepted"}')
LOST_IN_QUEUE = Handling(app=("received", "verified"), body='{"status":"queued"}')
UNSIGNED = Handling(
    edge=401,
    app=("received", "signature_failed"),
    app_status=401,
    answer=401,
    body='{"error":"invalid signature"}',
)
STRIPPED = Handling(
    edge=401,
    app=("received", "signature_missing"),
    app_status=401,
    answer=401,
    body='{"error":"missing signature"}',
)

# A proxy that asks a second application when the first is slow: one line at the edge, at the end.
FIRST_UPSTREAM = Handling(edge=None, takes=(6 * SECOND, 9 * SECOND))

# The proxy answered by itself.
NO_UPSTREAM = _turned_away(502, "Bad Gateway")
UPSTREAM_SLOW = Handling(
    edge=504,
    app=(),
    answer=504,
    body=_NGINX.format("504 Gateway Time-out"),
    takes=(5 * SECOND, 5 * SECOND + 20),
)
NO_ROUTE = Handling(edge=404, app=(), answer=404, body='{"error":"Not Found"}')
NO_SIGNATURE = Handling(edge=401, app=(), answer=401)
MOVED_SLASH = _turned_away(301, "Moved Permanently")
MOVED_HTTPS = _turned_away(308, "Permanent Redirect")
WRONG_METHOD = _turned_away(405, "Not Allowed")
FORBIDDEN = _turned_away(403, "Forbidden")
BLOCKED = Handling(
    edge=403,
    app=(),
    answer=403,
    body="<html><title>Request Rejected</title>The requested URL was rejected by the firewall.",
)
TOO_LARGE = _turned_away(413, "Request Entity Too Large")
THROTTLED = _turned_away(429, "Too Many Requests")

# It never got there.
REFUSED = _unsent("Failed to establish a new connection: [Errno 111] Connection refused")
EXPIRED = _unsent(
    "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify"
    " failed: certificate has expired (_ssl.c:1006)'))"
)
UNRESOLVED = _unsent("Failed to resolve '{host}' ([Errno -2] Name or service not known)")
SWALLOWED = Handling(
    edge=None,
    app=(),
    answer=None,
    body=_POOL + "Connection to {host} timed out. (connect timeout=10)",
)
ELSEWHERE = Handling(edge=None, app=(), body='{"status":"ok","environment":"staging"}')
ANSWERED_BY_CDN = Handling(
    edge=None, app=(), body="<!doctype html><title>We'll be right back</title>"
)
UNSENT = Handling(edge=None, app=(), answer=None, body="")
