"""What `test_spark.py` runs in the environment that has PySpark: logs → lakes → workspaces."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import duckdb
from pyspark.sql import SparkSession

from hookanalysis.errors import InputError
from hookanalysis.load import spark as lakes
from hookanalysis.settings import Settings, read_settings


def main(home: Path, wishes: dict[str, tuple[list[str], str | None]]) -> None:
    """Make `<name>.duckdb` of each name's paths; note what was said of each object."""
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", value=False)
    spark = builder.getOrCreate()
    said: dict[str, object] = {}
    for name, (paths, file) in wishes.items():
        told = read_settings(file) if file else Settings()
        lake = lakes.load(spark, paths, f"{home}/{name}-lake", settings=told)
        done = lakes.fetch(lake, home / f"{name}.duckdb", settings=told)
        copy = home / f"{name}-again.duckdb"
        shutil.copy(home / f"{name}.duckdb", copy)
        again = lakes.fetch(lake.path, copy, settings=told)
        said[name] = [
            [(Path(file.path).name, file.status, file.reason) for file in report.files]
            for report in (lake, done, again)
        ]
    duckdb.__version__ = "1.9.9"
    try:
        lakes.fetch(f"{home}/{name}-lake", ":memory:", settings=Settings())
    except InputError as error:
        said["version"] = str(error)
    spark.stop()
    (home / "said.json").write_text(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
