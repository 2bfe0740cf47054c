"""Logs that lie in a store: what the documented queries export judges as the whole log does."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

import hookanalysis as ha
from test_manual import ROOT, blocks_of
from test_spark import SPARK

if TYPE_CHECKING:
    from pathlib import Path

SAMPLES = ROOT / "data" / "samples"
DAY = "2026-11-20"
QUERIES = {block.file: block.text for block in blocks_of(ROOT / "docs" / "scale.md") if block.file}
TIME = re.compile(r"\[([^]]+)\]")


def read_time(line: str) -> datetime:
    found = TIME.search(line)
    assert found
    return datetime.strptime(found[1], "%d/%b/%Y:%H:%M:%S %z").astimezone(UTC).replace(tzinfo=None)


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """The samples' access log of one day, among many times as many lines of a busier server."""
    found = []
    for path in sorted((SAMPLES / "receiver" / "edge").iterdir()):
        text = path.read_bytes()
        found += (gzip.decompress(text) if path.suffix == ".gz" else text).decode().splitlines()
    found = [line for line in found if read_time(line).date().isoformat() == DAY]
    start = datetime.fromisoformat(DAY)
    for second in range(0, 86_400, 10):
        at = start + timedelta(seconds=second)
        found.append(
            f'10.0.0.9 - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "GET /shop HTTP/1.1" 200 9 "-" "-"'
        )
    return sorted(found, key=read_time)


def judge(log: Path) -> list[tuple[Any, ...]]:
    with ha.connect(":memory:") as ws:
        assert ws.load(str(SAMPLES / "sender"), str(log)).refused == ()
        ws.reconcile()
        rows: list[tuple[Any, ...]] = ws.rows(
            "SELECT event_uuid, endpoint_url, outcome, detail FROM deliveries ORDER BY ALL"
        )
        return rows


@pytest.fixture(scope="module")
def verdicts(lines: list[str], tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, ...]]:
    log = tmp_path_factory.mktemp("whole") / "edge" / "access.log"
    log.parent.mkdir()
    log.write_text("\n".join(lines) + "\n")
    return judge(log)


@pytest.fixture
def store(lines: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The lines as Parquet, a folder a day; the test's own folder is the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "logs").mkdir()
    con = duckdb.connect()
    moments = [read_time(line) for line in lines]
    con.execute(
        "CREATE TABLE told AS SELECT UNNEST(?) AS line, UNNEST(?) AS moment", [lines, moments]
    )
    con.execute(
        "COPY (SELECT *, CAST(moment AS DATE) AS day FROM told)"
        " TO 'logs/edge' (FORMAT parquet, PARTITION_BY (day))"
    )
    return tmp_path


def test_a_query_over_parquet_brings_what_proves(
    store: Path, lines: list[str], verdicts: list[tuple[Any, ...]]
) -> None:
    duckdb.connect().execute(QUERIES["duckdb.sql"])
    log = store / "edge" / "access.log"
    log.parent.mkdir()
    (store / "access.log").rename(log)
    assert log.read_text().count("\n") < len(lines) / 3
    assert judge(log) == verdicts
    assert {"missed", "delivered"} <= {row[2] for row in verdicts}


@pytest.mark.skipif(not SPARK.exists(), reason="needs `make .venv-spark/spark.stamp`")
def test_a_query_of_clickhouse_brings_the_same(
    store: Path, verdicts: list[tuple[Any, ...]]
) -> None:
    query, form = QUERIES["clickhouse.sql"].split("INTO OUTFILE 'access.log' FORMAT ")
    ask = "import sys, chdb; sys.stdout.buffer.write(chdb.query(*sys.argv[1:]).bytes())"
    asked = [str(SPARK), "-c", ask, query, form.rstrip(";\n")]
    log = store / "edge" / "access.log"
    log.parent.mkdir()
    log.write_bytes(subprocess.run(asked, stdout=subprocess.PIPE, check=True).stdout)
    assert judge(log) == verdicts


def loki(lines: list[str]) -> Any:
    epoch = datetime(1970, 1, 1)  # noqa: DTZ001 - the times are in UTC
    values = [
        [str((read_time(line) - epoch) // timedelta(microseconds=1) * 1000), line] for line in lines
    ]
    # The newest line first, as Loki gives them, and in two streams.
    streams = [
        {"stream": {"app": "edge", "pod": str(n)}, "values": values[n::2][::-1]} for n in (0, 1)
    ]
    return {"status": "success", "data": {"resultType": "streams", "result": streams}}


def insights(lines: list[str]) -> Any:
    rows = [
        [
            {"field": "@timestamp", "value": f"{read_time(line):%Y-%m-%d %H:%M:%S}.000"},
            {"field": "@message", "value": line},
            {"field": "@ptr", "value": str(number)},
        ]
        for number, line in enumerate(lines)
    ]
    return {"queryLanguage": "CWLI", "results": rows, "statistics": {}, "status": "Complete"}


def events(lines: list[str]) -> Any:
    return {
        "events": [
            {
                "logStreamName": "edge",
                "timestamp": int(read_time(line).replace(tzinfo=UTC).timestamp() * 1000),
                "message": line,
                "eventId": str(number),
            }
            for number, line in enumerate(lines)
        ],
        "searchedLogStreams": [],
    }


def told(value: object) -> dict[str, object]:
    """A value as OpenTelemetry writes it."""
    if isinstance(value, dict):
        return {"kvlistValue": {"values": attributes(value)}}
    kind = {bool: "boolValue", int: "intValue", float: "doubleValue", list: "arrayValue"}
    inner = {"values": [told(one) for one in value]} if isinstance(value, list) else value
    return {kind.get(type(value), "stringValue"): inner}


def attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": told(value)} for key, value in values.items()]


def export(at: datetime, body: object, **more: Any) -> str:
    """One line of a collector's file, with one record."""
    nanoseconds = int(at.replace(tzinfo=UTC).timestamp() * 1000) * 1_000_000
    record = {"timeUnixNano": str(nanoseconds), "severityText": "INFO", "body": told(body), **more}
    resource = {"attributes": attributes({"host.name": "web-1"})}
    scopes = [{"scope": {}, "logRecords": [record]}]
    return json.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": scopes}]}) + "\n"


def test_a_collectors_file_is_read_as_the_log_and_grows_with_it(
    lines: list[str], verdicts: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    log = tmp_path / "edge" / "access.json"
    log.parent.mkdir()
    text = "".join(
        export(read_time(line), line, attributes=attributes({"log.file.name": "access.log"}))
        for line in lines
    )
    log.write_text(text)
    assert judge(log) == verdicts
    with ha.connect(tmp_path / "w.duckdb") as ws:
        log.write_text(text[: len(text) // 2])
        assert ws.load(str(log)).files[0].rejected == 0
        log.write_text(text)
        ws.load(str(log))
        assert ws.sql("SELECT SUM(records) AS n FROM activity").n[0] == len(lines)


def test_what_an_application_told_a_collector_is_an_object(tmp_path: Path) -> None:
    log = tmp_path / "app.json"
    event = "6f1c5511-7b3f-4e17-b11e-58892061a6ab"
    request = {"http.request.method": "POST", "url.path": "/webhooks/showpass"}
    answer = {"http.response.status_code": 200, "webhook_event_uuid": event}
    at = datetime(2026, 11, 20, 10)  # noqa: DTZ001 - UTC
    log.write_text(
        export(at, "request", attributes=attributes(request | answer))
        + export(at, {"msg": "request", "tags": ["a"], **request, **answer})
    )
    with ha.connect(":memory:") as ws:
        ws.load(str(log))
        query = "SELECT DISTINCT event_uuid, method, path, http_status FROM receipt_records"
        assert ws.sql(query).values.tolist() == [[event, "POST", "/webhooks/showpass", 200]]


@pytest.mark.parametrize("answer", [loki, insights, events])
def test_the_answer_of_a_log_store_is_read_as_the_log(
    answer: Any, lines: list[str], verdicts: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    log = tmp_path / "edge" / "access.json"
    log.parent.mkdir()
    log.write_text(json.dumps(answer(lines)))
    assert judge(log) == verdicts


def test_what_only_begins_as_an_answer_stays_what_it_is(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    line = '{"resultType":"streams","time":"2026-11-20T10:00:00Z","message":"POST /webhooks/x 200"}'
    log.write_text(f"{line}\n" * 3)
    with ha.connect(":memory:") as ws:
        (report,) = ws.load(str(log)).files
        assert (report.status, report.kept) == ("loaded", 3)
