"""Play worlds, let the tool judge them, and add up: `python -m street.run 0 60 --jobs 2`."""

import argparse
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import hookanalysis as ha

from .play import World, play
from .score import Score, score


@dataclass
class Result:
    """What became of one world."""

    number: int
    score: Score
    dimensions: dict[str, str]
    notes: list[str]
    seconds: float


def judge(world: World) -> tuple[list[tuple[str, str, str]], list[str]]:
    """Load a world's files, reconcile them, and return the outcomes and what was refused."""
    place = world.folder / "case.duckdb"
    notes: list[str] = []
    try:
        ws = ha.connect(place, settings=world.settings)
    except ha.HookAnalysisError as error:
        if not world.settings or "complete" not in str(error):
            raise
        notes.append("the setting `complete` is not known; left out")
        text = world.settings.read_text().replace("complete = true\n", "")
        world.settings.write_text(text)
        ws = ha.connect(place, settings=world.settings)
    for side in ("sender", "receiver"):
        report = ws.load(str(world.folder / side))
        notes += [line for line in str(report).splitlines() if "refused" in line or "error" in line]
    ws.reconcile()
    table = ws.table("deliveries")[["event_uuid", "endpoint_url", "outcome"]]
    got = [(str(e), str(u), str(o)) for e, u, o in table.itertuples(index=False)]
    ws.close()
    return got, notes


def run(number: int, keep: Path | None) -> Result:
    """Play and judge one world; its folder is kept where `keep` says so."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (keep or Path(scratch)) / f"world-{number}"
        folder.mkdir(parents=True)
        world = play(number, folder)
        notes: list[str] = []
        got: list[tuple[str, str, str]] = []
        try:
            got, notes = judge(world)
        except Exception as error:  # noqa: BLE001 (a crash in one world must not hide the others)
            notes = [f"CRASH {type(error).__name__}: {' | '.join(str(error).splitlines())}"]
        seconds = time.perf_counter() - began
        return Result(number, score(world.rows, got), world.plan.dimensions(), notes, seconds)


def share(part: int, whole: int) -> str:
    return f"{part} of {whole}" + (f" ({100 * part / whole:.1f} %)" if whole else "")


def tell(results: list[Result]) -> str:
    """Write the sums, and the worst worlds with what they were made of."""
    total = sum((result.score for result in results), Score())
    c = total.counts
    found = {
        name: share(c[f"{name} found"], c[name])
        for name in ("certain missed", "true missed", "certain unprocessed", "true unprocessed")
    }
    lines = [
        f"worlds: {len(results)}, {sum(bool(r.notes) for r in results)} with notes",
        f"deliveries: {c['deliveries']}, {c['certain']} certain, {c['right']} right",
        f"false missed: {c['false missed']}",
        *(f"{name}, found: {text}" for name, text in found.items()),
        f"certain, yet undetermined: {share(c['left open'], c['certain'])}",
        f"other wrong: {share(c['other wrong'], c['deliveries'])}",
        "",
    ]
    kinds = Counter((f.kind, f.truth, f.got, f.certain) for f in total.failures)
    lines += [
        f"{n:6} {k}: {t} → {g}{', certain' if s else ''}" for (k, t, g, s), n in kinds.most_common()
    ]
    for result in sorted(results, key=lambda result: -result.score.badness)[:25]:
        if result.score.failures or result.notes:
            lines += _world(result)
    return "\n".join(lines)


def _world(result: Result) -> list[str]:
    kinds = Counter((f.kind, f.truth, f.got, f.why) for f in result.score.failures)
    made = result.dimensions
    names = (
        "shape",
        "edge",
        "app",
        "pattern",
        "access",
        "table",
        "pace",
        "asynchronous",
        "endpoints",
        "hooks",
        "url_change",
        "holes",
        "thinned",
        "absent_host",
        "troubles",
        "zone_error",
        "export",
    )
    head = " ".join(
        f"{name}={made[name]}" for name in names if made[name] not in {"", "none", "False", "0"}
    )
    lines = ["", f"world {result.number} ({result.seconds:.1f} s): {head}"]
    lines += [f"   note: {note[:200]}" for note in result.notes[:3]]
    lines += [f"   {n:4} {k}: {t} → {g} {w}" for (k, t, g, w), n in kinds.most_common(5)]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Play worlds and hold the tool's verdicts to their truth."
    )
    parser.add_argument("first", type=int)
    parser.add_argument("last", type=int, help="first number that is not played any more")
    parser.add_argument("--keep", type=Path, help="folder in which the worlds stay")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    numbers = range(options.first, options.last)
    if options.jobs > 1:
        with ProcessPoolExecutor(options.jobs) as pool:
            results = list(pool.map(partial(run, keep=options.keep), numbers))
    else:
        results = [run(number, options.keep) for number in numbers]
    sys.stdout.write(tell(results) + "\n")


if __name__ == "__main__":
    main()
