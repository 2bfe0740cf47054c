"""JupyterLab itself: each notebook run top to bottom through its own page.

It runs where `make lab` has made its environment, or `HOOKANALYSIS_LAB` names another's `bin`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import cases
import hookanalysis
from browser import CHROMIUM, Browser
from hookanalysis.markup import CHART_MIME

ROOT = Path(__file__).parent.parent
LAB = Path(os.environ.get("HOOKANALYSIS_LAB") or ROOT / ".venv-lab" / "bin") / "jupyter-lab"
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        not CHROMIUM or not LAB.is_file(), reason="needs Chromium, and JupyterLab (`make lab` once)"
    ),
]
PANEL = "jupyterapp.shell.currentWidget"
CELLS = f"{PANEL}.content.widgets.filter((cell) => cell.model.type === 'code')"
OUTPUTS = f"{CELLS}.flatMap((cell) => cell.model.outputs.toJSON())"
ERRORS = f"{OUTPUTS}.filter((one) => one.output_type === 'error')"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for all notebooks: JupyterLab's own scripts come out of its cache."""
    with Browser() as running:
        yield running


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running JupyterLab over copies of the notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        shutil.copy(path, folder)
    command = [
        *(str(LAB), "--no-browser", "--allow-root", "--port=0", "--ip=127.0.0.1"),
        *("--LabApp.expose_app_in_browser=True", f"--ServerApp.root_dir={folder}"),
        *("--LabApp.extension_manager=readonly", "--LabApp.news_url=None"),
    ]
    home = {"HOME": str(folder), "JUPYTER_CONFIG_DIR": str(folder / "config")}
    paths = {"PYTHONPATH": str(Path(hookanalysis.__file__).parents[1])}
    server = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, **home, **paths}
    )
    try:
        assert server.stderr
        for line in server.stderr:
            if found := re.search(r"http://127\.0\.0\.1:\d+/lab\?token=\w+", line):
                break
        else:
            pytest.fail("JupyterLab did not start")
        # What it goes on to log is read away: a full pipe would stop it.
        rest = threading.Thread(target=server.stderr.read, daemon=True)
        rest.start()
        yield found[0]
        server.terminate()
        rest.join(timeout=60)
    finally:
        server.kill()
        server.communicate()


@pytest.mark.parametrize("name", cases.NOTEBOOKS)
def test_a_notebook_runs_in_its_own_page(name: str, address: str, browser: Browser) -> None:
    # In a workspace of its own: the default one opens again what was open before.
    place = f"/lab/workspaces/{name}/tree/{name}.ipynb?"
    page = browser.visit(address.replace("/lab?", place))
    page.wait(f"window.jupyterapp && {PANEL} && {PANEL}.context && {PANEL}.context.isReady")
    page.wait(f"{PANEL}.context.sessionContext.session?.kernel?.status === 'idle'")
    page.run("void jupyterapp.commands.execute('runmenu:run-all')")
    page.wait(f"{CELLS}.every((c) => c.model.executionCount) || {ERRORS}.length")
    assert page.run(ERRORS) == []
    charts = f"{OUTPUTS}.filter((one) => one.data && '{CHART_MIME}' in one.data).length"
    assert page.run(charts) >= 2
    drawn = "document.querySelectorAll('.vega-embed svg, .vega-embed canvas').length"
    page.wait(f"{drawn} >= 1")
    if name == "delivery_gap":
        faint = "document.querySelectorAll('.mark-symbol path[opacity=\"0.15\"]').length"
        page.wait("document.querySelector('.vega-embed .mark-symbol path')")
        page.run("document.querySelector('.vega-embed').scrollIntoView({block: 'start'})")
        assert page.run(faint) == 0
        page.mark(0.4, 0.6)
        page.wait(f"{faint} > 10")
    ours = ("http://127.0.0.1", "data:", "blob:")
    assert [url for url in page.requests if not url.startswith(ours)] == []
    # Neither its kernel nor its page idles on beside the next.
    page.run(f"{PANEL}.context.sessionContext.shutdown().then(() => 1)")
    page.call("Page.close")
