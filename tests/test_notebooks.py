"""Each notebook, run twice over one workspace, shows the same thing (nbval, strict).

The notebooks in git are stripped; `make test` runs those with `--nbval-lax`, from the bundled
samples. What they show is only held against something here: one executed copy is run again, and
every output must come out equal.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_second_run_shows_the_same(path: Path, samples: Path, tmp_path: Path) -> None:
    executed = tmp_path / path.name
    code = (
        "import papermill, sys;"
        "papermill.execute_notebook(*sys.argv[1:3], {'workspace': sys.argv[3]},"
        " kernel_name='python3', progress_bar=False)"
    )
    run([sys.executable, "-c", code, str(path), str(executed), str(samples)], tmp_path)
    # Settings of its own, so that only what nbval compares can fail.
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    nbval = ["--nbval", "--nbval-current-env", "--nbval-cell-timeout=120"]
    run([sys.executable, "-m", "pytest", *nbval, str(executed)], tmp_path)


def run(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
