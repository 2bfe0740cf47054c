"""Where a daily run is at home: Airflow, a container, Prometheus, readers of facts.json."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest
from prometheus_client.parser import text_string_to_metric_families

import hookanalysis as ha
from hookanalysis.errors import InputError
from hookanalysis.exporting import export
from hookanalysis.reporting.reports import check_parameters, find_notebook, read_parameters
from hookanalysis.tables import OUTCOMES
from manual import ROOT, SCHEMA
from test_manual import blocks_of


def test_facts_fit_their_schema_and_no_other(samples: Path) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    fits = jsonschema.Draft202012Validator(schema)
    with ha.connect(samples, read_only=True) as ws:
        found = ws.facts(day="2026-11-21").to_dict()
        fits.validate(found)
        fits.validate(ws.facts(day="2031-01-01").to_dict())
    assert f"version {found['versions']['facts']}" in schema["title"]
    assert not fits.is_valid({**found, "more": 1})
    assert not fits.is_valid({**found, "totals": {**found["totals"], "events": "many"}})


def test_metrics_are_what_prometheus_reads(samples: Path, tmp_path: Path) -> None:
    target = tmp_path / "hookanalysis.prom"
    copy = tmp_path / "case.duckdb"
    shutil.copy(samples, copy)
    hostile = 'edge "of" \\ the\nlog'
    with ha.connect(copy) as ws:
        ws.con.execute("UPDATE generations SET stream = ? WHERE layer = 'edge'", [hostile])
        rows = export(ws, "metrics", target)
        facts = ws.facts()
    families = {f.name: f for f in text_string_to_metric_families(target.read_text("utf-8"))}
    assert rows == sum(len(family.samples) for family in families.values())
    found = {s.labels["outcome"]: s.value for s in families["hookanalysis_deliveries"].samples}
    assert found == {name: facts.count(name) for name in OUTCOMES}
    ends = families["hookanalysis_log_end_timestamp_seconds"].samples
    assert {s.value for s in ends if s.labels["stream"] == hostile} == {1795305579}
    assert target.stat().st_mode & 0o777 == 0o600
    with ha.connect(copy, read_only=True) as ws:
        for table, name in (("metrics", "m.csv"), ("deliveries", "d.prom")):
            with pytest.raises(InputError, match="prom"):
                export(ws, table, tmp_path / name)


def test_the_example_for_airflow_asks_for_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """With operators that note what they are given; their names and arguments are Airflow's."""
    tasks: dict[str, dict[str, Any]] = {}
    order = []

    class Task:
        def __init__(self, *, task_id: str, **given: Any) -> None:
            tasks[task_id] = {"kind": type(self).__name__, **given}
            self.name = task_id

        def __rshift__(self, other: Any) -> None:
            order.append((self.name, other.name))

    places: dict[str, dict[str, Any]] = {
        "airflow.sdk": {"dag": lambda **_: lambda made: made},
        "airflow.providers.standard.operators.bash": {"BashOperator": type("Bash", (Task,), {})},
        "airflow.providers.papermill.operators.papermill": {
            "PapermillOperator": type("Papermill", (Task,), {})
        },
    }
    for place, names in places.items():
        parts = place.split(".")
        for depth in range(1, len(parts) + 1):
            name = ".".join(parts[:depth])
            monkeypatch.setitem(sys.modules, name, sys.modules.get(name) or ModuleType(name))
        vars(sys.modules[place]).update(names)
    page = blocks_of(ROOT / "docs" / "scheduling.md")
    exec(next(block.text for block in page if block.file == "hooks_dag.py"), {})
    assert order == [("reconcile", "notebook")]
    assert tasks["reconcile"]["bash_command"].startswith("/srv/hooks/daily.sh --day ")
    notebook = find_notebook(Path(tasks["notebook"]["input_nb"]).stem)
    nbformat = __import__("nbformat")
    declared = read_parameters(nbformat.read(notebook, 4))
    check_parameters(declared, tasks["notebook"]["parameters"], notebook.name)


def read_steps(text: str) -> list[tuple[str, str]]:
    lines = re.sub(r"\\\n", " ", text).splitlines()
    return [
        (word, rest)
        for word, _, rest in (line.partition(" ") for line in lines)
        if word and not word.startswith("#")
    ]


@pytest.mark.slow
def test_the_container_works_offline(tmp_path: Path) -> None:
    """Its steps, done by hand: no builder of images is at hand everywhere."""
    context, image = tmp_path / "context", tmp_path / "image"
    context.mkdir()
    build: list[Any] = [
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "-t",
        "wheel",
        "-d",
        context / "dist",
    ]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    shutil.copy(ROOT / "requirements.txt", context)
    page = next(b for b in blocks_of(ROOT / "docs" / "scheduling.md") if "pip download" in b.text)
    fetch = next(line for line in page.text.splitlines() if line.startswith("pip download"))
    subprocess.run([sys.executable, "-m", *fetch.split()], cwd=context, check=True)

    def inside(text: str) -> str:
        """The paths of an image, under the folder that stands for it."""
        return re.sub(r"(?<![\w/])/(?=opt|build)", f"{image}/", text)

    # Where a network can be taken away from a process, it is.
    alone = ["unshare", "--net", "--map-root-user"]
    able = (
        shutil.which("unshare")
        and not subprocess.run([*alone, "true"], capture_output=True, check=False).returncode
    )
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def do(command: list[str]) -> str:
        words = [*(alone if able else []), *command]
        done = subprocess.run(
            words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    entry = []
    for word, rest in read_steps((ROOT / "Containerfile").read_text(encoding="utf-8")):
        if word == "COPY" and not rest.startswith("--from"):
            source, target = rest.split()
            place = Path(inside(target))
            place.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (context / source).is_dir() else shutil.copy)(
                context / source, place
            )
        elif word == "RUN" and not rest.startswith("useradd"):
            do(["sh", "-c", inside(rest)])
        elif word == "ENTRYPOINT":
            entry = [inside(part) for part in json.loads(rest)]
    assert re.match(r"hookanalysis, version \d", do([*entry, "--version"]))
    assert "report     out/report.html" in do([*entry, "demo", "-o", "out"])
