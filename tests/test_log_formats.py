"""The user's own log formats: as text, in a server's configuration, and in a folder of formats."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

import hookanalysis as ha
from hookanalysis.errors import InputError
from hookanalysis.formats.detect import detect
from hookanalysis.formats.engine import connect_parser
from hookanalysis.formats.logs import Binding
from hookanalysis.formats.trials import take_records
from hookanalysis.settings import Known
from tiers import some

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime.fromisoformat("2026-11-22T14:03:07")
CLF = "22/Nov/2026:14:03:07 +0000"

# Log format, a line in it, and what must come out of it.
OWN: dict[str, tuple[str, str, dict[str, Any]]] = {
    "nginx": (
        (
            '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
            '"$http_referer" "$http_user_agent" rt=$request_time urt="$upstream_response_time" '
            "$req_id"
        ),
        (
            f'34.83.8.110 - - [{CLF}] "POST /h?a=1 HTTP/1.1" 200 2 "-" "a \\x22b" rt=0.035 '
            'urt="0.001, 0.034" 5c6e43'
        ),
        {"duration_ms": 35.0, "request_id": "5c6e43", "path": "/h", "time_marks": "end"},
    ),
    "nginx, as JSON": (
        (
            '{"t":"$time_iso8601","v":"$request_method","w":"$scheme://$host$request_uri",'
            '"c":$status,"d":$request_time,"up":$upstream_response_time,"b":"$request_body"}'
        ),
        (
            '{"t":"2026-11-22T14:03:07+00:00","v":"POST","w":"https://x.example/h?a=1","c":200,'
            '"d":0.035,"up":,"b":"{\\"webhook_event_uuid\\":\\"06d5dc13-7e24-4f2b-9d5e-0d8a5a3c9b11\\"'
            '}"}'
        ),
        {"duration_ms": 35.0, "event_uuid": "06d5dc13-7e24-4f2b-9d5e-0d8a5a3c9b11"},
    ),
    "nginx, milliseconds": (
        "$msec $remote_addr $request_method $uri$is_args$args $status ${bytes_sent}b",
        "1795356187.000 34.83.8.110 POST /h?a=1 200 2b",
        {"response_bytes": 2, "duration_ms": None, "time_resolution_ms": 1},
    ),
    "Apache": (
        '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D %I',
        f'34.83.8.110 - - [{CLF}] "POST /h HTTP/1.1" 200 2 "-" "a \\"b\\"" 35123 999',
        {"duration_ms": 35.123, "time_marks": "start"},
    ),
    "Apache, its own time": (
        "%{%Y-%m-%dT%H:%M:%S}t.%{msec_frac}t%{%z}t %a %m %U%q %>s %{ms}T",
        "2026-11-22T14:03:07.000+0000 34.83.8.110 POST /h?a=1 200 35",
        {"duration_ms": 35.0, "time_marks": "start"},
    ),
    "Apache, the end": (
        '%a [%{end:%d/%b/%Y:%H:%M:%S %z}t] "%r" %s->%>s %T',
        f'34.83.8.110 [{CLF}] "POST /h HTTP/1.1" 302->200 0',
        {"duration_ms": 0.0, "time_marks": "end"},
    ),
    "HAProxy": (
        "%ci:%cp [%T] %ft %b/%s %Ta %ST %B %{+Q}r",
        f'34.83.8.110:555 [{CLF}] web app/a1 35 200 2 "POST /h HTTP/1.1"',
        {"duration_ms": 35.0, "time_marks": "start", "method": "POST"},
    ),
    "gunicorn": (
        '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s" %(M)s %({x-request-id}i)s',
        f'34.83.8.110 - - [{CLF}] "POST /h HTTP/1.1" 200 2 "-" "a" 35 r-1',
        {"duration_ms": 35.0, "request_id": "r-1", "time_marks": "end"},
    ),
    "morgan": (
        ':remote-addr [:date[iso]] ":method :url HTTP/:http-version" :status - :response-time ms',
        '34.83.8.110 [2026-11-22T14:03:07.000Z] "POST /h HTTP/1.1" 200 - 35.1 ms',
        {"duration_ms": 35.1, "time_marks": "end"},
    ),
    "Envoy": (
        (
            '%START_TIME% %REQ(:METHOD)% "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%" %RESPONSE_CODE% '
            '%DURATION% "%REQ(X-FORWARDED-FOR):40%"'
        ),
        '2026-11-22T14:03:07.000Z POST "/h" 200 35 "34.83.8.110"',
        {"duration_ms": 35.0, "time_marks": "start"},
    ),
}


def read(text: str, known: Known) -> tuple[Binding, list[dict[str, Any]]]:
    """The rows that a text becomes; what does not fit becomes a row with its reason."""
    binding = detect(text.encode(), "a.log", known)
    with connect_parser() as con:
        con.register("chunk", take_records(text.encode(), binding.split))
        con.execute(f"CREATE TEMP TABLE scanned AS {binding.scan_sql}")
        found = con.sql(f"SELECT * FROM ({binding.fields_sql}) ORDER BY line").df()
        bad = con.sql("SELECT line, verdict, reason FROM scanned WHERE verdict <> 'keep'").df()
    rows = [*found.to_dict("records"), *bad.to_dict("records")]
    return binding, sorted(rows, key=lambda row: int(row["line"]))


@pytest.mark.parametrize("case", some(OWN, *[*OWN][::3]))
def test_lines_are_read_by_the_format_that_wrote_them(case: str) -> None:
    told, line, expected = OWN[case]
    binding, rows = read(f"{line}\n{line}\nlost\n", Known(log_format=told))
    marks = {
        "time_marks": binding.format.time_marks,
        "time_resolution_ms": binding.format.time_resolution_ms,
    }
    got = rows[0] | marks
    wanted = {"logged_at": AT, "method": "POST", "path": "/h", "http_status": 200} | expected
    if "source_ip" in expected or "remote_addr" in told or "%h" in told or "FORWARDED" in told:
        wanted["source_ip"] = "34.83.8.110"
    found = {name: None if got[name] != got[name] else got[name] for name in wanted}
    assert found == wanted
    # Where an application wrote the lines, one without a time belongs to the one before it.
    left = ["no_time"] if binding.format.layer == "edge" else [None]
    assert [row.get("reason") for row in rows[2:]] == left


def test_a_log_format_without_time_or_tokens_is_refused() -> None:
    with pytest.raises(InputError, match="has no time") as error:
        read("x\n", Known(log_format='"$request" $status'))
    assert "$time_iso8601" in error.value.hint
    with pytest.raises(InputError, match="is not understood"):
        read("x\n", Known(log_format="no/such/nginx.conf"))


NGINX = """
http {
    # log_format old '$msec $status';
    log_format timed escape=json
        '$remote_addr [$time_local] "$request" '
        '$status "$http_x\\'s" $request_time';
    log_format plain '$msec $request_method $request_uri $status';
    include conf.d/*.conf;
}
"""
APACHE = """
LogFormat "%h %l %u %t \\"%r\\" %>s %b %{us}T" micros
LogFormat "%{Referer}i -> %U" referer
CustomLog logs/access.log micros
"""


@pytest.mark.long
def test_log_formats_are_found_in_configurations(tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "nginx.conf").write_text(NGINX)
    (tmp_path / "conf.d" / "more.conf").write_text("log_format more '$msec|$request|$status';\n")
    (tmp_path / "apache2.conf").write_text(APACHE)
    lines = {
        "nginx.conf": f'34.83.8.110 [{CLF}] "POST /h HTTP/1.1" 200 "-\'s" 0.035\n',
        "nginx.conf:plain": "1795356187.000 POST /h 200\n",
        "nginx.conf:more": "1795356187.000|POST /h HTTP/1.1|200\n",
        "apache2.conf": f'34.83.8.110 - - [{CLF}] "POST /h HTTP/1.1" 200 2 35000\n',
    }
    names = []
    for told, line in lines.items():
        binding, rows = read(line, Known(log_format=str(tmp_path / told)))
        assert (rows[0]["logged_at"], rows[0]["path"], rows[0]["http_status"]) == (AT, "/h", 200)
        names.append(binding.format.id)
    assert names == [f"log_format:{name}" for name in ("timed", "plain", "more", "micros")]
    with pytest.raises(InputError, match="no log format 'old'"):
        read("x\n", Known(log_format=f"{tmp_path / 'nginx.conf'}:old"))


def test_what_is_not_in_the_own_format_is_still_recognised() -> None:
    text = '{"time":"2026-11-22T14:03:07Z","level":"info","msg":"POST /h"}\n'
    binding, _ = read(text, Known(log_format=OWN["nginx"][0]))
    assert binding.format.id == "app_json"


def test_own_formats_and_settings_reach_the_workspace(tmp_path: Path) -> None:
    folder = tmp_path / "ours"
    folder.mkdir()
    (folder / "ours.toml").write_text(
        'id = "ours"\ntitle = "our proxy"\nside = "receiver"\nlayer = "edge"\nsplit = "lines"\n'
        "pattern = '(?P<time>\\S+) (?P<method>\\S+) (?P<target>\\S+) (?P<status>\\d+)'\n"
        "[[sample]]\n"
        'text = "2026-11-22T14:03:07Z POST /h 200\\n"\nexpect = [{ path = "/h" }]\n'
    )
    (tmp_path / "a.log").write_text("2026-11-22T14:03:07Z POST /h 200\n")
    (tmp_path / "b.log").write_text(f'1.2.3.4 [{CLF}] "POST /h HTTP/1.1" 200\n')
    settings = tmp_path / "hookanalysis.toml"
    settings.write_text(
        f"formats = '{folder}'\n[[sources]]\nmatch = '*b.log'\ntime_marks = 'start'\n"
        "log_format = '$remote_addr [$time_local] \"$request\" $status'\n"
    )
    with ha.connect(tmp_path / "x.duckdb", settings=settings) as ws:
        report = ws.load(tmp_path / "a.log", tmp_path / "b.log")
        assert [file.format for file in report.files] == ["ours", "log_format"], str(report)
        marks = ws.rows("SELECT format, time_marks FROM generations ORDER BY format")
        assert marks == [("log_format", "start"), ("ours", None)]
        assert ws.rows("SELECT DISTINCT path, http_status FROM receipt_records") == [("/h", 200)]


FIELDS = "#Fields: date time cs-method cs-uri-stem sc-status sc-win32-status time-taken"
REORDERED = "#Fields: date time sc-status cs-method cs-uri-stem time-taken sc-win32-status"


@pytest.mark.long
def test_headers_may_change_far_behind_the_beginning(tmp_path: Path) -> None:
    lines = [FIELDS, *["2026-11-22 14:03:07 POST /h 200 0 35"] * 9000]
    lines += [REORDERED, *["2026-11-22 14:03:07 500 PUT /i 36 0"] * 3]
    file = tmp_path / "u_ex.log"
    file.write_text("\r\n".join(lines[:-2]) + "\r\n")
    query = (
        "SELECT method, path, http_status, duration_ms, count(*) FROM receipt_records"
        " GROUP BY ALL ORDER BY method"
    )
    with ha.connect(":memory:") as ws:
        (told,) = ws.load(file).files
        assert (told.format, told.rejected) == ("access_iis", 0)
        file.write_text("\r\n".join(lines) + "\r\n")
        (told,) = ws.load(file).files
        assert (told.status, told.rejected) == ("grown", 0)
        assert ws.rows(query) == [("POST", "/h", 200, 35.0, 9000), ("PUT", "/i", 500, 36.0, 3)]


def test_a_header_that_is_not_in_the_log_can_be_given() -> None:
    text = "2026-11-22 14:03:07 POST /h 200 0 35\n"
    binding, rows = read(text, Known(log_format=FIELDS))
    assert (rows[0]["logged_at"], rows[0]["path"], rows[0]["duration_ms"]) == (AT, "/h", 35.0)
    assert binding.format.id == "log_format:access_iis"


def test_a_mixed_log_goes_to_the_format_that_reads_more_of_it() -> None:
    access = f'127.0.0.1 - - [{CLF[:11]} {CLF[12:20]}] "POST /h HTTP/1.1" 200 -\n'
    app = "2026-11-22 14:03:07,123 INFO webhook received\n"
    known = Known(timezone="UTC")
    assert read(9 * access + app, known)[0].format.id == "app_text"
    binding, rows = read(3 * access + 2 * app, known)
    assert binding.format.id == "app_text"
    assert [row["verdict"] for row in rows if "verdict" in row and row["verdict"] == "reject"] == []
    assert (rows[0]["method"], rows[0]["path"], rows[0]["http_status"]) == ("POST", "/h", 200)


# A receiver's log as a table, and what is none: a sender's list of deliveries, or of anything.
LOGS = {
    "requests": "time,method,path,status\n2026-11-22T14:03:07Z,POST,/h,200\n",
    "UTC": "TimeUTC,method,url,status\n2026-11-22 14:03:07,POST,https://x.example/h,200\n",
    "milliseconds": "timestamp,method,path,status\n1795356187000,POST,/h,200\n",
    "App Insights' time": (
        'timestamp [UTC],method,path,status\n"11/22/2026, 2:03:07.000 PM",POST,/h,200\n'
    ),
    "messages": (
        f'timestamp,message\n1795356187000,"1.2.3.4 - - [{CLF}] ""POST /h HTTP/1.1"" 200 2"\n'
    ),
}
ANSWERED = (
    '{"time":1795356187000,"reqId":"r1","req":{"method":"POST","url":"/h"},'
    '"res":{"statusCode":200},"responseTime":3}\n'
)
FAILED = (
    '{"time":1795356187000,"reqId":"r2","req":{"method":"POST","url":"/h"},"err":{"message":"no"}'
)
# Lines, and what must come out of the last.
PROVEN: dict[str, tuple[str, dict[str, Any]]] = {
    "columns that pair seconds": (
        "1795356187.000\t34.83.8.110\tPOST\t/h\tHTTP/1.1\t200\t2\t0.035\t0.035\ta\n" * 2
        + "1795356187.000\t34.83.8.110\tPOST\t/h\tHTTP/1.1\t302\t2\t0.004\t-\ta\n",
        {"path": "/h", "http_status": 302, "duration_ms": 4.0, "source_ip": "34.83.8.110"},
    ),
    "columns of seconds or milliseconds": (
        "2026-11-22T14:03:07Z|34.83.8.110|POST|https://x.example/h|302|2|0.004|-|a\n",
        {"path": "/h", "http_status": 302, "duration_ms": None},
    ),
    "a call to another": (
        "2026-11-22T14:03:07Z|POST|https://x.example/h|200|webhook_event_uuid=1\n",
        {"method": None, "path": None},
    ),
    "the zone of a time": (
        '[2026-11-22T07:03:07.5 #1] INFO POST "/h" for 1.1.1.1 at 2026-11-22 07:03:07 -0700\n' * 2
        + "[2026-11-22T07:03:07 #1]  INFO -- : request_id=1d Completed 202 Accepted in 35ms\n",
        {"logged_at": AT, "http_status": 202, "duration_ms": 35.0},
    ),
    "Apache's seconds and microseconds": (
        f'34.83.8.110 - - [{CLF}] "POST /h HTTP/1.1" 200 2 "-" "a" 1/1302082\n',
        {"duration_ms": 1302.082},
    ),
    "two other numbers": (
        f'34.83.8.110 - - [{CLF}] "POST /h HTTP/1.1" 200 2 "-" "a" 2/130208\n',
        {"duration_ms": None},
    ),
    "HAProxy's timers": (
        f'1.1.1.1 - - [{CLF}] "POST /h" 202 3 "" "" 5 136 "in" "app" "a" 0 0 1 524 525 ---- 1 1\n',
        {"duration_ms": 525.0},
    ),
    "a server behind": (
        'time="2026-11-22T14:03:07Z" method=POST uri="/h" status=200 upstream_addr=10.1.2.3:80\n',
        {"method": "POST", "http_status": 200, "layer": "edge"},
    ),
    "an error within a request": (
        ANSWERED + FAILED + "}\n",
        {"method": None, "path": None, "request_id": "r2"},
    ),
    "an error with its answer": (
        ANSWERED + FAILED + ',"responseTime":3}\n',
        {"method": "POST", "path": "/h", "duration_ms": 3.0},
    ),
    "an error where nothing else tells": (FAILED + "}\n", {"method": "POST", "path": "/h"}),
    "a line in a table": (
        f'@timestamp,@message\n2026-11-22 14:03:07,"1.1.1.1 - - [{CLF}] ""POST /h"" 200 2"\n',
        {"logged_at": AT, "method": "POST", "path": "/h", "http_status": 200},
    ),
}
LISTS = {
    "deliveries": "time,method,url,status,delivery\n2026-11-22T14:03:07Z,POST,https://x/h,200,9\n",
    "hooks": "webhook,time,method,url,status\nw1,2026-11-22T14:03:07Z,POST,https://x/h,200\n",
    "events": "time,Event Type,method,url,status\n2026-11-22T14:03:07Z,a,POST,https://x/h,200\n",
    "answers": "time,url,status,message\n2026-11-22T14:03:07Z,https://x/h,200,POST sent\n",
    "words": "timestamp,message\n1795356187000,all is well\n",
}


@pytest.mark.parametrize("case", some(LOGS, "UTC", "App Insights' time", "messages"))
def test_a_table_of_log_lines_is_a_log(case: str) -> None:
    binding, rows = read(LOGS[case], Known())
    told = (rows[0]["logged_at"], rows[0]["method"], rows[0]["path"], rows[0]["http_status"])
    assert (binding.format.side, *told) == ("receiver", AT, "POST", "/h", 200)


@pytest.mark.parametrize("case", PROVEN)
def test_a_file_proves_what_one_line_does_not(case: str) -> None:
    text, told = PROVEN[case]
    binding, rows = read(text, Known())
    row = rows[-1] | {"layer": binding.format.layer}
    assert {name: None if row[name] != row[name] else row[name] for name in told} == told


@pytest.mark.parametrize("case", LISTS)
def test_a_list_that_may_be_a_senders_is_no_log(case: str) -> None:
    with pytest.raises(InputError, match=r"no format fits|lacks a column"):
        read(LISTS[case], Known())


@pytest.mark.parametrize(
    "inner", some(["webhook received", "GET /h 200 1 - 1.5 ms", "at=info x=1"], "webhook received")
)
def test_lines_without_a_time_need_a_wrapper_that_tells_it(inner: str) -> None:
    wrapped = f'{{"log":"{inner}\\n","stream":"stdout","time":"2026-11-22T14:03:07Z"}}\n'
    binding, _ = read(wrapped, Known())
    assert binding.sampled == {"fits": 1}
    with pytest.raises(InputError, match="no format fits"):
        read(f"{inner}\n", Known())


@pytest.mark.parametrize("as_json", [True, False])
def test_an_id_that_is_no_uuid_is_found_under_its_key(tmp_path: Path, *, as_json: bool) -> None:
    keys = "event_id", "messageId", "idempotency_key", "delivery_id", "webhook_event_uuid", "evt"
    at, lines = "2026-11-20T10:00:00Z", []
    for number, key in enumerate(keys):
        line = f"{at} INFO webhook received {key}=N-100000{number}"
        if as_json:
            line = json.dumps({"time": at, "msg": "webhook received", key: f"N-100000{number}"})
        lines.append(f"{line}\n")
    (tmp_path / "app.log").write_text("".join(lines))
    with ha.connect(":memory:") as ws:
        ws.load(tmp_path / "app.log")
        found = ws.rows("SELECT candidate_uuids FROM receipt_records ORDER BY line")
    assert found == [([f"N-100000{number}"],) for number in range(len(keys))]
