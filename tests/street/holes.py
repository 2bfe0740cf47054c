"""What is lacking in the receiver's files: holes, thinned logs, absent hosts, early ends.

A hole is only cut where a careful reader of that log can see it: it is longer than the gaps that
such a log has by chance. A shorter one cannot be told from silence by anyone.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from .acts import Acts, Line
from .dice import Dice
from .plan import Plan


@dataclass(frozen=True)
class Pace:
    """How densely a log was written: what silence in it is ordinary, in seconds."""

    times: tuple[float, ...]
    ordinary: float
    longest: float

    @classmethod
    def of(cls, lines: list[Line]) -> "Pace":
        times = sorted(line.at for line in lines)
        gaps = sorted(b - a for a, b in pairwise(times))
        if len(gaps) < 30:
            return cls(tuple(times), 0.0, math.inf)
        mean = sum(gaps) / len(gaps)
        return cls(tuple(times), max(gaps[-6], math.log(len(gaps)) * mean), gaps[-1])

    def covers(self, low: float, high: float) -> bool:
        """Whether the log was surely being written from `low` to `high`."""
        first, last = bisect_right(self.times, low) - 1, bisect_left(self.times, high)
        if first < 0 or last == len(self.times):
            return False
        return all(b - a <= self.ordinary for a, b in pairwise(self.times[first : last + 1]))


def cut(acts: Acts) -> None:
    """Take lines out of the logs, as the plan says."""
    plan, dice = acts.plan, Dice(acts.plan.number, 5)
    logs = sorted({line.log for line in acts.lines if line.log != "table"})
    if plan.absent_host:
        _drop(acts, lambda line: line.log in absent(plan))
    paces = {log: Pace.of([line for line in acts.lines if line.log == log]) for log in logs}
    if plan.ends_early:
        chosen = logs if plan.ends_early == "all" else [dice.pick(logs)]
        end = acts.end * dice.between(0.6, 0.95)
        _drop(acts, lambda line: line.log in chosen and line.at > end)
    for which in plan.holes:
        chosen = _chosen(dice, which, logs)
        length = max((_visible(paces[log]) for log in chosen), default=math.inf)
        length *= dice.log(1, 6)
        if length < 0.4 * acts.end:
            start = dice.between(0, acts.end - length)
            _drop(acts, partial(_inside, logs=chosen, low=start, high=start + length))
    thin = [log for log in logs if plan.thinned and _belongs(plan.thinned, log)]
    _drop(acts, lambda line: line.log in thin and dice.chance(plan.thinned_share))


def absent(plan: Plan) -> set[str]:
    """Return the logs of the second host, which nobody collected."""
    hosts = max(plan.edge_hosts, plan.app_hosts)
    return {"edge1", "app1", "access1"} if plan.absent_host and hosts > 1 else set()


def _drop(acts: Acts, lost: Callable[[Line], bool]) -> None:
    for line in acts.lines:
        line.kept = line.kept and not lost(line)


def _inside(line: Line, logs: list[str], low: float, high: float) -> bool:
    return line.log in logs and low < line.at < high


def _belongs(which: str, log: str) -> bool:
    return which == "all" or log.startswith(which) or (which == "app" and log == "worker")


def _chosen(dice: Dice, which: str, logs: list[str]) -> list[str]:
    found = [dice.pick(logs)] if which == "one" else [log for log in logs if _belongs(which, log)]
    return found or logs


def _visible(pace: Pace) -> float:
    """Return the length from which on a hole stands out."""
    return 2.5 * max(pace.ordinary, pace.longest)
