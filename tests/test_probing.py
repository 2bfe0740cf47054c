"""`formats try`: what a user sees of a file before anything is loaded."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hookanalysis as ha
from checking import check_formats
from hookanalysis.errors import InputError
from hookanalysis.formats.detect import detect
from hookanalysis.formats.engine import connect_parser
from hookanalysis.formats.format import Format, load_formats
from hookanalysis.formats.probing import parse_head, try_file
from hookanalysis.formats.trials import reach, take_records
from hookanalysis.settings import Known
from tiers import some

FORMATS = load_formats()
ACCESS = '34.83.8.110 - - [22/Nov/2026:14:03:07 +0000] "POST /hook HTTP/1.1" 200 2 "-" "x"\n'

STRANGE = {
    "lines": """\
web-1 <<POST /webhooks/showpass>> 200 35ms 34.83.8.110 @1795356187 done
web-2 <<PUT /webhooks/other>> 503 1.5s 34.83.8.110 @1795356189 failed: no such thing
""",
    "objects": """\
{"when_it_was":"2026-11-22T14:03:07Z","where":"/hook","what":"POST","code_of_answer":200}
{"when_it_was":"2026-11-22T14:03:08Z","where":"/hook","what":"POST","code_of_answer":503}
""",
    "table": """\
Ticket,Moment,Answer,Where
06d5dc13-7e24-4f2b-9d5e-0d8a5a3c9b11,2026-11-22T14:03:07Z,200,https://x.example/hook
06d5dc13-7e24-4f2b-9d5e-0d8a5a3c9b12,2026-11-22T14:03:08Z,503,https://x.example/hook
""",
}


def test_it_shows_the_format_the_others_and_the_first_records(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    file.write_text(ACCESS * 9 + ACCESS[:62] + "\n")
    told, found = try_file(file)
    assert found
    assert f"{file} is access_combined" in told
    assert re.search(r"→ access_combined +9 of 10 records fit", told)
    assert re.search(r"  access_common +matches line 1", told)
    assert re.search(r"\d\d other formats are less like it", told)
    assert "showpass_csv" not in told
    # A line that fits no format keeps what its shape tells.
    assert "10 kept, 0 counted, 0 passed over, 0 rejected" in told
    assert "2026-11-22 14:03:07 UTC  method=POST  path=/hook  http_status=200" in told


def test_only_a_file_that_no_format_fits_gets_a_draft(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    file.write_text(ACCESS * 9)
    with pytest.raises(InputError, match="no time zone"):
        try_file(file, Known(timezone="Mars/Olympus"))


@pytest.mark.long
def test_a_format_of_ones_own_can_be_tried(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    file.write_text("34.83.8.110 [22/Nov/2026:14:03:07 +0000] <POST /hook HTTP/1.1> 200\n" * 9)
    told, found = try_file(file, Known(log_format="$remote_addr [$time_local] <$request> $status"))
    assert found
    assert "9 of 9 records fit" in told


@pytest.mark.long
def test_it_shows_what_is_rejected_and_where(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    lost = 'POST /hook HTTP/1.1" 200 of which the beginning is lost'
    file.write_text(f"{ACCESS * 9}{lost}\n")
    told = try_file(file)[0].splitlines()
    (place,) = [number for number, line in enumerate(told) if "rejected, no_time" in line]
    assert told[place].startswith(f"{file}:10: ")
    assert told[place + 1].startswith("  | POST /hook HTTP/1.1")


@pytest.mark.long
def test_a_log_of_which_no_line_can_be_read_is_none(tmp_path: Path) -> None:
    file = tmp_path / "messages"
    file.write_text("POST /hook 200\n" * 9)
    told, found = try_file(file)
    assert not found
    assert "no format fits the file" in told


@pytest.mark.long
def test_it_asks_for_a_zone_where_times_name_none(tmp_path: Path) -> None:
    file = tmp_path / "app.log"
    file.write_text("2026-11-22 14:03:07 INFO POST /a\n2026-11-22 14:03:08 INFO x\n")
    assert "give it, such as --timezone" in try_file(file)[0]
    assert "--timezone" not in try_file(file, Known(timezone="UTC"))[0]


@pytest.mark.parametrize("kind", some(STRANGE, "lines"))
def test_a_draft_reads_the_file_that_it_was_made_of(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "strange thing.log"
    file.write_text(STRANGE[kind])
    told, found = try_file(file)
    assert not found
    draft = told.partition("mended:\n\n")[2]
    folder = tmp_path / "formats"
    folder.mkdir()
    (folder / "strange_thing.toml").write_text(draft)
    formats = load_formats(folder)
    binding = detect(STRANGE[kind].encode(), "x", formats=formats)
    assert binding.format.id == "strange_thing"
    records = parse_head(STRANGE[kind].encode(), binding)
    assert [record["http_status"] for record in records] == [200, 503]
    assert all((r.get("attempted_at") or r["at"]).year == 2026 for r in records)
    assert not check_formats([binding.format])


def test_hostile_lines_cost_no_more_than_their_length() -> None:
    # In an engine that backtracks, this pattern takes longer than the world will last.
    column, _ = reach(r"(?P<time>(?:a|aa)+)b", b"a" * 5000)
    assert column > 1000


@st.composite
def spoilt_samples(draw: st.DrawFn) -> tuple[Format, bytes]:
    """A sample of a format after some accidents: bytes lost, doubled, or put in."""
    entry = draw(st.sampled_from(FORMATS))
    text = draw(st.sampled_from([sample.text for sample in entry.samples])).encode()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 40)))
        put = draw(
            st.sampled_from([b"", text[start:end] * 2, b'"', b"\n", b"\\", b"{", b",", b"[" * 99])
            | st.binary(max_size=6)
        )
        text = text[:start] + put + text[end:]
    return entry, text


@pytest.mark.parametrize("examples", some([4, 12], 4))
def test_no_accident_breaks_parsing_or_loses_a_record(examples: int) -> None:
    few = settings(
        max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    few(given(spoilt_samples())(check_accident))()


def check_accident(case: tuple[Format, bytes]) -> None:
    entry, data = case
    text = data.decode("utf-8", "backslashreplace").encode()
    try:
        binding = detect(text, "x", Known(format=entry.id, timezone="UTC", day_first=True))
    except InputError:
        return
    records = parse_head(text, binding)
    # A record that lists several attempts is taken apart: each has a place within the record.
    con = connect_parser()
    con.register("chunk", take_records(text, binding.split))
    starts = con.sql("SELECT byte_offset, bytes FROM chunk WHERE record IS NOT NULL").fetchall()
    places = sorted({record["byte_offset"] for record in records})
    assert all(any(at <= place < at + size for at, size in starts) for place in places)
    assert all(any(at <= place < at + size for place in places) for at, size in starts)
    for record in records:
        assert record["verdict"] in {"keep", "count", "ignore", "reject"}
        assert (record["verdict"] == "reject") == (record["reason"] is not None)


@pytest.mark.long
def test_no_accident_breaks_loading(tmp_path: Path) -> None:
    file = tmp_path / "spoilt.log"

    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(spoilt_samples())
    def check(case: tuple[Format, bytes]) -> None:
        file.write_bytes(case[1])
        with ha.connect(":memory:") as ws:
            (told,) = ws.load(file, timezone="UTC").files
            assert told.status in {"loaded", "refused"}
            if told.status == "refused":
                assert told.error
            (row,) = ws.rows("SELECT records, kept, rejected, text_bytes FROM files")
            assert row[0] is None or row[0] >= row[1] + row[2]

    check()
