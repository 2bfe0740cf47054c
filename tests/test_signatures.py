"""Signatures in logs are computed again, and the secret key gets nowhere."""

from __future__ import annotations

import csv
import hmac
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

import hookanalysis as ha
from hookanalysis.errors import ReportError
from hookanalysis.exporting import export
from hookanalysis.reporting import reports
from hookanalysis.reporting.reports import list_notebooks, run_report
from hookanalysis.tables import TABLES
from hookanalysis.verdict.signatures import fits
from tiers import some

if TYPE_CHECKING:
    from pathlib import Path

KEY = "canary-key-7f1b"
OTHER_KEY = "another-key"
VARIABLE = "SHOWPASS_WEBHOOK_SECRET"
URL = "https://shop.example/hooks"
START = datetime(2026, 11, 20, 10, tzinfo=UTC)


def sign(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), "sha1").hexdigest()


def event_of(number: int) -> tuple[str, str]:
    """The uuid of an event, and the payload's id."""
    return f"{number:08}-0000-4000-8000-000000000000", f"a{number:07}-1111-4111-8111-111111111111"


def write_case(folder: Path, keys: list[str]) -> list[str]:
    """An export and an application's log of one event for each key, which signed it."""
    attempts, lines, signatures = [], [], []
    for number, key in enumerate(keys):
        at = START + timedelta(minutes=30 * number)
        uuid, payload_id = event_of(number)
        signatures.append(sign(key, payload_id))
        attempt = {"id": f"{number}", "time": f"{at:%Y-%m-%dT%H:%M:%SZ}", "idempotency": uuid}
        payload = {"id": payload_id, "data": {"transaction_id": payload_id}}
        more = {"webhook_url": URL, "http_status_code": 200, "payload": payload}
        attempts.append({**attempt, "event": "invoice.purchase", "status": "Success", **more})
        good = key == KEY
        says = "webhook processed" if good else "invalid signature, webhook ignored"
        line = {"time": f"{at:%Y-%m-%dT%H:%M:%S.100Z}", "level": "info", "msg": says}
        headers = {"X-Showpass-Signature": signatures[-1]}
        more = {"webhook_event_uuid": uuid, "status": 200, "path": "/hooks", "headers": headers}
        lines.append(json.dumps({**line, "method": "POST", **more}))
    (folder / "export.json").write_text(json.dumps({"results": attempts}), encoding="utf-8")
    (folder / "app.jsonl").write_text("\n".join([*lines, ""]), encoding="utf-8")
    return signatures


def write_export(path: Path, keys: list[str], shape: str) -> list[str]:
    """A sender's export alone, which lists the header that it sent with each event."""
    rows: list[dict[str, Any]] = []
    signatures = []
    for number, key in enumerate(keys):
        uuid, payload_id = event_of(number)
        signatures.append(sign(key, payload_id))
        head = {
            "id": f"{number}",
            "time": f"{START + timedelta(minutes=number):%Y-%m-%dT%H:%M:%SZ}",
        }
        payload = {"id": payload_id, "webhook_event_uuid": uuid}
        rows.append({**head, "event": "invoice.purchase", "webhook_url": URL, "status": "Success"})
        rows[-1]["http_status_code"] = 200
        rows[-1]["payload"] = payload if shape != "column" else json.dumps(payload)
        if shape == "headers":
            rows[-1]["request_headers"] = {"X-SHOWPASS-SIGNATURE": signatures[-1].upper()}
        elif shape == "text":
            lines = f"Content-Type: application/json\nX-Showpass-Signature: {signatures[-1]}\n"
            rows[-1]["headers"] = lines
        else:
            rows[-1]["X-SHOWPASS-SIGNATURE"] = signatures[-1]
    if shape != "column":
        path.with_suffix(".json").write_text(json.dumps({"results": rows}), encoding="utf-8")
        return signatures
    with path.with_suffix(".csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return signatures


def reconcile(folder: Path) -> None:
    with ha.connect(folder / "case.duckdb") as ws:
        ws.load(*folder.glob("*.json"), *folder.glob("*.jsonl"))
        ws.reconcile()


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A folder in which all was reconciled with the key at hand, and its signatures."""
    folder = tmp_path_factory.mktemp("signed") / "logged"
    folder.mkdir()
    signatures = write_case(folder, [KEY] * 6 + [OTHER_KEY] * 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, KEY)
        reconcile(folder)
    return folder, signatures


@pytest.mark.parametrize("case", [str.lower, str.upper])
def test_the_first_digits_tell_whether_it_fits(case: type[str]) -> None:
    _, payload_id = event_of(1)
    signature = sign(KEY, case(payload_id))
    assert fits(KEY, payload_id, signature[:12])
    assert not fits(OTHER_KEY, payload_id, signature[:12])
    assert not fits(KEY, event_of(2)[1], signature[:12])


def test_a_key_that_was_regenerated_is_told_with_its_moment(
    logged: tuple[Path, list[str]],
) -> None:
    folder, signatures = logged
    with ha.connect(folder / "case.duckdb", read_only=True) as ws:
        checks = ws.rows("SELECT fits, COUNT(*) FROM signature_checks GROUP BY fits ORDER BY fits")
        assert checks == [(False, 3), (True, 6)]
        (what,) = ws.rows("SELECT what FROM finding_evidence WHERE rule_id = 'signature_checks'")[0]
        assert what == "odd=3 fitting=6 since=2026-11-20T13:00:00"
        found = {rule: (number, sure) for rule, number, sure in ws.rows(FOUND)}
        assert found["signature"] == (3, 1.0)
        assert "signature_unchecked" not in found
        stored = json.dumps([ws.rows(f"FROM {name}") for name in TABLES], default=str)
    assert KEY not in stored
    assert not any(signature[12:] in stored for signature in signatures)


@pytest.mark.parametrize(
    "shape",
    some(["column", "field", "headers", "text"], "headers"),
)
def test_signatures_that_an_export_lists_are_checked(
    shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, KEY)
    signatures = write_export(tmp_path / "export", [KEY, OTHER_KEY], shape)
    with ha.connect(tmp_path / "case.duckdb") as ws:
        ws.load(*tmp_path.glob("export.*"))
        ws.reconcile()
        checks = ws.rows(
            "SELECT signature_head, fits FROM signature_checks ORDER BY line, logged_at"
        )
        assert checks == [(signatures[0][:12], True), (signatures[1][:12], False)]
        (found,) = ws.rows("SELECT what FROM finding_evidence WHERE rule_id = 'signature_checks'")
        assert found == ("odd=1 fitting=1 since=2026-11-20T10:01:00",)


@pytest.mark.parametrize(
    "every", [False, pytest.param(True, marks=pytest.mark.long)], ids=["the daily report", "every"]
)
def test_no_output_holds_the_key_or_a_whole_signature(
    every: bool,  # noqa: FBT001 - a case of the test
    logged: tuple[Path, list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(VARIABLE, KEY)
    # What goes to the printer is the page: as a PDF, its text could not be searched.
    monkeypatch.setattr(reports, "find_chromium", lambda: "")
    monkeypatch.setattr(reports, "print_page", str.encode)
    listed, out = (tmp_path / name for name in ("listed", "out"))
    out.mkdir()
    folders, signatures = [logged[0]], logged[1]
    if every:
        listed.mkdir()
        write_export(listed / "export", [KEY] * 6 + [OTHER_KEY] * 3, "headers")
        reconcile(listed)
        folders.append(listed)
    for folder in folders:
        with ha.connect(folder / "case.duckdb", read_only=True) as ws:
            for name in TABLES:
                for kind in ("json", "csv", "xlsx") if every and folder != listed else ("json",):
                    export(ws, name, out / f"{folder.name}-{name}.{kind}")
            stories = [ws.event(event_of(number)[0], source=True) for number in range(9)]
            (out / f"{folder.name}.txt").write_text("\n".join(map(str, stories)), encoding="utf-8")
        pages = {"daily_reconciliation.html"}
        if every:
            pages |= {"incident_report.pdf", *(f"{name}.html" for name in list_notebooks())}
        for name in pages:
            target = out / f"{folder.name}-{name}"
            facts = f"{target.name}.json"
            run_report(
                target.stem.partition("-")[2], folder / "case.duckdb", {}, target, facts_name=facts
            )
        page = (out / f"{folder.name}-daily_reconciliation.html").read_text(encoding="utf-8")
        assert "Signatures do not fit the secret key" in page
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "source": QUOTING}
    book = {"cells": [{**cell, "execution_count": None}], "metadata": {}, "nbformat": 4}
    (tmp_path / "quoting.ipynb").write_text(json.dumps({**book, "nbformat_minor": 5}))
    with pytest.raises(ReportError) as caught:
        run_report(tmp_path / "quoting.ipynb", "", {}, out / "quoting.html")
    (out / "error.txt").write_text(f"{caught.value}\n{capfd.readouterr()}", encoding="utf-8")
    assert (out / "quoting.failed.html").exists()
    for file in [*out.iterdir(), *(folder / "case.duckdb" for folder in folders)]:
        for text in texts_of(file):
            assert KEY.encode() not in text, file.name
            assert not any(one[12:].encode() in text.lower() for one in signatures), file.name


def texts_of(file: Path) -> list[bytes]:
    """The bytes of a file; of a spreadsheet, of its sheets."""
    if file.suffix != ".xlsx":
        return [file.read_bytes()]
    with zipfile.ZipFile(file) as parts:
        return [parts.read(name) for name in parts.namelist()]


@pytest.mark.long
def test_without_the_key_nothing_is_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    write_case(tmp_path, [KEY, KEY])
    reconcile(tmp_path)
    with ha.connect(tmp_path / "case.duckdb") as ws:
        assert ws.rows("SELECT DISTINCT fits FROM signature_checks") == [(None,)]
        assert [rule for rule, _, _ in ws.rows(FOUND) if "sign" in rule] == ["signature_unchecked"]
        monkeypatch.setenv(VARIABLE, KEY)
        ws.reconcile()
        assert ws.rows("SELECT DISTINCT fits FROM signature_checks") == [(True,)]
        assert [rule for rule, _, _ in ws.rows(FOUND) if "sign" in rule] == []


QUOTING = f"import os\nraise RuntimeError(os.environ[{VARIABLE!r}])"
FOUND = "SELECT rule_id, deliveries, confidence FROM findings ORDER BY rank"
