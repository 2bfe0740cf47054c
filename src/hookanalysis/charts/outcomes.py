"""What became of deliveries over time, the attempts of one incident, and when logs can testify."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import altair as alt
import pandas as pd

from hookanalysis import markup
from hookanalysis.database import Database
from hookanalysis.facts.period import MAX_EVENTS, Period, ask, day_bounds, pick_outcomes
from hookanalysis.markup import OUTCOME_COLOURS
from hookanalysis.tables import OUTCOMES
from hookanalysis.words import count, plural, say

from .drawing import (
    BAD,
    GOOD,
    Drawing,
    NothingToDrawError,
    Window,
    chart,
    colour_kinds,
    count_steps,
    find_window,
    frame,
    make_window,
    name_axis,
    name_endpoints,
    panel,
    place,
    stack_steps,
    time_axis,
    tooltip,
)

MAX_ENDPOINTS = 6
MAX_HOLES = 100
MAX_INTERVALS = 500
_RANKS = {"sender": 0, "edge": 1, "app": 2}

# Stacked from the axis up: the worst stands where its height is read best.
_WORST_FIRST = (
    *("missed", "refused", "unprocessed", "undetermined"),
    *("duplicated", "unacknowledged", "unexpected", "pending"),
)
_RESULTS = {
    "failed": BAD,
    "no effect": OUTCOME_COLOURS["unprocessed"],  # a success, and the event missed or unprocessed
    "success": GOOD,
    "pending": OUTCOME_COLOURS["pending"],
}
_LEAST = timedelta(minutes=20)  # shown at least, before and after an incident
_FINE = timedelta(hours=45)
_STEPS = [timedelta(minutes=n) for n in (1, 2, 5, 10, 15, 30)]


@chart("Outcomes over time", "No delivery falls into this period.")
def outcomes_over_time(ws: Database, period: Period | None = None) -> Drawing:
    """What became of the deliveries, by the time of their first attempt; tests left out."""
    window = find_window(ws, period, "minute")
    found = frame(ws, "outcomes_over_time", window, most=0).drop(columns="endpoint_url")
    return _draw_outcomes(found, window)


@chart("Trend", "There is no day to draw.")
def trend(ws: Database, period: Period | None = None) -> Drawing:
    """What became of the deliveries of each day of a quarter, up to the period; tests left out.

    Days whose records are pruned are drawn as they were found last.
    """
    asked = find_window(ws, period, "day")
    quarter, fortnight = (asked.local(asked.until - timedelta(weeks=n)) for n in (13, 2))
    since, _ = day_bounds(quarter.date(), asked.timezone)
    found = frame(ws, "trend", make_window(since, asked.until, asked, "day"))
    since, _ = day_bounds(min(found["step"].min(), fortnight).date(), asked.timezone)
    return _draw_outcomes(found, make_window(since, asked.until, asked, "day"))


def _draw_outcomes(found: pd.DataFrame, window: Window) -> Drawing:
    table = count_steps(found, window, [*OUTCOMES])
    present = [str(name) for name in table]
    chosen = alt.selection_point(name="chosen", fields=["outcome"], bind="legend")

    def stack(rows: pd.DataFrame, heading: str, height: int) -> Any:
        order = ("delivered", "recovered", *_WORST_FIRST)
        return panel(_stack(rows, window, order, present, "chosen", 0.15), height, heading)

    trouble = found[found["outcome"].isin(_WORST_FIRST)]
    marks = stack(found, "All deliveries", 96 if trouble.empty else 52)
    if trouble.empty:
        marks = marks.add_params(chosen)
    else:
        # A legend answers clicks only in the panel that the selection belongs to.
        upper = stack(trouble, "Other than delivered or recovered", 96)
        lower = marks.encode(color=colour_kinds("outcome", OUTCOME_COLOURS))
        apart = {"scale": {"x": "shared"}, "legend": {"color": "independent"}}
        marks = alt.vconcat(upper.add_params(chosen), lower, resolve=apart)
    return (
        marks,
        f"{window.per('deliveries', ' of first attempt')}; click an outcome to single it out",
        _tell_outcomes(table, window),
        table.reset_index(),
    )


def _stack(
    rows: pd.DataFrame, window: Window, order: Any, present: list[str], param: str, faint: float
) -> Any:
    """Outcomes as stacked steps; those that are not chosen are `faint`."""
    placed, kinds = place(rows, window), ("deliveries", "outcome", OUTCOME_COLOURS)
    return stack_steps(placed, window, *kinds, order, present).encode(
        opacity=alt.OpacityValue(faint, condition={"param": param, "value": 1})
    )


def _tell_outcomes(wide: pd.DataFrame, window: Window) -> str:
    total, sums = int(wide.to_numpy().sum()), wide.sum()
    others = [(name, int(sums[name])) for name in _WORST_FIRST if sums.get(name, 0)]
    first, later = (count(sums.get(outcome, 0)) for outcome in ("delivered", "recovered"))
    text = f"{plural(total, 'delivery')}, {window.words}: {first} delivered at the first try"
    text += f", {later} after a failure" if sums.get("recovered", 0) else ""
    if not others:
        return f"{text}, and nothing else happened."
    listed = ", ".join(f"{number:,} {outcome}" for outcome, number in others)
    trouble = wide[[outcome for outcome, _ in others]].sum(axis="columns")
    peak = f"Most of these in one {window.unit}: {trouble.max():,} ({trouble.idxmax()})."
    return f"{text}; the others: {listed}. {peak}"


@chart("Outcomes and events", "No delivery falls into this period.", zooms=False)
def explorer(
    ws: Database, period: Period | None = None, *, outcome: str = "", events: int = MAX_EVENTS
) -> Drawing:
    """Outcomes over the holes in the logs; a time that is marked picks its endpoints and events.

    Args:
        ws: A reconciled workspace.
        period: `facts.period`.
        outcome: Only events of these outcomes, such as `missed refused`.
        events: How many single events to show: those of `sections.events`.
    """
    window, listed = find_window(ws, period, "minute"), pick_outcomes(outcome)
    found = frame(ws, "outcomes_over_time", window, most=MAX_ENDPOINTS)
    names = name_endpoints(found["endpoint_url"].dropna().unique(), 44)
    found = found.assign(endpoint=found["endpoint_url"].map(names))
    table = count_steps(found, window, [*OUTCOMES])
    total = plural(int(table.to_numpy().sum()), "delivery")
    sums = found.groupby(["step", "outcome"])["deliveries"].sum().reset_index()
    bars = _stack(sums, window, [*OUTCOMES], [str(name) for name in table], "marked", 0.35)
    marked = alt.selection_interval(
        name="marked",
        encodings=["x"],
        on="[pointerdown[!event.shiftKey], window:pointerup] > window:pointermove!",
        zoom=False,
    )
    panels = [
        panel(alt.layer(*_shade_holes(ws, window), bars), 170).add_params(marked),
        *_dot_events(ask(ws, "listed_deliveries", period, **listed, most=events), window),
        _sum_endpoints(place(found.dropna(), window)),
    ]
    return (
        alt.vconcat(*panels).resolve_legend(color="independent"),
        f"{window.per('deliveries', ' of first attempt')}; red shade: a receiver's log has a hole",
        f"{total}, {window.words}. Marking a time also limits the list of events below.",
        table.reset_index(),
    )


def _shade_holes(ws: Database, window: Window) -> list[Any]:
    rows = ask(ws, "intervals", window, most=MAX_INTERVALS)
    holes = [row for row in rows if not row["covered"] and row["layer"] != "sender"][:MAX_HOLES]
    if not holes:
        return []
    marks = alt.Chart(_name_intervals(holes)[["at", "end", "log", "lasts", "reason"]])
    labels = tooltip(log="hole in", lasts="lasts", reason="reason")
    band = marks.mark_rect(color=BAD, opacity=0.16)
    return [band.encode(x=time_axis(window), x2=alt.X2("end"), tooltip=labels)]


def _dot_events(rows: list[dict[str, Any]], window: Window) -> list[Any]:
    timed = [row for row in rows if row["happened_at"]]
    if not timed:
        return []
    dots = pd.DataFrame(
        {
            "at": pd.Timestamp(row["happened_at"], tz="UTC"),
            "time": markup.moment(row["happened_at"]),
            "event": number,
            "outcome": row["outcome"],
            "type": row["event_type"] and markup.tame(row["event_type"]),
            "endpoint": markup.endpoint(row["endpoint_url"], 44),
        }
        for number, row in enumerate(timed, 1)
    )
    order = [name for name in reversed(OUTCOMES) if name in set(dots["outcome"])]
    total = rows[0]["total"]
    which = f" (the first {len(rows):,} of {total:,})" if total > len(rows) else ""
    picked = alt.selection_point(name="picked", fields=["event"], on="click")
    marks = (
        alt.Chart(dots)
        .mark_point(filled=True, size=46, cursor="pointer")
        .encode(
            x=time_axis(window),
            y=alt.Y("outcome:N", sort=order, title=None, axis=alt.Axis(grid=True, ticks=False)),
            color=colour_kinds("outcome", OUTCOME_COLOURS),
            opacity=alt.OpacityValue(0.15, condition={"param": "marked", "value": 0.9}),
            tooltip=tooltip("event", "time", "outcome", "type", "endpoint"),
        )
        .add_params(picked)
    )
    return [panel(marks, alt.Step(20), f"Events in trouble{which}")]


def _sum_endpoints(placed: pd.DataFrame) -> Any:
    order = placed.groupby("endpoint")["deliveries"].sum().sort_values(ascending=False)
    marks = (
        alt.Chart(placed[["at", "endpoint", "outcome", "deliveries"]])
        # Where no axis is of time, times are text, and the marked ones are numbers.
        .transform_calculate(at="toDate(datum.at)")
        .transform_filter({"param": "marked"})
        .mark_bar(height={"band": 0.7})
        .encode(
            x=alt.X(
                "sum(deliveries):Q",
                title=None,
                scale=alt.Scale(domain=[0, int(order.max())]),
                axis=alt.Axis(tickCount=6, tickMinStep=1, format=",d"),
            ),
            y=name_axis("endpoint", list(order.index)),
            color=colour_kinds("outcome", OUTCOME_COLOURS),
            tooltip=[
                alt.Tooltip("endpoint"),
                alt.Tooltip("outcome"),
                alt.Tooltip("sum(deliveries):Q", title="deliveries", format=",d"),
            ],
        )
    )
    return panel(marks, alt.Step(24), f"By endpoint, {MAX_ENDPOINTS} at most")


@chart("Attempts before, during and after", "There is no attempt to draw.")
def timeline(ws: Database, period: Period) -> Drawing:
    """The sender's attempts around a period, which is shaded: what failed, and what followed."""
    window = find_window(ws, period, "minute")
    around = max(_LEAST, (window.until - window.since) / 2)
    wide = make_window(window.since - around, window.until + around, window, "minute")
    length = wide.until - wide.since
    step = next(s for s in _STEPS if length / s <= 90) if length <= _FINE else None
    if step:
        wide = replace(wide, unit="minute")
    found = frame(ws, "attempts_over_time", wide)
    if step:
        found["step"] = found["step"].astype("datetime64[us]").dt.floor(step)
        found = found.groupby(["step", "result"])["attempts"].sum().reset_index()
    found["result"] = found["result"].str.replace("_", " ")
    placed = place(found, wide)
    if step:
        placed = placed.assign(end=placed["at"] + step)
    bars = stack_steps(placed, wide, "attempts", "result", _RESULTS)
    span = [pd.Timestamp(wide.local(at), tz="UTC") for at in (window.since, window.until)]
    band = alt.Chart(pd.DataFrame([span], columns=["at", "end"]))
    shaded = "; shaded: the time in question" if {*placed["result"]} - {"success"} else ""
    band = band.mark_rect(color=BAD, opacity=0.09 if shaded else 0)
    unit = markup.duration(step.total_seconds() * 1000) if step else wide.unit
    unit = "minute" if unit == "1 min" else unit
    counts = placed.groupby("result")["attempts"].sum()
    said = ", ".join(f"{int(counts[name]):,} {name}" for name in _RESULTS if name in counts)
    return (
        panel(alt.layer(band.encode(x=time_axis(wide), x2=alt.X2("end")), bars), 170),
        f"attempts per {unit}, {wide.timezone}{shaded}",
        f"{plural(int(counts.sum()), 'attempt')} in the time shown: {said}.",
        placed[["time", "result", "attempts"]],
    )


def _name_intervals(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The rows of `intervals` as they are drawn, and in words; their times are the reader's."""
    return pd.DataFrame(
        {
            **row,
            "at": pd.Timestamp(row["starts_at"], tz="UTC"),
            "end": pd.Timestamp(row["ends_at"], tz="UTC"),
            "log": markup.log_name(row["layer"], row["stream"]),
            "state": "covered" if row["covered"] else "hole",
            "from": markup.moment(row["starts_at"]),
            "to": markup.moment(row["ends_at"]),
            "lasts": markup.duration(row["seconds"] * 1000),
            "reason": say(row["reason"] or "", "holes"),
        }
        for row in rows
    )


@chart("Coverage", "No log at hand reaches into this period.")
def coverage(ws: Database, period: Period | None = None) -> Drawing:
    """When each log can testify, and the holes in it; each by its own clock."""
    try:
        window = find_window(ws, period, "minute")
    except NothingToDrawError:
        ends = frame(ws, "intervals", None, most=MAX_INTERVALS)
        window = make_window(ends["starts_at"].min(), ends["ends_at"].max(), period)
    rows = ask(ws, "intervals", window, most=MAX_INTERVALS)
    if not rows:
        raise NothingToDrawError
    rows.sort(key=lambda row: row["starts_at"])
    found = _name_intervals(rows)
    found["rank"] = found["layer"].map(_RANKS).fillna(len(_RANKS))
    found = found.sort_values(["rank", "log", "starts_at", "covered"])
    labels = ["log", "state", "from", "to", "lasts", "reason", "records"]
    states = alt.Scale(domain=["covered", "hole"], range=[GOOD, BAD])
    marks = (
        alt.Chart(found[[*labels, "at", "end"]])
        .mark_rect(cornerRadius=2, height=alt.RelativeBandSize(0.6), opacity=0.85)
        .encode(
            x=time_axis(window),
            x2=alt.X2("end"),
            y=name_axis("log", list(found["log"].unique())),
            color=alt.Color("state:N", scale=states, legend=alt.Legend(title=None)),
            tooltip=tooltip(*labels),
        )
    )
    return (
        panel(marks, alt.Step(30)),
        f"when each log can testify, by its own clock, {window.timezone}; empty: no log at all",
        _tell_coverage(found),
        found[labels],
    )


def _tell_coverage(found: pd.DataFrame) -> str:
    holes = found[found["state"] == "hole"]
    logs = plural(found["log"].nunique(), "log")
    if holes.empty:
        return f"{logs}, without a known hole between their first and last line."
    longest = holes.sort_values("seconds").iloc[-1]
    return (
        f"{logs} with {plural(len(holes), 'hole')}; the longest lasts {longest['lasts']}:"
        f" {longest['log']}, {longest['from']} to {longest['to']} ({longest['reason']})."
    )
