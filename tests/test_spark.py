"""Spark runs the package's own loader: a workspace that is fetched is the one that is loaded."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import hookanalysis as ha
from hookanalysis.errors import InputError
from hookanalysis.load import spark as lakes
from hookanalysis.load.offers import Wishes, find_samples
from hookanalysis.settings import Known
from hookanalysis.tables import BASE_TABLES, RESULTS
from proof import draw_case, play
from test_loading import access_line

SPARK = Path(__file__).parents[1] / ".venv-spark" / "bin" / "python"
SCRIPT = Path(__file__).parent / "spark_script.py"
needs_spark = pytest.mark.skipif(
    not (SPARK.exists() and shutil.which("java")),
    reason="needs Java, and `make .venv-spark/spark.stamp`",
)


def tables(ws: ha.Workspace) -> dict[str, Any]:
    names = [table.name for table in (*BASE_TABLES, *RESULTS) if table.name != "meta"]
    return {name: ws.rows(f"FROM {name} ORDER BY ALL") for name in names}


def write_logs(folder: Path) -> None:
    folder.mkdir()
    text = "".join(access_line(n) for n in range(100))
    (folder / "a.log").write_text(text)
    (folder / "b.log.gz").write_bytes(gzip.compress(text.encode()))
    (folder / "c.log").write_text(text + access_line(100))
    (folder / "d.log").write_text("no log\n" * 20)
    (folder / "e f%41.log").write_text("".join(access_line(n) for n in range(500, 520)))


@needs_spark
@pytest.mark.long
def test_what_is_fetched_is_what_is_loaded(tmp_path: Path) -> None:
    write_logs(tmp_path / "logs")
    truth, world = draw_case(7), tmp_path / "world"
    play(truth, world)[1].close()
    settings = world / "hookanalysis.toml"
    with find_samples() as samples:
        wishes = {
            "logs": ([f"{tmp_path}/logs"], None),
            "samples": ([f"{samples}/sender", f"{samples}/receiver"], None),
            "world": (
                [f"{world}/sender", f"{world}/receiver"],
                str(settings) if settings.exists() else None,
            ),
        }
        environment = {**os.environ, "PYSPARK_PYTHON": str(SPARK)}
        told = subprocess.run(
            [SPARK, SCRIPT, tmp_path, json.dumps(wishes)],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert told.returncode == 0, told.stderr[-2000:]
        said = json.loads((tmp_path / "said.json").read_text())
        for name in ("samples", "world"):
            paths, file = wishes[name]
            loaded = ha.connect(tmp_path / "here.duckdb", settings=file or ha.Settings())
            fetched = ha.connect(tmp_path / f"{name}.duckdb", settings=file or ha.Settings())
            with loaded, fetched:
                loaded.load(*paths, jobs=1)
                for ws in (loaded, fetched):
                    ws.reconcile()
                assert tables(fetched) == tables(loaded)
                assert tables(loaded)["deliveries"]
            (tmp_path / "here.duckdb").unlink()
    assert {status for report in ("samples", "world") for _, status, _ in said[report][2]} == {
        "unchanged"
    }
    lake, done, _ = said["logs"]
    assert [(name, status) for name, status, _ in lake] == [
        ("a.log", "loaded"), ("b.log.gz", "loaded"), ("c.log", "loaded"), ("d.log", "refused"),
        ("e f%41.log", "loaded"),
    ]  # fmt: skip
    assert [status for _, status, _ in done] == [
        "loaded", "unchanged", "refused", "refused", "loaded"
    ]  # fmt: skip
    assert "begins as one that is loaded" in done[2][2]
    assert "1.9.9" in said["version"]


@pytest.mark.parametrize(
    ("names", "told", "wrong"),
    [
        (["edge/access.log", "edge/access.log.1", "app/app.log"], {}, ""),
        (["logs/web1.log", "logs/web2.log"], {}, ""),
        (["alb/20261128T0000Z_10.0.0.1_4k2j3h4g.log.gz"] * 2, {}, ""),
        ([f"cdn/E2EX.2026-11-28-00.{n}f3e4d5c6.gz" for n in (1, 2)], {}, "which log"),
        ([f"cdn/E2EX.2026-11-28-00.{n}f3e4d5c6.gz" for n in (1, 2)], {"stream": "cdn"}, ""),
    ],
)
def test_objects_with_random_names_need_a_stream(
    names: list[str], told: dict[str, Any], wrong: str
) -> None:
    wishes = Wishes(ha.Settings(), Known(**told))
    sizes = {f"s3a://logs/{name}": 5 for name in names}
    if not wrong:
        lakes._check_objects(sizes, wishes)
        return
    with pytest.raises(InputError, match=wrong):
        lakes._check_objects(sizes, wishes)


def test_an_object_of_more_than_two_gigabytes_is_named() -> None:
    with pytest.raises(InputError, match="too large") as error:
        lakes._check_objects({"s3a://logs/a.log": 2**31}, Wishes(ha.Settings()))
    assert error.value.where == "s3a://logs/a.log"
