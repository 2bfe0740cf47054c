"""Verdicts against the truth: cases drawn from a number, played, reconciled and scored.

`benchmarks/prove.py` runs a thousand of them; a few run with the tests.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hookanalysis as ha
from hookanalysis.tables import TABLES
from world.faults import FAULTS, PICTURES
from world.runs import simulate
from world.truth import Truth, Verdict, Window

# Events per second at one endpoint, as in the literature that the ladder is measured against.
RUSHES = (0.005, 0.05, 0.5, 2.0)
RUSH_EVENTS = 300
# Their cases are numbered from here on.
FIRST_RUSH = 1_000_000

# With these, some of the evidence is not in the files.
_LOSSES = {
    *("log_hole", "server_down_unlogged", "before_logs", "host_absent", "log_sampled"),
    *("summer_time_ends", "failed_tab", "export_capped", "attempts_expired", "gzip_damaged"),
    *("staging_host",),
}
# Logs that hold the uuid somewhere, and logs of one side of the application only.
_LAYOUTS = (
    *([("plain", "json")] * 4),
    *([("plain", "text")] * 2),
    *([("uuid", "json")] * 2),
    *([("uuid", "none")] * 2),
    *([("none", "json")] * 2),
    *([("none", "text")] * 1),
    *([("plain", "none")] * 1),
)
_EXPORTS = ("logs", "logs", "logs", "two", "two", "guide", "guide", "events", "day_first")
_SINGLE, _DOUBLE = "single", "double"

Key = tuple[str, str]
Got = dict[Key, tuple[str, str, str]]


@dataclass(frozen=True)
class Case:
    """One simulation to be judged; its number says all about it."""

    number: int
    faults: tuple[str, ...]
    options: dict[str, Any]

    @property
    def whole(self) -> bool:
        """Whether all evidence is in the files, and they name the events."""
        named = self.options["app"] != "none" or self.options["edge"] == "uuid"
        return named and not _LOSSES & set(self.faults)

    @property
    def rush(self) -> str:
        """Its density, where times alone can tell; else empty."""
        blind = self.options["app"] == "none" and self.options["edge"] == "plain"
        return (
            f"rush {self.options['per_second']}" if blind and "per_second" in self.options else ""
        )

    def __str__(self) -> str:
        told = " ".join(f"{name}={value}" for name, value in self.options.items())
        return f"{' + '.join(self.faults) or 'none'} ({told})"


@dataclass(frozen=True)
class Failure:
    """One delivery whose verdict is wrong, or is `undetermined` without need."""

    case: int
    fault: str
    key: Key
    expected: str
    got: str

    def __str__(self) -> str:
        where = f"{self.key[0][:8]} {self.key[1]}"
        return f"case {self.case}, {self.fault}: {where}: {self.expected}, not {self.got}"


@dataclass
class Score:
    """Sums over cases."""

    counts: Counter[str] = field(default_factory=Counter)
    overlaps: list[float] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def add(self, other: Score) -> None:
        """Add what another case gave."""
        self.counts += other.counts
        self.overlaps += other.overlaps
        self.failures += other.failures


def draw_case(number: int) -> Case:
    """The case of a number: one picture, or each fourth time two at once."""
    rng = random.Random(number)
    faults = PICTURES[(number - number // 4) % len(PICTURES)]
    if number % 4 == 3:
        faults = _draw_pair(rng)
    edge, app = rng.choice(_LAYOUTS)
    options: dict[str, Any] = {
        "seed": number,
        "events": rng.choice((60, 90, 120)),
        "days": 3 if rng.random() < 0.05 else 1,
        "edge": edge,
        "app": app,
        "hosts": 1 if app == "none" else rng.choice((1, 1, 1, 2, 3)),
        "export": rng.choice(_EXPORTS),
        "zone_hours": rng.choice((0, 0, 0, -7, 5)),
    }
    if all(FAULTS[name].takes != "window" for name in faults) and rng.random() < 0.15:
        options["per_second"] = rng.choice(RUSHES)
    options["one_server"] = rng.random() < 0.25
    return Case(number, faults, options)


def draw_rush(number: int) -> Case:
    """A case in which only times can tell: many events, and no uuid in the receiver's log."""
    options = {
        "seed": number,
        "events": RUSH_EVENTS,
        "days": 1,
        "edge": "plain",
        "app": "none",
        "export": "logs",
        "zone_hours": 0,
        "per_second": RUSHES[number % len(RUSHES)],
    }
    return Case(number, ("lost_on_the_way", "foreign_posts"), options)


def _draw_pair(rng: random.Random) -> tuple[str, ...]:
    """Two pictures that ask for different things."""
    while True:
        one, two = rng.sample(PICTURES[1:], 2)
        asked = [set(FAULTS[name].scenario) for name in (*one, *two)]
        if len(set().union(*asked)) == sum(map(len, asked)) and not set(one) & set(two):
            return (*one, *two)


def play(case: Case, folder: Path, database: str | Path = ":memory:") -> tuple[Truth, ha.Workspace]:
    """Write a case's files, and reconcile them."""
    truth = simulate(folder, faults=case.faults, **case.options)
    settings = folder / "hookanalysis.toml"
    ws = ha.connect(database, settings=settings if settings.exists() else ha.Settings())
    ws.load(folder / "sender", folder / "receiver")
    ws.reconcile()
    return truth, ws


def score(case: Case, folder: Path) -> Score:
    """Play a case and hold every verdict against the truth."""
    truth, ws = play(case, folder)
    with ws:
        got: Got = {
            (row[0], row[1]): (row[2], row[3], row[4] or "")
            for row in ws.rows(
                "SELECT event_uuid, endpoint_url, outcome, detail, reason FROM deliveries"
            )
        }
        found = Score()
        _score_verdicts(case, truth.deliveries, got, found)
        _score_incidents(case, truth.windows, ws, found)
        if not case.rush:
            _score_causes(case, truth.deliveries, ws, found)
        else:
            _score_bounds(case, truth.deliveries, ws, found)
    found.counts["cases"] += 1
    return found


def _score_verdicts(case: Case, truth: Iterable[Verdict], got: Got, found: Score) -> None:
    counts, unclaimed = found.counts, set(got)
    for verdict in truth:
        key = (verdict.event_uuid, verdict.endpoint_url)
        # Where no export names an endpoint, nobody can.
        if key not in got:
            key = (verdict.event_uuid, "")
        unclaimed.discard(key)
        outcome, detail, reason = got.get(key, ("absent", "", ""))
        counts["false missed"] += outcome == "missed" != verdict.outcome
        if case.rush:
            continue
        counts["deliveries"] += 1
        counts[f"truth {verdict.outcome}"] += 1
        counts[f"got {outcome}"] += 1
        if outcome == verdict.outcome:
            counts[f"right {outcome}"] += 1
            counts["right detail"] += detail == verdict.detail
        if verdict.certain:
            counts[f"certain {verdict.outcome}"] += 1
            counts[f"certain right {verdict.outcome}"] += outcome == verdict.outcome
        if case.whole and verdict.outcome != "undetermined":
            counts["whole"] += 1
            counts["whole undetermined"] += outcome == "undetermined"
        # To claim nothing is always honest where the files leave a doubt.
        silent = outcome in {"undetermined", "pending"}
        doubtful = silent and not (verdict.certain and case.whole)
        if (outcome, detail) != (verdict.outcome, verdict.detail) and not doubtful:
            told = f"{outcome}: {detail}" + (f" ({reason.split(':')[0]})" if reason else "")
            wanted = f"{verdict.outcome}: {verdict.detail}"
            found.failures.append(Failure(case.number, verdict.fault, key, wanted, told))
            counts["wrong"] += not silent
    for key in sorted(unclaimed):
        outcome, detail, _ = got[key]
        counts[f"got {outcome}"] += 1
        counts["invented"] += 1
        counts["false missed"] += outcome == "missed"
        told = f"{outcome}: {detail}"
        found.failures.append(Failure(case.number, "none", key, "no such delivery", told))


def _score_incidents(case: Case, windows: Iterable[Window], ws: ha.Workspace, found: Score) -> None:
    """How much of each outage and its incident is common to both, in time."""
    rows = ws.rows("SELECT scope, endpoint_url, starts_at, ends_at FROM incidents")
    spans = [(scope, url, _utc(start), _utc(end)) for scope, url, start, end in rows]
    matched: set[int] = set()
    for window in windows:
        start, end = window.first_failed_at, window.last_failed_at
        # Three failures make a run; two may be chance.
        if window.failed < 3 or start is None or end is None or start == end:
            continue
        shares = {
            number: _overlap((start, end), (other_start, other_end))
            for number, (_, url, other_start, other_end) in enumerate(spans)
            if "" in {url, window.endpoint_url} or url == window.endpoint_url
        }
        matched |= {number for number, share in shares.items() if share}
        best = max(shares.values(), default=0.0)
        found.overlaps.append(best)
        found.counts["outages"] += 1
        found.counts["outages found"] += best > 0
        scopes = {spans[number][0] for number, share in shares.items() if share == best > 0}
        found.counts["outages scoped"] += scopes == {window.scope}
        if scopes and scopes != {window.scope}:
            key = (window.fault, window.endpoint_url)
            told = f"of the {' and '.join(sorted(scopes))}"
            wanted = f"an incident of the {window.scope}"
            found.failures.append(Failure(case.number, window.fault, key, wanted, told))
        if best < 0.5:
            told = f"an overlap of {best:.2f}"
            key = (window.fault, window.endpoint_url)
            found.failures.append(Failure(case.number, window.fault, key, "an incident", told))
    touched = any(fault for fault in case.faults if FAULTS[fault].takes == "window")
    if not touched:
        found.counts["calm cases"] += 1
        found.counts["incidents in calm cases"] += len(spans) - len(matched)


def _overlap(one: tuple[datetime, datetime], two: tuple[datetime, datetime]) -> float:
    common = (min(one[1], two[1]) - max(one[0], two[0])).total_seconds()
    whole = (max(one[1], two[1]) - min(one[0], two[0])).total_seconds()
    return max(0.0, common) / whole if whole else 1.0


def _utc(naive: datetime) -> datetime:
    return naive.replace(tzinfo=UTC)


def _score_causes(case: Case, truth: Iterable[Verdict], ws: ha.Workspace, found: Score) -> None:
    """Whether the first finding is a root cause that was played."""
    if "rank" not in {column.name for column in TABLES["findings"].columns}:
        return
    roots = {verdict.root_cause for verdict in truth} - {""}
    if roots != {"evidence"}:
        roots.discard("evidence")
    if not roots:
        return
    ranked = [row[0] for row in ws.rows("SELECT rule_id FROM findings ORDER BY rank, rule_id")]
    kind = _SINGLE if len(roots) == 1 else _DOUBLE
    first = ranked[0] if ranked else "nothing"
    # A block by a firewall's rule: which of two causes is shown goes by who else was let in.
    right = first in {cause for root in roots for cause in root.split()}
    found.counts[f"causes {kind}"] += 1
    found.counts[f"causes right {kind}"] += right
    if not right:
        key = ("finding", "")
        wanted = f"{' or '.join(sorted(roots))} first"
        faults = " + ".join(case.faults)
        found.failures.append(Failure(case.number, faults, key, wanted, ", ".join(ranked[:4])))


def _score_bounds(case: Case, truth: Iterable[Verdict], ws: ha.Workspace, found: Score) -> None:
    """What times alone could say, for the table of densities."""
    rush = case.rush
    judged = {
        (row[0], row[1]): row[2]
        for row in ws.rows("SELECT event_uuid, endpoint_url, outcome FROM deliveries")
    }
    for verdict in truth:
        outcome = judged.get((verdict.event_uuid, verdict.endpoint_url), "absent")
        found.counts[f"{rush} deliveries"] += 1
        found.counts[f"{rush} named"] += outcome != "undetermined"
        found.counts[f"{rush} named right"] += outcome == verdict.outcome != "undetermined"
        found.counts[f"{rush} missed"] += verdict.outcome == "missed"
        found.counts[f"{rush} named missed"] += outcome == "missed"
        found.counts[f"{rush} right missed"] += outcome == "missed" == verdict.outcome
    found.counts[f"{rush} at least"] += sum(o == "missed" for o in judged.values())
    if ws.has("clusters"):
        bound = ws.rows("SELECT CAST(COALESCE(SUM(at_least_missed), 0) AS BIGINT) FROM clusters")
        found.counts[f"{rush} at least"] += bound[0][0]
