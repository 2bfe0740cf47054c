"""Reading: what becomes a record, what is rejected with which reason, what is refused and how."""

from __future__ import annotations

import gzip
import json
import os
import random
import socket
import zipfile
import zlib
from functools import partial
from pathlib import Path

import duckdb
import pytest

from hookanalysis.errors import InputError
from hookanalysis.read import sources as reading
from hookanalysis.read.documents import holds_nothing
from hookanalysis.read.rows import MARK, read_headers
from hookanalysis.read.sources import Account, Source, Split
from texts import BUDGET, LINES, NDJSON, Result, cells_of, csv_split, read_file, read_text
from wrapping import PACKINGS, zip_up

MIB = 1 << 20

# Without the time of packing: the data name their tests, which must be the same in every process.
pack = partial(gzip.compress, mtime=0)


def reasons(result: Result) -> list[tuple[int, int, str]]:
    return [(reject.line, reject.lines, reject.reason) for reject in result.rejects]


# What the database is given


def test_duckdb_reads_a_chunk_again_and_again_even_when_locked_down(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("one\ntwo é\nth\0ree\nfour")
    con = duckdb.connect()
    con.execute("SET enable_external_access = false; SET lock_configuration = true")
    rows = []
    for chunk in Source(path, max_text_bytes=BUDGET).chunks(LINES, final=True):
        con.register("chunk", chunk)
        once = con.execute("FROM chunk ORDER BY line").fetchall()
        assert con.execute("SELECT * FROM chunk ORDER BY line").fetchall() == once
        types = con.execute("SELECT typeof(COLUMNS(*)) FROM chunk LIMIT 1").fetchall()
        assert types == [("BIGINT", "BIGINT", "BIGINT", "VARCHAR")]
        rows += once
    assert rows == [(1, 0, 4, "one\n"), (2, 4, 7, "two é\n"), (3, 11, 7, None), (4, 18, 4, "four")]


def test_a_header_alone_is_a_table_without_records(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("only,a,header\n")
    (chunk,) = Source(path, max_text_bytes=BUDGET).chunks(csv_split(3, ",", 1), final=True)
    con = duckdb.connect()
    con.register("chunk", chunk)
    assert con.execute("SELECT count(*), count(record) FROM chunk").fetchall() == [(1, 0)]
    assert (chunk.start, chunk.end, chunk.bytes, chunk.records) == (0, 14, 14, 0)


def test_many_rows_reach_the_database_in_order_and_complete(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("".join(f"{i} é\n" for i in range(150_000)))
    con = duckdb.connect()
    (chunk,) = Source(path, max_text_bytes=BUDGET).chunks(LINES, final=True)
    con.register("chunk", chunk)
    query = """
        SELECT count(*) FILTER (record = concat(line - 1, ' é', chr(10))), sum(strlen(record)),
               max(line) FROM chunk
    """
    assert con.execute(query).fetchall() == [(150_000, path.stat().st_size, 150_000)]


# Lines


def test_an_empty_file_gives_nothing(tmp_path: Path) -> None:
    for text in (b"", pack(b"")):
        for split in (LINES, NDJSON, csv_split(3, ",", 1)):
            result = read_text(tmp_path, text, split)
            assert (result.spans, result.records, result.account) == ([], [], Account())


def test_line_ends_may_be_mixed(tmp_path: Path) -> None:
    result = read_text(tmp_path, b"a\r\nb\n\nc\rd\n", LINES)
    assert result.records == [(1, 0, "a\r\n"), (2, 3, "b\n"), (3, 5, "\n"), (4, 6, "c\rd\n")]


def test_a_text_that_ends_its_lines_with_cr_alone_gets_lf(tmp_path: Path) -> None:
    result = read_text(tmp_path, b"a,b\r1,2\r3,4", csv_split(2, ",", 1))
    assert result.records == [(2, 4, '{"c1":"1","c2":"2"}'), (3, 8, '{"c1":"3","c2":"4"}')]
    assert result.source.head == b"a,b\n1,2\n3,4"


def test_half_a_line_end_is_no_line_end_yet(tmp_path: Path) -> None:
    result = read_text(tmp_path, b"a\r", LINES, final=False)
    assert (result.records, result.account.tail_bytes) == ([], 2)


def test_an_unfinished_line_waits_for_the_next_reading_unless_the_file_is_final(
    tmp_path: Path,
) -> None:
    growing = read_text(tmp_path, b"a\nb\nhal", LINES, final=False)
    assert growing.texts == ["a\n", "b\n"]
    assert growing.account.tail_bytes == 3
    assert (growing.account.loaded_bytes, growing.account.lines) == (4, 2)
    assert growing.account.integrity == "whole"
    path = tmp_path / "log"
    path.write_bytes(b"a\nb\nhalf\n")
    rest = read_file(path, LINES, start=4, start_line=3, final=False)
    assert rest.records == [(3, 4, "half\n")]
    assert read_text(tmp_path, b"a\nb\nhal", LINES).texts == ["a\n", "b\n", "hal"]


def test_leading_nuls_are_stripped_and_nuls_within_reject_their_lines(tmp_path: Path) -> None:
    result = read_text(tmp_path, bytes(70_000) + b"a\nb\0\n\0\nc\n", LINES)
    assert result.records == [(1, 0, "a\n"), (4, 7, "c\n")]
    assert reasons(result) == [(2, 2, "nul_byte")]
    assert result.account.stripped_bytes == 70_000


def test_invalid_utf8_is_made_visible_and_moves_no_offset(tmp_path: Path) -> None:
    result = read_text(tmp_path, b"caf\xe9 \xf0\x9f\nna\xc3\xafve\n\xed\xa0\x80x\n", LINES)
    assert result.records == [
        (1, 0, "caf\\xe9 \\xf0\\x9f\n"),
        (2, 8, "naïve\n"),
        (3, 15, "\\xed\\xa0\\x80x\n"),
    ]


@pytest.mark.parametrize("size", [1000, 300_000, 16 * MIB])
def test_an_over_long_line_costs_only_itself(tmp_path: Path, size: int) -> None:
    path = tmp_path / "log"
    line = b"x" * (MIB - 1) + b"\n"
    path.write_bytes(line + b"x" + line + b"good\n")
    for split in (LINES, NDJSON, csv_split(1)):
        result = read_file(path, split, size=max(size, 60_000))
        sizes = [MIB, 5] if split.kind != "rows" else [MIB - 1 + len('{"c1":""}'), 4 + 9]
        assert [len(text) for text in result.texts] == sizes
        assert reasons(result) == [(2, 1, "too_long")]
        assert result.rejects[0].bytes == MIB + 1


def test_an_over_long_line_without_an_end_is_left_alone_until_it_has_one(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"a\n" + b"x" * 2 * MIB)
    growing = read_file(path, LINES, size=100_000, final=False)
    assert (growing.texts, growing.rejects) == (["a\n"], [])
    assert growing.account.tail_bytes == 2 * MIB
    with path.open("ab") as file:
        file.write(b"\nb\n")
    rest = read_file(path, LINES, start=2, start_line=2, final=False)
    assert (rest.texts, reasons(rest)) == (["b\n"], [(2, 1, "too_long")])
    hashes = rest.source.hashes([2, path.stat().st_size])
    assert [*hashes.values()] == [growing.account.content_hash, rest.account.content_hash]


def test_an_over_long_last_line_of_a_final_file_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"a\n" + b"x" * 2 * MIB)
    for size in (100_000, 16 * MIB):
        result = read_file(path, LINES, size=size)
        assert (result.texts, reasons(result)) == (["a\n"], [(2, 1, "too_long")])
        assert (result.account.tail_bytes, result.account.integrity) == (0, "whole")


# CSV


@pytest.mark.parametrize(
    ("text", "rejects"),
    [
        ("1,2\n", [(2, 1, "field_count")]),
        ("1,2,3,4\n", [(2, 1, "field_count")]),
        ('1,"2"x,3\n', [(2, 1, "stray_quote")]),
        ('1,2"2,3\n', [(2, 1, "stray_quote")]),
        ('1,"2\n"3,x"y,4\n', [(2, 2, "stray_quote")]),
        ("1,2\r2,3\n", [(2, 1, "field_count")]),
        ('1,2,"3"\rx\n', [(2, 1, "stray_quote")]),
        ('1,"2,3\n', [(2, 1, "unclosed_quote")]),
        ('1,"2\nx\ny,3\n1,2,3,4\n', [(2, 4, "unclosed_quote")]),
        ("1,2\n7,8,9\n1,2\n", [(2, 1, "field_count"), (4, 1, "field_count")]),
        ("1,\0,3\n", [(2, 1, "nul_byte")]),
        ('1,"\n\0",3\n', [(2, 2, "nul_byte")]),
        ("\n\r\n", []),
    ],
)
def test_a_bad_row_is_rejected_and_the_next_one_is_not(
    tmp_path: Path, text: str, rejects: list[tuple[int, int, str]]
) -> None:
    result = read_text(tmp_path, f"h,h,h\n{text}good,row,x\n".encode(), csv_split(3, ",", 1))
    assert cells_of(result.texts[-1]) == ["good", "row", "x"]
    assert reasons(result) == rejects
    assert result.account.integrity == "whole"


def test_a_row_becomes_an_object_of_what_its_header_names(tmp_path: Path) -> None:
    text = b'"a,""b""\r\nc", "d\x1fe "\r\n\\N,NULL\n'
    result = read_text(tmp_path, text, csv_split(2))
    assert result.records == [
        (1, 0, '{"c1":"a,\\"b\\"\\r\\nc","c2":"d\\u001fe"}'),
        (3, 22, '{"c1":null,"c2":null}'),
    ]


def test_lines_of_a_w3c_log_are_named_by_the_header_above_them(tmp_path: Path) -> None:
    text = (
        "#Version: 1.0\n#Fields: date time cs-uri sc(Referer)\n"
        '2026-11-22 14:03:07 /a "x ""y"" z"\n2026-11-22 14:03:08 /b\n\n'
        "#Fields: Time cs-uri\r\n14:03:09\t/c d\n"
    )
    path = tmp_path / "log"
    path.write_text(text, newline="")
    split = read_headers(Source(path, max_text_bytes=BUDGET).find_lines(MARK))
    assert split
    result = read_file(path, split)
    assert [(line, json.loads(record)) for line, _, record in result.records] == [
        (3, {"time": "2026-11-22T14:03:07Z", "cs-uri": "/a", "sc(referer)": 'x "y" z'}),
        (7, {"time": "14:03:09", "cs-uri": "/c d"}),
    ]
    assert reasons(result) == [(4, 1, "field_count")]
    assert result.account.ignored == 4
    later = read_file(path, split, start=text.index("14:03:09\t"), start_line=7)
    assert later.records == result.records[-1:]


def test_pasted_tables_may_hold_quotes_in_tab_separated_fields(tmp_path: Path) -> None:
    text = '1\t{"id": "x"}\tz\n2\t"quo\tted"\tz\n3\t{"id": "y"}\tz\n'
    result = read_text(tmp_path, text.encode(), csv_split(3, "\t"))
    assert [cells_of(record)[1] for record in result.texts] == [
        '{"id": "x"}',
        "quo\tted",
        '{"id": "y"}',
    ]
    assert result.rejects == []


@pytest.mark.parametrize("end", ["1,2", "1,2,3,4", '1,"2', '1,"2"', '1,"{\n ""id"": 5,\n ""x'])
def test_an_export_broken_off_in_its_last_row_can_be_completed_later(
    tmp_path: Path, end: str
) -> None:
    text = f"h,h,h\na,b,c\n{end}".encode()
    result = read_text(tmp_path, text, csv_split(3, ",", 1))
    assert (result.texts, result.rejects) == (['{"c1":"a","c2":"b","c3":"c"}'], [])
    assert result.account.integrity == "truncated"
    assert result.account.tail_bytes == len(end)
    path = tmp_path / "log"
    path.write_bytes(text[:12] + b"1,2,3\n")
    later = read_file(path, csv_split(3, ",", 1), start=12, start_line=3)
    assert later.records == [(3, 12, '{"c1":"1","c2":"2","c3":"3"}')]


def test_a_whole_last_row_needs_no_line_end(tmp_path: Path) -> None:
    result = read_text(tmp_path, b'a,b\n1,"2"', csv_split(2, ",", 1))
    assert (result.texts, result.account.integrity) == (['{"c1":"1","c2":"2"}'], "whole")


@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_quotes_on_every_line_cost_no_more_than_lines(tmp_path: Path, delimiter: str) -> None:
    """Each line might open a quote that the next ones close and open again."""
    text = f'y"{delimiter}"\n' * 20_000
    result = read_text(tmp_path, text.encode(), csv_split(2, delimiter))
    assert (result.texts, len(result.rejects)) == ([], 1)


def test_more_lines_than_one_batch_holds_are_read_whatever_their_width(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes((b"x" * 61 + b",y\n") * 300_000)
    result = read_file(path, csv_split(2), size=32 << 20)
    assert (len(result.texts), result.rejects) == (300_000, [])


def test_an_open_quote_swallows_nothing_behind_it(tmp_path: Path) -> None:
    rows = [f"{i},x,y\n" for i in range(1011)]
    rows[10] = '10,"x,y\n'
    result = read_text(tmp_path, "".join(rows).encode(), csv_split(3))
    assert len(result.texts) == 1010
    assert reasons(result) == [(11, 1, "unclosed_quote")]


# JSON


@pytest.mark.parametrize(
    ("text", "records", "rejects"),
    [
        ('[{"a":1}, {"a":[{}]}]', ['{"a":1}', '{"a":[{}]}'], []),
        ('\n{"count": 1, "results": [\n {"a": "]}"}\n], "next": {"a": []}}\n', ['{"a": "]}"}'], []),
        ('{"a": [1]}\n\n{"a": "\\\\"}\r\n', ['{"a": [1]}\n', '{"a": "\\\\"}\r\n'], []),
        ('[{"a":"\\\\"},{"b":"\\\\"}]', ['{"a":"\\\\"}', '{"b":"\\\\"}'], []),
        ('{\n"a": 1\n}\n{\n"a": 2\n}', ['{\n"a": 1\n}', '{\n"a": 2\n}'], []),
        ('{"a":1}\nTraceback\n{"a":2}\n', ['{"a":1}\n', "Traceback\n", '{"a":2}\n'], []),
        ('[{"a":1},{"a":},{"a":3}]', ['{"a":1}', '{"a":}', '{"a":3}'], []),
        ('[{"a":1}, 5, null, {"a":2}]', ['{"a":1}', '{"a":2}'], [(1, 1, "not_an_object")] * 2),
        ('[{"a":1}},{"a":2}]', ['{"a":1}', '{"a":2}'], [(1, 1, "malformed_json")]),
        ('[\n{"a":"x\n},\n{"a":2}\n]', ['{"a":2}'], [(2, 2, "malformed_json")]),
        ('[{"a":"x},{"a":2}]', [], [(1, 1, "malformed_json")]),
        ('[{"a":1}]\n[{"a":2}]', ['{"a":1}'], [(2, 1, "malformed_json")]),
        ('{"n":1,"webhook_deliveries":[{"a":1}],"more":[]}', ['{"a":1}'], []),
        ('{"result":{"ok":true,\n"items":[\n{"a":1}\n]}}', ['{"a":1}'], []),
        ('{"links":[{"b":1}],"x":{"y":[{"a":1},{"a":2}]}}', ['{"a":1}', '{"a":2}'], []),
        ('{"included":[{"b":1},{"b":2}],"data":[{"a":1}]}', ['{"a":1}'], []),
        ('{"tags":[{"b":1}],"time":1}', ['{"tags":[{"b":1}],"time":1}'], []),
        ('{"Message-ID":"x","b":[{"c":1}]}', ['{"Message-ID":"x","b":[{"c":1}]}'], []),
        ('{"a":[],"b":[1]}', ['{"a":[],"b":[1]}'], []),
        ('[{"b":[{"c":1}]}]', ['{"b":[{"c":1}]}'], []),
        ('{"results":[{"a":1}]} x', ['{"results":[{"a":1}]} x'], []),
        ('[{"a":"\0"},{"a":2}]', ['{"a":2}'], [(1, 1, "nul_byte")]),
        ("[]", [], []),
    ],
)
def test_documents(
    tmp_path: Path, text: str, records: list[str], rejects: list[tuple[int, int, str]]
) -> None:
    result = read_text(tmp_path, text.encode(), NDJSON)
    assert result.texts == records
    assert reasons(result) == rejects
    assert result.account.integrity == "whole"
    for size in range(1, 10):
        again = read_file(tmp_path / "log", NDJSON, size=size)
        assert (again.records, again.rejects) == (result.records, result.rejects)


@pytest.mark.parametrize(
    ("text", "nothing"),
    [
        ('{"webhook_deliveries":[],"more":false}', True),
        ('{"result":{"items":[]}}', True),
        (" []\n", True),
        ('{"items":[],"other":[1]}', False),
        ('{"id":"x","items":[]}', False),
        ('{"a":1}', False),
        ("{", False),
    ],
)
def test_a_list_without_elements_holds_nothing(text: str, *, nothing: bool) -> None:
    assert holds_nothing(text.encode()) is nothing


def test_objects_far_apart_are_no_envelope(tmp_path: Path) -> None:
    line = b'{"results":[{"a":1}]}\n'
    result = read_text(tmp_path, line + b"\n" * 300_000 + line, NDJSON)
    assert result.texts == [line.decode()] * 2
    assert result.account.ignored == 300_000


@pytest.mark.parametrize(
    ("text", "records", "tail"),
    [
        ('[{"a":1},{"a":2},{"a', 2, 3),
        ('[{"a":1},', 1, 0),
        ("[", 0, 0),
        ('{"results":[{"a":1},{"a":"x', 1, 7),
        ('{"results":[{"a":1}], "next": "', 1, 12),
        ('{\n"a": 1\n}\n{\n"a"', 1, 5),
    ],
)
def test_a_truncated_document_gives_its_complete_elements(
    tmp_path: Path, text: str, records: int, tail: int
) -> None:
    result = read_text(tmp_path, text.encode(), NDJSON)
    assert (len(result.texts), result.rejects) == (records, [])
    assert (result.account.integrity, result.account.tail_bytes) == ("truncated", tail)


def test_a_completed_document_continues_where_the_truncated_one_stopped(tmp_path: Path) -> None:
    text = b'{"results": [\n  {"a": 1},\n  {"a": 2},\n  {"a": 3}\n],\n"next": null}\n'
    at_once = read_text(tmp_path, text, NDJSON)
    for cut in range(14, len(text)):
        part = read_text(tmp_path, text[:cut], NDJSON)
        (tmp_path / "log").write_bytes(text)
        start, line = part.account.loaded_bytes, part.account.lines + 1
        rest = read_file(tmp_path / "log", NDJSON, start=start, start_line=line)
        assert part.records + rest.records == at_once.records, cut
        assert rest.rejects == []


def test_depth_is_limited(tmp_path: Path) -> None:
    deep = '{"a":' * 65 + "1" + "}" * 65
    good = '{"b":' + "[" * 63 + "1" + "]" * 63 + "}"
    many = '{"c":"' + "{" * 70 + '"}'
    array = read_text(tmp_path, f"[{good},{deep},{many}]".encode(), NDJSON)
    assert (array.texts, reasons(array)) == ([good, many], [(1, 1, "too_deep")])
    lines = read_text(tmp_path, f"{good}\n{deep}\n{many}\n".encode(), NDJSON)
    assert (lines.texts, reasons(lines)) == ([f"{good}\n", f"{many}\n"], [(2, 1, "too_deep")])


def test_an_over_long_element_costs_only_itself(tmp_path: Path) -> None:
    long = b'{"a":"' + b"x" * 2 * MIB + b'"}'
    result = read_text(tmp_path, b'[{"a":1},' + long + b',{"a":2}]', NDJSON)
    assert result.texts == ['{"a":1}', '{"a":2}']
    assert [(r.reason, r.bytes) for r in result.rejects] == [("too_long", len(long))]


def test_elements_are_found_on_both_sides_of_a_block_border(tmp_path: Path) -> None:
    items = [f'{{"n": {i}, "text": "{"x" * (i % 9000)}"}}' for i in range(700)]
    result = read_text(tmp_path, f"[{', '.join(items)}]".encode(), NDJSON)
    assert result.texts == items
    rows = [f'{i},"{"x" * (i % 9000)}\n"\n' for i in range(700)]
    table = read_text(tmp_path, "".join(rows).encode(), csv_split(2))
    assert [cells_of(text) for text in table.texts] == [
        [str(i), "x" * (i % 9000)] for i in range(700)
    ]
    assert [line for line, _, _ in table.records] == list(range(1, 1400, 2))


# Compressed and damaged files


def test_any_flipped_bit_in_a_packed_log_is_found(tmp_path: Path) -> None:
    rng = random.Random(7)
    text = b"".join(b"%d POST /hooks 200 %d\n" % (i, rng.randrange(9**9)) for i in range(5000))
    stored, path = pack(text, mtime=0), tmp_path / "log.gz"
    for _ in range(50):
        damaged, bit = bytearray(stored), rng.randrange(80, 8 * len(stored))  # behind the header
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"damaged|more than a log"):
            read_file(path, LINES)


def test_a_packed_log_whose_end_mark_was_hit_is_damaged_not_cut(tmp_path: Path) -> None:
    path = tmp_path / "log.gz"
    for number in range(300):
        text = f"2026-11-23 {number} POST /hooks 200\n".encode() * 2000
        packer = zlib.compressobj(wbits=-15)
        body = packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH)  # a stream without an end
        mark = zlib.crc32(text).to_bytes(4, "little") + len(text).to_bytes(4, "little")
        path.write_bytes(pack(b"")[:10] + body + mark)
        with pytest.raises(InputError, match="damaged"):
            read_file(path, LINES)


def test_a_damaged_header_makes_a_packed_log_binary_or_changes_nothing(tmp_path: Path) -> None:
    stored, path = pack(b"2026 GET / 200\n" * 99, mtime=0), tmp_path / "log.gz"
    for bit in range(80):
        damaged = bytearray(stored)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            result = read_file(path, LINES)
        except InputError:
            continue
        if result.account.integrity == "truncated":
            assert result.texts == []
        else:
            assert result.texts == ["2026 GET / 200\n"] * 99


@pytest.mark.parametrize(
    ("stored", "records"),
    [
        (pack(b"a\n") + pack(b"b\n"), 2),
        (pack(b"a\n") + bytes(5000), 1),
        (pack(b"a\n") + bytes(700) + pack(b"b"), 2),
        (pack(b"\0\0\xef\xbb\xbfa\n"), 1),
    ],
)
def test_members_and_padding(tmp_path: Path, stored: bytes, records: int) -> None:
    result = read_text(tmp_path, stored, LINES, final=False)
    assert (len(result.texts), result.account.integrity) == (records, "whole")
    assert result.source.compressed


def test_a_packed_file_that_breaks_off_gives_its_complete_records(tmp_path: Path) -> None:
    stored = pack(b"".join(b"%d,%d\n" % (i, i * i) for i in range(9000)))
    for split in (LINES, csv_split(2)):
        result = read_text(tmp_path, stored[: len(stored) // 2], split)
        assert result.account.integrity == "truncated"
        assert len(result.texts) > 100
        last = len(result.texts) - 1
        row = {"c1": str(last), "c2": str(last * last)}
        assert result.texts[-1] == (
            f"{last},{last * last}\n" if split is LINES else json.dumps(row, separators=(",", ":"))
        )


def write_workbook(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("[Content_Types].xml", "<Types/>")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (pack(b"a\n" * 99) + b"garbage", "damaged"),
        (pack(pack(pack(b"a\n" * 99))), "twice"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "Excel"),
        (b"  <!DOCTYPE html><html><body>Log in", "HTML"),
        (b"<!-- x -->\n<HTML>", "HTML"),
        (b"%PDF-1.7\n", "PDF"),
        (bytes(range(256)) * 9, "binary"),
        (b"\x7fELF\x02\x01\x01" + bytes(9) + bytes(range(200)), "binary"),
        ("a,b\n1,2\n".encode("utf-16-le"), "UTF-16"),
        ("a,b\n1,2\n".encode("utf-32"), "UTF-32"),
        (b"\0\0\xfe\xff" + "a,b\n".encode("utf-32-be"), "UTF-32"),
    ],
)
def test_what_is_no_log_is_refused_with_a_hint(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=what) as caught:
        read_file(path, LINES)
    assert caught.value.hint
    assert caught.value.where == str(path)


def test_a_workbook_named_csv_is_refused(tmp_path: Path) -> None:
    write_workbook(tmp_path / "export.csv")
    with pytest.raises(InputError, match="Excel") as caught:
        read_file(tmp_path / "export.csv", csv_split(3))
    assert "CSV" in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        b"<134>1 2026-11-23T10:00:00Z host app - - - <html> in a message\n",
        b"".join(b"line %d\n" % i for i in range(50)) + bytes(4096) + b"after a crash\n",
        "Ünïcödé ëvërywhërë\n".encode("latin-1") * 9,
        b"\x1b[31mred\x1b[0m \\x16\\x03\\x01\n" * 9,
        b"x",
    ],
)
def test_odd_text_is_text(tmp_path: Path, text: bytes) -> None:
    assert read_text(tmp_path, text, LINES).texts


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "socket"))
    (tmp_path / "link").symlink_to(tmp_path / "log")
    for name in ("pipe", "loop", "socket", "missing", "", "x" * 300, "nul\0byte"):
        with pytest.raises(InputError) as caught:
            Source(tmp_path / name, max_text_bytes=BUDGET)
        assert caught.value.hint
    with pytest.raises(InputError, match="no regular file"):
        Source(Path("/dev/zero"), max_text_bytes=BUDGET)
    server.close()
    (tmp_path / "log").write_bytes(b"a\n")
    assert read_file(tmp_path / "link", LINES).texts == ["a\n"]


def test_a_file_without_permission_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"a\n")
    path.chmod(0)
    if os.geteuid() == 0:  # root may read anything

        def refuse(*_: object) -> int:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(InputError, match="cannot be read") as caught:
        Source(path, max_text_bytes=BUDGET)
    assert "permission" in caught.value.hint


# Budgets


def test_a_file_over_the_budget_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"line\n" * 100)
    assert Source(path, max_text_bytes=500).stored_bytes == 500
    with pytest.raises(InputError, match="budget"):
        Source(path, max_text_bytes=499)
    path.write_bytes(pack(b"line\n" * 200_000))
    source = Source(path, max_text_bytes=999_999)
    with pytest.raises(InputError, match="budget"):
        list(source.chunks(LINES, final=True))


@pytest.mark.parametrize("fill", [b"\0", b"x", b"1,2,3\n"])
def test_a_bomb_is_refused_early(tmp_path: Path, fill: bytes) -> None:
    path = tmp_path / "log.gz"
    member = pack(fill * (16 * MIB // len(fill)))
    path.write_bytes(member * 640)  # 10 GB of text
    with pytest.raises(InputError, match="far more than a log"):
        list(Source(path, max_text_bytes=1 << 40).chunks(LINES, final=True))


@pytest.mark.parametrize("packing", ["bzip2", "xz", "zstd", "zip"])
def test_bombs_of_every_packing_are_refused(tmp_path: Path, packing: str) -> None:
    path = tmp_path / "log"
    path.write_bytes(PACKINGS[packing](bytes(80 * MIB)))
    with pytest.raises(InputError, match="far more than a log"):
        list(Source(path, max_text_bytes=1 << 40).chunks(LINES, final=True))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (zip_up(b"a\n", "a.log", "b.log"), "holds 2 files"),
        (zip_up(b"a\n", "folder/"), "holds 0 files"),
        (zip_up(b"a\n" * 99, "a.log", method=zipfile.ZIP_BZIP2), "unusual way"),
        (zip_up(b"a\n" * 99, "a.log")[:-9], "the zip file is damaged"),
        (b"PK\x03\x04" + bytes(99), "the zip file is damaged"),
    ],
)
def test_a_zip_archive_is_one_file_or_refused(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "logs.zip"
    path.write_bytes(content)
    with pytest.raises(InputError, match=what) as caught:
        Source(path, max_text_bytes=MIB)
    assert caught.value.hint


def test_the_resource_forks_of_a_mac_are_no_members(tmp_path: Path) -> None:
    assert read_text(tmp_path, zip_up(b"a\n", "a.log", "__MACOSX/._a.log"), LINES).texts == ["a\n"]


def test_a_file_of_rejects_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_REJECT_LIMIT", 1000)
    assert len(read_text(tmp_path, b"1\n" * 1000, csv_split(2)).rejects) == 1
    with pytest.raises(InputError, match="too much"):
        read_text(tmp_path, b"1\n" * 1001, csv_split(2))


# The file under our feet


def test_what_is_written_while_reading_belongs_to_the_next_reading(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"a\nb\n")
    source = Source(path, max_text_bytes=BUDGET)
    with path.open("ab") as file:
        file.write(b"c\n")
    chunks = list(source.chunks(LINES, final=False))
    assert sum(chunk.records for chunk in chunks) == 2
    assert source.account.text_bytes == 4


def test_a_file_replaced_shortened_or_rewritten_between_two_passes_is_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "log"

    def opened() -> object:
        path.write_bytes(b"first\nsecond\n")
        source = Source(path, max_text_bytes=BUDGET)
        source.hashes([6])
        return source

    def replace_it() -> None:
        (tmp_path / "new").write_bytes(b"first\nsecond\n")
        (tmp_path / "new").rename(path)

    for change in (replace_it, lambda: os.truncate(path, 3), lambda: path.write_bytes(b"F" * 13)):
        source = opened()
        change()
        with pytest.raises(InputError, match="changed"):
            list(source.chunks(LINES, start=6, start_line=2, final=False))  # type: ignore[attr-defined]


def test_a_start_behind_the_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="changed"):
        read_text_from(tmp_path, b"a\n", 3)
    assert read_text_from(tmp_path, b"a\n", 2).records == []


def read_text_from(folder: Path, text: bytes, start: int) -> Result:
    (folder / "log").write_bytes(text)
    return read_file(folder / "log", LINES, start=start)


# Looking


def test_head_lines_and_names(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"na\xffme.log")
    path.write_bytes(b"\xef\xbb\xbf" + b"0123456789abcde\n" * 40_000)
    source = Source(path, max_text_bytes=BUDGET)
    assert source.path.endswith("na\\udcffme.log")
    assert source.stored_bytes == 640_003
    assert source.head[:20] == b"0123456789abcde\n0123"
    assert len(source.head) == 1 << 18
    assert source.line_at(16 * 30_000 + 10) == "abcde"
    assert source.hashes([0, 640_001]).keys() == {0}


def test_a_split_says_all_that_is_needed() -> None:
    assert Split("lines") == Split(kind="lines", delimiter=",", sections=(), skip_lines=0)
