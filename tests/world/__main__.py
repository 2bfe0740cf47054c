"""`python -m world FOLDER`: write the bundled samples into a new folder, with their README."""

from __future__ import annotations

import sys
from pathlib import Path

from .runs import simulate
from .scenarios import Scenario

_README = """# Simulated logs of both sides

Written by `make samples` ({about}); nothing here is real, all people are invented.
Made again with the same numbers, it is the same to the byte.

- `sender/`: two exports of the sender's attempts. They overlap; the later one knows the
  results of attempts that were pending in the earlier one.
- `receiver/edge/`: access log of the nginx in front of the shop; no uuid in it, time in UTC-7.
- `receiver/app/`: the shop's application log (JSON lines) and the CRM's (text). The shop's clock is
  2.3 s ahead and drifts, the CRM's is 0.8 s behind. Older days are `.1` and `.N.gz`.
- `truth.csv`: what became of each event at each endpoint as far as these files can show, what is to
  blame, and the fault that was played. `certain` is false where the files leave a doubt.
- `truth_windows.csv`: faults that lasted for a while, and how many deliveries failed in a row.

| outcome | deliveries |
|---|---|
{outcomes}
"""


def write_samples(folder: Path) -> None:
    """The world of the defaults; the README says so in words."""
    truth, usual = simulate(folder), Scenario()
    text = _README.format(
        about=f"{usual.events} events, {usual.days} days from {usual.start}, seed {usual.seed}",
        outcomes="\n".join(f"| {name} | {n} |" for name, n in truth.count_outcomes().most_common()),
    )
    (folder / "README.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_samples(Path(sys.argv[1]))
