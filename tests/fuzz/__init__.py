"""Broken files: known ones changed at random, and what must hold of how they are read."""

from __future__ import annotations

import base64
import random
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import hookanalysis as ha
from hookanalysis.errors import InputError
from hookanalysis.formats.format import load_formats
from hookanalysis.formats.wrappers import load_wrappers
from hookanalysis.status import find_damage
from texts import LINES, NDJSON, csv_split, read_file
from wrapping import PACKINGS

# Nasty files, and those that were once read wrongly: each is tried again, and changed further.
CORPUS = Path(__file__).parent / "corpus"
# A file may take so long: to begin with, and for each KiB. Ten times what any has taken.
PATIENCE, PATIENCE_PER_KIB = 20.0, 1.0
_MARKS = (
    *(bytes([byte]) for byte in b"\"'{}[]\\,;\t\n\r\0<-\xff"),
    *(b"\r\n", b"\x1b[31m", b"\xef\xbb\xbf", b"\xff\xfe", "é\u202e\u2028😀".encode(), b"%00"),
    *(b"&#x22;", b"<!--", b"9999-12-31T23:59:59Z", b"0000-00-00 00:00:00", b"1e999", b"null"),
    *(b"18446744073709551616", b"2026-03-08 02:30:00", b'{"a":', b'[{"', b'"""', b"POST /"),
    *(b" HTTP/1.1", b"#Fields: ", b"NaN", b"06d5dc13-0000-4000-8000-000000000001"),
    *(b"webhook_event_uuid=", b"Traceback (most recent call last):\n"),
)


@cache
def seeds() -> tuple[bytes, ...]:
    """The samples of all formats and wrappers, and the corpus."""
    texts = [sample.text for entry in load_formats() for sample in entry.samples]
    texts += [str(sample["text"]) for wrapper in load_wrappers() for sample in wrapper.samples]
    kept = [base64.b64decode(file.read_text()) for file in sorted(CORPUS.glob("*.b64"))]
    return (*(text.encode() for text in texts), *kept)


def _swap(text: bytearray, at: int, end: int, dice: random.Random) -> bytes:
    """What takes the place of a stretch of a text."""
    other, piece = dice.choice(seeds()), bytes(text[at:end])
    cut = dice.randrange(len(other) + 1)
    options = (
        b"",
        bytes(byte ^ 1 << dice.randrange(8) for byte in piece[:1]) + piece[1:],
        dice.choice(_MARKS),
        dice.choice(_MARKS) * dice.choice((3, 50, 5000)),
        piece * dice.choice((2, 30)),
        other[cut : cut + dice.choice((10, 200, 2000))],
        piece[::-1],
    )
    return dice.choice(options)


def change(dice: random.Random) -> bytes:
    """A seed with a few stretches swapped, cut off, or packed."""
    text = bytearray(dice.choice(seeds()))
    for _ in range(dice.choice((1, 1, 2, 3, 8))):
        at = dice.randrange(len(text) + 1)
        end = min(len(text), at + dice.choice((0, 1, 4, 40, 4000)))
        text[at:end] = _swap(text, at, end, dice)
        del text[200_000:]
    if dice.random() < 0.1:
        del text[dice.randrange(len(text) + 1) :]
    if dice.random() < 0.9:
        return bytes(text)
    packed = bytearray(PACKINGS[dice.choice(sorted(PACKINGS))](bytes(text)))
    if dice.random() < 0.5:
        packed[dice.randrange(len(packed))] ^= 1 << dice.randrange(8)
    return bytes(packed)


def check_reading(text: bytes, file: Path) -> str:
    """What is wrong with how a file is split into records, in each way; empty, if nothing is."""
    file.write_bytes(text)
    began, wrong = time.process_time(), ""
    for split in (LINES, NDJSON, csv_split(3), csv_split(3, "\t")):
        for size in (97 + len(text) // 50, 1 << 24):
            try:
                found = read_file(file, split, size=size)
            except InputError:
                continue
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not be
                return f"{split.kind}, {size}: {type(error).__name__}: {error}"
            account = found.account
            ends = [0, *(end for _, end in found.spans)]
            if account.loaded_bytes + account.tail_bytes != account.text_bytes:
                wrong += f"{split.kind}, {size}: the bytes do not add up: {account}"
            if [start for start, _ in found.spans] != ends[:-1] or ends[-1] != account.loaded_bytes:
                wrong += f"{split.kind}, {size}: the chunks leave holes: {found.spans[:9]}"
    return wrong + _say_slow(text, began)


def _say_slow(text: bytes, began: float) -> str:
    spent = time.process_time() - began
    slow = spent > PATIENCE + PATIENCE_PER_KIB * len(text) / 1024
    return f" it took {spent:.0f} s" if slow else ""


def check(text: bytes, ws: ha.Workspace, file: Path) -> str:
    """What is wrong with how a file is loaded; empty, if nothing is."""
    file.write_bytes(text)
    began = time.process_time()
    try:
        report = ws.load(file, timezone="UTC", stream="fuzz", again=True).files[0]
        wrong = _account(ws)
        if report.error and not isinstance(report.error, InputError):
            wrong = str(report.error)
        ws.rows("FROM files")
        if ws.rows("SELECT count(*) FROM generations") != [(0,)]:
            ws.forget(stream="fuzz")
        ws.con.execute("DELETE FROM files")
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not be
        wrong = f"{type(error).__name__}: {error}"
    return wrong + _say_slow(text, began)


def _account(ws: ha.Workspace) -> str:
    """Whether each byte of the file, and each record, is accounted for."""
    wrong = find_damage(ws)
    query = """
    SELECT f.text_bytes - g.loaded_bytes - f.tail_bytes, f.records, f.rejected,
      coalesce((SELECT sum(records) FROM activity), 0)
    FROM files AS f JOIN generations AS g USING (generation_id)
    """
    for bytes_left, records, rejected, seen in ws.rows(query):
        if bytes_left:
            wrong.append(f"{bytes_left} bytes are unaccounted for")
        if seen + rejected > records:
            wrong.append(f"{seen} + {rejected} of {records} records")
    return "; ".join(wrong)


def hunt(first: int, seconds: float, folder: Path) -> Iterator[tuple[int, bytes, str]]:
    """Number, file, and what is wrong with how it is read, for so many seconds; then no more.

    To split a file takes milliseconds, to load it a second: one of ten is loaded.
    """
    ends, file = time.monotonic() + seconds, folder / "fuzz.log"
    with ha.connect(":memory:", settings=ha.Settings()) as ws:
        while time.monotonic() < ends:
            text = change(random.Random(first))
            wrong = check_reading(text, file)
            yield first, text, wrong or (check(text, ws, file) if first % 10 == 0 else "")
            first += 1
