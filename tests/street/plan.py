"""Dimensions of a world, all drawn at once from its number."""

from dataclasses import asdict, dataclass

from .dice import Dice

# What an application logs of one request, by name of the event. A worker's lines come last.
PATTERNS = {
    "plain": ("received", "processed"),
    "twin": ("middleware", "received", "processed"),
    "queue": ("received", "enqueued", "started", "processed"),
    "last": ("processed",),
    "first": ("received",),
}
# Shapes of exports: how long the sender waits for an answer, and its waits before further tries.
SHAPES: dict[str, tuple[tuple[float, ...], tuple[tuple[float, ...], ...]]] = {
    "showpass_table": ((5, 10, 15), ((),)),
    "showpass_logs": ((5, 10, 15), ((),)),
    "github": ((10,), ((),)),
    "svix": ((15,), ((5, 300, 1800), (5, 30))),
    "stripe": ((10, 20), ((),)),
    "gitlab": ((10,), ((),)),
    "generic": ((3, 5, 10, 30), ((), (60, 600), (10, 60, 300))),
}
NOTICING = ("nginx_combined", "nginx_main", "nginx_timed", "caddy", "traefik", "alb", "cloud_run")
# Only zones of which all editions of the zone database say the same for the days that are played.
ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata")
EDGES = (*NOTICING, "apache_common", "apache_combined", "haproxy", "iis")
MEASURES = {"gap", "timeout", "work", "health", "chatter", "thinned_share"}
TROUBLES = (
    "box_down",  # nobody listens: connections are refused, all logs are silent
    "app_down",  # the proxy answers 502
    "loss",  # requests vanish on the way
    "elsewhere",  # something in front answers in our place
    "errors",  # the application raises
    "worker_down",  # jobs are queued and never taken
    "slow",  # the application takes many seconds
    "key",  # signatures do not fit
    "allowlist",  # the proxy refuses one of the sender's addresses
)


@dataclass(frozen=True)
class Trouble:
    """A span of the world in which something is wrong; seconds since its start."""

    kind: str
    start: float
    end: float


@dataclass(frozen=True)
class Plan:
    """Everything that chance decides about a world before its first event."""

    number: int
    shape: str
    events: int
    gap: float
    bursts: bool
    endpoints: int
    by_query: bool
    fanout: bool
    hooks: str
    url_change: bool
    timeout: float
    retries: tuple[float, ...]
    resent_failures: float
    resent_successes: float
    stuck: float
    edge: str
    edge_hosts: int
    edge_zone: str
    edge_buffer: float
    shows_source: bool
    app: str
    app_hosts: int
    app_zone: str
    pattern: str
    access: str
    access_apart: bool
    wrapper: str
    app_status: bool
    app_path: bool
    request_ids: bool
    asynchronous: bool
    worker_apart: bool
    late_lines: bool
    early_check: bool
    signature: int
    memory: str
    words: int
    table: str
    offset: float
    drift: float
    zone_error: int
    loss: float
    reset: float
    unsent: float
    elsewhere: float
    errors: float
    worker_loss: float
    proxy_refusals: float
    bad_signatures: float
    tail: float
    work: float
    troubles: tuple[Trouble, ...]
    health: float
    posts: float
    strangers: float
    chatter: float
    holes: tuple[str, ...]
    thinned: str
    thinned_share: float
    absent_host: bool
    ends_early: str
    rotated: bool
    packed: bool
    export: str
    orphans: float
    export_zone: str
    says_complete: bool
    says_timeout: bool
    grace: int

    @property
    def duration(self) -> float:
        return self.events * self.gap

    @property
    def named(self) -> bool:
        """Whether a log of the application names events."""
        return bool(self.app and self.pattern)

    def dimensions(self) -> dict[str, str]:
        """What was drawn, in a few words each: to find what a failure hangs on."""
        words = {}
        for name, value in asdict(self).items():
            if name in {"number", "troubles", "holes"}:
                continue
            if isinstance(value, float):
                words[name] = f"{value:.1g}" if name in MEASURES else str(value > 0)
            else:
                words[name] = str(value)
        words["offset"] = "ahead" if self.offset > 2 else "behind" if self.offset < -2 else "right"
        words["pace"] = next(
            name for name, up in (("rush", 1), ("busy", 10), ("quiet", 9e9)) if self.gap < up
        )
        words["holes"] = "+".join(self.holes) or "none"
        words["troubles"] = "+".join(sorted({t.kind for t in self.troubles})) or "none"
        return words


def draw(number: int) -> Plan:
    """Draw a plan; the same number always gives the same one."""
    dice = Dice(number, 1)
    shape = dice.pick(tuple(SHAPES), (3, 2, 2, 2, 1, 1, 3))
    timeouts, retries = SHAPES[shape]
    events = int(dice.log(40, 400)) if dice.chance(0.95) else int(dice.log(400, 2000))
    gap = dice.log(0.2, 600)
    duration = events * gap
    edge = dice.pick(("", *EDGES), (3,) + (1,) * len(EDGES))
    app = dice.pick(("", "json", "pino", "logfmt", "python", "laravel"), (2, 2, 1, 1, 2, 1))
    if not edge and not app:
        app = "json"
    pattern = dice.pick(("", *PATTERNS), (1.5, 3, 2, 2, 1, 1)) if app else ""
    access = dice.pick(("", "uvicorn", "gunicorn", "werkzeug"), (2, 1, 1, 1)) if app else ""
    asynchronous = pattern == "queue" or dice.chance(0.4)
    if not edge and not access and not pattern:
        access = "gunicorn"
    apart = bool(access) and dice.chance(0.3)
    blind = not edge and not access  # then every arrival must show by its name
    pattern = "plain" if blind and pattern == "last" else pattern
    single = dice.chance(0.55)
    pace = max(1.0, duration / 5000)
    zoneless = "showpass" in shape or edge == "haproxy" or app in {"python", "laravel"}
    thinned = dice.pick(("", "edge", "app", "all"), (18, 1, 1, 1))
    absent = dice.chance(0.2)
    has_table = bool(edge or access or pattern) and dice.chance(0.2)
    return Plan(
        number=number,
        shape=shape,
        events=events,
        gap=gap,
        bursts=dice.chance(0.25),
        endpoints=1 if single or shape == "stripe" else dice.whole(2, 3),
        by_query=dice.chance(0.2),
        fanout=dice.chance(0.2),
        hooks=dice.pick(("one", "both_listed", "one_listed"), (8, 1, 1))
        if shape in {"github", "showpass_table", "showpass_logs"}
        else "one",
        url_change=not blind and single and dice.chance(0.15),
        timeout=dice.pick(timeouts),
        retries=dice.pick(retries),
        resent_failures=dice.pick((0.0, 0.5, 0.9)) if shape != "stripe" else 0.0,
        resent_successes=dice.pick((0.0, 0.01), (3, 1)) if shape != "stripe" else 0.0,
        stuck=dice.pick((0.0, 0.01), (4, 1)) if shape == "showpass_table" else 0.0,
        edge=edge,
        edge_hosts=dice.pick((1, 2), (3, 1)) if edge else 0,
        edge_zone=dice.pick(ZONES, (4, 1, 1, 1)),
        edge_buffer=dice.pick((0.0, 5.0), (3, 1)),
        shows_source=edge != "nginx_main" and dice.chance(0.85),
        app=app,
        app_hosts=dice.pick((1, 2), (3, 1)) if app else 0,
        app_zone=dice.pick(ZONES, (4, 1, 1, 1)),
        pattern=pattern,
        access=access,
        access_apart=apart,
        wrapper=dice.pick(("docker_json", "docker_t"))
        if access == "uvicorn"
        else dice.pick(("", "docker_json", "docker_t", "cri"), (4, 1, 1, 1)),
        app_status=dice.chance(0.5),
        app_path=dice.chance(0.6 if single else 0.85),
        request_ids=dice.chance(0.3),
        asynchronous=asynchronous,
        worker_apart=asynchronous and bool(app) and dice.chance(0.3),
        late_lines=dice.chance(0.4),
        early_check=not blind and pattern in {"plain", "last"} and dice.chance(0.4),
        signature=dice.pick((401, 403, 200)),
        memory=dice.pick(("none", "after", "before")),
        words=dice.whole(0, 3),
        table=dice.pick(("csv", "json")) if has_table else "",
        offset=dice.pick((0.0, dice.between(-90, 90), dice.between(-3, 3)), (1, 2, 1)),
        drift=dice.pick((0.0, dice.between(-3e-5, 3e-5)), (2, 1)),
        zone_error=dice.pick((0, dice.pick((-1, 1, 7))), (14, 1)) if zoneless else 0,
        loss=dice.pick((0.0, 0.02, 0.06), (1, 2, 1)),
        reset=dice.pick((0.0, 0.02)),
        unsent=dice.pick((0.0, 0.02), (2, 1)),
        elsewhere=dice.pick((0.0, 0.02), (4, 1)),
        errors=dice.pick((0.0, 0.03)),
        worker_loss=dice.pick((0.0, 0.04)) if asynchronous else 0.0,
        proxy_refusals=dice.pick((0.0, 0.02), (2, 1)) if edge else 0.0,
        bad_signatures=dice.pick((0.0, 0.03), (2, 1)),
        tail=dice.pick((0.0, 0.02), (1, 2)),
        work=dice.pick((0.03, 0.2, 1.0), (2, 2, 1)),
        troubles=_troubles(dice, duration),
        health=dice.log(pace, max(600.0, 2 * pace)),
        posts=dice.log(5 * pace, 100 * pace) if dice.chance(0.5) else 0.0,
        strangers=dice.log(100 * pace, 1000 * pace) if dice.chance(0.3) else 0.0,
        chatter=dice.log(pace, max(600.0, 2 * pace)),
        holes=_holes(dice),
        thinned=thinned,
        thinned_share=dice.log(0.01, 0.5),
        absent_host=absent,
        ends_early=dice.pick(("", "all", "one"), (8, 1, 1)),
        rotated=dice.chance(0.3),
        packed=dice.chance(0.5),
        export=dice.pick(("full", "cut", "failures"), (16, 1, 1)) if shape != "stripe" else "full",
        orphans=dice.pick((0.0, 0.01), (5, 1)),
        export_zone=dice.pick(ZONES, (4, 1, 1, 1)),
        says_complete=not thinned and not absent and dice.chance(0.3),
        says_timeout=dice.chance(0.5),
        grace=15 if duration > 3 * 3600 else max(1, int(duration / 60 / 12)),
    )


def _troubles(dice: Dice, duration: float) -> tuple[Trouble, ...]:
    found = []
    for _ in range(dice.pick((0, 1, 2, 3), (3, 4, 3, 1))):
        length = duration * dice.between(0.02, 0.15)
        start = dice.between(0.05, 0.85) * duration
        found.append(Trouble(dice.pick(TROUBLES), start, start + length))
    return tuple(found)


def _holes(dice: Dice) -> tuple[str, ...]:
    count = dice.pick((0, 1, 2), (9, 3, 1))
    return tuple(dice.pick(("all", "edge", "app", "one")) for _ in range(count))
