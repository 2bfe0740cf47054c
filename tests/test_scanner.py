"""The scanner (sql/macros.sql): what it reads of a line by its shape, and what it leaves alone."""

from __future__ import annotations

from functools import cache
from typing import Any

import duckdb
import pytest

from hookanalysis.formats.engine import connect_parser


@cache
def engine() -> duckdb.DuckDBPyConnection:
    return connect_parser()


def scan(macro: str, text: str) -> Any:
    return engine().execute(f"SELECT {macro}($1)", [text]).fetchall()[0][0]


def request(text: str) -> tuple[str, str, str]:
    found = scan("scan_request", text)
    return found["method"], found["target"], found["status"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('1.2.3.4 - - [x] "POST /hook HTTP/1.1" 200 2', ("POST", "/hook", "200")),
        ("POST /hook 201 12.5 ms - 2", ("POST", "/hook", "201")),
        ("[x] POST /hook => 502", ("POST", "/hook", "502")),
        ("1.2.3.4 [x] <POST /hook HTTP/1.1> 200", ("POST", "/hook", "200")),
        ("web-1 <<PUT /hook>> 503 1.5s", ("PUT", "/hook", "503")),
        ("HTTP POST /hook responded 404 in 3.1 ms", ("POST", "/hook", "404")),
        ('[GIN] x | 200 |  1.2ms | 1.2.3.4 | POST     "/hook"', ("POST", "/hook", "")),
        ("1.2.3.4|POST|https://x.example/h|200|2", ("POST", "https://x.example/h", "200")),
        ("1.2.3.4\tx.example\tPOST\t/h\tHTTP/1.1\t502\t2", ("POST", "/h", "502")),
        (
            "[pid: 1] 1.2.3.4 () {30 vars} [x] POST /hook => generated 2 bytes",
            ("POST", "/hook", ""),
        ),
        ("[info]POST /hook 200 - - 1.5 ms", ("POST", "/hook", "200")),
        ("completed POST /hook for 1.2.3.4:5, 200 OK in 14ms", ("POST", "/hook", "200")),
        ('Started POST "/hook" for 1.2.3.4 at 2026-11-22', ("POST", "/hook", "")),
        ('"1.2.3.4" "[x]" "POST /hook HTTP/1.1" "200" "2"', ("POST", "/hook", "200")),
        ("2026-11-22T14:03:07Z,1.2.3.4,POST,/hook,200,2,0.1", ("POST", "/hook", "200")),
        ('"1.2.3.4","x","POST","/hook","HTTP/1.1","200"', ("POST", "/hook", "200")),
        ("a,POST,/hook,12,x", ("POST", "/hook", "")),
        ("REPOST /hook 200", ("", "", "")),
        ("POST /hook completed 200 in 35ms", ("POST", "/hook", "200")),
        ("Unhandled: POST - /hook", ("POST", "/hook", "")),
        (r'"log"=>"\"POST /hook HTTP/1.1\" 200 2', ("POST", "/hook", "200")),
        ("we post /hook 200", ("", "", "")),
    ],
)
def test_requests(line: str, told: tuple[str, str, str]) -> None:
    assert request(line) == told


@pytest.mark.parametrize(
    ("line", "quoted"),
    [
        ('[error] 1#1: upstream timed out, request: "POST /hook HTTP/1.1", host: "x"', True),
        ("[GIN-debug] POST   /hook   --> main.receive (3 handlers)", True),
        ("[RouterExplorer] Mapped {/hook, POST} route", True),
        ('HTTP Request: POST https://api.example/v1 "HTTP/1.1 200 OK"', True),
        ('https://api.example:443 "POST /v1 HTTP/1.1" 200 None', True),
        ("Registered route: POST /hook", True),
        ('RoutingError (No route matches [POST] "/hook"):', True),
        ("    at POST /hook (server.js:3:1)", True),
        ('  File "app.py", line 3, in POST', True),
        ('1.2.3.4 - - [x] "POST /hook HTTP/1.1" 200 2', False),
        ("INFO POST /hook 200", False),
    ],
)
def test_a_line_that_only_speaks_of_a_request_shows_none(line: str, quoted: bool) -> None:  # noqa: FBT001
    assert scan("quotes_request", line) is quoted


@pytest.mark.parametrize(
    ("code", "told"), [("200", "200"), ("499", "499"), ("525", "525"), ("512", None), ("299", None)]
)
def test_the_size_of_an_answer_is_no_status(code: str, told: str | None) -> None:
    assert scan("known_status", code) == told


@pytest.mark.parametrize(
    ("macro", "line", "told"),
    [
        ("named_status", "level=info status=200 size=512", "200"),
        ("named_status", "order_status=paid rows=200", None),
        ("named_status", "status=2000", None),
        ("named_status", "{:status=>201, :time=>{:total=>12.3}}", "201"),
        ("named_method", '{:status=>201, :method=>"POST"}', "POST"),
        ("named_target", '{:method=>"POST", :path=>"/hook"}', "/hook"),
        ("aside_status", 'msg="POST /hook (204) 12.3ms"', "204"),
        ("aside_status", "POST /hook (200 bytes)", ""),
        ("aside_status", "[I 2026-11-22 14:03:07.123 App] 201 POST /hook (x) 12ms", "201"),
        ("aside_status", "2026-11-22 14:03:07 UTC 200 POST /hook 120µs", "200"),
        ("aside_status", "worker 200 POST /hook", ""),
        ("scan_duration", "done in 35ms", "35ms"),
        ("scan_duration", '"POST /hook HTTP/1.1" 200 2 "-" "x" "34.83.8.110"', None),
        ("scan_duration", "retrying in 35s", None),
        ("scan_duration", 'uri="/hook" request_time=0.123 up=0.1', "0.123s"),
        ("scan_duration", 'uri="/hook" request_time=123', None),
        ("trailing_duration", "POST /hook 200 12.5 ms", "12.5 ms"),
        ("trailing_duration", "POST /hook 200 12.5 ms, db 3 ms", None),
        ("trailing_duration", '"POST /hook HTTP/1.1" 200 2 "-" "x" "34.83.8.110"', None),
        ("scan_address", "34.83.8.110 - - [x]", "34.83.8.110"),
        ("scan_address", "ip=34.83.8.110 x", "34.83.8.110"),
        ("scan_address", "version 1.2.3.4 is out", None),
        ("scan_id", "request_id=ab12 x", "ab12"),
        ("scan_id", "identity=ab12 x", None),
        ("message_first", 'a=1 msg="got \\"it\\"" n=1', 'got \\"it\\" a=1 n=1'),
        ("message_first", 'level=info xmsg="got it" n=1', 'level=info xmsg="got it" n=1'),
        ("line_time", "[22/Nov/2026:14:03:07 +0000] x", "22/Nov/2026:14:03:07 +0000"),
        ("line_time", "2026-11-22T14:03:07.123Z x", "2026-11-22T14:03:07.123Z"),
        ("line_time", "Nov 22 14:03:07 web1 x", "Nov 22 14:03:07"),
        ("line_time", "512 2 200", None),
        ("line_time", "x" * 400 + " 2026-11-22 14:03:07", None),
        ("scan_address", 'x uvicorn INFO - 34.83.8.110:401 - "POST / 1.1" 200', "34.83.8.110"),
        ("scan_address", '10:07:42.230 [x] 34.83.8.110 - - [t] "POST / 1.1" 200', "34.83.8.110"),
        ("scan_address", 'INFO:     2001:db8:4::21:40123 - "POST / 1.1" 200', "2001:db8:4::21"),
        ("scan_address", "10:07:42.230 [exec-1] INFO started", None),
        ("trailing_duration", "POST / HTTP/1.1 200 (102 microseconds)", "102 microseconds"),
        ("trailing_duration", "--> POST /hook 200 2s", "2s"),
        ("trailing_duration", "POST /hook 200 retry 2s", None),
        ("trailing_duration", '"POST /hook HTTP/1.1" 200 20486 ms:71198', None),
        ("scan_address", 'GET x {:path=>"/", :ip=>"34.83.8.110"}', "34.83.8.110"),
        ("scan_address", 'x={"x-forwarded-for":"34.83.8.110, 10.1.1.5"}', "34.83.8.110, 10.1.1.5"),
        ("scan_address", "ship to 34.83.8.110", None),
        ("scan_address", '10.0.0.1 34.83.8.110 - - [22/Nov x] "POST / 1.1"', "34.83.8.110"),
        ("scan_address", '10.0.0.1 localhost - - [22/Nov x] "POST / 1.1"', None),
        ("scan_address", '34.83.8.110 x.example - [22/Nov/2026:1 x] "POST /"', "34.83.8.110"),
        ("scan_address", '[22/Nov/2026:1 +0000] 34.83.8.110 a "POST /x"', "34.83.8.110"),
        ("scan_address", "2026-11-22T14:03:07Z,34.83.8.110,POST,/hook,200", "34.83.8.110"),
        ("scan_address", "x,10.0.0.1,y,34.83.8.110,POST,/hook,200", None),
        ("scan_address", '"34.83.8.110" "-" "[t]" "POST / 1.1" "200"', "34.83.8.110"),
        ("line_time", "time:2026-11-22T14:03:07Z\tstatus:200", "2026-11-22T14:03:07Z"),
        ("scan_address", "router: slow POST /x for 34.83.8.110:0, elapsed 3s", "34.83.8.110:0"),
        ("scan_address", "Uncaught exception POST /x (34.83.8.110)", "34.83.8.110"),
        ("scan_address", "POST /x (12.34ms)", None),
        ("aside_status", "x |  1.2.3.4| 302 | 7.1ms| match| POST   /x  r:/x", "302"),
        ("aside_status", "x | 200 rows | POST /x", ""),
        ("scan_address", "x |  34.83.8.110| 302 | 7.1ms| match| POST   /x  r:/x", "34.83.8.110"),
        ("scan_address", "1795356187.123\t34.83.8.110\tx\tPOST\t/x\t200", "34.83.8.110"),
        ("trailing_duration", "x | 200 | 1.100945s| match| POST /x", "1.100945s"),
        ("trailing_duration", '"POST / HTTP/1.1" 200 "-" "a" 2.532642s', "2.532642s"),
        ("trailing_duration", "2026-11-22T14:03:07  0:00:02.782343 POST [200] /", "2782343us"),
        ("trailing_duration", "14:03:07.782343 POST [200] /", None),
        ("line_time", "1795356187.123\t34.83.8.110\tPOST", "1795356187.123"),
        ("line_time", '[0] a.b: [[1795356187.123456789, {}], {"log"=>"', "1795356187.123456789"),
        ("scan_id", '{"requestId":"JKJaXmPLvHcESHA=", "ip":"x"}', "JKJaXmPLvHcESHA="),
        ("scan_id", "request_id=ab12, x", "ab12"),
        ("scan_id", '{"type":"response","correlation":"7a37","status":200}', "7a37"),
        ("line_time", "Nov 27, 09:15:02 AM: 3f8d8c2a INFO x", "Nov 27, 09:15:02 AM"),
        ("begun_time", "x - [22/Nov/2026:14:03:07 +0000] y", "22/Nov/2026:14:03:07 +0000"),
        ("begun_time", "2026-11-22T14:03:07Z INFO x", "2026-11-22T14:03:07Z"),
        ("begun_time", "2026-11-22 14:03:07 INFO x", None),
        ("begun_time", "due 2026-11-22T14:03:07Z", None),
        ("begun_time", "ACCESS [2026-11-22T14:03:07Z] x", "2026-11-22T14:03:07Z"),
        ("line_time", "x [22/Nov/2026:14:03:07 CET] y", "22/Nov/2026:14:03:07 CET"),
    ],
)  # fmt: skip
def test_values(macro: str, line: str, told: str | None) -> None:
    assert scan(macro, line) == told


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            '2026-11-22 14:03:07,456 INFO x - - [22/Nov/2026:15:03:07 +0100] "POST /"',
            "22/Nov/2026:15:03:07 +0100",
        ),
        (
            '2026-11-22 14:03:07 [Sun, 22 Nov 2026 14:03:07 GMT] "POST /"',
            "Sun, 22 Nov 2026 14:03:07 GMT",
        ),
        ("2026-11-22 14:03:07 due [22/Nov/2026:15:03:07 +0100]", None),
    ],
)
def test_a_time_with_its_zone_goes_before_one_without(line: str, told: str | None) -> None:
    query = "SELECT zoned_time($1, '2026-11-22 14:03:07')"
    assert engine().execute(query, [line]).fetchall() == [(told,)]
