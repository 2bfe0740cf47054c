"""A scheduler's run: the pages of days that changed, the list of all days, and one message."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, cast

from .errors import unwritable
from .facts.gathering import note_days, read_days
from .facts.measures import Facts
from .markup import OUTCOME_COLOURS, read_asset, read_style, read_template
from .outputs import write_beside
from .verdict.findings import load_rules
from .words import count, percent, say_badge
from .workspace import Workspace

PAGE, FACTS = "report.html", "facts.json"
_SLOTS = 60  # days of the chart
_TROUBLE = ("missed", "refused", "unprocessed", "undetermined", "duplicated")


def note_run(
    ws: Workspace, day: date, timezone: str, root: Path
) -> tuple[dict[date, str], list[dict[str, Any]]]:
    """Note what became of each day up to `day`; a page that is no longer true loses its facts.

    A run that ends before such a page is written anew leaves the rest to the next one. Returns the
    earlier days that changed, each with how; and all days, for `write_index`.
    """
    with ws.transaction():
        known = {row["day"]: row["verdicts"] for row in read_days(ws, timezone)}
        changed = note_days(ws, day, timezone)
        days = read_days(ws, timezone)
        news = {row["day"] for row in days if row["verdicts"] != known.get(row["day"])}
        for other in news & changed.keys():
            file = root / other.isoformat() / FACTS
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                raise unwritable("facts that changed cannot be removed", error, file) from error
    return changed, days


def find_stale(root: Path) -> list[date]:
    """The days whose page has no facts: it is to be written anew."""
    return [day for day in _find_pages(root) if not (root / day.isoformat() / FACTS).exists()]


def _find_pages(root: Path) -> list[date]:
    found = sorted(page.parent.name for page in root.glob(f"????-??-??/{PAGE}"))
    return [date.fromisoformat(name) for name in found if name.replace("-", "").isdecimal()]


def write_index(noted: Iterable[dict[str, Any]], timezone: str, root: Path) -> Path:
    """Write `index.html`: a line for each day that has a page or is `noted`, and a small chart."""
    pages, rows = set(_find_pages(root)), {row["day"]: row for row in noted}
    days = [
        {"day": day, "page": day in pages, **rows.get(day, {})}
        for day in sorted({*pages, *rows}, reverse=True)
    ]
    for row in days:
        row["share"] = percent(row.get("arrived", 0), row.get("judged", 0))
    page = read_template(read_asset("days.html.j2"), count=count).render(
        css=read_style() + read_asset("page.css"),
        days=days,
        names=_TROUBLE,
        timezone=timezone,
        colours=OUTCOME_COLOURS,
        slots=_SLOTS,
        bars=[*_draw_bars(row for row in days if row.get("judged"))],
    )
    target = root / "index.html"
    with write_beside(target, "the list of days cannot be written") as part:
        part.write_text(page, encoding="utf-8")
    return target


def _draw_bars(days: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    """What went wrong on each day, the latest at the right; heights in per mille."""
    days = [*days]
    last = max((day["day"] for day in days), default=None)
    days = [day for day in days if (last - day["day"]).days < _SLOTS]
    most = max((sum(day[name] for name in _TROUBLE) for day in days), default=0) or 1
    for day in days:
        top, place = 1000.0, _SLOTS - 1 - (last - day["day"]).days
        for name in filter(day.get, _TROUBLE):
            height = 1000 * day[name] / most
            top -= height
            words = f"{day['day']}: {day[name]:,} {name}"
            yield {"x": place, "y": top, "height": height, "name": name, "words": words}


def compose(facts: Facts, day: date, page: Path) -> tuple[str, str]:
    """Subject and text of a run's message. Nothing in it comes from a log.

    It says what was found, the first three things to do, and where the page lies.
    """
    rules = {rule.id: rule for rule in load_rules()}
    todo = dict.fromkeys(one.rule_id for one in facts.alarming)
    steps = [
        f"{number}. {rules[name].title}. {' '.join(rules[name].next_check.split())}"
        for number, name in enumerate([*todo][:3], 1)
    ]
    _, badge = say_badge(facts.worst, facts.headline.judged)
    text = "\n\n".join((facts.summary(), *steps, f"The page: {page.absolute()}"))
    return f"Webhooks of {day:%A} {day.day} {day:%B}: {badge}", text


def send(urls: Iterable[str], subject: str, text: str, severity: str | None) -> list[str]:
    """Send one message to each address, by apprise; a warning for each that it did not reach.

    No address stands in a warning: it may hold a password.
    """
    try:
        import apprise
    except ImportError:
        return ["no message was sent: `pip install 'hookanalysis[notify]'`"]
    kinds = {"critical": "failure", "warning": "warning", "info": "info", None: "success"}
    message: dict[str, Any] = {"body": text, "title": subject, "notify_type": kinds[severity]}
    failed, capture = [], cast("Any", apprise.LogCapture)
    for number, url in enumerate(urls, 1):
        with capture(level=apprise.logging.WARNING, fmt="%(message)s") as log:
            there, why = apprise.Apprise(), "it was not taken"
            try:
                if there.add(url) and there.notify(body_format="text", **message):
                    continue
                why = next(iter(log.getvalue().splitlines()), why)
            except Exception as error:  # noqa: BLE001 - no message is worth a run
                why = type(error).__name__
        for part in re.findall(r"[^/:@?&=]{4,}", url.partition(":")[2]):
            why = why.replace(part, "…")
        failed.append(f"message {number} was not sent: {why}")
    return failed


def describe(facts: Facts) -> dict[str, Any]:
    """What a run's line of `runs.jsonl` says of its day."""
    found = {key: value for key, value in vars(facts.headline).items() if isinstance(value, int)}
    return found | dict(sorted(Counter(one.severity for one in facts.alarming).items()))
