"""The second player itself: it repeats, it plays every dimension, and its certainty is honest."""

from __future__ import annotations

import csv
import itertools
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from street import acts, holes, play, sender, truth
from street.dice import Dice
from street.plan import draw
from street.puzzle import Graph
from street.score import score


def told(number: int) -> list[truth.Row]:
    done = acts.act(draw(number))
    sender.choose(done)
    holes.cut(done)
    return truth.tell(done)


def test_a_world_is_its_number(tmp_path: Path) -> None:
    files = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        play(7, tmp_path / name)
        found = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        files.append({str(p.relative_to(tmp_path / name)): p.read_bytes() for p in found})
    assert files[0] == files[1]


def test_every_dimension_occurs() -> None:
    seen: dict[str, set[str]] = defaultdict(set)
    for number in range(200):
        for name, value in draw(number).dimensions().items():
            seen[name].add(value)
    # What is the same in all worlds is no dimension.
    assert not {name for name, values in seen.items() if len(values) < 2}
    assert len(seen["edge"]) == 12
    assert len(seen["shape"]) == 7
    assert {"rush", "busy", "quiet"} == seen["pace"]
    assert {"ahead", "behind", "right"} == seen["offset"]


@pytest.mark.parametrize("number", [4, 8, 13, 54])
def test_the_truth_covers_the_export(number: int, tmp_path: Path) -> None:
    world = play(number, tmp_path)
    done = acts.act(world.plan)
    sender.choose(done)
    listed = {(a.event.key, a.shown) for a in done.attempts if a.listed}
    with (tmp_path / "truth.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert listed <= {(row["event_uuid"], row["endpoint_url"]) for row in rows}
    exported = b"".join(p.read_bytes() for p in sorted((tmp_path / "sender").iterdir())).decode()
    assert all(key in exported for key, _ in listed)


def test_what_is_certain_is_what_happened() -> None:
    # The reader of the files never rules out what really happened.
    rows = [row for number in range(60, 70) for row in told(number)]
    wrong = [r for r in rows if r.certain and r.possible and r.outcome not in r.possible]
    assert not wrong
    outcomes = Counter(row.outcome for row in rows if row.certain)
    assert outcomes.keys() >= {"delivered", "recovered", "missed", "refused", "unprocessed"}


def brute(graph: Graph) -> list[str]:
    """List every assignment, and look who has a line in all of them, and who in none."""
    reachable = {line for lines in graph.fits for line in lines}
    worlds = []
    for world in itertools.product(*([*lines, None] for lines in graph.fits)):
        used = [line for line in world if line is not None]
        fair = len(used) == len(set(used)) and all(world[n] is not None for n in graph.must)
        if fair and (not graph.owned or set(used) == reachable):
            worlds.append(world)
    columns = [{line is not None for line in column} for column in zip(*worlds, strict=True)]
    return ["open" if len(has) > 1 else "line" if True in has else "none" for has in columns]


def test_the_puzzle_agrees_with_every_assignment() -> None:
    dice, played = Dice(1), 0
    for _ in range(1500):
        requests, lines = dice.whole(1, 4), dice.whole(0, 4)
        fits = [[n for n in range(lines) if dice.chance(0.5)] for _ in range(requests)]
        must = {n for n in range(requests) if fits[n] and dice.chance(0.3)}
        graph = Graph(fits, lines, must, owned=dice.chance(0.5))
        if expected := brute(graph):  # else the lines contradict each other, and nothing is asked
            assert graph.settle() == expected, graph
            played += 1
    assert played > 700


def test_the_score_counts_what_matters() -> None:
    rows = [
        truth.Row("A", "https://h/x?shop=a", "delivered", certain=True),
        truth.Row("A", "https://h/x?shop=b", "missed", certain=True, arrived=False),
        truth.Row("B", "https://h/x", "recovered", arrived=True),
        truth.Row("C", "https://h/x", "unprocessed", certain=True),
        truth.Row("D", "https://h/x", "refused"),
    ]
    got = [
        ("a", "https://h/x?1234", "missed"),
        ("a", "https://h/x?5678", "delivered"),
        ("b", "https://h/x", "missed"),
        ("c", "https://h/x", "undetermined"),
    ]
    counts = score(rows, got).counts
    assert counts["false missed"] == 1
    assert counts["certain missed found"] == counts["certain missed"] == 1
    assert counts["certain unprocessed"] == 1
    assert counts["left open"] == 1
    assert counts["rightly open"] == 1
    assert counts["other wrong"] == 0
