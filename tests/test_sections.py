"""What the pieces of reports say: in plain words, also where there is little or nothing to say."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

import cases
from gate.worlds import ACCEPTED, stored_worlds
from hookanalysis import charts, sections
from hookanalysis.database import Database
from hookanalysis.errors import InputError
from hookanalysis.facts.gathering import facts
from hookanalysis.facts.measures import ClockOffset
from hookanalysis.reporting.pages import read_meta
from hookanalysis.sections.cover import top
from hookanalysis.sections.lists import say_clock
from hookanalysis.tables import TABLES
from hookanalysis.words import percent, say_seen
from tiers import some

if TYPE_CHECKING:
    from pathlib import Path

    from hookanalysis.facts.measures import Facts
    from hookanalysis.markup import Block

EXPORT = {"file_id": 1, "generation_id": 1, "path": "export.csv", "status": "loaded"}
REFUSED = {"file_id": 2, "path": "export.xlsx", "status": "refused", "reason": "an Excel file"}
LOG = {"file_id": 3, "generation_id": 2, "path": "access.log", "status": "loaded"}
GENERATIONS = [
    {"generation_id": 1, "side": "sender", "stream": "export.csv", "format": "showpass_csv"},
    {"generation_id": 2, "side": "receiver", "layer": "edge", "stream": "access.log"},
]


def fill(folder: Path, rows: list[dict[str, Any]], **tables: list[dict[str, Any]]) -> Database:
    path = cases.fill(folder / "case.duckdb", rows, generations=GENERATIONS, **tables)
    return Database(path, read_only=True)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ([], "No file was loaded, so"),
        ([REFUSED, LOG], "No export of the sender could be read, so"),
        ([LOG], "No export of the sender was loaded, so"),
        (
            [EXPORT, LOG],
            "(the sender's exports cover 20\N{EN DASH}23 November 2026), so",
        ),
    ],
)
def test_an_empty_report_says_why(files: list[dict[str, Any]], told: str, tmp_path: Path) -> None:
    with fill(tmp_path, [], files=files, findings=[]) as db:
        nothing = facts(db, since="2026-12-01")
    assert told in repr(sections.cover(nothing))
    assert repr(sections.findings(nothing)) == "Nothing could be judged, so nothing was found."


def test_what_could_not_be_read_is_told_on_top_and_listed_with_its_reason(tmp_path: Path) -> None:
    rows = cases.all_outcomes()
    with fill(tmp_path, rows, files=[EXPORT, REFUSED, LOG], rejects=[]) as db:
        counted = facts(db)
    assert "1 file could not be read: see Data." in repr(sections.cover(counted))
    listed = repr(sections.files(counted))
    lines = [re.split("  +", line) for line in listed.splitlines()]
    assert lines[:3] == [
        ["Files that could not be read"],
        ["File", "Why"],
        ["export.xlsx", "an Excel file"],
    ]
    assert [line[0] for line in lines[3:]] == [
        "Files that were read",
        "File",
        "access.log",
        "export.csv",
    ]


def test_the_first_thing_to_do_is_what_to_resend(tmp_path: Path) -> None:
    advice = ["resend", "resend", "wait", "do_not_resend", "done"]
    rows = [cases.delivery(n, "missed", cases.START) for n in range(len(advice))]
    listed = [
        {
            "position": n,
            "advice": word,
            **{key: rows[n][key] for key in ("event_uuid", "endpoint_url")},
        }
        for n, word in enumerate(advice)
    ]
    with fill(tmp_path, rows, resends=listed) as db:
        told = repr(sections.findings(facts(db)))
    assert told.startswith(
        "Resend 2 events now. Wait with 1, for the reasons in the list."
        " Leave 1 alone, which arrived. "
    )


def check_numbers(db: Database, counted: Facts) -> None:
    """Each number of a page has one value, wherever it stands."""
    head = counted.headline
    share = percent(head.delivered, head.judged)
    rows = {
        entry.outcome: (entry.deliveries, entry.share and percent(entry.share, 1))
        for entry in counted.outcomes
    }
    listed = [re.split("  +", line)[:3] for line in repr(sections.outcomes(counted)).splitlines()]
    table = {name: (number.replace(",", ""), shown) for name, number, shown in listed}
    assert table["delivered in all"] == (str(head.delivered), share)
    good = ("delivered", "recovered", "duplicated", "unacknowledged")
    assert sum(rows[name][0] for name in good) == head.delivered
    page = sections.cover(counted).html
    shown = re.findall(r"</span><b>([^<]*)</b><small>([^<]*)<", page)
    tiles = dict(zip(re.findall(r'hk-name">([^<]*)<', page), shown, strict=True))
    assert tiles["Delivered"] == (share, f"{head.delivered:,} of {head.judged:,}")
    assert f"{head.delivered:,} of {head.judged:,} webhooks" in page or share == "100 %"
    for name in ("missed", "refused", "unprocessed"):
        number, part = rows[name]
        assert tiles[name.capitalize()][0] == table[name][0] == str(number)
        assert not number or tiles[name.capitalize()][1].startswith(f"{part} ")
    assert sum(entry.delivered for entry in counted.endpoints) == head.delivered
    assert sum(entry.missed for entry in counted.endpoints) == head.missed
    sides = {row[0]: row[1:] for row in split(sections.side_by_side(counted, counted))}
    assert sides["Delivered in all"][:2] == [share, share]
    drawn = read_meta(charts.outcomes_over_time(db, counted.period).to_dict())
    sums = [sum(column) for column in list(zip(*drawn["rows"], strict=True))[1:]]
    for name, number in zip(drawn["columns"][1:], sums, strict=True):
        assert number == rows[name][0]


def split(block: Block) -> list[list[str]]:
    return [re.split("  +", line) for line in repr(block).splitlines()]


def test_a_number_has_one_value_on_a_page(samples: Path) -> None:
    with Database(samples, read_only=True) as db:
        check_numbers(db, facts(db))
        for day in (19, 20, 21):
            since = datetime(2026, 11, day)  # noqa: DTZ001 - UTC
            counted = facts(db, since=since, until=since + timedelta(days=1))
            check_numbers(db, counted)
            compared = {row[0]: row[1] for row in split(sections.comparison(db, counted.period))}
            head = counted.headline
            assert compared["Delivered"] == percent(head.delivered, head.judged)
            assert compared["Missed"] == str(head.missed)


WORLDS = [*stored_worlds()][::12]


@pytest.mark.parametrize("world", some(WORLDS, WORLDS[0], WORLDS[-1]))
def test_a_number_has_one_value_in_stored_worlds(world: int, tmp_path: Path) -> None:
    with duckdb.connect() as con:
        told = con.execute(f"FROM '{ACCEPTED}/deliveries.parquet' WHERE world = {world}")
        names = [column[0] for column in told.description]
        rows = [dict(zip(names, row, strict=True)) for row in told.fetchall()]
    rows = [{k: v for k, v in row.items() if k in TABLES["deliveries"].names} for row in rows]
    with fill(tmp_path, rows, findings=[]) as db:
        check_numbers(db, facts(db))


def test_a_finding_tells_its_case(samples: Path) -> None:
    with Database(samples, read_only=True) as db:
        counted = facts(db, since="2026-11-20", until="2026-11-21")
    found = sections.findings(counted)
    assert "critical: Your application failed on these events (500 KeyError" in found.text
    case = re.search(
        r"<b>500 KeyError &#x27;ticket_items&#x27;, (\d+) deliveries, ([^<]*)</b>", found.html
    )
    assert case
    (first,) = [f for f in counted.findings if f.rule_id == "app_error"]
    assert int(case[1]) == first.deliveries
    assert case[2] == counted.period.say_span(first.first_at, first.last_at)
    lines = re.findall(
        r"<li><span>([^<]*)</span> <b>([^<]*)</b> <code>([^<]*:\d+)</code>", found.html
    )
    assert ("2026-11-20 15:47:15", "sender failed 500") in {line[:2] for line in lines}
    (cause,) = [line for line in lines if "KeyError" in line[1]]
    assert re.search(r"app/app\.jsonl[.\w]*:\d+", cause[2])
    assert "new: none in the four weeks before" in found.html
    assert "Confidence</dt> <dd>100 % of the evidence that was looked" in found.html
    assert "Against it</dt>" in found.html


def test_a_hash_is_said_to_be_one(tmp_path: Path) -> None:
    url = "https://shop.example.com/hooks?5e1f15b6"
    rows = [cases.delivery(1, "refused", cases.START, endpoint_url=url)]
    with Database(cases.fill(tmp_path / "case.duckdb", rows), read_only=True) as db:
        told = sections.endpoints(facts(db))
    assert "shop.example.com/hooks (query 5e1f15b6)" in told.text
    assert "which may be a secret" in told.text
    assert "?5e1f15b6" not in told.html


def test_findings_after_ten_are_folded(samples: Path) -> None:
    with Database(samples, read_only=True) as db:
        shown = sections.findings(facts(db)).html
    first, folded = shown.split('<details class="hk-others"><summary>4 more findings</summary>')
    assert [part.count('"hk-finding hk-') for part in (first, folded)] == [10, 4]


@pytest.mark.parametrize(
    ("answers", "messages", "seen"),
    [
        (
            {"500": 3},
            {"webhook failed: KeyError('ticket_items')": 2},
            "500 KeyError 'ticket_items'",
        ),
        ({"404": 1, "timeout": 2}, {}, "time-out or 404"),
        ({"500": 1}, {"[…] broke: app.errors.StockError: …": 1}, "500 StockError"),
        ({"500": 1}, {"no such ticket status=500": 1}, "500 “no such ticket”"),
        ({"200": 4}, {}, "answered 200"),
        ({"1": 3, "2": 2, "3": 1}, {}, "1 and others"),
        ({}, {}, ""),
    ],
)
def test_what_was_seen(answers: dict[str, int], messages: dict[str, int], seen: str) -> None:
    assert say_seen(answers, messages) == seen


def test_a_first_day_is_compared_with_nothing(tmp_path: Path) -> None:
    with fill(tmp_path, [cases.delivery(1, "delivered", cases.START)]) as db:
        compared = sections.comparison(db, facts(db).period).html
    assert "Day before" not in compared
    assert "Usual" not in compared


def test_days_are_compared_by_the_readers_calendar(tmp_path: Path) -> None:
    # Seven hours west of UTC, two are of the 20th and one is of the 21st.
    hours = (20, 25, 34)
    rows = [cases.delivery(n, "missed", cases.START + timedelta(hours=n)) for n in hours]
    with fill(tmp_path, rows) as db:
        told = repr(sections.comparison(db, facts(db, timezone="America/Edmonton").period))
    (missed,) = [line for line in told.splitlines() if line.startswith("Missed")]
    assert "Sat 21 Nov" in told
    assert re.split("  +", missed) == ["Missed", "1", "2", "2", "less than usual"]


def attempt(row: dict[str, Any], status: str) -> dict[str, Any]:
    shown = {"attempt_key": row["event_uuid"], "attempted_at": row["first_attempt_at"]}
    return {**{key: row[key] for key in ("event_uuid", "endpoint_url")}, **shown, "status": status}


def incident(starts: datetime, ends: datetime, failed: int, **more: Any) -> dict[str, Any]:
    """A run of failures in which nothing succeeded."""
    counts = {"deliveries": failed, "failed": failed, "still_open": False, "statuses": "503"}
    return {"incident_id": 1, "starts_at": starts, "ends_at": ends, **counts, **more}


def test_successes_without_effect_are_an_incident_too(tmp_path: Path) -> None:
    minutes = [cases.START + timedelta(minutes=n) for n in range(9)]
    outcomes = ["delivered"] * 3 + ["unprocessed"] * 3 + ["delivered"] * 3
    rows = [
        cases.delivery(n, outcome, at, endpoint_url=cases.SHOP)
        for n, (outcome, at) in enumerate(zip(outcomes, minutes, strict=True))
    ]
    run = incident(minutes[3], minutes[5], failed=3, endpoint_url=cases.SHOP, statuses="200")
    tried = [attempt(row, "success") for row in rows]
    with fill(tmp_path, rows, incidents=[run], attempts=tried, findings=[]) as db:
        it = sections.pick_incident(db)
        counted = facts(db, since=it.since, until=it.until, endpoint=it.endpoint)
        told = repr(sections.summary(db, counted, it))
        steps = repr(sections.moments(db, counted.period))
        drawn = read_meta(charts.timeline(db, counted.period).to_dict())
    assert (
        "all 3 webhooks for shop.example.com/hooks/showpass were answered with success but" in told
    )
    assert "3 have not been processed so far and can be resent." in told
    assert "2026-11-20 00:02:00  The last success before it." in steps
    assert "2026-11-20 00:03:00  The first failure." in steps
    assert "2026-11-20 00:06:00  The first success after it." in steps
    assert {result for _, result, _ in drawn["rows"]} == {"no effect", "success"}


@pytest.mark.parametrize(
    ("days", "unit"), some([(0.5, "30 min"), (3, "day"), (100, "week"), (900, "month")], 0.5, 900)
)
def test_a_long_incident_is_drawn_in_longer_steps(days: float, unit: str, tmp_path: Path) -> None:
    times = [cases.START + n * timedelta(days=days) / 9 for n in range(10)]
    rows = [cases.delivery(n, "refused", at, endpoint_url=cases.SHOP) for n, at in enumerate(times)]
    tried = [attempt(row, "failed") for row in rows]
    with fill(tmp_path, rows, attempts=tried) as db:
        period = facts(db, since=times[0], until=times[-1] + timedelta(minutes=1)).period
        drawn = read_meta(charts.timeline(db, period).to_dict())
    assert drawn["subtitle"].startswith(f"attempts per {unit}, UTC")
    assert sum(number for _, _, number in drawn["rows"]) == 10


def test_a_server_wide_incident_is_about_all_endpoints_of_its_host(tmp_path: Path) -> None:
    urls = (cases.SHOP, f"{cases.SHOP}/refunds", cases.PARTNER)
    rows = [
        cases.delivery(n, "refused", cases.START + timedelta(minutes=n), endpoint_url=urls[n % 3])
        for n in range(9)
    ]
    end = cases.START + timedelta(minutes=8)
    run = incident(cases.START, end, failed=6, endpoint_url="", host="shop.example.com")
    tried = [attempt(row, "failed") for row in rows]
    with fill(tmp_path, rows, incidents=[run], attempts=tried, findings=[]) as db:
        it = sections.pick_incident(db)
        counted = facts(db, since=it.since, until=it.until, endpoint=it.endpoint)
        told = repr(sections.summary(db, counted, it))
        drawn = read_meta(charts.timeline(db, counted.period).to_dict())
        listed = sections.deliveries(db, ["refused"], counted.period).html
    assert "all 6 webhooks for shop.example.com failed at first (error 503)." in told
    assert "6 events are affected." in told
    assert {entry.endpoint_url for entry in counted.endpoints} == set(urls[:2])
    assert sum(number for _, _, number in drawn["rows"]) == 6
    assert "/hooks/showpass/refunds" in listed
    assert "partner" not in listed


def test_what_explains_no_failure_is_no_cause(tmp_path: Path) -> None:
    rows = [
        cases.delivery(
            n, "undetermined", cases.START + timedelta(minutes=n), endpoint_url=cases.SHOP
        )
        for n in range(3)
    ]
    run = incident(cases.START, cases.START + timedelta(minutes=2), 3, endpoint_url=cases.SHOP)
    about = {"rule_id": "undetermined", "cause": "logs", "title": "A", "endpoint_url": cases.SHOP}
    found = [{"rank": 1, "severity": "warning", "confidence": 1.0, "deliveries": 3, **about}]
    tried = [attempt(row, "failed") for row in rows]
    with fill(tmp_path, rows, incidents=[run], attempts=tried, findings=found) as db:
        it = sections.pick_incident(db)
        counted = facts(db, since=it.since, until=it.until, endpoint=it.endpoint)
        told = sections.summary(db, counted, it).html
    assert [one.title for one in counted.findings] == ["A"]
    assert "Most likely" not in told
    assert "For 3, the logs at hand cannot tell." in told
    assert "Over; 3 not known" in told


def test_scattered_failures_are_reported_where_there_is_no_run(tmp_path: Path) -> None:
    rows = [
        cases.delivery(
            n,
            "missed" if n % 4 == 1 else "delivered",
            cases.START + timedelta(minutes=n),
            endpoint_url=cases.SHOP,
        )
        for n in range(16)
    ]
    tried = [attempt(row, "failed" if row["outcome"] == "missed" else "success") for row in rows]
    with fill(tmp_path, rows, incidents=[], attempts=tried, findings=[]) as db:
        it = sections.pick_incident(db)
        counted = facts(db, since=it.since, until=it.until, endpoint=it.endpoint)
        told = repr(sections.summary(db, counted, it))
        impact = repr(sections.impact(db, counted.period))
        steps = repr(sections.moments(db, counted.period))
        with pytest.raises(InputError, match="no incident 1") as caught:
            sections.pick_incident(db, 1)
    assert it.endpoint == cases.SHOP
    assert "4 of 13 webhooks for shop.example.com/hooks/showpass ran into trouble." in told
    assert "They are spread over time rather than one outage." in told
    assert "4 have not been delivered so far and can be resent." in told
    assert "missed" in impact
    assert "2026-11-20 00:01:00  The first failure." in steps
    assert caught.value.hint == "leave the number out to report what failed"


@pytest.mark.parametrize("outcomes", [[], ["undetermined"]])
def test_without_anything_to_judge_all_is_not_clear(outcomes: list[str], tmp_path: Path) -> None:
    rows = [cases.delivery(n, name, cases.START) for n, name in enumerate(outcomes)]
    with fill(tmp_path, rows, incidents=[]) as db:
        it = sections.pick_incident(db)
        counted = facts(db, since=it.since, until=it.until, endpoint=it.endpoint)
        page = sections.summary(db, counted, it).html
    assert "All clear" not in page
    assert "1970" not in page


def test_without_a_period_the_last_day_is_held_against_the_one_before(tmp_path: Path) -> None:
    with fill(tmp_path, cases.all_outcomes()) as db:
        last, before = sections.and_before(db, facts(db))
    assert before
    assert (before.period.words, last.period.words) == (
        "Saturday 21 November 2026",
        "Sunday 22 November 2026",
    )


def test_without_a_failure_nothing_is_told(tmp_path: Path) -> None:
    rows = [cases.delivery(n, "delivered", cases.START) for n in range(3)]
    tried = [attempt(row, "success") for row in rows]
    with fill(tmp_path, rows, incidents=[], attempts=tried) as db:
        it = sections.pick_incident(db)
        counted = facts(db, since=it.since, until=it.until, endpoint=it.endpoint)
        period = counted.period
        assert "there is no incident" in repr(sections.summary(db, counted, it))
        assert "no failed attempt" in repr(sections.moments(db, period))
        assert repr(sections.impact(db, period)) == "No delivery was in trouble in this period."
        assert repr(sections.resends(db, period)) == "No delivery of this period is left to resend."


@pytest.mark.parametrize(
    ("offsets", "told"),
    [
        ([2300.0, 2900.0], "2.3 s to 2.9 s ahead"),
        ([-763.0, -763.0], "763 ms behind"),
        ([-2000.0, -1000.0], "1 s to 2 s behind"),
        ([-500.0, 250.0], "500 ms behind to 250 ms ahead"),
    ],
)
def test_clocks_are_ahead_or_behind(offsets: list[float], told: str) -> None:
    day = cases.START.date()
    entries = [
        ClockOffset("edge", day, ms, ms - 100, ms + 100, 2000.0, 7, "daily_median")
        for ms in offsets
    ]
    row = say_clock("edge", entries)
    assert row["offset"] == told
    assert row["pairs"] == 14


def test_nothing_is_all_clear_that_did_not_arrive(tmp_path: Path) -> None:
    rows = [cases.delivery(n, name, cases.START) for n, name in enumerate(["delivered", "missed"])]
    with fill(tmp_path, rows, findings=[]) as db:
        counted = facts(db)
        assert "Worth a look" in sections.cover(counted).html
        assert "The sender logged no attempt" in sections.health(db, counted).html
        assert "All clear" not in sections.health(db, counted).html


@pytest.mark.parametrize(("section", "link"), [("missed", 'href="#missed"'), (None, "")])
def test_a_number_that_leads_nowhere_is_no_link(
    section: str | None, link: str, tmp_path: Path
) -> None:
    with fill(tmp_path, []) as db:
        counted = facts(db)
    page = top(
        counted, ("good", "All clear"), {}, [("missed", "Missed", "1", "of 5", section)]
    ).html
    assert page.count("href") == page.count(link or "href") == bool(section)
