"""Writing down the receiver's logs and table, in the shapes that real servers write."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from zoneinfo import ZoneInfo

from .acts import Acts, Line
from .plan import Plan

WORDS = {
    "middleware": ("incoming webhook",) * 4,
    "received": ("webhook received", "received event", "got notification", "webhook received"),
    "enqueued": ("enqueued", "queued for processing", "job dispatched", "enqueued"),
    "started": ("processing started", "job started", "worker picked up", "start"),
    "processed": ("webhook processed", "event handled", "order saved", "done"),
    "failed": ("webhook failed: KeyError('ticket_items')",) * 4,
    "known": ("already processed, skipping", "already handled") * 2,
    "signature": ("invalid signature", "signature mismatch, dropped") * 2,
    "chatter": ("cron: sweep finished", "cache refreshed", "session cleanup", "tick") * 1,
}
LEVELS = {"failed": "ERROR", "signature": "WARNING", "known": "INFO"}
KEYS = {
    "showpass": "webhook_event_uuid",
    "github": "delivery_id",
    "svix": "webhook_id",
    "gitlab": "idempotency_key",
}
ZONELESS = {"python", "laravel"}


def clf(at: float, zone: str) -> str:
    return datetime.fromtimestamp(at, ZoneInfo(zone)).strftime("%d/%b/%Y:%H:%M:%S %z")


def iso(at: float, digits: int = 3, zone: str = "UTC", sign: str = "T") -> str:
    """Write a time as ISO 8601: with Z in UTC, without any zone elsewhere."""
    moment = datetime.fromtimestamp(at, ZoneInfo(zone))
    text = moment.strftime(f"%Y-%m-%d{sign}%H:%M:%S")
    text += f"{moment.microsecond / 1e6:.6f}"[1 : 2 + digits] if digits else ""
    return text + ("Z" if zone == "UTC" and sign == "T" else "")


class Scribe:
    """Writes lines by the receiver's clock, in the world's formats."""

    def __init__(self, acts: Acts) -> None:
        self.acts = acts
        self.plan: Plan = acts.plan
        self.key = KEYS.get(self.plan.shape.split("_", maxsplit=1)[0], "event_id")

    def clock(self, at: float) -> float:
        return self.acts.base + at + self.plan.offset + self.plan.drift * at

    def text(self, line: Line) -> str:
        at = self.clock(line.at)
        if line.kind == "edge":
            return EDGE[self.plan.edge](line, at, self.plan.edge_zone)
        body = self._access(line, at) if line.kind == "access" else self._app(line, at)
        return self._wrapped(body, at)

    def _wrapped(self, body: str, at: float) -> str:
        moment = iso(at + 0.0004, 6).replace("Z", "418Z")
        if self.plan.wrapper == "docker_json":
            return json.dumps({"log": body + "\n", "stream": "stdout", "time": moment})
        start = {"docker_t": f"{moment} ", "cri": f"{moment} stdout F "}
        return start.get(self.plan.wrapper, "") + body

    def _access(self, line: Line, at: float) -> str:
        request = f'"{line.method} {line.path} HTTP/1.1"'
        if self.plan.access == "uvicorn":
            word = "OK" if line.status < 300 else "Error"
            return f"INFO:     {line.source}:4{line.status} - {request} {line.status} {word}"
        if self.plan.access == "gunicorn":
            moment = clf(at, self.plan.app_zone)
            return f'{line.source} - - [{moment}] {request} {line.status} 15 "-" "-"'
        day = datetime.fromtimestamp(at, ZoneInfo(self.plan.app_zone))
        return f"{line.source} - - [{day:%d/%b/%Y %H:%M:%S}] {request} {line.status} -"

    def _app(self, line: Line, at: float) -> str:
        plan = self.plan
        message = WORDS[line.kind][plan.words]
        level = LEVELS.get(line.kind, "INFO")
        fields: dict[str, str | int] = {}
        if line.path:
            fields |= {"method": line.method, "path": line.path}
        if line.key:
            fields[self.key] = line.key
        if line.status:
            fields["status"] = line.status
        if plan.request_ids and line.request:
            fields["request_id"] = md5(repr(line.request.at).encode()).hexdigest()
        pairs = " ".join(f"{name}={value}" for name, value in fields.items())
        zone = plan.app_zone
        if plan.app == "json":
            head = {"timestamp": iso(at, 6), "level": level, "message": message}
            return json.dumps(head | {"logger": "hooks"} | fields)
        if plan.app == "pino":
            number = {"INFO": 30, "WARNING": 40, "ERROR": 50}[level]
            start = {"level": number, "time": int(at * 1000), "pid": 7, "hostname": "web-1"}
            return json.dumps(start | fields | {"msg": message}, separators=(",", ":"))
        if plan.app == "logfmt":
            return f'time={iso(at)} level={level.lower()} msg="{message}" {pairs}'.rstrip()
        if plan.app == "laravel":
            moment = iso(at, 0, zone, " ")
            context = json.dumps(fields, separators=(",", ":")) if fields else "[]"
            return f"[{moment}] production.{level}: {message} {context} "
        moment = iso(at, 3, zone, " ").replace(".", ",")
        return f"{moment} {level} hooks.views: {message} {pairs}".rstrip()

    def rows(self, rows: list[Line]) -> str:
        """Write the receipts table as its dump."""
        table = []
        for number, row in enumerate(sorted(rows, key=lambda row: row.at), 1):
            done = iso(self.clock(row.done), 3, sign=" ") if row.done is not None else None
            came = iso(self.clock(row.at), 3, sign=" ")
            name = self.key if self.key == "webhook_event_uuid" else "event_id"
            table.append(
                {"id": number, name: row.key, "received_at": came, "processed_at": done},
            )
        if self.plan.table == "json":
            return "".join(json.dumps(row) + "\n" for row in table)
        lines = [",".join(table[0])] if table else []
        lines += [",".join(str(v) if v is not None else "NULL" for v in r.values()) for r in table]
        return "\n".join(lines) + "\n"


def _nginx(line: Line, at: float, zone: str, source: str) -> str:
    request = f'"{line.method} {line.path} HTTP/1.1"'
    return f'{source} - - [{clf(at, zone)}] {request} {line.status} 15 "-" "{line.agent}"'


def _combined(line: Line, at: float, zone: str) -> str:
    return _nginx(line, at, zone, line.source)


def _main(line: Line, at: float, zone: str) -> str:
    return _nginx(line, at, zone, "172.18.0.1") + f' "{line.source}"'


def _timed(line: Line, at: float, zone: str) -> str:
    took = f"{line.took:.3f}"
    return _nginx(line, at, zone, line.source) + f' rt={took} uct="0.000" uht="{took}" urt="{took}"'


def _common(line: Line, at: float, zone: str) -> str:
    request = f'"{line.method} {line.path} HTTP/1.1"'
    return f"{line.source} - - [{clf(at, zone)}] {request} {line.status} 15"


def _traefik(line: Line, at: float, _: str) -> str:
    took = round(line.took * 1000)
    count = round(line.written * 10) % 90000
    return f'{_nginx(line, at, "UTC", line.source)} {count} "hooks@docker" "http://app:80" {took}ms'


def _haproxy(line: Line, at: float, zone: str) -> str:
    start = datetime.fromtimestamp(at, ZoneInfo(zone))
    ends = datetime.fromtimestamp(at + line.took, ZoneInfo(zone))
    took = round(line.took * 1000)
    bracket = start.strftime("%d/%b/%Y:%H:%M:%S.") + f"{start.microsecond // 1000:03d}"
    return (
        f"{ends:%b %d %H:%M:%S} lb1 haproxy[1432]: {line.source}:40624 [{bracket}] www~ hooks/web1"
        f" 0/0/1/{max(took - 1, 0)}/{took} {line.status} 342 - - ---- 3/3/0/0/0 0/0"
        f' "{line.method} {line.path} HTTP/1.1"'
    )


def _caddy(line: Line, at: float, _: str) -> str:
    request = {
        "remote_ip": line.source,
        "client_ip": line.source,
        "proto": "HTTP/1.1",
        "method": line.method,
        "host": "hooks.example.com",
        "uri": line.path,
        "headers": {"User-Agent": [line.agent]},
    }
    head = {"level": "info", "ts": round(at, 6), "logger": "http.log.access.log0"}
    tail = {"duration": round(line.took, 6), "size": 15, "status": line.status}
    return json.dumps(head | {"msg": "handled request", "request": request} | tail)


def _alb(line: Line, at: float, _: str) -> str:
    target = "-" if line.status == 460 else line.status
    return (
        f"https {iso(at, 6)} app/shop/a81f3d209c7b5e46 {line.source}:50210 10.0.1.21:8080"
        f" 0.001 {line.took:.3f} 0.000 {line.status} {target} 1270 322"
        f' "{line.method} https://hooks.example.com:443{line.path} HTTP/1.1" "{line.agent}"'
        f" TLS_AES_128_GCM_SHA256 TLSv1.3 arn:aws:elasticloadbalancing:x:1:targetgroup/h/c4"
        f' "Root=1-6b02f2ea-9eb732e59c57c2aebb61c851" "hooks.example.com" "-" 1'
        f' {iso(at - line.took, 6)} "forward" "-" "-" "10.0.1.21:8080" "{target}" "-" "-"'
    )


def _iis(line: Line, at: float, _: str) -> str:
    path, _, query = line.path.partition("?")
    moment = iso(at, 0, sign=" ")
    agent = line.agent.replace(" ", "+")
    return (
        f"{moment} 10.0.0.4 {line.method} {path} {query or '-'} 443 - {line.source} {agent} -"
        f" {line.status} 0 0 {round(line.took * 1000)}"
    )


def _cloud_run(line: Line, at: float, _: str) -> str:
    request = {
        "requestMethod": line.method,
        "requestUrl": "https://hooks.example.com" + line.path,
        "status": line.status,
        "userAgent": line.agent,
        "remoteIp": line.source,
        "latency": f"{line.took:.6f}s",
    }
    log = "projects/p/logs/run.googleapis.com%2Frequests"
    head = {"insertId": md5(repr(at).encode()).hexdigest()[:20], "httpRequest": request}
    return json.dumps(head | {"timestamp": iso(at, 6), "severity": "INFO", "logName": log})


EDGE: dict[str, Callable[[Line, float, str], str]] = {
    "nginx_combined": _combined,
    "nginx_main": _main,
    "nginx_timed": _timed,
    "apache_common": _common,
    "apache_combined": _combined,
    "caddy": _caddy,
    "traefik": _traefik,
    "haproxy": _haproxy,
    "alb": _alb,
    "iis": _iis,
    "cloud_run": _cloud_run,
}
IIS_HEAD = (
    "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Fields: date time"
    " s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer)"
    " sc-status sc-substatus sc-win32-status time-taken\n"
)


def zone_of(plan: Plan, log: str) -> str:
    """Return the zone of a log whose lines name none, else nothing."""
    if log.startswith("edge"):
        return plan.edge_zone if plan.edge == "haproxy" else ""
    if log == "table":
        return "UTC"
    zoneless = plan.app in ZONELESS or plan.access == "werkzeug"
    return plan.app_zone if zoneless else ""


def write(acts: Acts, folder: Path) -> list[tuple[str, str]]:
    """Write all logs that are left; return their names with the zones that they do not say."""
    plan, scribe = acts.plan, Scribe(acts)
    folder.mkdir(parents=True)
    names: list[tuple[str, str]] = []
    kept = [line for line in acts.lines if line.kept]
    for log in sorted({line.log for line in kept}):
        lines = sorted((li for li in kept if li.log == log), key=lambda line: line.written)
        zone = zone_of(plan, log)
        if log == "table":
            name = "webhook_events." + ("csv" if plan.table == "csv" else "jsonl")
            (folder / name).write_text(scribe.rows(lines))
            names.append((name, zone))
            continue
        texts = [scribe.text(line) + "\n" for line in lines]
        head = IIS_HEAD if plan.edge == "iis" and log.startswith("edge") else ""
        cut = len(texts) // 2 if plan.rotated else 0
        host = folder / f"{log}"
        host.mkdir()
        name = "access.log" if log.startswith(("edge", "access")) else "app.log"
        (host / name).write_text(head + "".join(texts[cut:]))
        if cut:
            older = (head + "".join(texts[:cut])).encode()
            packed = plan.packed
            file = host / (name + (".1.gz" if packed else ".1"))
            file.write_bytes(gzip.compress(older, mtime=0) if packed else older)
        names.append((f"{log}/*", zone))
    return names


def utc(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
