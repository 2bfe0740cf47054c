"""Each notebook runs as it is opened, and, run twice over one workspace, shows the same thing.

The notebooks in git are stripped; `make test-long` runs them with `--nbval-lax` in kernels of their
own, from the bundled samples. What they show is only held against something here: an executed copy
is run again (nbval, strict), and every output must come out equal.
"""

from __future__ import annotations

import builtins
import json
import subprocess
import sys
from pathlib import Path

import pytest

import hookanalysis as ha
from hookanalysis.reporting.reports import find_notebook, list_notebooks

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", list_notebooks())
def test_a_notebook_runs_as_it_is_opened(
    name: str, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its parameters are empty then, and it reads the samples; here they have been read."""
    shown: list[object] = []
    monkeypatch.setattr(builtins, "display", lambda *blocks: shown.extend(blocks), raising=False)
    cells = json.loads(find_notebook(name).read_text(encoding="utf-8"))["cells"]
    names: dict[str, object] = {}
    with ha.connect(samples, read_only=True) as ws:
        monkeypatch.setattr(ha.Workspace, "load_samples", lambda _: ws)
        for cell in cells:
            if cell["cell_type"] == "code":
                *lines, last = "".join(cell["source"]).splitlines()
                # What stands last in a cell is shown.
                shows = last.startswith(("sections.", "charts."))
                exec("\n".join([*lines, f"display({last})" if shows else last]), names)
    told = "".join(getattr(block, "html", "") for block in shown)
    assert len(shown) > 5
    assert "receiver/edge/access.log" in told


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
