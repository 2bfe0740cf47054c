"""Each notebook, run twice over one workspace, shows the same thing (nbval, strict).

The notebooks in git are stripped; `make test` runs the daily one with `--nbval-lax`, from the
bundled samples, and `make test-long` the others. What they show is only held against something
here: an executed copy is run again, and every output must come out equal.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.long
def test_a_second_run_shows_the_same(samples: Path, tmp_path: Path) -> None:
    code = (
        "import papermill, pathlib, sys\n"
        "for path in pathlib.Path(sys.argv[1]).glob('*.ipynb'):\n"
        "    papermill.execute_notebook(path, path.name, {'workspace': sys.argv[2]},"
        " kernel_name='python3', progress_bar=False)\n"
    )
    run([sys.executable, "-c", code, str(ROOT / "notebooks"), str(samples)], tmp_path)
    # Settings of its own, so that only what nbval compares can fail.
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    nbval = ["--nbval", "--nbval-current-env", "--nbval-cell-timeout=120"]
    run([sys.executable, "-m", "pytest", *nbval, str(tmp_path)], tmp_path)


def run(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=480
    )
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
