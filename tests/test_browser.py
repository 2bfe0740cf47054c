"""The daily report in headless Chromium with the network off."""

from __future__ import annotations

import csv
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import cases
import hookanalysis as ha
from browser import CHROMIUM, Browser, Page
from hookanalysis.daily import write_index
from hookanalysis.database import Database
from hookanalysis.reporting.reports import run_report
from hookanalysis.tables import OUTCOMES
from lab.servers import NODE_MODULES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(
    not CHROMIUM, reason="Chromium is not installed (Debian: apt-get install chromium)"
)
AXE = NODE_MODULES / "axe-core" / "axe.min.js"
AXES = "[...document.querySelectorAll('.role-axis-label text')].map((t) => t.textContent)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as running:
        yield running


@pytest.fixture(scope="module", params=cases.NOTEBOOKS)
def page(
    request: pytest.FixtureRequest, browser: Browser, report_of: Callable[[str], Path]
) -> Page:
    """The report of each notebook in turn, of the samples, which tests only look at."""
    return browser.open(report_of(request.param))


@pytest.fixture(scope="module")
def report(report_of: Callable[[str], Path]) -> Path:
    """The daily report of the samples."""
    return report_of(cases.DAILY)


@pytest.fixture(scope="module")
def gap(report_of: Callable[[str], Path]) -> Path:
    """The report of the samples in which events have lines of evidence."""
    return report_of("delivery_gap")


def test_charts_are_drawn_and_nothing_is_asked_for(page: Page) -> None:
    page.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.wait("[...document.querySelectorAll('figure.chart')].every((f) => f.dataset.drawn)")
    drawn = page.run("[...document.querySelectorAll('figure.chart')].map((f) => f.dataset.drawn)")
    assert len(drawn) >= 2
    assert set(drawn) == {"yes"}
    marks = page.run(
        "[...document.querySelectorAll('figure.chart svg')].map((svg) => svg.querySelectorAll("
        "'.mark-rect path, .mark-line path, .mark-symbol path').length)"
    )
    assert all(count >= 2 for count in marks)
    assert page.requests == [page.url]
    assert page.complaints == []
    assert page.dialogs == []


def test_charts_fill_their_frames(browser: Browser, page: Page) -> None:
    # By the picture's own width: drawn too wide, it is shrunk until it fits, as on a phone.
    own = "Number(plot.querySelector('svg').getAttribute('width'))"
    shown = "plot.querySelector('svg').getBoundingClientRect().width"
    phone = browser.open(Path(page.url.removeprefix("file://")), width=400)
    for width, measured, opened in ((1280, own, page), (400, shown, phone), (800, own, phone)):
        opened.resize(width)
        opened.wait(
            "[...document.querySelectorAll('.plot')]"
            f".every((plot) => Math.abs({measured} - plot.clientWidth) <= 3)"
        )
        # The page itself never scrolls sideways; wide tables do, within their frame.
        assert opened.run("document.documentElement.scrollWidth") <= width
    assert phone.complaints == []


def test_jupyterlab_leaves_text_on_the_left(
    browser: Browser, samples: Path, tmp_path: Path
) -> None:
    lab = ":not(.jp-RenderedMarkdown).jp-RenderedHTMLCommon :is(td, th, tr) { text-align: right; }"
    with ha.connect(samples, read_only=True) as ws:
        told = ws.event("00ca0714")._repr_html_()
        told += ha.sections.resends(ws)._repr_mimebundle_()["text/html"]
    cell = f'<div class="jp-RenderedHTMLCommon">{told}</div>'
    (tmp_path / "lab.html").write_text(f"<meta charset=utf-8><style>{lab}</style>{cell}")
    page = browser.open(tmp_path / "lab.html")
    sides = "[...document.querySelectorAll('%s')].map((e) => getComputedStyle(e).textAlign)"
    assert {*page.run(sides % "td:has(code), td.hk-url, th.hk-url")} == {"left"}
    assert {*page.run(sides % "th.hk-right, table:has(th.hk-url) td:first-child")} == {"right"}


@pytest.mark.parametrize("width", [1280, 390])
def test_the_list_of_days_fills_its_page(width: int, browser: Browser, tmp_path: Path) -> None:
    noted = {"judged": 9, "arrived": 8, "changed": False, **dict.fromkeys(OUTCOMES, 1)}
    write_index([{"day": cases.START.date(), **noted}], "UTC", tmp_path)
    page = browser.open(tmp_path / "index.html", width=width)
    assert page.run("document.documentElement.scrollWidth") <= width
    assert page.run("document.querySelector('table').clientWidth") > 0.9 * (width - 64)


@pytest.mark.long
def test_times_are_the_same_in_every_zone(browser: Browser, report: Path) -> None:
    seen = [browser.open(report).run(AXES)]
    for zone, minutes in (("America/New_York", 300), ("Asia/Kolkata", -330)):
        with Browser(TZ=zone) as elsewhere:
            page = elsewhere.open(report)
            assert page.run("new Date(2026, 11, 1).getTimezoneOffset()") == minutes
            seen.append(page.run(AXES))
    assert "12:00" in seen[0]
    assert seen[0] == seen[1] == seen[2]


@pytest.mark.long
def test_pointing_shows_numbers_and_shift_with_the_wheel_zooms(
    browser: Browser, report: Path
) -> None:
    page = browser.open(report)
    bar = "document.querySelector('figure.chart .mark-rect path')"
    page.run(f"{bar}.scrollIntoView({{block: 'center'}})")
    x, y = page.run(
        f"(() => {{ const b = {bar}.getBoundingClientRect();"
        " return [b.x + b.width / 2, b.y + b.height / 2]; })()"
    )
    page.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    page.wait("document.querySelector('#vg-tooltip-element.visible')")
    shown = page.run("document.querySelector('#vg-tooltip-element').innerText")
    assert "deliveries" in shown
    assert re.search(r"2026-11-\d\d \d\d:00 UTC", shown)

    before, place = page.run(AXES), page.run("window.scrollY")
    wheel = {"type": "mouseWheel", "x": x, "y": y, "deltaX": 0, "deltaY": -240}
    page.call("Input.dispatchMouseEvent", modifiers=8, **wheel)
    page.wait(
        f"JSON.stringify({AXES}) !== {before!r}.join() && {AXES}.join() !== {before!r}.join()"
    )
    assert page.run("window.scrollY") == place
    assert page.complaints == []


@pytest.mark.long
def test_an_outcome_can_be_singled_out(browser: Browser, report: Path) -> None:
    page = browser.open(report)
    faint = "document.querySelectorAll('figure.chart .mark-rect path[opacity=\"0.15\"]').length"
    assert page.run(faint) == 0
    page.run(
        "[...document.querySelectorAll('.role-legend-label text')]"
        ".find((t) => t.textContent === 'missed').scrollIntoView({block: 'center'})"
    )
    x, y = page.run(
        "(() => { const b = [...document.querySelectorAll('.role-legend-label text')]"
        ".find((t) => t.textContent === 'missed').getBoundingClientRect();"
        " return [b.x + b.width / 2, b.y + b.height / 2]; })()"
    )
    for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
        page.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
    page.wait(f"{faint} > 0")


def test_dark_and_light_follow_the_reader(browser: Browser, report: Path) -> None:
    ink = "getComputedStyle(document.body).color"
    axis = "getComputedStyle(document.querySelector('.role-axis-label text')).fill"
    page = browser.open(report, scheme="dark")
    dark = page.run(ink)
    assert page.run(axis) == dark
    page.prefer("light")
    light = page.run(ink)
    assert page.run(axis) == light != dark
    for chosen in (light, dark):  # Auto -> Light -> Dark
        page.run("document.querySelector('#theme').click()")
        assert page.run(ink) == chosen
        assert page.run(axis) == chosen


@pytest.mark.long
def test_marking_a_time_limits_the_list_of_events(browser: Browser, gap: Path) -> None:
    page = browser.open(gap)
    shown = "[...document.querySelectorAll('tbody.hk-event')].filter((row) => !row.hidden).length"
    total = page.run(shown)
    assert total > 50
    panel = "document.querySelector('figure.chart .mark-rect path').closest('.root > g')"
    page.run(f"{panel}.scrollIntoView({{block: 'center'}})")
    page.mark(0.4, 0.6)
    page.wait(f"{shown} < {total}")
    kept = page.run(shown)
    assert 0 < kept < total
    said = page.run("document.querySelector('.hk-events').closest('.hk').innerText")
    assert f"{kept} of {total} in the marked time" in said
    assert page.complaints == []


def test_a_time_can_be_marked_from_the_keyboard(browser: Browser, gap: Path) -> None:
    page = browser.open(gap)
    events = "[...document.querySelectorAll('tbody.hk-event')]"
    page.run("document.querySelector('figure .sift input').focus()")
    page.type("11192026")
    page.type("0100PM", after="Tab")
    page.type("11192026", after="Tab")
    page.type("0600PM", after="Tab")
    hours = "[Date.UTC(2026, 10, 19, 13), Date.UTC(2026, 10, 19, 18)]"
    page.wait(
        f"{events}.every((row) => row.hidden === !(row.dataset.at >= {hours}[0]"
        f" && row.dataset.at <= {hours}[1]))"
    )
    assert page.run("document.activeElement.type") == "datetime-local"
    page.wait(
        "document.querySelectorAll('figure.chart .mark-symbol path[opacity=\"0.15\"]').length"
    )
    page.run("document.querySelector('figure .sift button').click()")
    page.wait(f"{events}.every((row) => !row.hidden)")
    assert page.complaints == []


@pytest.mark.long
def test_a_dot_leads_to_its_lines(browser: Browser, gap: Path) -> None:
    page = browser.open(gap)
    dot = "document.querySelectorAll('figure.chart .mark-symbol path')[30]"
    page.run(f"{dot}.scrollIntoView({{block: 'center'}})")
    x, y = page.run(
        f"(() => {{ const b = {dot}.getBoundingClientRect();"
        " return [b.x + b.width / 2, b.y + b.height / 2]; })()"
    )
    for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
        page.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
    page.wait("document.querySelector('tbody.hk-event.picked details[open]')")
    lines = page.run("document.querySelector('tbody.picked').innerText")
    assert re.search(r"sender (failed|success|pending)", lines)
    assert re.search(r"[\w/.-]+\.(csv|json|log|jsonl)[\w.]*:\d+", lines)


def read_endpoints(page: Page) -> list[float]:
    """The widths of the bars of the panel that sums by endpoint."""
    bars = "document.querySelector('figure.chart .mark-rect.concat_2_marks')"
    found: list[float] = page.run(
        f"[...{bars}.querySelectorAll('path')].map((bar) => bar.getBoundingClientRect().width)"
    )
    return found


def test_marking_a_time_counts_its_endpoints(browser: Browser, gap: Path) -> None:
    page = browser.open(gap)
    before = read_endpoints(page)
    page.run(
        "(() => { const fields = document.querySelectorAll('figure .sift input');"
        " fields[0].value = '2026-11-20T03:00'; fields[1].value = '2026-11-20T18:00';"
        " fields[1].dispatchEvent(new Event('change')); })()"
    )
    page.wait("document.querySelector('figure.chart').dataset.drawn === 'yes'")
    page.wait(
        "document.querySelectorAll('figure.chart .mark-symbol path[opacity=\"0.15\"]').length"
    )
    marked = read_endpoints(page)
    # Fewer than before, and not none: the time of the axis is compared as a time.
    assert 0 < sum(marked) < 0.6 * sum(before)
    assert page.complaints == []


def test_a_long_table_is_folded_sorted_searched_and_saved(browser: Browser, report: Path) -> None:
    page = browser.open(report)
    section = "document.querySelector('[aria-labelledby=what-to-resend]')"
    rows = f"[...{section}.querySelectorAll('tbody tr')]"
    seen = f"{rows}.filter((row) => row.getClientRects().length).length"
    total = page.run(f"{rows}.length")
    assert total > 20
    assert page.run(seen) == 10
    page.run(f"{section}.querySelector('.hk-scroll + button').click()")
    assert page.run(seen) == total
    head = f"{section}.querySelectorAll('th button')[0]"
    page.run(f"{head}.click()")
    numbers = f"{rows}.map((row) => Number(row.cells[0].textContent))"
    assert page.run(numbers) == list(range(1, total + 1))
    page.run(f"{head}.click()")
    assert page.run(numbers) == list(range(total, 0, -1))
    assert page.run(f"{head}.parentNode.ariaSort") == "descending"
    lines = save(page, "what-to-resend").splitlines()
    assert len(lines) == total + 1
    assert lines[0].startswith('\ufeff"#","Advice"')
    assert f'"{total}"' in lines[1]
    field = f"{section}.querySelector('[type=search]')"
    page.run(f"{field}.value = 'WAIT'; {field}.dispatchEvent(new Event('input'))")
    assert 0 < page.run(seen) < total
    assert page.complaints == []


def save(page: Page, section: str) -> str:
    """What the button of a section's list saves."""
    page.run(
        "(() => { window.Blob = class { constructor(parts) { window.saved = parts.join(''); } };"
        " URL.createObjectURL = () => '#'; })()"
    )
    page.run(f"document.querySelector('[aria-labelledby={section}] button.csv').click()")
    page.wait("window.saved")
    return str(page.run("window.saved")).strip()


def test_rows_that_are_not_shown_are_saved(
    browser: Browser, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Database(samples, read_only=True) as db:
        listed = db.rows("SELECT event_uuid, event_type FROM resends ORDER BY position")
    (secret, kind), shown = listed[-1], tmp_path / "day.html"
    monkeypatch.setenv("WEBHOOK_SECRET", secret)
    run_report(cases.DAILY, samples, {"rows": 20}, shown)
    page = browser.open(shown)
    section = "document.querySelector('[aria-labelledby=what-to-resend]')"
    assert page.run(f"{section}.querySelectorAll('tbody tr').length") == 20 < len(listed)
    page.wait(f"{section}.querySelector('button.csv').textContent.includes('all {len(listed)}')")
    _, *rows = csv.reader(save(page, "what-to-resend").splitlines())
    assert rows[-1][2] == f"[secret] | {kind}"
    assert [row[2] for row in rows[:-1]] == [" | ".join(event) for event in listed[:-1]]
    assert {len(row) for row in rows} == {6}
    assert page.requests == [page.url]
    assert page.complaints == []


def test_the_day_is_short_and_a_finding_opens_to_its_case(browser: Browser, report: Path) -> None:
    page = browser.open(report)
    assert page.run("document.documentElement.scrollHeight") <= 5 * 800
    finding = "document.querySelector('details.hk-finding')"
    lines = f"{finding}.querySelector('.hk-lines').checkVisibility()"
    assert not page.run(lines)
    page.run(f"{finding}.querySelector('summary').click()")
    page.wait(lines)
    fold = "document.querySelector('[aria-labelledby=endpoints] details.fold')"
    page.run(f"{fold}.querySelector('summary').click()")
    page.wait(f"[...{fold}.querySelectorAll('figure')].every((one) => one.dataset.drawn)")
    page.run("document.querySelector('a.hk-card[href=\"#outcomes\"]').click()")
    page.wait("document.querySelector('[aria-labelledby=outcomes] details.fold').open")
    assert page.complaints == []


@pytest.mark.long
def test_a_day_of_two_hundred_endpoints_is_short_too(browser: Browser, tmp_path: Path) -> None:
    urls = [f"https://h{n % 10}.example.com/venues/venue-{n}/webhooks/showpass" for n in range(200)]
    outcomes = ["delivered"] * 19 + [*OUTCOMES]
    rows = [
        cases.delivery(
            n, outcomes[n % 29], cases.START + n * timedelta(seconds=40), endpoint_url=urls[n % 200]
        )
        for n in range(2000)
    ]
    known = ("event_uuid", "endpoint_url", "event_type")
    resends: list[dict[str, Any]] = [
        {**{key: row[key] for key in known}, "position": n, "advice": "resend", "reason": "refused"}
        for n, row in enumerate(row for row in rows if row["outcome"] in cases.FAILED)
    ]
    times = {"starts_at": cases.START, "ends_at": cases.START + timedelta(hours=9)}
    counts = {"deliveries": 9, "failed": 9, "recovered": 0, "still_open": True, "statuses": "500"}
    incidents = [
        {"incident_id": n, "endpoint_url": url, **times, **counts}
        for n, url in enumerate(urls[:60])
    ]
    case = cases.fill(tmp_path / "case.duckdb", rows, resends=resends, incidents=incidents)
    shown = tmp_path / "day.html"
    run_report(cases.DAILY, case, {"day": f"{cases.START:%Y-%m-%d}"}, shown)
    assert shown.stat().st_size <= 1_300_000
    page = browser.open(shown, height=800)
    assert page.run("document.documentElement.scrollHeight") <= 5 * 800
    wide = "[...document.querySelectorAll('.hk-scroll')].map((e) => e.scrollWidth - e.clientWidth)"
    assert max(page.run(wide)) <= 1
    assert not AXE.is_file() or broken_rules(page) == []


@pytest.mark.long
def test_tables_can_be_searched(browser: Browser, gap: Path) -> None:
    page = browser.open(gap)
    shown = "[...document.querySelectorAll('tbody.hk-event')].filter((row) => !row.hidden)"
    page.run(
        "(() => { const table = document.querySelector('table.hk-events');"
        " const before = (one) => table.compareDocumentPosition(one) & 2;"
        " const field = [...document.querySelectorAll('.sift [type=search]')].filter(before).pop();"
        " field.value = 'MISSED';"
        " field.dispatchEvent(new Event('input')); })()"
    )
    texts = page.run(f"{shown}.map((row) => row.innerText)")
    assert len(texts) == 10
    assert all("missed" in text for text in texts)


@pytest.mark.skipif(not AXE.is_file(), reason="its package is not installed (see tests/lab/node)")
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_axe_finds_nothing_to_mend(width: int, scheme: str, browser: Browser, page: Page) -> None:
    opened = browser.open(Path(page.url.removeprefix("file://")), width=width, scheme=scheme)
    opened.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    opened.wait("[...document.querySelectorAll('figure.chart')].every((f) => f.dataset.drawn)")
    assert broken_rules(opened) == []


def broken_rules(page: Page) -> list[list[str]]:
    """What axe-core holds against a page, by WCAG and good practice: rule and first element."""
    page.run(AXE.read_text(encoding="utf-8"))
    found = "axe.run().then((told) => told.violations.map((v) => [v.id, v.nodes[0].html]))"
    broken: list[list[str]] = page.run(found)
    return broken


def test_a_list_of_ids_can_be_copied(browser: Browser, report: Path, samples: Path) -> None:
    page = browser.open(report)
    page.run("navigator.clipboard.writeText = (text) => { window.copied = text; }")
    page.run("document.querySelector('[aria-labelledby=what-to-resend] button.copy').click()")
    with Database(samples, read_only=True) as db:
        listed = db.rows("SELECT event_uuid FROM resends")
    assert sorted(page.run("window.copied").split("\n")) == sorted(uuid for (uuid,) in listed)


@pytest.mark.parametrize(("wide", "high"), [(595, 842), (612, 792)], ids=["a4", "letter"])
def test_it_prints_on_the_paper_there_is(wide: int, high: int, page: Page) -> None:
    fold = "document.querySelectorAll('details').forEach((one) => { one.open = %s; })"
    page.run(fold % "false")
    pdf = page.print(paperWidth=wide / 72, paperHeight=high / 72)
    page.run(fold % "true")  # as the tests find it that share it
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert 3 <= pages <= 20
    (box,) = set(re.findall(rb"/MediaBox \[0 0 ([\d.]+ [\d.]+)\]", pdf))
    width, height = map(float, box.split())
    assert (round(width), round(height)) == (wide, high)


def test_no_row_is_cut_off_on_paper(page: Page) -> None:
    fold = "document.querySelectorAll('details').forEach((one) => { one.open = %s; })"
    page.run(fold % "true")
    page.call("Emulation.setEmulatedMedia", media="print")
    hidden = (
        "[...document.querySelectorAll('.hk-scroll')].map((e) => e.scrollHeight - e.clientHeight)"
    )
    assert max(page.run(hidden)) <= 1
    page.call("Emulation.setEmulatedMedia", media="")


def test_headings_links_and_names_for_screen_readers(page: Page) -> None:
    assert page.run("document.documentElement.lang") == "en"
    assert page.run("document.querySelectorAll('h1').length") == 1
    lost = {
        "links": "[...document.querySelectorAll('nav a, a.hk-card[href], .skip')]"
        ".filter((a) => !document.querySelector(a.getAttribute('href')))",
        "charts": "[...document.querySelectorAll('figure.chart svg')]"
        ".filter((svg) => !svg.closest('[aria-label]'))",
        "headings": "[...document.querySelectorAll('th')].filter((th) => th.scope !== 'col')",
        "names": "[...document.querySelectorAll('button, a')]"
        ".filter((e) => !e.innerText.trim() && !e.ariaLabel)",
    }
    assert {name: page.run(f"{script}.length") for name, script in lost.items()} == dict.fromkeys(
        lost, 0
    )


@pytest.mark.parametrize("name", cases.NOTEBOOKS)
@pytest.mark.parametrize(
    "policy",
    # Whatever is harmless without the policy is so with it.
    [pytest.param(True, marks=pytest.mark.long), False],
    ids=["policy", "no policy"],
)
def test_hostile_text_stays_text(
    policy: bool,  # noqa: FBT001 - a case of the test
    name: str,
    browser: Browser,
    hostile_report: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    # Without the policy too: escaping must not depend on it.
    html = hostile_report(name).read_text(encoding="utf-8")
    if not policy:
        html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
    path = tmp_path / "page.html"
    path.write_text(html, encoding="utf-8")
    page = browser.open(path)
    assert page.run("document.scripts.length") == html.count("<script")
    page.run(
        "document.querySelectorAll('main *').forEach((e) => "
        "['click', 'mouseover', 'mousemove'].forEach((kind) => "
        "e.tagName !== 'A' && e.dispatchEvent(new MouseEvent(kind, {bubbles: true}))))"
    )
    assert page.dialogs == []
    assert page.requests == [page.url]
    assert page.complaints == []
    assert page.run("document.querySelectorAll('main img, main iframe, main style').length") == 0
    assert page.run("document.querySelectorAll('[onerror], [onload], [onmouseover]').length") == 0
    text = page.run("document.querySelector('main').innerText")
    for part in ("<img src=x onerror=alert(2)>", "</script><script>alert(1)", "&lt;script&gt;"):
        assert part in text
    assert page.run("document.documentElement.scrollWidth") <= 1280
    charts = "[...document.querySelectorAll('figure.chart:has(.plot)')]"
    page.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.wait(f"{charts}.every((figure) => figure.dataset.drawn)")
    assert set(page.run(f"{charts}.map((figure) => figure.dataset.drawn)")) == {"yes"}


def test_the_policy_stops_what_escaping_would_miss(
    browser: Browser, report: Path, tmp_path: Path
) -> None:
    html = report.read_text(encoding="utf-8")
    bad = "<img src=x onerror=alert(1)><script>alert(2)</script><iframe src='javascript:alert(3)'>"
    without = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
    dialogs = {}
    for name, page in (("with", html), ("without", without)):
        path = tmp_path / f"{name}.html"
        path.write_text(page.replace('<main id="content">', f'<main id="content">{bad}</iframe>'))
        dialogs[name] = browser.open(path).dialogs
    assert dialogs["with"] == []
    assert len(dialogs["without"]) >= 2
