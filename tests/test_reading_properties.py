"""Laws of reading, on generated files: nothing lost, nothing twice, no matter how it is cut."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from hookanalysis.errors import InputError
from hookanalysis.read.documents import ElementSplitter
from hookanalysis.read.sources import Split
from texts import LINES, NDJSON, Result, cells_of, csv_split, read_file
from wrapping import PACKINGS

if TYPE_CHECKING:
    from hookanalysis.read.sources import Reject

many = settings(max_examples=int(os.environ.get("EXAMPLES", "40")), deadline=None)
some = settings(max_examples=10, deadline=None)

SIZES = (1, 2, 3, 7, 64, 1 << 24)
SPLITS = {
    "lines": LINES,
    "csv": csv_split(3),
    "csv with header": csv_split(2, ";", 2),
    "tsv": csv_split(3, "\t"),
    "json": NDJSON,
}

PIECES = [
    *(b"a", b"word ", b"12", "é".encode(), "😀".encode(), b"\xff", b"\xc3", b"\x00", b"\x1f"),
    *(b"\n", b"\n", b"\r\n", b"\r", b",", b",", b";", b"\t", b'"', b'"', b'""', b"\\", b'\\"'),
    *(b"{", b"}", b"[", b"]", b":", b" ", b'{"a":1}', b'{"b": "}"}', b',\n{"c":[{}]}', b"x,y,z\n"),
    *(b'"q","r\ns",t\n', b"1;2\n", b"1\t2\t3\n", b'[{"a":1},', b'{"results": [', b"\n{"),
]
raw_text = st.lists(st.sampled_from(PIECES), max_size=25).map(b"".join)
cells = st.lists(
    st.sampled_from(["a", "b ", "7", "é", "😀", '"', ",", ";", "\t", "\n", "\r\n", "{", "'"]),
    max_size=6,
).map("".join)
names = st.text(
    st.sampled_from(["a", "b", '"', "\\", "é", "{", "}", "[", "]", ",", " "]), max_size=4
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(names, values, max_size=4)


def read_bytes(text: bytes, split: Split, **options: Any) -> Result | None:
    """Read a file with these bytes; None when it is refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        path.write_bytes(text)
        try:
            return read_file(path, split, **options)
        except InputError:
            return None


def seen(result: Result | None) -> tuple[Any, ...] | None:
    """All that may not depend on how the file was cut."""
    return (result.records, result.rejects, result.account) if result else None


def covered(rejects: list[Reject]) -> list[tuple[int, int]]:
    return [(r.byte_offset, r.byte_offset + r.bytes) for r in rejects]


def check_books(raw: bytes, result: Result, split: Split) -> None:
    """Every byte is in a record, a reject, what is ignored by rule, the tail, or stripped."""
    account = result.account
    text = raw.lstrip(b"\0").removeprefix(b"\xef\xbb\xbf")
    if b"\n" not in text and b"\r" in text[:-1]:
        text = text.replace(b"\r", b"\n")
    assert account.stripped_bytes + account.text_bytes == len(raw)
    assert account.loaded_bytes + account.tail_bytes == account.text_bytes == len(text)
    assert account.content_hash == blake3(text[: account.loaded_bytes]).hexdigest()
    edges = [edge for span in result.spans for edge in span]
    assert edges[:1] + edges[-1:] == ([0, account.loaded_bytes] if account.loaded_bytes else [])
    assert edges[1:-1:2] == edges[2::2]
    taken = covered(result.rejects)
    for line, offset, record in result.records:
        assert line == text.count(b"\n", 0, offset) + 1
        ends = (e for e in range(offset, len(text) + 1) if shown(text[offset:e], split) == record)
        row = split.kind == "rows"  # its line end does not show
        end = next(e for e in ends if not row or e == len(text) or text[e - 1 : e] == b"\n")
        taken.append((offset, end))
    taken.sort()
    for reject in result.rejects:
        assert reject.line == text.count(b"\n", 0, reject.byte_offset) + 1
        span = text[reject.byte_offset : reject.byte_offset + reject.bytes]
        assert reject.lines == span.count(b"\n") + (span[-1:] != b"\n")
    place, between = 0, []
    for start, end in taken:
        assert place <= start < end
        between.append(text[place:start])
        place = end
    between.append(text[place : account.loaded_bytes])
    check_ignored(between, result, split)


def shown(raw: bytes, split: Split) -> str:
    """How the bytes of a record appear in it."""
    text = raw.decode("utf-8", "backslashreplace")
    if split.kind != "rows" or not text.strip("\r\n"):
        return text
    lines = io.StringIO(text, newline="\n")
    try:
        rows = list(
            csv.reader(lines, delimiter=split.delimiter, skipinitialspace=True, strict=True)
        )
    except csv.Error:
        return text
    cells = [cell.strip() for cell in rows[0]]
    record = dict(zip(split.sections[0][1], cells, strict=False))
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def check_ignored(between: list[bytes], result: Result, split: Split) -> None:
    if split.kind == "lines":
        assert not any(between)
    elif split.kind == "rows":
        header = between[0].split(b"\n", split.skip_lines)
        blank = [*header[split.skip_lines :], *between[1:]]
        assert not b"".join(blank).strip(b"\r\n")
        ignored = b"".join(between)
        assert result.account.ignored == ignored.count(b"\n") + (ignored[-1:] not in {b"", b"\n"})
    else:
        before, _, after = b"".join(between[1:]).partition(b"]")
        assert not before.strip(b" \t\r\n,")
        assert not after.strip() or between[0].startswith(b"{")


@pytest.mark.parametrize("name", SPLITS)
@many
@given(raw=raw_text, final=st.booleans(), data=st.data())
def test_every_byte_is_accounted_for(name: str, raw: bytes, *, final: bool, data: Any) -> None:
    split = SPLITS[name]
    whole = read_bytes(raw, split, final=final)
    size = data.draw(st.sampled_from(SIZES))
    assert seen(read_bytes(raw, split, final=final, size=size)) == seen(whole)
    if whole:
        check_books(raw, whole, split)


@many
@given(raw=raw_text, final=st.booleans())
def test_the_fast_path_decides_as_the_slow_one(raw: bytes, *, final: bool) -> None:
    fast = read_bytes(raw, NDJSON, final=final)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ElementSplitter, "_accept", lambda *_: False)
        assert seen(read_bytes(raw, NDJSON, final=final)) == seen(fast)


@many
@given(
    table=st.integers(1, 4).flatmap(
        lambda n: st.lists(st.lists(cells, min_size=n, max_size=n), max_size=6)
    ),
    delimiter=st.sampled_from(",;\t"),
    ending=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    closed=st.booleans(),
)
def test_tables_are_read_as_pythons_csv_module_wrote_them(
    table: list[list[str]], delimiter: str, ending: str, quoting: Any, *, closed: bool
) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, lineterminator=ending, quoting=quoting).writerows(table)
    text = file.getvalue() if closed else file.getvalue().removesuffix(ending)
    columns = len(table[0]) if table else 1
    result = read_bytes(text.encode(), csv_split(columns, delimiter))
    assert result is not None
    rows = [[cell.strip() for cell in row] for row in table]
    assert [cells_of(record) for record in result.texts] == rows
    assert result.rejects == []
    assert result.account.integrity == "whole"


FAULTS = ["short", "a,b,c,d", '"open,b,c', 'a,"b"x,c', 'a,b"c,d', "", "a,b,\x00c"]


@many
@given(order=st.lists(st.sampled_from([*FAULTS, None]), max_size=12))
def test_good_rows_after_bad_ones_are_kept(order: list[str | None]) -> None:
    lines = [f"row,{i},x" if fault is None else fault for i, fault in enumerate(order)]
    good = [line.split(",") for line in lines if line.startswith("row")]
    result = read_bytes("".join(f"{line}\n" for line in lines).encode(), csv_split(3))
    assert result is not None
    assert list(map(cells_of, result.texts)) == good
    bad = sum(bool(line) for line in lines) - len(good)
    assert sum(reject.lines for reject in result.rejects) == bad


@many
@given(
    documents=st.lists(objects, max_size=5),
    layout=st.sampled_from(["array", "envelope", "lines", "one after the other"]),
    indent=st.sampled_from([None, 0, 1, 4, "\t"]),
    key=st.sampled_from(["results", "data", "items", "events", "logs", "deliveries", "attempts"]),
    ascii_only=st.booleans(),
)
def test_documents_are_read_as_pythons_json_module_wrote_them(
    documents: list[dict[str, Any]], layout: str, indent: Any, key: str, *, ascii_only: bool
) -> None:
    def dump(value: Any) -> str:
        space = None if layout == "lines" else indent
        return json.dumps(value, indent=space, ensure_ascii=ascii_only)

    if layout == "array":
        text = dump(documents)
    elif layout == "envelope":
        text = dump({"count": len(documents), "next": None, key: documents, "more": {"a": [1]}})
    else:
        text = "".join(dump(document) + "\n" for document in documents)
    result = read_bytes(text.encode(), NDJSON)
    assert result is not None
    alone = layout in {"lines", "one after the other"} and len(documents) == 1
    if alone and result.texts != [text]:
        return  # a single object that looks like an envelope is read as one
    assert [json.loads(record) for record in result.texts] == documents
    assert (result.rejects, result.account.integrity) == ([], "whole")


@pytest.mark.parametrize("name", ["lines", "csv", "csv with header", "tsv"])
@many
@given(raw=raw_text, cuts=st.lists(st.integers(0, 60), max_size=4))
def test_a_file_grown_in_steps_gives_what_it_gives_at_once(
    name: str, raw: bytes, cuts: list[int]
) -> None:
    raw = b"first;line\n" + raw.replace(b"\x00", b"")  # what is stripped is not known in advance
    split = SPLITS[name]
    whole = read_bytes(raw, split, final=False)
    if whole is None:
        return
    start, line, records = 0, 1, []
    for cut in [*sorted(cuts), len(raw)]:
        part = read_bytes(raw[:cut], split, final=False, start=start, start_line=line)
        if part is None:
            return
        records += part.records
        start, line = part.account.loaded_bytes, part.account.lines + 1
    assert records == whole.records
    assert start == whole.account.loaded_bytes


@many
@given(
    lines=st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]))),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"]),
    packed=st.integers(0, 3),
    nulls=st.integers(0, 5),
    size=st.sampled_from(SIZES),
)
def test_encoding_packing_and_line_ends_change_nothing(
    lines: list[str], ending: str, encoding: str, packed: int, nulls: int, size: int
) -> None:
    text = "".join(f"x{line}{ending}" for line in lines)
    mark = {"utf-8-sig": "\ufeff", "utf-16-le": "\ufeff", "utf-16-be": "\ufeff"}.get(encoding, "")
    stored = bytes(nulls) + (mark + text).encode(encoding.removesuffix("-sig"))
    stripped = len(stored) - len(text.encode(encoding.removesuffix("-sig")))
    if packed:
        cut = len(stored) * packed // 3
        stored = gzip.compress(stored[:cut]) + gzip.compress(stored[cut:]) + bytes(packed - 1)
    if encoding == "utf-16-be" and nulls == 2:
        return  # two NULs and its mark are the mark of UTF-32
    result = read_bytes(stored, LINES, size=size)
    assert result is not None
    assert [record.rstrip("\r\n") for record in result.texts] == [f"x{line}" for line in lines]
    assert result.account.text_bytes == len(text.encode())
    assert result.account.stripped_bytes == stripped
    assert result.source.compressed == bool(packed)


LOG = b"".join(b"2026-11-23 10:%02d:07 POST /hooks 200 %d\n" % (i % 60, i * i) for i in range(400))
PACKED = {name: pack(LOG) for name, pack in PACKINGS.items()}


@many
@given(data=st.data(), packing=st.sampled_from(sorted(PACKINGS)))
def test_a_flipped_bit_in_a_packed_file_is_never_silent(data: Any, packing: str) -> None:
    stored = bytearray(PACKED[packing])
    bit = data.draw(st.integers(0, 8 * len(stored) - 1))
    stored[bit // 8] ^= 1 << bit % 8
    result = read_bytes(bytes(stored), LINES)
    if result and result.account.integrity == "whole" and result.source.compressed:
        assert "".join(result.texts).encode() == LOG
    elif result and not result.source.compressed:  # its first bytes are no longer what they were
        assert bit < 8 * 10


@many
@given(data=st.data(), packing=st.sampled_from(sorted(PACKINGS.keys() - {"zip"})))
def test_a_packed_file_cut_anywhere_gives_its_complete_lines(data: Any, packing: str) -> None:
    stored = PACKED[packing]
    cut = data.draw(st.integers(10, len(stored) - 1))
    result = read_bytes(stored[:cut], LINES)
    assert result is not None
    text = "".join(result.texts).encode()
    assert LOG.startswith(text)
    assert text[-1:] in {b"", b"\n"}
    assert (result.account.integrity, result.rejects) == ("truncated", [])
    assert result.account.loaded_bytes == len(text)


@some
@given(
    inner=st.sampled_from(["gzip", "bzip2", "xz", "zstd"]),
    outer=st.sampled_from(["", *sorted(PACKINGS)]),
    cut=st.integers(0, len(LOG)),
    size=st.sampled_from(SIZES),
)
def test_every_packing_gives_the_same_text_also_in_parts_and_in_another(
    inner: str, outer: str, cut: int, size: int
) -> None:
    stored = PACKINGS[inner](LOG[:cut]) + PACKINGS[inner](LOG[cut:])
    result = read_bytes(PACKINGS[outer](stored) if outer else stored, LINES, size=size)
    assert result is not None
    assert "".join(result.texts).encode() == LOG
    assert result.account.integrity == "whole"


@many
@given(raw=raw_text, lengths=st.lists(st.integers(0, 80)))
def test_hashes_are_those_of_the_text_for_every_length_it_reaches(
    raw: bytes, lengths: list[int]
) -> None:
    result = read_bytes(raw, LINES)
    if result is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        path.write_bytes(raw)
        source = replace(read_file(path, LINES)).source
        text = source.head
        assert source.hashes(lengths) == {
            n: blake3(text[:n]).hexdigest() for n in lengths if n <= len(text)
        }
        assert len(text) == result.account.text_bytes
