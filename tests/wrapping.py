"""Lines as collectors wrap them, and texts as programs pack them."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if sys.version_info >= (3, 14):
    pass
else:
    pass

# Later than any line: what takes it for the line's own time is found out.
TIME = "2027-01-02T03:04:05.678901Z"
EPOCH_US = 1798859045678901
STEP = 6


def docker_json(lines: list[str]) -> str:
    return _objects([{"log": f"{line}\n", "stream": "stdout", "time": TIME} for line in lines])


def docker_pieces(lines: list[str]) -> str:
    """Every line cut in short pieces, with lines of the other stream between them."""
    rows = []
    for line in lines:
        cuts = [line[at : at + 60] for at in range(0, len(line) or 1, 60)]
        cuts[-1] += "\n"
        for number, cut in enumerate(cuts):
            rows.append({"log": cut, "stream": "stdout", "time": TIME})
            if number == 0 and len(cuts) > 1:
                rows.append({"log": "\n", "stream": "stderr", "time": TIME})
    return _objects(rows)


def kubernetes_cri(lines: list[str]) -> str:
    return "".join(f"{TIME} stdout F {line}\n" for line in lines)


def cri_pieces(lines: list[str]) -> str:
    """Every line in two pieces, with a line of the other stream between them."""
    middle = f"{TIME} stderr F \n"
    return "".join(
        f"{TIME} stdout P {line[:70]}\n{middle}{TIME} stdout F {line[70:]}\n" for line in lines
    )


def docker_compose(lines: list[str]) -> str:
    return "".join(f"web-1  | {line}\n" for line in lines)


def syslog_3164(lines: list[str]) -> str:
    return "".join(f"<134>Jan  2 03:04:05 web-1 hook[812]: {line}\n" for line in lines)


def syslog_iso(lines: list[str]) -> str:
    return "".join(f"{TIME} web-1 hook[812]: {line}\n" for line in lines)


def syslog_5424(lines: list[str]) -> str:
    return "".join(f'<165>1 {TIME} web-1 hook 8 - [a b="c"] {line}\n' for line in lines)


def journald(lines: list[str]) -> str:
    return _objects(
        [
            {"__REALTIME_TIMESTAMP": str(EPOCH_US), "MESSAGE": list(line.encode())}
            if number % 3 == 0 and line
            else {"__REALTIME_TIMESTAMP": str(EPOCH_US), "_PID": "8", "MESSAGE": line}
            for number, line in enumerate(lines)
        ]
    )


def google_cloud(lines: list[str]) -> str:
    return _objects([{"textPayload": line, "timestamp": TIME} for line in lines])


def google_array(lines: list[str]) -> str:
    entries = [{"textPayload": f"{line}\n", "timestamp": TIME, "logName": "x"} for line in lines]
    return json.dumps(entries, indent=2)


def cloudwatch(lines: list[str]) -> str:
    events = [{"timestamp": EPOCH_US // 1000, "message": line, "eventId": "1"} for line in lines]
    return json.dumps({"events": events}, indent=4)


def timed(lines: list[str]) -> str:
    return "".join(f"{TIME} {line}\n" for line in lines)


def coloured(lines: list[str]) -> str:
    return "".join(f"\x1b[1;31m{line[:9]}\x1b[0m{line[9:]}\n" for line in lines)


def _objects(rows: Sequence[Mapping[str, object]]) -> str:
    return "".join(f"{json.dumps(row, separators=(',', ':'))}\n" for row in rows)


WRAPPINGS: dict[str, Callable[[list[str]], str]] = {
    wrap.__name__: wrap
    for wrap in (
        docker_json, docker_pieces, kubernetes_cri, cri_pieces, docker_compose, syslog_3164,
        syslog_iso, syslog_5424, journald, google_cloud, google_array, cloudwatch, timed, coloured,
    )
}  # fmt: skip


def zip_up(text: bytes, *names: str, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive with the same text under each name."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), text, method)
    return out.getvalue()


# As libraries pack by default: nothing in it proves the text.
UNPROVEN: dict[str, Callable[[bytes], bytes]] = {
    "zstd": zstd.compress,
    "xz": lambda text: lzma.compress(text, check=lzma.CHECK_NONE),
}
CHECKSUM: dict[int, int] = {zstd.CompressionParameter.checksum_flag: 1}
PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda text: gzip.compress(text, mtime=0),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda text: zstd.compress(text, options=CHECKSUM),
    "zip": lambda text: zip_up(text, "hook.log"),
}
