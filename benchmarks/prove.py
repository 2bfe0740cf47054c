"""Prove the verdicts: play many worlds whose truth is known, and count what was told wrong.

    make prove                          a thousand cases, and the table goes into docs/accuracy.md
    make prove CASES="--seeds 100"      a quick look; nothing is written
    make prove CASES="--fault app_down" only cases with this fault
    make prove CASES="--case 17 --keep DIR"  one case again, its files and workspace kept in DIR

A case is drawn from its number. Exit code 1: a gate is not met.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

from proof import FIRST_RUSH, RUSHES, Case, Score, draw_case, draw_rush, play, score

PAGE = Path(__file__).parent.parent / "docs" / "accuracy.md"
CASES = 1000
RUSH_CASES = 100


@dataclass(frozen=True)
class Gate:
    """One line of the table."""

    title: str
    value: float
    aim: str
    met: bool
    told: str

    def __str__(self) -> str:
        mark = "" if self.met else " **not met**"
        return f"| {self.title} | {self.told}{mark} | {self.aim} |"


def main() -> int:
    """Run the cases, print the table and the failures; write the page after a whole run."""
    arguments = _read_arguments()
    if arguments.case is not None:
        return _show(arguments.case, arguments.keep)
    cases = [draw_case(number) for number in range(arguments.seeds)]
    cases += [draw_rush(FIRST_RUSH + n) for n in range(arguments.seeds * RUSH_CASES // CASES)]
    if arguments.fault:
        cases = [case for case in cases if arguments.fault in case.faults]
    total = Score()
    with get_context("spawn").Pool(arguments.processes) as pool:
        for done, part in enumerate(pool.imap(run, cases, chunksize=4), 1):
            total.add(part)
            if sys.stderr.isatty():
                print(f"\r{done} of {len(cases)} cases", end="", file=sys.stderr, flush=True)
    gates = list(_gates(total))
    text = _table(total, gates)
    print(text)
    _list_failures(total, arguments.failures)
    if arguments.write:
        _write_page(text)
    return int(not all(gate.met for gate in gates))


def run(case: Case) -> Score:
    """Score a case in a folder of its own."""
    with TemporaryDirectory() as folder:
        return score(case, Path(folder))


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=CASES, help="how many cases")
    parser.add_argument("--fault", help="only cases with this fault")
    parser.add_argument("--case", type=int, help="this case only, with all that is wrong in it")
    parser.add_argument("--keep", type=Path, help="folder for the files of that case")
    parser.add_argument("--failures", type=int, default=40, help="how many to list")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="put the table into docs/accuracy.md")
    return parser.parse_args()


def _show(number: int, keep: Path | None) -> int:
    """One case, and everything that is wrong in it."""
    case = draw_rush(number) if number >= FIRST_RUSH else draw_case(number)
    print(f"case {number}: {case}")
    if keep:
        rmtree(keep / "files", ignore_errors=True)
        (keep / "case.duckdb").unlink(missing_ok=True)
        play(case, keep / "files", keep / "case.duckdb")[1].close()
    found = run(case)
    print(*found.failures, sep="\n")
    return int(bool(found.failures))


def _gates(total: Score) -> Iterator[Gate]:
    counts = total.counts

    def share(title: str, part: str, whole: str, aim: str, meets: Callable[[float], bool]) -> Gate:
        value = counts[part] / counts[whole] if counts[whole] else 0.0
        told = f"{_percent(value)} ({counts[part]:,} of {counts[whole]:,})"
        return Gate(title, value, aim, not counts[whole] or meets(value), told)

    wrong = counts["false missed"]
    yield Gate("false `missed`", wrong, "0", not wrong, f"{wrong:,} of {counts['got missed']:,}")
    yield share(
        "`missed` found, of those that the files prove",
        *("certain right missed", "certain missed"),
        "≥ 99 %",
        lambda v: v >= 0.99,
    )
    yield share(
        "`undetermined` although all evidence is there",
        *("whole undetermined", "whole"),
        "≤ 0.5 %",
        lambda v: v <= 0.005,
    )
    yield share(
        "`duplicated` that is right (precision)",
        *("right duplicated", "got duplicated"),
        "≥ 99 %",
        lambda v: v >= 0.99,
    )
    yield share(
        "`duplicated` found (recall)",
        *("certain right duplicated", "certain duplicated"),
        "≥ 99 %",
        lambda v: v >= 0.99,
    )
    yield share(
        "other verdicts that are wrong", "wrong", "deliveries", "≤ 0.1 %", lambda v: v <= 0.001
    )
    overlap = sum(total.overlaps) / len(total.overlaps) if total.overlaps else 0.0
    yield Gate(
        "overlap of incidents and outages in time (IoU, mean)",
        overlap,
        "≥ 0.8",
        not total.overlaps or overlap >= 0.8,
        f"{overlap:.2f} ({len(total.overlaps):,} outages)",
    )
    yield share(
        "incidents rightly told as of one endpoint, or of the whole server",
        *("outages scoped", "outages found"),
        "≥ 95 %",
        lambda v: v >= 0.95,
    )
    for kind, aim in (("single", 0.95), ("double", 0.85)):
        if counts[f"causes {kind}"]:
            yield share(
                f"first finding is the root cause, {kind} fault",
                *(f"causes right {kind}", f"causes {kind}"),
                f"≥ {aim:.0%}".replace("%", " %"),
                lambda v, aim=aim: v >= aim,  # type: ignore[misc]
            )


def _table(total: Score, gates: list[Gate]) -> str:
    counts = total.counts
    size = f"{counts['cases']:,} simulated worlds, {counts['deliveries']:,} deliveries"
    lines = [
        f"{size}, {datetime.now(UTC):%Y-%m-%d}, `make prove`:",
        "",
        "| what | measured | aim |",
        "|---|---|---|",
        *map(str, gates),
    ]
    rushes = [f"rush {rate}" for rate in RUSHES if counts[f"rush {rate} deliveries"]]
    if rushes:
        lines += [
            "",
            "Without any uuid in the receiver's logs, by times alone:",
            "",
            "| per second | named | of these right | missed | named missed, right | at least |",
            "|---|---|---|---|---|---|",
            *(_rush_line(rush, counts) for rush in rushes),
        ]
    return "\n".join(lines)


def _rush_line(rush: str, counts: Counter[str]) -> str:
    named, right = counts[f"{rush} named"], counts[f"{rush} named right"]
    cells = (
        rush.split()[1],
        _percent(named / counts[f"{rush} deliveries"]),
        _percent(right / named) if named else "none",
        f"{counts[f'{rush} missed']:,}",
        f"{counts[f'{rush} named missed']:,}, {counts[f'{rush} right missed']:,}",
        f"{counts[f'{rush} at least']:,}",
    )
    return f"| {' | '.join(cells)} |"


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %".replace(".00 %", " %")


def _list_failures(total: Score, limit: int) -> None:
    grouped: dict[tuple[str, str, str], list[int]] = {}
    for failure in total.failures:
        key = (failure.fault, failure.expected, failure.got)
        grouped.setdefault(key, []).append(failure.case)
    print(f"\n{len(total.failures):,} failures")
    ranked = sorted(grouped.items(), key=lambda item: (-len(item[1]), item[0]))
    for (fault, expected, got), cases in ranked[:limit]:
        some = ", ".join(map(str, sorted(set(cases))[:8]))
        print(f"{len(cases):5} {fault}: {expected} → {got}   cases {some}")


def _write_page(text: str) -> None:
    opening, closing = "<!-- accuracy -->\n", "<!-- /accuracy -->"
    before, rest = PAGE.read_text(encoding="utf-8").split(opening)
    after = rest.split(closing)[1]
    PAGE.write_text(f"{before}{opening}\n{text}\n\n{closing}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
