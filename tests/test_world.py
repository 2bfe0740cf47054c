"""The played world, seen from outside: the files that it writes, and the truth that it tells."""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hookanalysis.tables import OUTCOMES
from tiers import some
from world.__main__ import write_samples
from world.faults import DEFAULT_FAULTS, FAULTS
from world.runs import simulate
from world.truth import Truth

SAMPLES = Path(__file__).parent.parent / "data" / "samples"
DETAILS = {
    "delivered": {"delivered"},
    "recovered": {"recovered"},
    "duplicated": {
        "double_processed",
        "retry_after_timeout",
        "resend_after_success",
        "double_send",
    },
    "unacknowledged": {"false_failure"},
    "unprocessed": {"accepted_not_processed", "signature_dropped"},
    "refused": {"rejected"},
    "missed": {"never_reached", "false_success", "not_attempted"},
    "pending": {"in_flight"},
    "unexpected": {"forged", "orphan", "test"},
    "undetermined": {"receiver_coverage"},
}

OK = ["received", "verified", "processed"]
SEEN = ["received", "verified", "duplicate"]
FAILED = ["received", "verified", "failed"]
DROPPED = ["received", "signature_failed"]

# What each fault leaves behind for one delivery: the sender's codes, the application's steps, and
# the statuses at the edge (for the endpoint that has one).
TRACES: dict[tuple[str, str], tuple[list[str], list[str], list[int]]] = {
    ("none", "delivered"): (["200"], OK, [200]),
    ("server_down", "missed"): ([""], [], []),
    ("server_down", "recovered"): (["", "200"], OK, [200]),
    ("app_down", "refused"): (["502"], [], [502]),
    ("app_down", "recovered"): (["502", "200"], OK, [502, 200]),
    ("deploy_bug", "refused"): (["500"], FAILED, [500]),
    ("deploy_bug", "recovered"): (["500", "200"], FAILED + OK, [500, 200]),
    ("log_hole", "undetermined"): (["200"], [], []),
    ("signature_rotated", "unprocessed"): (["200"], DROPPED, [200]),
    ("wrong_path", "refused"): (["404"], [], [404]),
    ("firewall_drop", "missed"): ([""], [], []),
    ("firewall_drop", "recovered"): (["", "200"], OK, [200]),
    ("timeout_processed", "unacknowledged"): ([""], OK, [499]),
    ("timeout_resent", "duplicated"): (["", "200"], OK + SEEN, [499, 200]),
    ("processed_twice", "duplicated"): (["", "200"], OK + OK, [499, 200]),
    ("failed_once", "recovered"): (["500", "200"], FAILED + OK, [500, 200]),
    ("resent_after_success", "duplicated"): (["200", "200"], OK + SEEN, [200, 200]),
    ("double_send", "duplicated"): (["200"], OK + SEEN, [200, 200]),
    ("accepted_not_processed", "unprocessed"): (["200"], [], [200]),
    ("false_success", "missed"): (["200"], [], []),
    ("before_logs", "undetermined"): (["200"], [], []),
    ("still_pending", "pending"): ([""], [], []),
    ("unknown_events", "forged"): ([], DROPPED, [401]),
    ("unknown_events", "orphan"): ([], OK, [200]),
    ("unknown_events", "test"): ([], OK, [200]),
}

EDGE_LINE = re.compile(
    r'(\S+) - - \[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d -0700)\] "(\w+) (\S+) HTTP/1\.1" '
    r'(\d{3}) \d+ "-" "[^"]+"'
)
TEXT_LINE = re.compile(r"(\S+) (INFO|WARNING|ERROR) crm\.\w+: (.+)")
STEPS = {
    "webhook received": "received",
    "signature verified": "verified",
    "webhook processed": "processed",
    "duplicate webhook ignored": "duplicate",
    "invalid signature, webhook ignored": "signature_failed",
    "webhook failed": "failed",
}


class Written:
    """The files of one world, read back without the package."""

    def __init__(self, folder: Path, truth: Truth) -> None:
        self.folder = folder
        self.truth = truth

    def log(self, name: str) -> list[str]:
        """The lines of a log in all its files, oldest first."""
        lines = []
        for path in sorted(self.folder.glob(f"receiver/{name}*"), key=_age, reverse=True):
            lines += read_text(path).decode().splitlines()
        return lines

    def attempts(self) -> list[dict[str, str]]:
        """All attempts of both exports, oldest first; the later export wins."""
        found = {row["ID"]: row for row in self.csv_rows()}
        for row in self.json_rows():
            found[row["id"]] = {
                "ID": row["id"],
                "Time": row["time"],
                "Event": row["event"],
                "Idempotency": row["idempotency"],
                "HTTP Status Code": str(row["http_status_code"] or ""),
                "Response Body": row["response_body"],
                "Webhook URL": row["webhook_url"],
                "Status": row["status"],
            }
        return sorted(found.values(), key=lambda row: row["Time"])

    def csv_rows(self) -> list[dict[str, str]]:
        (path,) = self.folder.glob("sender/*.csv")
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def json_rows(self) -> list[dict[str, Any]]:
        (path,) = self.folder.glob("sender/*.json")
        rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["results"]
        return rows

    def steps(self) -> dict[tuple[str, str], list[str]]:
        """The applications' steps of each event, by uuid and application."""
        found: dict[tuple[str, str], list[str]] = {}
        for app, says, uuid in [*self._json_steps(), *self._text_steps()]:
            step = next(step for text, step in STEPS.items() if says.startswith(text))
            found.setdefault((uuid, app), []).append(step)
        return found

    def _json_steps(self) -> list[tuple[str, str, str]]:
        lines = [json.loads(line) for line in self.log("app/app.jsonl")]
        told = [line for line in lines if line["msg"] != "heartbeat"]
        return [("tickets", line["msg"], line["webhook_event_uuid"]) for line in told]

    def _text_steps(self) -> list[tuple[str, str, str]]:
        matches = [TEXT_LINE.fullmatch(line) for line in self.log("app/crm.log")]
        told = [match.group(3) for match in matches if match]
        assert len(told) == len(matches)
        return [
            ("crm", text, text.partition("webhook_event_uuid=")[2][:36])
            for text in told
            if not text.startswith("heartbeat")
        ]

    def edge(self) -> list[tuple[datetime, str, str, str, int]]:
        """Lines of the edge: time, address, method, path, status."""
        found = []
        for line in self.log("edge/access.log"):
            match = EDGE_LINE.fullmatch(line)
            assert match, line
            source, time, method, path, status = match.groups()
            at = datetime.strptime(time, "%d/%b/%Y:%H:%M:%S %z")
            found.append((at, source, method, path, int(status)))
        return found


def _age(path: Path) -> int:
    number = re.search(r"\.(\d+)(\.gz)?$", path.name)
    return int(number.group(1)) if number else 0


def read_text(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def read_all(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): read_text(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("default")
    return Written(folder, simulate(folder))


def test_samples_in_git_are_what_is_written_anew(tmp_path: Path) -> None:
    write_samples(tmp_path)
    assert read_all(SAMPLES) == read_all(tmp_path)


def test_samples_are_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) < 1_500_000


def test_same_arguments_write_same_bytes(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    simulate(ours, events=60, days=2, seed=3)
    program = (
        "import sys; from world.runs import simulate; "
        "simulate(sys.argv[1], events=60, days=2, seed=3)"
    )
    environment = {
        **os.environ,
        "TZ": "Asia/Kathmandu",
        "PYTHONHASHSEED": "12",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    subprocess.run([sys.executable, "-c", program, str(theirs)], check=True, env=environment)
    one, two = ({p.name: p.read_bytes() for p in f.rglob("*.*")} for f in (ours, theirs))
    assert one == two


def test_another_seed_tells_another_story(tmp_path: Path, written: Written) -> None:
    other = simulate(tmp_path, seed=8)
    assert not {d.event_uuid for d in other.deliveries} & {
        d.event_uuid for d in written.truth.deliveries
    }


@pytest.mark.parametrize("seed", some(range(1, 8), 1))
def test_all_outcomes_in_a_mostly_healthy_picture(tmp_path: Path, seed: int) -> None:
    truth = simulate(tmp_path, seed=seed)
    counts = truth.count_outcomes()
    assert set(counts) == set(OUTCOMES)
    assert min(counts.values()) >= 3
    faults = {"none", *DEFAULT_FAULTS} - {"scanner_noise"}
    assert 0.84 <= counts["delivered"] / len(truth.deliveries) <= 0.90
    assert {verdict.fault for verdict in truth.deliveries} == faults


def test_truth_names_each_delivery_once(written: Written) -> None:
    keys = [(d.event_uuid, d.endpoint_url) for d in written.truth.deliveries]
    assert len(keys) == len(set(keys))
    told = read_all(written.folder)["truth.csv"].decode().splitlines()
    header = "event_uuid,endpoint_url,outcome,detail,cause,root_cause,fault,certain"
    assert told[0] == header
    names = header.split(",")[:-1]
    assert told[1:] == [
        ",".join([*(getattr(d, name) for name in names), str(d.certain).lower()])
        for d in written.truth.deliveries
    ]


def test_truth_speaks_the_words_of_the_tables() -> None:
    for fault in FAULTS.values():
        assert fault.stories or fault.scenario
        for story in fault.stories:
            outcome, detail = story.verdict
            if outcome:
                assert detail in DETAILS[outcome]
            assert story.cause in {"sender", "network", "receiver", "logs", "unknown", ""}
        if fault.takes == "window":
            assert fault.minutes > 0
            assert len(fault.stories[0].posts) == 1, "the story for when there is no time to resend"


@pytest.mark.parametrize(
    "fault", some(["none", *DEFAULT_FAULTS, "all"], "none", "all", *DEFAULT_FAULTS[::4])
)
def test_fault_leaves_its_traces_and_no_others(tmp_path: Path, fault: str) -> None:
    faults = DEFAULT_FAULTS if fault == "all" else (fault,)
    written = Written(tmp_path, simulate(tmp_path, events=250, days=2, seed=5, faults=faults))
    codes: dict[tuple[str, str], list[str]] = {}
    for row in written.attempts():
        key = (row["Idempotency"], row["Webhook URL"])
        codes.setdefault(key, []).append(row["HTTP Status Code"])
    steps = written.steps()
    edge: Counter[int] = Counter()
    hit = set()
    for delivery in written.truth.deliveries:
        app = "crm" if "crm" in delivery.endpoint_url else "tickets"
        told = delivery.detail if delivery.outcome == "unexpected" else delivery.outcome
        expected = TRACES[delivery.fault, told]
        hit.add((delivery.fault, told))
        seen = codes.pop((delivery.event_uuid, delivery.endpoint_url), [])
        assert seen == expected[0], delivery
        assert steps.pop((delivery.event_uuid, app), []) == expected[1], delivery
        edge.update(expected[2] if app == "tickets" else [])
    assert not codes, "attempts that the truth does not know"
    assert not steps, "receipts that the truth does not know"
    posts = Counter(line[4] for line in written.edge() if line[2] == "POST")
    # Scanners are turned away with 401, as forgers are, and nobody else is.
    noise = posts.pop(401, 0) - edge.pop(401, 0)
    assert posts == edge
    assert (noise > 0) == (fault in {"scanner_noise", "all"})
    wanted = {key for key in TRACES if fault in {key[0], "all"}} | {("none", "delivered")}
    assert hit == wanted


def test_only_strangers_forge_and_scan(written: Written) -> None:
    senders = {"34.83.8.110", "34.168.12.250", "35.230.81.80", "35.230.119.67"}
    posts = [line for line in written.edge() if line[2] == "POST"]
    assert {source in senders for _, source, _, _, status in posts if status == 401} == {False}
    assert {source for _, source, _, _, status in posts if status != 401} == senders


def test_log_is_silent_exactly_while_its_machine_is(written: Written) -> None:
    windows = {window.fault: window for window in written.truth.windows}
    edge = [(at, status) for at, _, _, _, status in written.edge()]
    app = [
        datetime.fromisoformat(json.loads(line)["time"]) for line in written.log("app/app.jsonl")
    ]
    slack = timedelta(seconds=10)
    for fault in ("server_down", "log_hole", "app_down"):
        start, end = windows[fault].starts_at + slack, windows[fault].ends_at
        at_edge = [status for at, status in edge if start <= at < end]
        assert not [at for at in app if start <= at < end]
        assert set(at_edge) == ({502} if fault == "app_down" else set())
    holes = [window for fault, window in windows.items() if FAULTS[fault].silent]
    for times in (app, [at for at, _ in edge]):
        for before, after in pairwise(times):
            if after - before > timedelta(minutes=2):
                assert any(abs(after - hole.ends_at) < timedelta(minutes=2) for hole in holes)


def test_rotation_loses_no_line(tmp_path: Path) -> None:
    written = Written(tmp_path, simulate(tmp_path, events=40, days=4, faults=()))
    assert sum("heartbeat" in line for line in written.log("app/app.jsonl")) == 4 * 24 * 60
    assert sum("heartbeat" in line for line in written.log("app/crm.log")) == 4 * 24 * 60
    assert sum("/healthz" in line for line in written.log("edge/access.log")) == 4 * 24 * 60
    assert len(written.steps()) == len(written.truth.deliveries)
    times = [at for at, *_ in written.edge()]
    assert times == sorted(times)
    edge = tmp_path / "receiver" / "edge"
    files = ("access.log", "access.log.1", "access.log.2.gz", "access.log.3.gz", "access.log.4.gz")
    assert {path.name for path in edge.iterdir()} == set(files)
    days = [
        {line.split("[")[1][:11] for line in read_text(edge / f).decode().splitlines()}
        for f in files
    ]
    assert days == [{f"{day}/Nov/2026"} for day in (22, 21, 20, 19, 18)]


def test_later_export_knows_what_was_pending(written: Written) -> None:
    early = {row["ID"]: row for row in written.csv_rows()}
    late = {str(row["id"]): row for row in written.json_rows()}
    pending = [number for number, row in early.items() if row["Status"] == "Pending"]
    assert len(pending) == 4
    assert {late[number]["status"] for number in pending} <= {"Success", "Failed"}
    both = set(early) & set(late) - set(pending)
    assert len(both) > 4
    for number in both:
        assert early[number]["Status"] == late[number]["status"]
        assert early[number]["HTTP Status Code"] == str(late[number]["http_status_code"] or "")
    waiting = {row["idempotency"] for row in late.values() if row["status"] == "Pending"}
    assert waiting == {d.event_uuid for d in written.truth.deliveries if d.outcome == "pending"}


def test_single_fault_stands_alone(written: Written) -> None:
    single = {fault.name for fault in FAULTS.values() if fault.takes == "spots"}
    struck = {(d.event_uuid, d.endpoint_url) for d in written.truth.deliveries if d.fault in single}
    times: dict[str, list[tuple[datetime, bool]]] = {}
    for row in written.attempts():
        key = (row["Idempotency"], row["Webhook URL"])
        at = datetime.fromisoformat(row["Time"])
        times.setdefault(key[1], []).append((at, key in struck))
    gaps = [
        after[0] - before[0]
        for attempts in times.values()
        for before, after in pairwise(attempts)
        if before[1] or after[1]
    ]
    assert len(gaps) > len(struck) > 20
    assert min(gaps) > timedelta(seconds=90)


def test_clocks_run_apart(written: Written) -> None:
    sent: dict[tuple[str, str], str] = {}
    for row in written.attempts():
        sent.setdefault((row["Idempotency"], row["Webhook URL"].split(".")[0]), row["Time"])
    healthy = {d.event_uuid for d in written.truth.deliveries if d.fault == "none"}
    ahead: dict[date, list[float]] = {}
    for line in map(json.loads, written.log("app/app.jsonl")):
        if line["msg"] == "webhook received" and line["webhook_event_uuid"] in healthy:
            posted = datetime.fromisoformat(sent[line["webhook_event_uuid"], "https://tickets"])
            shown = datetime.fromisoformat(line["time"])
            ahead.setdefault(posted.date(), []).append((shown - posted).total_seconds())
    first, last = (ahead[day] for day in (date(2026, 11, 19), date(2026, 11, 21)))
    assert 2.3 <= min(first) <= max(first) <= 2.3 + 1.8 + 0.1
    assert 2.3 + 3.4 <= min(last) <= max(last) <= 2.3 + 5.2 + 0.1


def test_payload_has_the_senders_shape(written: Written) -> None:
    transactions: Counter[str] = Counter()
    for row in written.json_rows():
        payload = row["payload"]
        assert list(payload) == ["id", "event_type", "data", "webhook_event_uuid"]
        assert payload["webhook_event_uuid"] == row["idempotency"] != payload["id"]
        assert payload["id"] == payload["data"]["transaction_id"]
        assert payload["event_type"] == row["event"]
        assert payload["data"]["customer_email"].endswith("@example.com")
        transactions[payload["id"]] += 1
    assert max(transactions.values()) > 1
    types = Counter(row["Event"] for row in written.attempts())
    assert len(types) == 6
    assert types["invoice.purchase"] > 0.6 * sum(types.values())


def test_traffic_follows_the_day(written: Written) -> None:
    hours = Counter(
        (datetime.fromisoformat(row["Time"]).astimezone(UTC).hour - 7) % 24
        for row in written.attempts()
    )
    night, evening = (sum(hours[h] for h in span) for span in (range(1, 6), range(17, 22)))
    assert evening > 4 * night


@pytest.mark.parametrize("events", [1, 2, 3, 4, 11])
def test_a_handful_of_events_is_enough(tmp_path: Path, events: int) -> None:
    truth = simulate(tmp_path / "none", events=events, days=1, faults=("none",))
    assert len({d.event_uuid for d in truth.deliveries}) == events
    simulate(tmp_path / "all", events=events, days=1)


def test_what_takes_a_server_down_takes_all_its_endpoints(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "events": 400,
        "days": 1,
        "faults": ("server_down",),
        "transfers": 0.4,
    }
    for one_server in (False, True):
        folder = tmp_path / str(one_server)
        (window,) = simulate(folder, one_server=one_server, **options).windows
        assert window.scope == ("server" if one_server else "endpoint")
        assert bool(window.endpoint_url) is not one_server
        times = [window.first_failed_at, window.last_failed_at]
        assert all(window.starts_at <= time <= window.ends_at for time in times if time)
