"""Canaries: secrets planted in every place where logs hold them are found in no output."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import re
import shutil
import time
import zipfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner

import cases
import hookanalysis as ha
from hookanalysis.cli import cli
from hookanalysis.daily import compose
from hookanalysis.database import Database
from hookanalysis.exporting import export
from hookanalysis.reporting.reports import run_report
from hookanalysis.tables import TABLES
from test_cli import run_here

# What stands in both sides' payloads, under these keys.
PAYLOAD = {
    "customer_name": "Zebedee Quuxley",
    "first_name": "Philomena",
    "last_name": "Wrzesniewski",
    "customer_email": "zeb.quuxley@canary.example",
    "customer_phone_number": "+1 403 555 7391",
    "mobile": "403-555-8264",
    "billing_address": "77 Thistledown Mews",
    "street": "Gorsehill Passage 9",
    "city": "Yellowhammer",
    "postal_code": "T2X 9K4",
    "card_number": "4012 8888 8888 1881",
    "card_holder": "Z E QUUXLEY-HOLT",
    "barcode_string": "BX7391QZ22",
    "api_key": "kalypso-73-mimosa",
    "user": "zquux81",
    "iban": "DE44500105175407324931",
    "birth_date": "1981-07-03",
    "password": "correct horse batteries",
}
# What stands in messages, answers and exceptions, among other words.
WORDS = {
    "name": "Barnaby Featherstonehaugh",
    "e-mail": "barnaby@feather.example",
    "phone": "(587) 555-0142",
    "card": "5555 5555 5555 4444",
    "key": "sk_live_51HcanaryMessage",
    "cloud key": "AKIAIOSFODNN7CANARY1",
    "hook secret": "whsec_canaryMfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "chat token": "xoxb-1234567-canarychat",
    "web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl",
    "database": "postgres://svc:PlumTreeJam@db/shop",
    "session": "PHPSESSID=canarySession4471",
    "account key": "AccountKey=canaryAccount5512",
    "model key": "sk-proj-canaryModel-7Zq1Xw9Rt5Yb",
    "bot": "110201543:AAcanaryBotTcvCH1vGWJxfSeofSAs0K5P",
    "private key": r"-----BEGIN PRIVATE KEY-----\nMIIcanaryKey77\n-----END PRIVATE KEY-----",
    "card after a number": "7 4111 1111 1111 1111",
    "social": "078-05-1120",
}
# The credentials that headers hold.
HEADERS = {
    "Authorization": "Bearer canaryBearerZ9x8",
    "Proxy-Authorization": "Basic Y2FuYXJ5OmJhc2lj",
    "Cookie": "sid=canaryCookie77; theme=dark",
    "X-Api-Key": "canaryHeaderKey55",
    "X-Auth-Token": "canaryAuthToken31",
    "X-Csrf-Token": "canaryCsrf90",
}
# Segments of paths, and values in queries.
PATHS = {
    "e-mail": "path.person@canary.example",
    "coded e-mail": "coded.person%40canary.example",
    "twice coded e-mail": "twice.person%2540canary.example",
    "social": "219-09-9999",
    "key": "sk_live_51HcanaryPath",
    "hook": "Ab3dEf6hIj9kLmN0pQrStUv2",
    "few digits": "BCHI6CKN6BKDTMQY54CHFJEVVFIBFNBL",
    "digest": "9f8e7d6c5b4a39281706f5e4d3c2b1a0deadbeef",
    "card": "4222222222222222",
    "card in groups": "4000-1234-5678-9017",
    "phone": "+14035557777",
    "phone in groups": "403-555-7812",
    "account": "DE89370400440532013000",
    "keyed": "token=canaryPathToken",
    "barcode": "8412345678905",
    "code host": "ghp_canaryAbCdEf0123456789AbCdEf01234567",
}
QUERIES = {
    "token": "canaryQueryToken",
    "email": "query@canary.example",
    "q": "Peregrine Ashby",
    "access_key_id": "AKIACANARYKEYID12345",
}
# In the place of columns, of keys, and in names of files.
COLUMNS = {
    "column": "Ottoline Marchbanks",
    "column e-mail": "ottoline@canary.example",
    "json key": "Cuthbert Hollow",
    "json key e-mail": "cuthbert@canary.example",
    "payload key": "rk_live_canaryPayloadKey",
}
FILES = {
    "file": "files.person@canary.example",
    "file key": "sk_live_51HcanaryFile",
    "file model key": "sk-canary0FileUMAFGrM14gENAsIrsD3mbLFecbVjaf",
    "file tracker key": "lin_api_canaryUMAFGrM14gENAsIrsD3mb",
    "file random word": "Zk7QvT2xLm9RcW4bYh8NpD3s",
    "file coded bytes": "q3dXw0NfT1kzR2pYb1VhS8x6Lm4=",
}

CANARIES = {
    f"{place}: {field}": value
    for place, fields in (
        ("payload", PAYLOAD),
        ("words", WORDS),
        ("header", HEADERS),
        ("path", PATHS),
        ("query", QUERIES),
        ("names", COLUMNS),
        ("files", FILES),
    )
    for field, value in fields.items()
}
UUID = "06d5dc13-0000-4000-8000-{:012}".format
CLEAN = "https://tickets.example.com/webhooks/showpass"


@dataclass(frozen=True)
class Planted:
    """A case with canaries on both sides, loaded and reconciled in its folder."""

    folder: Path
    said: str  # by the commands that made it

    @property
    def workspace(self) -> Path:
        return self.folder / "case.duckdb"


def found_in(text: str, *, but: tuple[str, ...] = ()) -> list[str]:
    """The canaries that a text holds, as they are or as JSON, URLs and pages write them."""
    plain = re.sub(
        r"\\u00([0-9a-f]{2})|&#(\d+);", lambda m: chr(int(m[1], 16) if m[1] else int(m[2])), text
    )
    return [
        name
        for name, value in CANARIES.items()
        if name not in but and any(w in plain for w in (value, quote(value, safe=""), _bare(value)))
    ]


def _bare(value: str) -> str:
    """A value without the word in front that says its kind, and what stands around it."""
    value = re.sub(r"^-----BEGIN .*?\\n(\w+)\\.*$", r"\1", value)
    kind = r"^(?:Bearer |Basic |sid=|postgres://|PHPSESSID=|AccountKey=|7 )(.*?)(?:;.*|@db/shop)?$"
    return re.sub(kind, r"\1", value)


def read_made(folder: Path) -> Iterator[tuple[str, str]]:
    """Each file below a folder with its text; what is packed within it, unpacked."""
    for file in filter(Path.is_file, folder.rglob("*")):
        parts = [file.read_bytes()]
        if file.suffix == ".xlsx":
            with zipfile.ZipFile(file) as book:
                parts = [book.read(name) for name in book.namelist()]
        texts = [part.decode("utf-8", "replace") for part in parts]
        packed = re.findall(r'data-rest="([^"]+)"', texts[0])
        unpacked = [zlib.decompress(base64.b64decode(rest)).decode() for rest in packed]
        yield str(file.relative_to(folder)), "\n".join((*texts, *unpacked))


def urls() -> list[str]:
    """Endpoints with a secret each in the path, and in the query."""
    paths = [f"https://tickets.example.com/hooks/{segment}/in" for segment in PATHS.values()]
    paths += [f"{CLEAN}?{key}={quote(value)}" for key, value in QUERIES.items()]
    return [*paths, "https://svc:canaryUserInfo@tickets.example.com/webhooks/showpass", CLEAN]


def plant(folder: Path) -> None:
    """Logs of both sides: an event for each secret, which is all over its lines."""
    (folder / "logs").mkdir()
    rows, access, app, text = [], [], [], []
    said = [*WORDS.values()]
    for n, url in enumerate([*urls(), *[CLEAN] * len(said)]):
        uuid, time = UUID(n), f"2026-11-20T10:{n:02}:00"
        payload = {
            "id": UUID(900 + n),
            "event_type": "invoice.purchase",
            "data": {**PAYLOAD, "id": n, COLUMNS["payload key"]: 1},
        }
        payload |= {"webhook_event_uuid": uuid}
        word = said[n % len(said)]
        answer = f"could not process order for {word}"
        status = 500 if n % 3 == 0 else 200
        rows.append(
            [time + "Z", "invoice.purchase", url, "Failed" if n % 3 == 0 else "Success", status]
        )
        rows[-1] += [json.dumps(payload), answer, f"4000{n}"]
        target = url.partition("tickets.example.com")[2]
        stamp = f"20/Nov/2026:10:{n:02}:01 +0000"
        access.append(
            f'34.83.8.110 - zquux81 [{stamp}] "POST {target} HTTP/1.1" {status} 9 "-" "Showpass"\n'
        )
        app.append(
            json.dumps(
                {"time": time + "Z", "level": "info", "msg": f"webhook received {word}"}
                | {"path": target, "method": "POST", "status": status, "webhook_event_uuid": uuid}
                | {"headers": HEADERS, "body": json.dumps(payload)}
                | ({"exception": f"ValueError: bad value {word}\n  at x"} if status == 500 else {})
            )
            + "\n"
        )
        keyed = " ".join(f'{key}="{value}"' for key, value in PAYLOAD.items())
        text.append(f"{time}Z INFO webhook_event_uuid={uuid} webhook processed {word} {keyed}\n")
    out = io.StringIO()
    writer = csv.writer(out)
    head = ["Timestamp", "Event Type", "Endpoint URL", "Status", "HTTP Status Code"]
    writer.writerow([*head, "Payload", "Response", "ID"])
    writer.writerows(rows)
    (folder / "logs" / "sent.csv").write_text(out.getvalue())
    (folder / "logs" / "access.log").write_text("".join(access))
    (folder / "logs" / "app.jsonl").write_text("".join(app))
    (folder / "logs" / "worker.log").write_text("".join(text))
    for name in FILES.values():
        (folder / "logs" / f"web-{name}.log").write_text(
            "".join(access[:2]).replace("10:0", "11:3")
        )
    table = f"{COLUMNS['column']},{COLUMNS['column e-mail']},2026-11-20 10:00:00,ok\n"
    (folder / "logs" / "unknown.csv").write_text(table + table.replace("10:00", "10:01") * 3)
    keys = {COLUMNS["json key"]: 1, COLUMNS["json key e-mail"]: {"seen": "x"}, **PAYLOAD}
    (folder / "logs" / "unknown.jsonl").write_text(f"{json.dumps(keys)}\n" * 4)
    (folder / "logs" / "broken.log").write_text(
        "".join(access[:3]) + f"POST /hooks Zebedee Quuxley {WORDS['key']} {PAYLOAD['password']}\n"
    )
    listed = json.dumps([url for url in urls() if "canaryUserInfo" not in url])
    (folder / "hookanalysis.toml").write_text(f"endpoints = {listed}\n")


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    folder = tmp_path_factory.mktemp("canaries")
    plant(folder)
    before = Path.cwd()
    os.chdir(folder)
    try:
        words = (["load", "logs"], ["reconcile"], ["status"], ["doctor"])
        said = "".join(_say(*line) for line in words)
        yield Planted(folder, said)
    finally:
        os.chdir(before)


def _say(*words: str) -> str:
    done = CliRunner().invoke(
        cli, [*words, *(["-w", "case.duckdb"] if words[0] != "formats" else [])]
    )
    assert done.exception is None or isinstance(
        done.exception, SystemExit | ha.HookAnalysisError
    ), done
    return f"{done.output}{done.exception or ''}\n"


def test_the_canaries_are_many_and_are_read(planted: Planted) -> None:
    assert len(CANARIES) >= 46
    planted_text = "".join(p.read_text() + p.name for p in (planted.folder / "logs").iterdir())
    assert {name for name in CANARIES if name not in found_in(planted_text)} == set()
    with ha.connect(planted.workspace, read_only=True) as ws:
        assert ws.rows("SELECT count(*) FROM attempts") == [(len(urls()) + len(WORDS),)]
        assert ws.rows("SELECT count(*) > 60 FROM receipts") == [(True,)]


def test_no_command_says_one(planted: Planted) -> None:
    assert "access.log" in planted.said
    assert found_in(planted.said) == []
    for name in ("unknown.jsonl", "broken.log"):
        file = planted.folder / "logs" / name
        told = _say("formats", "try", str(file))
        assert found_in(told) == [], file.name
    assert found_in(_say("load", "logs/unknown.csv", "--format", "showpass_csv")) == []
    for name in FILES.values():
        assert found_in(_say("formats", "try", f"logs/web-{name}.log")) == [], name
    for name in (*FILES.values(), "postgres://svc:PlumTreeJam@db/shop"):
        for words in (("formats", "try", name), ("load", f"logs/{name}")):
            assert found_in(told := _say(*words)) == [], told


def test_no_table_and_no_export_holds_one(planted: Planted, tmp_path: Path) -> None:
    with ha.connect(planted.workspace, read_only=True) as ws:
        tables = [name for name in TABLES if ws.has(name)]
        for name in tables:
            assert found_in(str(ws.rows(f"FROM {name}"))) == [], name
        assert found_in(f"{ws.facts()!r}{ws!r}{ws._repr_html_()}{ws.findings().html}") == []
        for name in tables:
            for suffix in ("csv", "json", "xlsx"):
                export(ws, name, tmp_path / f"{name}.{suffix}")
        export(ws, "metrics", tmp_path / "metrics.prom")
    assert found_in(planted.workspace.read_bytes().decode("latin-1")) == []
    made = dict(read_made(tmp_path))
    assert len(made) == 3 * len(tables) + 1
    assert {name: found for name, text in made.items() if (found := found_in(text))} == {}


def test_no_quotation_shows_one(planted: Planted) -> None:
    # A name among other words is not known from them: docs/limits.md says so.
    with ha.connect(planted.workspace, read_only=True) as ws:
        for n in range(len(urls()) + len(WORDS)):
            story = ws.event(UUID(n), source=True)
            told = f"{story}{story._repr_html_()}"
            assert found_in(told, but=("words: name",)) == [], n
            assert UUID(n) in told
            assert "sent.csv" in told


def test_paths_stay_apart_and_readable(planted: Planted) -> None:
    with ha.connect(planted.workspace, read_only=True) as ws:
        told = {url for (url,) in ws.rows("SELECT DISTINCT endpoint_url FROM deliveries")}
        matched = ws.rows(
            "SELECT count(DISTINCT event_uuid) FROM matches WHERE event_uuid IS NOT NULL"
        )
    # A password is no part of an endpoint.
    assert len(told) == len(urls()) - 1
    assert CLEAN in told
    assert matched == [(len(urls()) + len(WORDS),)]


@pytest.mark.parametrize("name", cases.NOTEBOOKS)
def test_no_report_shows_one(planted: Planted, name: str, tmp_path: Path) -> None:
    run_report(name, planted.workspace, {}, tmp_path / "report.html")
    made = dict(read_made(tmp_path))
    assert {name: found for name, text in made.items() if (found := found_in(text))} == {}


def test_no_run_of_a_scheduler_leaves_one(
    planted: Planted,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    case = tmp_path / "case"
    shutil.copytree(planted.folder, case)
    # More than a page's list shows: the rest is packed.
    line = '192.0.2.7 - - [20/Nov/2026:11:40:00 +0000] "POST /h/{} HTTP/1.1" 200 9 "-" "Showpass"\n'
    for n, name in enumerate([*FILES.values()] * 11):
        (case / "logs" / f"more-{name}-{n}.log").write_text(line.format(n))
    (case / "logs" / "unknown.log").write_text("".join(WORDS.values()))
    for words in (
        ("load", "logs", "--strict", "-v"),
        ("reconcile", "--json", "--strict", "-v"),
        ("status", "--json"),
        ("daily", "--day", "2026-11-20", "--json", "-v"),
        ("forget", *(f"logs/web-{name}.log" for name in FILES.values())),
        ("prune", "--before", "2026-11-19", "-v"),
        ("reconcile", "--json"),
    ):
        done = run_here(case, *words, monkeypatch=monkeypatch, capsys=capsys)
        assert found_in(done.stdout + done.stderr) == [], words
        assert "{" in done.stdout or words[0] not in {"status", "reconcile"}
    with ha.connect(case / "case.duckdb") as ws:
        facts = ws.facts(day="2026-11-20")
        told = "".join(compose(facts, date(2026, 11, 20), case / "reports" / "report.html"))
    assert found_in(told) == []
    given = ("logs/", "hookanalysis.toml")
    made = {name: text for name, text in read_made(case) if not name.startswith(given)}
    assert any("data-rest" in text for text in made.values())
    assert made.keys() >= {"runs.jsonl", "reports/index.html", "reports/2026-11-20/facts.json"}
    assert {name: found for name, text in made.items() if (found := found_in(text))} == {}


def test_what_duckdb_writes_beside_a_workspace_is_private(tmp_path: Path) -> None:
    modes: dict[str, int] = {}
    # More than that, so that some of it goes to a file meanwhile.
    query = "SELECT count(*) FROM (SELECT DISTINCT md5(i::VARCHAR) FROM range(1_500_000) AS t(i))"
    before = os.umask(0)
    try:
        with (
            Database(tmp_path / "case.duckdb", memory="60MB") as ws,
            ThreadPoolExecutor(1) as pool,
        ):
            with ws.edit():
                ws.sql("UPDATE meta SET tzdata = 'x'")
            asked = pool.submit(ws.rows, query)
            while not asked.done():
                for file in tmp_path.rglob("*"):
                    with suppress(FileNotFoundError):
                        modes[file.suffix] = file.stat().st_mode
                time.sleep(0.01)
            assert asked.result() == [(1_500_000,)]
    finally:
        assert os.umask(before) == 0
    assert modes.keys() >= {".duckdb", ".wal", ".tmp"}
    assert [oct(mode) for mode in modes.values() if mode & 0o077] == []
