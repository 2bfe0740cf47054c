"""Reports: parameters, the page, the facts beside it, failures, and text that stays text."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import sys
import threading
import zlib
from dataclasses import replace
from datetime import date, datetime
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pandas as pd
import pytest

import cases
import hookanalysis
from browser import CHROMIUM
from hookanalysis import markup, progress, sections
from hookanalysis.database import Database
from hookanalysis.errors import BusyError, InputError, ReportError
from hookanalysis.facts.gathering import facts
from hookanalysis.facts.period import say_days
from hookanalysis.reporting import kernels
from hookanalysis.reporting.pages import Page, clean, embed_json, print_page, write_page
from hookanalysis.reporting.reports import (
    Parameter,
    check_parameters,
    find_notebook,
    list_notebooks,
    read_parameters,
    run_report,
)
from tiers import some

if TYPE_CHECKING:
    from collections.abc import Callable

NOTEBOOK = cases.DAILY
books: Any = nbformat  # which says that it is typed, and is not
v4: Any = nbformat.v4
HOSTILE = cases.HOSTILE[0]
DECLARED = (
    Parameter("workspace", ""),
    Parameter("day", "", "the day"),
    Parameter("rows", 50),
    Parameter("share", 0.5),
    Parameter("quick", default=False),
)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cases.fill(tmp_path_factory.mktemp("case") / "case.duckdb", cases.all_outcomes())


@pytest.fixture(scope="module")
def page(report_of: Callable[[str], Path]) -> Path:
    """The daily report of the samples."""
    return report_of(NOTEBOOK)


def notebook(*sources: str, parameters: str = "workspace = ''") -> Any:
    tagged = v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
    book = v4.new_notebook(cells=[tagged, *map(v4.new_code_cell, sources)])
    for number, cell in enumerate(book.cells):
        cell["id"] = f"cell-{number}"
    return book


def save(book: Any, path: Path) -> Path:
    books.write(book, path)
    return path


def at(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - UTC, naive as in the tables


def visible(html: str) -> str:
    """The page without its scripts and styles."""
    return re.sub(r"<(script|style)\b.*?</\1>", "", html, flags=re.DOTALL)


# The whole way: notebook in, page and facts out.


def test_page_and_facts_say_the_same(page: Path, samples: Path) -> None:
    html = page.read_text(encoding="utf-8")
    with Database(samples, read_only=True) as db:
        expected = facts(db)
        listed = db.rows(
            "SELECT DISTINCT event_uuid FROM deliveries WHERE NOT is_test"
            " AND outcome IN ('missed', 'duplicated', 'refused', 'unexpected')"
        )
    beside = json.loads((page.parent / "facts.json").read_text(encoding="utf-8"))
    assert beside == json.loads(json.dumps(expected.to_dict()))
    text = visible(html)
    assert f"{expected.headline.delivered} of {expected.headline.judged} webhooks" in text
    for number, name in [
        (expected.headline.missed, "Missed"),
        (expected.count("refused"), "Refus"),
    ]:
        assert re.search(rf"{name}\w*</span><b>{number}</b>", text)
    assert len(listed) > 10
    for (event,) in listed:
        assert f"<code>{event}</code>" in text


def test_page_needs_nothing_else(page: Path) -> None:
    html = page.read_text(encoding="utf-8")
    assert 'http-equiv="Content-Security-Policy"' in html
    assert "default-src 'none'" in html
    assert html.count('id="vega"') == 1
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", visible(html))
    assert not re.search(r"@import|url\(", html.partition("</style>")[0])
    assert page.stat().st_mode & 0o777 == 0o600


def test_page_has_contents_sections_and_tables_behind_charts(page: Path) -> None:
    text = visible(page.read_text(encoding="utf-8"))
    linked = re.findall(r'<li><a href="#([\w-]+)"', text)
    assert linked == re.findall(r'<h2 id="([\w-]+)"', text)
    cards = re.findall(r'class="hk-card[^"]*" href="#([\w-]+)"', text)
    assert cards
    assert set(cards) <= set(linked)
    assert text.count("<figure") == text.count("<figcaption") == 5
    assert text.count("Numbers behind this chart") == 5


@pytest.mark.long
def test_times_are_those_of_the_zone_that_was_asked_for(case: Path, tmp_path: Path) -> None:
    given = {"day": date(2026, 11, 22), "timezone": "Asia/Kolkata", "rows": "1"}
    result = run_report(NOTEBOOK, case, given, tmp_path / "out.html", facts_name="day.json")
    assert result.parameters["day"] == "2026-11-22"
    assert result.parameters["rows"] == 1
    assert result.facts == tmp_path / "day.json"
    text = visible(result.html.read_text("utf-8"))
    assert "All times are local: Asia/Kolkata" in text
    assert "Sunday 22 November 2026" in text
    assert "Asia/Kolkata (UTC+5:30)" in text
    assert "UTC;" not in text
    numbers = json.loads(result.facts.read_text("utf-8"))
    assert numbers["period"]["since"] == "2026-11-21T18:30:00Z"
    shown = re.findall(r'hk-time">(2026-11-\d\d) ', text)
    assert set(shown) == {"2026-11-22"}


@pytest.mark.parametrize("name", cases.NOTEBOOKS)
def test_every_report_of_the_samples_is_small_and_leads_nowhere_else(
    name: str, report_of: Callable[[str], Path], samples: Path
) -> None:
    page = report_of(name)
    assert page.stat().st_size < 1_500_000
    text = visible(page.read_text("utf-8"))
    assert text.count("<figure") == text.count("<figcaption") == text.count("Numbers behind this")
    linked = re.findall(r'<li><a href="#([\w-]+)"', text)
    assert linked == re.findall(r'<h2 id="([\w-]+)"', text)
    assert set(re.findall(r'href="#([\w-]+)"', text)) <= {*linked, "content"}
    assert str(samples.parent) not in text
    assert "NaN" not in text
    assert "NaT" not in text


@pytest.mark.parametrize(
    ("name", "value", "said"),
    some([("dya", "2026-11-22", "unknown parameter dya"), ("day", "x", "no day")], "dya"),
)
def test_a_parameter_that_no_cell_declares_fails_under_papermill_alone(
    name: str, value: str, said: str, samples: Path
) -> None:
    book = books.read(find_notebook(NOTEBOOK), 4)
    book.cells = book.cells[:4]
    # Put in as papermill does, which checks nothing.
    run = kernels.run_notebook(book, {"workspace": str(samples), name: value}, timeout_seconds=60)
    assert isinstance(run.failure, InputError)
    assert said in str(run.failure)


def test_a_letterhead_names_whom_it_is_for(samples: Path) -> None:
    with Database(samples, read_only=True) as db:
        it = sections.pick_incident(db, 2)
        counted = facts(db, since=it.since, until=it.until, endpoint=it.endpoint)
    told = sections.letterhead(counted, customer="<Shop>", author="Support", made="2026-11-29").html
    assert (
        "500 KeyError &#x27;ticket_items&#x27;, tickets.example.com/webhooks/showpass, Friday"
        in told
    )
    assert "For &lt;Shop&gt; \u00b7 By Support \u00b7 Made on Sunday 29 November 2026 with" in told
    assert "Our words" in sections.letterhead(counted, title="Our words").html
    with pytest.raises(InputError, match="no day"):
        sections.letterhead(counted, made="tomorrow")


def test_an_incident_is_told_in_plain_english(samples: Path, tmp_path: Path) -> None:
    with Database(samples, read_only=True) as db:
        query = "SELECT incident_id FROM incidents WHERE endpoint_url LIKE '%/webhook/%'"
        ((number,),) = db.rows(query)
        with pytest.raises(InputError, match="no incident 99") as caught:
            sections.pick_incident(db, 99)
    assert "1, 2, 3" in caught.value.hint
    given = {"incident": number, "customer": "A Shop", "made": "2026-11-29"}
    result = run_report("incident_report", samples, given, tmp_path / "out.html")
    text = unescape(visible(result.html.read_text("utf-8")))
    assert "On Friday 20 November 2026, between 03:06 and 03:29 (UTC), all 6 webhooks for" in text
    assert "tickets.example.com/webhook/showpass failed at first (error 404)." in text
    assert (
        "Most likely cause: the endpoint's path does not exist on your server (answered 404)."
        in text
    )
    assert (
        "6 have not been delivered so far and can be resent once the endpoint works again." in text
    )
    assert "Transactions" not in text  # no log of the samples names them
    assert re.search(r"receiver/edge/access\.log[.\w]*:\d+", text)
    assert "For A Shop" in text
    (number,) = re.findall(r"All (\d+) lines of both logs are in the file", text)
    sheet = (tmp_path / "out.evidence.csv").read_text("utf-8-sig").splitlines()
    assert len(sheet) == int(number) + 1
    assert sheet[0] == "event_uuid,outcome,time_in_the_log,log,says,file,line"


@pytest.mark.long
def test_a_day_is_held_against_the_days_before(samples: Path, tmp_path: Path) -> None:
    given = {"day": "2026-11-21"}
    result = run_report("daily_reconciliation", samples, given, tmp_path / "out.html")
    text = visible(result.html.read_text("utf-8"))
    assert "Saturday 21 November 2026" in text
    section = text.partition('id="day-by-day"')[2].partition("</section>")[0]
    missed = section.partition(">Missed<")[2].partition("</tr>")[0]
    assert re.findall(r">([^<>]+)</td>", missed)[:2] == ["7", "2"]
    assert "the most in 4 days" in missed
    findings = text.partition('id="what-to-do"')[2].partition("</section>")[0]
    assert "new: none in the four weeks before" in findings
    assert re.search(r"<dd>\d+ in the four weeks before</dd>", findings)


def check_pdf(pdf: bytes) -> None:
    assert pdf.startswith(b"%PDF-")
    (box,) = set(re.findall(rb"/MediaBox \[0 0 ([\d.]+ [\d.]+)\]", pdf))
    assert [round(float(side)) for side in box.split()] == [595, 842]


@pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")
def test_a_page_becomes_a_pdf(page: Path) -> None:
    check_pdf(print_page(page.read_text("utf-8")))


@pytest.mark.long
@pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")
def test_a_report_can_be_a_pdf(samples: Path, tmp_path: Path) -> None:
    result = run_report("incident_report", samples, {}, tmp_path / "out.pdf")
    check_pdf(result.html.read_bytes())
    assert {path.name for path in tmp_path.iterdir()} == {
        "out.pdf",
        "out.evidence.csv",
        "facts.json",
    }


def test_without_chromium_a_pdf_is_refused_at_once(
    samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="needs Chromium"):
        run_report("incident_report", samples, {}, tmp_path / "out.pdf")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", cases.NOTEBOOKS)
@pytest.mark.parametrize("deliveries", [0, pytest.param(1, marks=pytest.mark.long)])
def test_every_notebook_copes_with_little_data(name: str, deliveries: int, tmp_path: Path) -> None:
    rows = cases.all_outcomes()[:deliveries]
    around: dict[str, Any] = {"coverage": [], "clock_offsets": [], "files": [], "rejects": []}
    path = cases.fill(tmp_path / "case.duckdb", rows, findings=[], **around)
    text = visible(run_report(name, path, {}, tmp_path / "out.html").html.read_text("utf-8"))
    assert "NaN" not in text
    assert "None" not in text.replace("None of", "")
    if name == NOTEBOOK:
        told = "The one webhook was delivered." if deliveries else "there is nothing to judge"
        assert told in text


@pytest.mark.long
def test_a_report_can_be_about_one_endpoint_and_type(case: Path, tmp_path: Path) -> None:
    given = {"endpoint": "partner", "event_type": "invoice.purchase", "until": "2026-11-21"}
    result = run_report("delivery_gap", case, given, tmp_path / "out.html")
    text = visible(result.html.read_text("utf-8"))
    assert "shop.example.com" not in text.partition("Coverage and clocks")[0]
    with Database(case, read_only=True) as db:
        expected = facts(db, until="2026-11-21", endpoint=cases.PARTNER)
    assert expected.totals.deliveries > 0
    assert {e.endpoint_url for e in expected.endpoints} == {cases.PARTNER}
    numbers = json.loads((tmp_path / "facts.json").read_text("utf-8"))
    assert numbers["totals"]["deliveries"] == expected.totals.deliveries


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"endpoint": "example"}, "several fit"),
        ({"endpoint": "nowhere"}, "none fits"),
        ({"event_type": "nothing"}, "none fits"),
        ({"since": "soon"}, "no time"),
        ({"since": "2026-11-22", "until": "2026-11-21"}, "period is empty"),
        ({"timezone": "Mars/Olympus"}, "no time zone 'Mars/Olympus'"),
    ],
)
def test_what_cannot_be_picked_is_refused(given: dict[str, str], said: str, case: Path) -> None:
    with Database(case, read_only=True) as db, pytest.raises(InputError, match=said):
        facts(db, **given)


def test_hostile_text_stays_text(hostile_report: Callable[[str], Path]) -> None:
    html = hostile_report(NOTEBOOK).read_text("utf-8")
    assert html.count("<script") == 4 + 2  # specifications of charts, and our own two
    text = visible(html)
    assert "<img" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "\x1b" not in html
    assert "\u202e" not in text


# Parameters.


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"day": "2026-11-22"}, {"day": "2026-11-22"}),
        ({"day": date(2026, 11, 22)}, {"day": "2026-11-22"}),
        ({"rows": "7"}, {"rows": 7}),
        ({"share": 1}, {"share": 1.0}),
        ({"quick": "yes"}, {"quick": True}),
    ],
)
def test_values_take_the_declared_type(given: dict[str, Any], expected: dict[str, Any]) -> None:
    values = check_parameters(DECLARED, given, "x.ipynb")
    assert values == {**{p.name: p.default for p in DECLARED}, **expected}


@pytest.mark.parametrize(
    "given",
    [
        {"dya": "2026-11-22"},
        {"n=1;import os;n": 1},
        {"rows": "many"},
        {"rows": 1.5},
        {"quick": "perhaps"},
        {"day": None},
        {"share": "half"},
    ],
)
def test_wrong_parameters_are_refused_with_the_valid_ones(given: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        check_parameters(DECLARED, given, "x.ipynb")
    assert "day (text, default ''): the day; rows (whole number, default 50)" in caught.value.hint


def test_parameters_are_read_from_the_notebook() -> None:
    declared = read_parameters(books.read(find_notebook(NOTEBOOK), 4))
    assert [p.name for p in declared] == ["workspace", "day", "timezone", "rows"]
    assert all(p.help for p in declared)


@pytest.mark.parametrize("name", ["nothing", "nothing.ipynb", ""])
def test_unknown_notebooks_are_refused_with_the_known_ones(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no notebook") as caught:
        run_report(name, "", {}, tmp_path / "out.html")
    assert set(list_notebooks()) <= set(re.findall(r"\w+", caught.value.hint))


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"nbformat": 4}',
        '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [5]}',
        (
            '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code",'
            ' "id": "a", "metadata": {"tags": ["parameters"]}, "source": "x = (", "outputs": []}]}'
        ),
    ],
)
def test_what_is_no_notebook_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        run_report(path, "", {}, tmp_path / "out.html")


def test_missing_workspace_and_wrong_day_are_input_errors(case: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such workspace"):
        run_report(NOTEBOOK, tmp_path / "none.duckdb", {}, tmp_path / "out.html")
    with pytest.raises(InputError, match="'soon' is no day") as caught:
        run_report(NOTEBOOK, case, {"day": "soon"}, tmp_path / "out.html")
    assert "2026-11-22" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


# Failures: a marked page under another name, never half a file under the real one.


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise ValueError('row 7 says mail@example.com')", "ValueError: row 7"),
        pytest.param("import sys; sys.exit(0)", "SystemExit: 0", marks=pytest.mark.long),
        pytest.param("import sys; sys.exit(3)", "SystemExit: 3", marks=pytest.mark.long),
        ("import os; os._exit(1)", "kernel died|ended by itself"),
        ("while True: pass", "stopped after 2 s"),
    ],
)
def test_failing_notebook_leaves_a_marked_page(code: str, said: str, tmp_path: Path) -> None:
    book = notebook("print('before it')", code, "print('after it')")
    path = save(book, tmp_path / "failing.ipynb")
    target = tmp_path / "out.html"
    target.write_text("yesterday's", encoding="utf-8")
    with pytest.raises(ReportError) as caught:
        run_report(path, "", {}, target, timeout_seconds=2)
    assert re.search(said, str(caught.value))
    assert caught.value.exit_code == 3
    assert target.read_text(encoding="utf-8") == "yesterday's"
    text = visible((tmp_path / "out.failed.html").read_text(encoding="utf-8"))
    assert "This report is incomplete" in text
    assert "before it" in text
    assert "after it" not in text
    assert "mail@example.com" not in text
    assert {p.name for p in tmp_path.iterdir()} == {"failing.ipynb", "out.html", "out.failed.html"}


def test_our_own_errors_come_through_with_their_exit_code(tmp_path: Path) -> None:
    code = "from hookanalysis.errors import BusyError\nraise BusyError('in use', hint='wait')"
    path = save(notebook(code), tmp_path / "busy.ipynb")
    with pytest.raises(BusyError) as caught:
        run_report(path, "", {}, tmp_path / "out.html")
    assert (caught.value.what, caught.value.hint, caught.value.exit_code) == ("in use", "wait", 75)


def test_unwritable_folder_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = save(notebook(), tmp_path / "fine.ipynb")
    with pytest.raises(InputError, match="folder cannot be made"):
        run_report(path, "", {}, tmp_path / "file" / "out.html")


# The kernel: private and clean.


def test_kernel_runs_apart_and_success_takes_the_marked_page_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out.failed.html").touch()
    (tmp_path / "pandas.py").write_text("raise RuntimeError('wrong pandas')", encoding="utf-8")
    secret = "s3cr3t-value-of-a-variable"
    monkeypatch.setenv("SHOP_SECRET", secret)
    monkeypatch.setenv("PYTHONPATH", str(Path(hookanalysis.__file__).parents[1]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    code = "import os, pandas, hookanalysis\nprint(os.getcwd(), os.environ['SHOP_SECRET'])"
    path = save(notebook(code), tmp_path / "apart.ipynb")
    result = run_report(path, "", {}, tmp_path / "out.html")
    assert result.facts is None
    assert not (tmp_path / "out.failed.html").exists()
    html = result.html.read_text(encoding="utf-8")
    assert secret not in html
    assert "[secret]" in html
    assert str(tmp_path) not in html


@pytest.mark.long
@pytest.mark.parametrize(
    "names",
    [[NOTEBOOK] * 2, list(list_notebooks())],
    ids=["one notebook", "every notebook"],
)
def test_same_workspace_same_bytes_and_several_at_once(
    names: list[str], samples: Path, report_of: Callable[[str], Path], tmp_path: Path
) -> None:
    failures: list[BaseException] = []

    def work(name: str, number: int) -> None:
        target = tmp_path / f"{number}.html"
        try:
            run_report(name, samples, {}, target, facts_name=f"{number}.json")
        except BaseException as error:  # noqa: BLE001 - told below, in the thread that asserts
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n, i)) for i, n in enumerate(names)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for number, name in enumerate(names):
        page = report_of(name)
        assert (tmp_path / f"{number}.html").read_bytes() == page.read_bytes(), name
        beside = (page.parent / "facts.json").read_bytes()
        assert (tmp_path / f"{number}.json").read_bytes() == beside, name


# The page.


def executed(*outputs: dict[str, Any]) -> Any:
    book = notebook("pass")
    book.cells[1].outputs = [books.from_dict(output) for output in outputs]
    return book


def show(**data: Any) -> dict[str, Any]:
    mimes = {name.replace("__", "/"): value for name, value in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": mimes}


@pytest.mark.parametrize(
    "mime",
    ["text__latex", "application__javascript", "text__markdown", "image__svg", "text__vnd.mermaid"],
)
def test_only_allowed_kinds_of_output_pass(mime: str) -> None:
    html = write_page(executed(show(**{mime: "<script>alert(1)</script> canary"})), Page("x"))
    assert "canary" not in html


def test_html_of_outputs_is_cleaned() -> None:
    hostile = (
        "<p onclick='x()' style='x' class='hk-more'>kept</p><script>alert(1)</script>"
        "<a href='javascript:alert(1)'>a</a><a href='https://example.com'>b</a>"
        "<a href='#missed'>c</a><img src=x><iframe src=x></iframe><svg><script>1</script></svg>"
        "<form action=x><input></form><style>p {}</style><!-- hidden -->"
    )
    kept = '<p class="hk-more">kept</p><a>a</a><a>b</a><a href="#missed">c</a>'
    assert clean(hostile, {"missed"}) == kept
    assert clean("<a href='#elsewhere'>d</a>", {"missed"}) == "<a>d</a>"


def test_markdown_of_a_notebook_cannot_carry_html() -> None:
    book = notebook()
    words = "## Part\n\nwords <script>alert(1)</script> [x](javascript:alert(1)) **bold**"
    book.cells.append(v4.new_markdown_cell(words))
    text = write_page(book, Page("x"))
    assert '<h2 id="part">Part</h2>' in text
    assert "<script>alert" not in text
    assert 'href="javascript' not in visible(text)
    assert "<strong>bold</strong>" in text


def test_charts_lose_what_could_fetch_or_lead_elsewhere() -> None:
    spec = {
        "description": HOSTILE,
        "data": {"url": "https://example.com/x.csv", "name": "d"},
        "datasets": {"d": [{"url": "a value", "x": "</script>"}]},
        "encoding": {"href": {"field": "url"}, "x": {"field": "x"}},
    }
    html = write_page(executed(show(**{"application__vnd.vegalite.v5+json": spec})), Page("x"))
    (text,) = re.findall(r'<script type="application/json">(.*?)</script>', html)
    drawn = json.loads(text)
    assert drawn["data"] == {"name": "d"}
    assert list(drawn["encoding"]) == ["x"]
    assert drawn["datasets"] == spec["datasets"]


def test_rows_behind_a_chart_that_are_not_shown_are_packed_like_those_of_tables() -> None:
    meta = {"title": "t", "columns": ["n"], "rows": [[n] for n in range(201)]}
    spec = {"usermeta": {"hookanalysis": meta}}
    html = write_page(executed(show(**{"application__vnd.vegalite.v5+json": spec})), Page("x"))
    (rest,) = re.findall(r'data-rest="([^"]+)"', html)
    assert json.loads(zlib.decompress(base64.b64decode(rest))) == [["200"]]


def test_embedded_json_cannot_end_its_script() -> None:
    value = {"a": "</script><!--&\u2028\u2029"}
    text = embed_json(value)
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == value


def test_page_without_charts_stays_small() -> None:
    assert len(write_page(executed(), Page("x"))) < 40_000


@pytest.mark.long
def test_bundle_is_what_vl_convert_makes() -> None:
    vl_convert = pytest.importorskip("vl_convert")
    made = vl_convert.javascript_bundle(vl_version="6.4").strip()
    asset = markup.read_asset("vega.js")
    assert asset == f"(function () {{\n{made}\n}})();\n"
    assert len(asset) <= 900_000
    assert "Redistribution" in markup.read_asset("vega.LICENSE.txt")


# Words, numbers and tables.


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (0, "0 ms"),
        (999.6, "1 s"),
        (1400, "1.4 s"),
        (59_960, "1 min"),
        (61_000, "1 min 1 s"),
        (12_000_000, "3 h 20 min"),
        (1e9, "11 days 13 h"),
        (-3000, "\N{MINUS SIGN}3 s"),
    ],
)
def test_durations_as_people_say_them(milliseconds: float, words: str) -> None:
    assert markup.duration(milliseconds) == words


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (at(2026, 11, 22), at(2026, 11, 22, 9), "Sunday 22 November 2026"),
        (at(2026, 11, 20), at(2026, 11, 22), "20\N{EN DASH}22 November 2026"),
        (
            at(2026, 12, 31),
            at(2027, 1, 1),
            "31 December 2026 \N{EN DASH} 1 January 2027",
        ),
    ],
)
def test_days_as_people_say_them(first: datetime, last: datetime, words: str) -> None:
    assert say_days(first, last) == words


def test_any_frame_becomes_a_tidy_table() -> None:
    frame = pd.DataFrame(
        {
            "event_uuid": ["<b>", None],
            "first_attempt_at": pd.Series(["2026-11-22 01:02:03", None], dtype="datetime64[us]"),
            "lag_ms": [1234.0, None],
            "accepted_count": pd.array([1200, None], dtype="Int64"),
            "is_test": [True, False],
            7: ["x", "y"],
        }
    )
    block = markup.show(frame, limit=1)
    assert "<code>&lt;b&gt;</code>" in block.html
    for shown in ("2026-11-22 01:02:03", "1.2 s", ">1,200<", ">yes<", "First attempt (UTC)"):
        assert shown in block.html
    assert "and 1 more" in block.html
    assert markup.show(frame.iloc[1:]).html.count(markup.ABSENT) == 4
    assert "No rows" in markup.show(frame.head(0)).html


def test_invisible_characters_become_visible() -> None:
    assert markup.tame("a\x1b[31m\u202e\n\u200b") == r"a\x1b[31m\u202e\n\u200b"
    assert len(markup.tame("x" * 200_000)) == markup.LONGEST


def test_long_lists_are_cut_and_counted(case: Path) -> None:
    with Database(case, read_only=True) as db:
        block = sections.deliveries(db, ["delivered"], limit=5)
    assert block.html.count("<tr>") == 6
    assert "25 more" in block.html


@pytest.mark.parametrize(
    ("missed", "refused", "undetermined", "expected"),
    [
        (0, 0, 0, "All 20 webhooks were delivered."),
        (1, 0, 0, "20 of 21 webhooks were delivered (95.2 %); 1 never arrived."),
        (1, 1, 2, "; 1 never arrived, 1 was refused and 2 could not be checked."),
    ],
)
def test_headline_is_one_sentence(
    missed: int, refused: int, undetermined: int, expected: str, tmp_path: Path
) -> None:
    counts = {"delivered": 20, "missed": missed, "refused": refused, "undetermined": undetermined}
    names = [name for name, number in counts.items() for _ in range(number)]
    rows = [cases.delivery(n, name, cases.START) for n, name in enumerate(names)]
    with Database(cases.fill(tmp_path / "case.duckdb", rows), read_only=True) as db:
        counted = facts(db)
    block = sections.cover(counted)
    assert expected in repr(block)
    assert replace(counted) == counted


def test_what_could_not_be_checked_is_not_called_missing(tmp_path: Path) -> None:
    for checked, words in (
        (0, "The logs at hand tell of none of 31 webhooks whether it was delivered."),
        (4, "Only 4 of 31 webhooks could be checked; 4 of these were delivered (100 %)"),
    ):
        names = ["delivered"] * checked + ["undetermined"] * (31 - checked)
        rows = [cases.delivery(n, name, cases.START) for n, name in enumerate(names)]
        path = cases.fill(tmp_path / f"{checked}.duckdb", rows)
        with Database(path, read_only=True) as db:
            counted = facts(db)
        assert words in repr(sections.cover(counted))
        assert counted.summary().startswith(words[:10])


def test_what_arrived_and_no_export_lists_is_not_possibly_missed(tmp_path: Path) -> None:
    came = {"detail": "sender_coverage", "accepted_count": 1}
    rows = [cases.delivery(n, "undetermined", cases.START, **came) for n in range(30)]
    with Database(cases.fill(tmp_path / "a.duckdb", rows), read_only=True) as db:
        alone = facts(db)
    read = tuple(replace(file, side="sender", status="loaded") for file in alone.files)
    told = repr(sections.cover(replace(alone, files=read)))
    assert "No export of the sender covers the 30 webhooks that arrived" in told
    assert "30 arrived, though no export of the sender covers them." in alone.summary()
    rows += [cases.delivery(30 + n, "missed", cases.START) for n in range(2)]
    with Database(cases.fill(tmp_path / "b.duckdb", rows), read_only=True) as db:
        counted = facts(db)
    head = counted.headline
    assert (head.judged, head.missed, head.possibly_missed, head.unlisted) == (2, 2, 2, 30)
    assert sum(entry.possibly_missed for entry in counted.endpoints) == 2
    told = repr(sections.cover(counted))
    assert "0 of 2 webhooks were delivered (0 %); 2 never arrived." in told
    assert "30 arrived, though no export of the sender covers them." in told


def test_possibly_missed_is_a_limit_and_no_sum(case: Path) -> None:
    with Database(case, read_only=True) as db:
        text = sections.cover(facts(db)).html
    shown = "<b>\N{LESS-THAN OR EQUAL TO} 6</b>"
    assert f"{shown}<small>the 3 missed and 3 that could not be checked</small>" in text


def test_paths_in_a_report_do_not_tell_whose_folder_it_was(page: Path) -> None:
    text = visible(page.read_text(encoding="utf-8"))
    assert "receiver/edge/access.log" in text
    assert "samples/receiver" not in text
    assert str(page.parent) not in text


def test_kernel_gets_absolute_import_paths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["src", "", str(tmp_path)]))
    paths = kernels._environment(tmp_path)["PYTHONPATH"].split(os.pathsep)
    assert all(Path(path).is_absolute() for path in paths)
    assert len(paths) == 2


# In a notebook.


def test_a_report_is_made_of_an_open_workspace(case: Path, tmp_path: Path) -> None:
    book = save(notebook("print(n)", parameters="workspace = ''\nn = 0"), tmp_path / "mine.ipynb")
    copy = tmp_path / "case.duckdb"
    shutil.copy(case, copy)
    with hookanalysis.connect(copy) as ws:
        page = ws.report(book, tmp_path / "mine.html", n=4711).html
        assert "4711" in page.read_text("utf-8")
        assert ws.has("deliveries")  # it is open again
        with pytest.raises(InputError, match="unknown parameter 'm'"):
            ws.report(book, tmp_path / "mine.html", m=1)
    with hookanalysis.connect(":memory:") as ws, pytest.raises(InputError, match="in memory"):
        ws.report(book)


def test_to_load_nothing_is_an_error(tmp_path: Path) -> None:
    with hookanalysis.connect(":memory:") as ws:
        for paths in ((), (tmp_path / "nope.csv",), (tmp_path,)):
            with pytest.raises(InputError, match="nothing to load"):
                ws.load(*paths)


def test_a_workspace_and_its_findings_show_themselves(samples: Path) -> None:
    with hookanalysis.connect(samples, read_only=True) as ws:
        shown = ws._repr_html_()
        told = ws.findings("2026-11-20")._repr_mimebundle_()["text/html"]
    assert shown.startswith("<style>")
    assert re.search(r'hk-outcome">.*delivered</td><td>5\d\d<', shown)
    assert "The endpoint's path does not exist on your server" in unescape(told)


@pytest.mark.long
def test_a_notebook_shows_progress() -> None:
    samples = Path(__file__).parent.parent / "data" / "samples"
    paths = [
        str(samples / "receiver" / "edge" / "access.log"),
        str(next((samples / "sender").glob("*.csv"))),
    ]
    code = (
        "import hookanalysis as ha\nws = ha.connect(':memory:')\n"
        f"ws.load(*{paths!r})\nws.reconcile()\nha.charts.outcomes_over_time(ws)"
    )
    book = notebook(code)
    run = kernels.run_notebook(book, {}, timeout_seconds=120)
    assert run.failure is None
    shown = [out.data for out in run.notebook.cells[-1].outputs if out.output_type != "stream"]
    assert shown[0]["text/plain"].startswith("reading webhook-logs")
    assert re.fullmatch(r"reconciling: (\d+) of \1 steps", shown[1]["text/plain"])
    assert markup.CHART_MIME in shown[2]


def test_a_terminal_shows_progress_and_a_pipe_does_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with progress.show_steps() as tell:
        tell(1, 9)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress.show_reading() as show:
        show("logs/a\x1blog", 2_500_000)
    assert capsys.readouterr().err == "\r\x1b[Kreading a\\x1blog: 2.5 MB\r\x1b[K"
