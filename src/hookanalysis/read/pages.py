"""Documents whose rows stand in a structure around them, as rows.

Saved web pages, HAR files, what log stores answer to a query, and lines of OpenTelemetry's JSON.

A document, or such a line, is read whole, so its size is limited. What it holds beside its rows is
left out: a HAR file's cookies and headers never go on.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

Row = dict[str, Any]

# Names of an envelope's list.
ENVELOPES = (
    "results", "data", "items", "events", "logs", "deliveries", "attempts", "webhooks", "models",
)  # fmt: skip

# Comments in front of a page; possessive, so that many of them are read once.
COMMENTS = rb"(?:<!--(?:(?!-->).)*+-->\s*+)*+"
# A page that was saved, or the part of one that was copied.
PAGE = re.compile(
    rb"(?is)\s*(?:<\?xml[^>]*>\s*)?"
    + COMMENTS
    + rb"<(?:!doctype\s+html|html|head|body|meta|table|div)\b"
)
HAR = re.compile(rb'\s*\{\s*"log"\s*:\s*\{')
# Loki's streams of [nanosecond, line], and CloudWatch Insights' rows of {field, value}.
STORE = re.compile(
    rb'(?s)\s*\{.{0,200}?"resultType"\s*:\s*"streams"'
    rb'|\s*\{\s*(?:"queryLanguage"\s*:\s*"\w+"\s*,\s*)?"results"\s*:\s*\[\s*\[\s*\{\s*"field"'
)

OTLP = re.compile(rb'\s*\{\s*"resourceLogs"\s*:\s*\[')

_ROLES = {"table": "table", "tr": "row", "th": "columnheader", "td": "cell"}
_NAMED_ROLES = {
    "table": "table", "grid": "table", "treegrid": "table", "row": "row", "cell": "cell",
    "columnheader": "columnheader", "gridcell": "cell", "rowheader": "cell",
}  # fmt: skip
_PARTS = frozenset(("thead", "tbody", "tfoot"))
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "wbr"]
)
# A page that is nested deeper was made to cost time; browsers stop there too.
_DEPTH_LIMIT = 512
_UNSEEN = frozenset({"script", "style", "template", "noscript"})
# What comes of taking JSON for a document that it is not; OSError: of a time beyond the calendar.
_UNLIKE = (
    *(ValueError, KeyError, TypeError, AttributeError, RecursionError),
    *(OverflowError, OSError),
)
# What a request of a dashboard must be about, by its address or by the names in its rows.
_TELLING = re.compile(r"(?i)hook|attempt|deliver|idempotency")


def page_rows(text: str) -> list[Row] | None:
    """The rows of a page's tables: the header's words → the cells' text; None without a table.

    Tables may be made of `<table>`, or of elements with the roles of one. A table inside of a row
    is that row's list `attempts`.

    Raises:
        ValueError: The page breaks off inside of a tag.
    """
    parser = _Page()
    parser.feed(text + "\n")
    # `close` would try each unfinished tag again, up to the page's end.
    if "<" in parser.rawdata:
        raise ValueError("its last tag has no end")
    return parser.finish()


def store_rows(text: str) -> list[Row] | None:
    """The lines that a log store's answer holds, in order of time; None if it is no such answer."""
    try:
        answer = json.loads(text)
        if "results" in answer:  # its times are in UTC, without saying so
            cells = [
                {one["field"].lstrip("@"): one["value"] for one in r} for r in answer["results"]
            ]
            rows = [row | {"timestamp": f"{row['timestamp']}Z"} for row in cells]
            return sorted(rows, key=lambda row: row["timestamp"])
        found = sorted(
            (int(at), number, line, stream["stream"])
            for number, stream in enumerate(answer["data"]["result"])
            for at, line, *_ in stream["values"]
        )
        return [
            {"timestamp": _moment(at), "line": line, "labels": labels}
            for at, _, line, labels in found
        ]
    except _UNLIKE:
        return None


def _moment(nanoseconds: int) -> str:
    second, rest = divmod(nanoseconds, 10**9)
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def otlp_rows(text: str) -> list[Row] | None:
    """The log records of a line of OpenTelemetry's JSON; None if it is none.

    What a collector read from a log is its line, what an application told it an object.
    """
    try:
        return [
            _otlp_row(record, _attributes(source.get("resource", {})))
            for source in json.loads(text)["resourceLogs"]
            for scope in source["scopeLogs"]
            for record in scope["logRecords"]
        ]
    except _UNLIKE:
        return None


def _otlp_row(record: Row, labels: Row) -> Row:
    body, told = _value(record.get("body", {})), _attributes(record)
    at = int(record.get("timeUnixNano", 0)) or int(record["observedTimeUnixNano"])
    row: Row = {"timestamp": _moment(at)}
    if isinstance(body, str) and all(name.startswith("log.") for name in told):
        return row | {"line": body.rstrip("\n"), "resource": labels}
    words = body if isinstance(body, dict) else {"message": body}
    return row | {"level": record.get("severityText")} | told | words


def _attributes(holder: Row) -> Row:
    return {pair["key"]: _value(pair.get("value", {})) for pair in holder.get("attributes", ())}


def _value(told: Row) -> Any:
    kind = next(iter(told), "")
    value: Any = told.get(kind)
    if kind == "kvlistValue":
        return _attributes({"attributes": value["values"]})
    return [_value(one) for one in value["values"]] if kind == "arrayValue" else value


def har_rows(text: str) -> list[Row] | None:
    """The objects in the JSON answers of a browser's requests that are about webhooks.

    A dashboard asks for the same rows again and again: an object that an earlier answer held is
    not repeated. None if the text is no HAR file.
    """
    try:
        return list(_har_rows(text))
    except _UNLIKE:
        return None


def _har_rows(text: str) -> Iterator[Row]:
    log = json.loads(text)["log"]
    known: set[str] = set()
    for entry in log["entries"]:
        rows = _find_rows(_answer(entry))
        address = str(entry.get("request", {}).get("url", "")).partition("?")[0]
        if not _TELLING.search(address):
            rows = [row for row in rows if any(_TELLING.search(name) for name in row)]
        told = [(json.dumps(row, sort_keys=True), row) for row in rows]
        yield from (row for words, row in told if words not in known)
        known.update(words for words, _ in told)


def _answer(entry: Any) -> Any:
    content = entry.get("response", {}).get("content", {})
    text = content.get("text") or ""
    try:
        if content.get("encoding") == "base64":
            text = base64.b64decode(text).decode("utf-8", "replace")
        return json.loads(text)
    except (ValueError, binascii.Error, RecursionError):
        return None


def _find_rows(answer: Any) -> list[Row]:
    if isinstance(answer, list):
        return [row for row in answer if isinstance(row, dict)]
    if isinstance(answer, dict):
        for name in ENVELOPES:
            if isinstance(answer.get(name), list) and "id" not in answer:
                return _find_rows(answer[name])
        if isinstance(answer.get("data"), dict):
            return _find_rows(answer["data"])
        return [answer]
    return []


class _Table:
    """A table as far as it was read."""

    def __init__(self) -> None:
        self.header: list[str] = []
        self.rows: list[Row] = []
        self.cells: list[list[str]] | None = None
        self.heads = 0
        self.inner: list[Row] = []

    def end_row(self) -> None:
        cells = [" ".join("".join(parts).split()) for parts in self.cells or ()]
        if cells and not self.header:
            self.header = [cell or f"column {n}" for n, cell in enumerate(cells, 1)]
        elif len(cells) > 1 and not self.heads:
            row: Row = dict(zip(self.header, cells, strict=False))
            self.rows.append(row)
        if self.inner and self.rows:
            self.rows[-1].setdefault("attempts", []).extend(self.inner)
        self.cells, self.heads, self.inner = None, 0, []


class _Page(HTMLParser):
    """Follows the tables of a page; a missing end tag ends with what is around it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[tuple[str, str]] = []  # tags, with their roles
        self._tables: list[_Table] = []
        self._done: list[_Table] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if len(self._open) > _DEPTH_LIMIT:
            return
        told = dict(attrs)
        role = _NAMED_ROLES.get(told.get("role") or "") or _ROLES.get(tag, "")
        if role in {"row", "cell", "columnheader"}:
            self._end_open(role)
        if tag not in _VOID:
            self._open.append((tag, role))
        self._unseen += tag in _UNSEEN
        table = self._tables[-1] if self._tables else None
        if role == "table":
            self._tables.append(_Table())
        elif table and role == "row":
            table.cells = []
        elif table and role in {"cell", "columnheader"}:
            table.cells = table.cells or []
            table.cells.append([])
            table.heads += role == "columnheader"
        elif tag == "time" and told.get("datetime"):  # what is shown may be "2 days ago"
            self._write(f" {told['datetime']} ")
            self._open[-1] = (tag, "time")
        elif tag in {"br", "p", "div", "li"}:
            self._write(" ")

    def handle_endtag(self, tag: str) -> None:
        if any(name == tag for name, _ in self._open):
            while self._close_last() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not self._unseen and not any(role == "time" for _, role in self._open[-3:]):
            self._write(data)

    def finish(self) -> list[Row] | None:
        """The rows of all tables, in the order in which the tables end."""
        while self._open:
            self._close_last()
        tables = [table for table in self._done if len(table.header) > 1]
        return [row for table in tables for row in table.rows] if tables else None

    def _write(self, text: str) -> None:
        if self._tables and self._tables[-1].cells:
            self._tables[-1].cells[-1].append(text)

    def _end_open(self, role: str) -> None:
        """End the cell, or the row, that has no end tag of its own."""
        ends = {"row", "cell", "columnheader"} if role == "row" else {"cell", "columnheader"}
        outer = [
            n for n, (tag, known) in enumerate(self._open, 1) if known == "table" or tag in _PARTS
        ]
        first = outer[-1] if outer else 0
        while any(known in ends for _, known in self._open[first:]):
            self._close_last()

    def _close_last(self) -> str:
        tag, role = self._open.pop()
        self._unseen -= tag in _UNSEEN
        if role == "row" and self._tables:
            self._tables[-1].end_row()
        if role == "table" and self._tables:
            table = self._tables.pop()
            table.end_row()
            outer = self._tables[-1] if self._tables else None
            if outer and outer.cells is not None and table.rows:
                outer.inner += table.rows
            else:
                self._done.append(table)
        return tag
