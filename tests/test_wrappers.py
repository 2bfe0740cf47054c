"""What is wrapped reads as what is not: the same rows, each at the place of its stored line."""

from __future__ import annotations

import importlib
import os
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hookanalysis as ha
from hookanalysis.formats import wrappers
from hookanalysis.formats.detect import detect
from hookanalysis.formats.engine import connect_parser
from hookanalysis.formats.probing import try_file
from hookanalysis.formats.trials import take_records
from hookanalysis.formats.wrappers import Wrapper
from hookanalysis.read.sources import Account, Source
from hookanalysis.read.splitting import Split
from hookanalysis.tables import TABLES
from tiers import some
from wrapping import TIME, WRAPPINGS, docker_json, syslog_iso

WRAPPERS = wrappers.load_wrappers()
# How Python takes a pattern apart.
_parser, _constants = (importlib.import_module(f"re.{name}") for name in ("_parser", "_constants"))


def unwrap(wrapper: Wrapper, text: bytes) -> list[tuple[Any, ...]]:
    first = wrappers.Layer(text)
    layer = wrappers._take_off(first, wrapper, connect_parser(), text)
    engine = connect_parser()
    assert layer.split
    engine.register("chunk", take_records(text, layer.split))
    query = f"SELECT record, outer_time FROM ({layer.source}) WHERE record IS NOT NULL"
    return engine.execute(f"{query} ORDER BY byte_offset").fetchall()


@pytest.mark.parametrize("wrapper", WRAPPERS, ids=lambda wrapper: wrapper.id)
def test_samples_are_unwrapped_as_expected(wrapper: Wrapper) -> None:
    for sample in wrapper.samples:
        rows = unwrap(wrapper, sample["text"].encode())
        expected = [(row["line"], row.get("time")) for row in sample["expect"]]
        told = [
            (line, time if "time" in row else None)
            for (line, time), row in zip(rows, sample["expect"], strict=True)
        ]
        assert told == expected


ACCESS = [
    '203.0.113.9 - - [22/Nov/2026:14:03:07 +0000] "POST /webhooks/crm HTTP/1.1" 200 2 "-" "S/1"',
    '203.0.113.9 - - [22/Nov/2026:14:03:08 +0000] "POST /hooks?e=é HTTP/1.1" 500 17 "-" "S/1"',
    '203.0.113.9 - - [22/Nov/2026:14:04:07 +0000] "GET /health HTTP/1.1" 200 2 "-" "up"',
    "no request at all",
] * 2
APP = [
    (
        '{"time":"2026-11-22T14:03:07.123Z","level":"INFO","msg":"webhook received",'
        '"webhook_event_uuid":"06d5dc13-7e24-4f2b-9d5e-0d8a5a3c9b11","status":200}'
    ),
    (
        '{"time":"2026-11-22T14:03:08.123Z","level":"ERROR","msg":"failed: \\"x\\"\\n",'
        '"webhook_event_uuid":"b0000000-0000-4000-8000-000000000002"}'
    ),
    '{"time":"2026-11-22T14:03:09.123Z","level":"INFO","msg":"POST"',
    "Traceback (most recent call last):",
]
TEXT = [
    (
        "2026-11-22T14:03:07.123Z INFO hook: processed "
        "webhook_event_uuid=06d5dc13-7e24-4f2b-9d5e-0d8a5a3c9b11 in 35ms"
    ),
    "2026-11-22T14:03:08.000Z ERROR hook: failed POST /hook status=500",
    '  File "app.py", line 3, in handle',
    "",
]
LOGS = {"access": ACCESS, "app": APP, "text": TEXT}


def read(path: Path) -> dict[str, Any]:
    """What becomes of a file: its rows and verdicts, wherever they stand, and its format."""
    source = Source(path, max_text_bytes=1 << 24)
    binding = detect(source.head, str(path))
    names = ", ".join(c.name for c in TABLES["receipt_records"].columns if c.name not in PLACE)
    rows, verdicts = [], []
    engine = connect_parser()
    for chunk in source.chunks(binding.split, final=True):
        engine.register("chunk", chunk)
        engine.execute(f"CREATE OR REPLACE TEMP TABLE scanned AS {binding.scan_sql}")
        order = "ORDER BY byte_offset"
        told = f"SELECT verdict, reason FROM scanned WHERE verdict <> 'ignore' {order}"
        # A line without a time of its own has that of its wrapper, if that tells one.
        untimed = {("reject", "no_time"): ("count", None)}
        verdicts += [untimed.get(verdict, verdict) for verdict in engine.execute(told).fetchall()]
        rows += engine.execute(f"SELECT {names} FROM ({binding.fields_sql}) {order}").fetchall()
        engine.unregister("chunk")
    account = source.account
    assert account.loaded_bytes == account.text_bytes
    assert account.text_bytes + account.stripped_bytes == path.stat().st_size
    return {"format": binding.format.id, "rows": rows, "verdicts": verdicts}


PLACE = {"file_id", "generation_id", "line", "byte_offset"}


@cache
def bare(log: str) -> dict[str, Any]:
    """What becomes of a log that is not wrapped."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "bare.log"
        path.write_text("".join(f"{line}\n" for line in LOGS[log]), encoding="utf-8")
        return read(path)


@pytest.mark.parametrize(
    ("wrap", "log"),
    [
        pytest.param(wrap, log, marks=pytest.mark.long if (i + j) % 3 or i % 4 else ())
        for i, wrap in enumerate(WRAPPINGS)
        for j, log in enumerate(LOGS)
    ],
)
def test_wrapped_lines_give_the_rows_of_bare_ones(wrap: str, log: str, tmp_path: Path) -> None:
    wrapped = tmp_path / "wrapped.log"
    wrapped.write_text(WRAPPINGS[wrap](LOGS[log]), encoding="utf-8")
    assert read(wrapped) == bare(log)


@pytest.mark.long
@pytest.mark.parametrize("outer", WRAPPINGS)
def test_wrappers_nest(outer: str, tmp_path: Path) -> None:
    wrapped = tmp_path / "wrapped.log"
    whole_lines = [name for name in WRAPPINGS if name not in IN_PIECES]
    # One is inside of each; all pairs, which take minutes, where examples are asked for.
    step = 1 if "EXAMPLES" in os.environ else len(whole_lines)
    for inner in whole_lines[(list(WRAPPINGS).index(outer) + 3) % step :: step]:
        lines = WRAPPINGS[inner](ACCESS).splitlines()
        wrapped.write_text(WRAPPINGS[outer](lines), encoding="utf-8")
        assert read(wrapped) == bare("access"), inner


@pytest.mark.parametrize("wrap", some(["docker_pieces", "cri_pieces"], "cri_pieces"))
@settings(max_examples=30, deadline=None)
@given(cut=st.floats(0, 1), size=st.sampled_from([50, 333, 4096]))
def test_pieces_are_joined_wherever_a_growing_log_is_cut(wrap: str, cut: float, size: int) -> None:
    stored = WRAPPINGS[wrap](ACCESS).encode()
    pieces = next(w.fragments for w in WRAPPERS if w.id == PIECED[wrap])
    split = Split("lines", fragments=pieces)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "container.log"
        expected, account = take(path, stored, split, 1 << 20, (0, 1))
        assert account.loaded_bytes == len(stored)
        before, account = take(path, stored[: int(cut * len(stored))], split, size, (0, 1))
        place = (account.loaded_bytes, account.lines + 1)
        after, account = take(path, stored, split, size, place)
    assert before + after == expected
    assert account.loaded_bytes == len(stored)
    assert sum(row[2] for row in expected) == len(stored)


Place = tuple[int, int]


def take(
    path: Path, stored: bytes, split: Split, size: int, place: Place
) -> tuple[list[tuple[Any, ...]], Account]:
    path.write_bytes(stored)
    source = Source(path, max_text_bytes=1 << 24, chunk_bytes=size)
    engine, rows = connect_parser(), []
    for chunk in source.chunks(split, start=place[0], start_line=place[1], final=False):
        engine.register("chunk", chunk)
        query = "SELECT line, byte_offset, bytes, record FROM chunk WHERE record IS NOT NULL"
        rows += engine.execute(f"{query} ORDER BY byte_offset").fetchall()
    return rows, source.account


PIECED = {"docker_pieces": "docker_json", "cri_pieces": "kubernetes_cri"}


@pytest.mark.long
def test_a_piece_that_nothing_follows_is_given_up_at_last() -> None:
    pieces = next(w.fragments for w in WRAPPERS if w.id == "kubernetes_cri")
    lost = f"{TIME} stderr P half a line\n"
    lines = "".join(f"{TIME} stdout F {n}\n" for n in range(3000))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "container.log"
        rows, account = take(
            path, (lost + lines).encode(), Split("lines", fragments=pieces), 999, (0, 1)
        )
    assert [row[0] for row in rows] == list(range(1, 3002))
    assert account.tail_bytes == 0


# Fragments are joined, and documents over several lines are taken apart, only outermost.
IN_PIECES = {"docker_pieces", "cri_pieces", "google_array", "cloudwatch"}


def test_trying_a_file_tells_what_is_around_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "hook.log"
    path.write_text(docker_json(syslog_iso(ACCESS).splitlines()), encoding="utf-8")
    told, found = try_file(path)
    assert found
    assert "is access_combined, inside syslog_3164, inside docker_json:" in told


EXAMPLES = int(os.environ.get("EXAMPLES", "12"))
ONE_A_LINE = sorted(WRAPPINGS.keys() - IN_PIECES)


@pytest.mark.parametrize("examples", [2, pytest.param(EXAMPLES, marks=pytest.mark.long)])
def test_damage_to_a_wrapped_line_stays_in_its_line(tmp_path: Path, examples: int) -> None:
    path = tmp_path / "wrapped.log"

    @settings(max_examples=examples, deadline=None)
    @given(
        wrap=st.sampled_from(ONE_A_LINE),
        victim=st.integers(0, len(ACCESS) - 1),
        place=st.floats(0, 0.99),
        put=st.sampled_from([b"", b"\x00", b'"', b"\\", b"{", b"\xff", b" ", b"\x1b[", b"[" * 99]),
        drop=st.integers(0, 40),
    )
    def check(wrap: str, victim: int, place: float, put: bytes, drop: int) -> None:
        lines = WRAPPINGS[wrap](ACCESS).encode().splitlines(keepends=True)
        at = int(place * (len(lines[victim]) - 1))
        damaged = lines[victim][:at] + put + lines[victim][at:-1][drop:] + b"\n"
        path.write_bytes(b"".join([*lines[:victim], damaged, *lines[victim + 1 :]]))
        after, before = read(path), bare("access")
        assert after["format"] == before["format"]
        # Every other line says what it said; this one is a row, a reject, or passed over as blank.
        missing = Counter(map(repr, before["rows"])) - Counter(map(repr, after["rows"]))
        assert sum(missing.values()) <= 1
        assert len(before["verdicts"]) - 1 <= len(after["verdicts"]) <= len(before["verdicts"])

    check()


@pytest.mark.parametrize("wrapper", WRAPPERS, ids=lambda wrapper: wrapper.id)
def test_no_line_takes_more_than_linear_time(wrapper: Wrapper) -> None:
    # Lines are tried by the database's engine, which does not backtrack. In Python's, this pattern
    # takes longer than the world will last.
    slow = replace(wrapper, pattern=r"(?P<line>(?:a|aa)+)b", split="lines")
    assert slow.count(["a" * 5000, "aab"], connect_parser()) == 1
    # What a container runtime cut is put together by Python's: there, nothing repeats a repetition.
    for pattern in (wrapper.fragments.line, wrapper.fragments.open) if wrapper.fragments else ():
        assert not repeats_within(_parser.parse(pattern))


def repeats_within(parsed: Any, *, inside: bool = False) -> bool:
    """Whether a pattern repeats without end what repeats without end."""
    for operation, told in parsed:
        endless = str(operation).endswith("_REPEAT") and told[1] is _constants.MAXREPEAT
        if endless and inside:
            return True
        for part in told if isinstance(told, tuple) else ():
            branches = part if isinstance(part, list) else [part]
            bodies = [branch for branch in branches if isinstance(branch, _parser.SubPattern)]
            if any(repeats_within(body, inside=inside or endless) for body in bodies):
                return True
    return False


def test_repeated_repetitions_are_found() -> None:
    assert repeats_within(_parser.parse(r"x(?:ab|[^y]*)*"))
    assert not repeats_within(_parser.parse(r"x(?:ab|[^y]{2})*y+"))


def test_a_wrapper_tells_more_of_the_second_that_a_sentence_names(tmp_path: Path) -> None:
    start = "2026-11-18T06:25:29.652351+00:00 app[web.1]: [77c4e319-283e-4082-a9d6-5c3300e70604] "
    wanted = {"06:25:29": "06:25:29.652351", "06:25:28": "06:25:28", "06:25:30": "06:25:30"}
    lines = [
        f'{start}Started POST "/hook" for 198.51.100.6 at 2026-11-18 {said} +0000\n'
        for said in wanted
    ]
    (tmp_path / "rails.log").write_text("".join(lines))
    with ha.connect(":memory:") as ws:
        ws.load(tmp_path / "rails.log")
        told = ws.rows("SELECT logged_at FROM receipt_records ORDER BY line")
    assert [str(at) for (at,) in told] == [f"2026-11-18 {time}" for time in wanted.values()]


@pytest.mark.parametrize("chatter", [1, 250, 4000])
def test_objects_like_a_wrappers_keep_all_keys_however_late_webhooks_come(
    tmp_path: Path, chatter: int
) -> None:
    start = '{"timestamp": "2026-11-22T14:03:07Z", "levelname": "INFO", "message": "request"'
    other = f'{start}, "method": "GET", "path": "/shop", "status": 200}}\n'
    uuid = "899cca6c-0626-4654-a324-d4210229e33e"
    hook = f'{start}, "method": "POST", "path": "/hook", "delivery_id": "{uuid}", "status": 202}}\n'
    (tmp_path / "app.log").write_text(chatter * other + hook, encoding="utf-8")
    with ha.connect(":memory:") as ws:
        ws.load(tmp_path / "app.log")
        rows = ws.sql("SELECT method, path, http_status, candidate_uuids FROM receipt_records")
    assert rows.to_dict("records") == [
        {"method": "POST", "path": "/hook", "http_status": 202, "candidate_uuids": [uuid]}
    ]
