"""Charts of a workspace: each function asks for aggregated, ordered rows and returns one chart.

Every chart has a title, a sentence with numbers that says what it shows (`description`), a numeric
width, a UTC axis, and the table of its numbers under `usermeta`, which a report prints behind it.
All take a reconciled workspace and `facts.period`; without a period they draw all there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from hookanalysis import markup
from hookanalysis.facts.measures import percent
from hookanalysis.tables import OUTCOMES

from .drawing import (
    BAD,
    GOOD,
    OUTCOME_COLOURS,
    WIDTH,
    Window,
    ask,
    draw_nothing,
    find_window,
    finish,
    make_window,
    name_step,
    panel_title,
    place,
    stack_panels,
    time_axis,
    tooltip,
)

if TYPE_CHECKING:
    from datetime import datetime

    import altair as alt
    import pandas as pd
    from altair.typing import ChartType

    from hookanalysis.database import Database
    from hookanalysis.facts.measures import Period

MAX_ENDPOINTS = 15
MAX_PANELS = 4
MAX_INTERVALS = 500
# Stacked from the axis up: the worst stands where its height is read best.
_TROUBLE = (
    *("missed", "refused", "unprocessed", "undetermined"),
    *("duplicated", "unacknowledged", "unexpected", "pending"),
)


def outcomes_over_time(ws: Database, period: Period | None = None) -> ChartType:
    """What became of the deliveries, by the time of their first attempt; tests left out."""
    import altair as alt

    title, nothing = "Outcomes over time", "No delivery falls into this period."
    window = find_window(ws, period)
    if window is None:
        return draw_nothing(title, nothing)
    frame = ask(ws, "outcomes_over_time", window)
    if frame.empty:
        return draw_nothing(title, nothing)
    wide = frame.pivot_table(index="step_at", columns="outcome", values="deliveries", fill_value=0)
    wide = wide[[outcome for outcome in OUTCOMES if outcome in wide]].astype(int)
    present = [str(name) for name in wide]
    chosen = alt.selection_point(name="chosen", fields=["outcome"], bind="legend")
    trouble = frame[frame["outcome"].isin(_TROUBLE)]
    chart = _stack(frame, window, present, "All deliveries", 96)
    if trouble.empty:
        chart = chart.add_params(chosen)
    else:
        # A legend answers clicks only in the panel that the selection belongs to.
        upper = _stack(trouble, window, present, "Other than delivered or recovered", 168)
        chart = stack_panels([upper.add_params(chosen), chart.encode(color=_colour(None))])
        chart = chart.resolve_legend(color="independent")
    table = wide.reset_index()
    table["step_at"] = table["step_at"].map(lambda at: name_step(at, window.unit))
    return finish(
        chart,
        title,
        f"deliveries per {window.unit} of first attempt, UTC; click an outcome to single it out",
        _tell_outcomes(wide, window),
        table.rename(columns={"step_at": window.unit}),
    )


def endpoint_health(ws: Database, period: Period | None = None) -> ChartType:
    """Share of attempts that failed, by endpoint and time: what is failing, and since when."""
    import altair as alt

    title, nothing = "Endpoint health", "The sender logged no attempt in this period."
    window = find_window(ws, period)
    busiest = _busiest(ws, window, MAX_ENDPOINTS)
    if window is None or busiest.empty:
        return draw_nothing(title, nothing)
    frame = ask(ws, "endpoint_health", window, urls=list(busiest.index))
    frame = frame.assign(
        endpoint=frame["endpoint_url"].map(busiest["endpoint"]),
        share=(frame["failed"] / frame["attempts"].clip(lower=1)).round(4),
        failing=[percent(f, a) for f, a in zip(frame["failed"], frame["attempts"], strict=True)],
    )
    labels = {
        "endpoint": "endpoint",
        "time": "time",
        "attempts": "attempts",
        "failed": "failed",
        "failing": "share failed",
        "client_errors": "answered 4xx",
        "server_errors": "answered 5xx",
        "unanswered": "no answer",
    }
    placed = place(frame, window).drop(columns=["endpoint_url", "middle"])
    rows = alt.Axis(labelLimit=260, grid=False)
    base = alt.Chart(placed).encode(
        x=time_axis(window),
        x2="end",
        y=alt.Y("endpoint:N", sort=list(busiest["endpoint"]), title=None, axis=rows),
        tooltip=tooltip(**labels),
    )
    failing = alt.Opacity(
        "share:Q",
        scale=alt.Scale(domain=[0, 1], range=[0, 1]),
        legend=alt.Legend(title="share failed", format=".0%", values=[0.1, 0.25, 0.5, 1]),
    )
    tile: dict[str, Any] = {"cornerRadius": 1.5, "height": alt.RelativeBandSize(0.74)}
    chart = alt.layer(
        base.mark_rect(color=GOOD, opacity=0.3, **tile),
        base.mark_rect(color=BAD, **tile).encode(opacity=failing),
    ).properties(width=WIDTH, height=alt.Step(26))
    return finish(
        chart,
        title,
        f"attempts per {window.unit}, UTC; blue: none failed; red: the deeper, the more failed",
        _tell_health(busiest),
        placed[list(labels)].rename(columns=labels),
    )


def latency(ws: Database, period: Period | None = None) -> ChartType:
    """Lag from first attempt to first accepted arrival: median and 95th percentile."""
    import altair as alt

    title, nothing = (
        "Lag",
        "No lag is known in this period: both sides must have logged a delivery.",
    )
    window = find_window(ws, period)
    busiest = _busiest(ws, window, MAX_PANELS)
    if window is None or busiest.empty:
        return draw_nothing(title, nothing)
    frame = ask(ws, "lags", window, urls=list(busiest.index))
    if frame.empty:
        return draw_nothing(title, nothing)
    labels = {
        "endpoint": "endpoint",
        "time": "time",
        "deliveries": "deliveries",
        "median": "median",
        "most": "95 % within",
    }
    placed = place(frame, window).assign(
        endpoint=frame["endpoint_url"].map(busiest["endpoint"]),
        median=(frame["p50"] * 1000).map(markup.duration),
        most=(frame["p95"] * 1000).map(markup.duration),
    )
    panels: list[Any] = []
    high = _seconds(placed["p95"].max())
    for name in busiest["endpoint"]:
        own = placed[placed["endpoint"] == name]
        if own.empty:
            continue
        points = own.drop(columns=["endpoint_url", "at", "end"])
        base = alt.Chart(points).encode(x=time_axis(window, "middle"), tooltip=tooltip(**labels))
        marks = [
            base.mark_area(opacity=0.2).encode(high, y2="p50"),
            base.mark_line(strokeWidth=2).encode(y="p50:Q"),
            base.mark_point(size=24, filled=True, opacity=1).encode(y="p50:Q"),
        ]
        heading = panel_title(str(name))
        panels.append(alt.layer(*marks).properties(width=WIDTH, height=100, title=heading))
    return finish(
        stack_panels(panels).resolve_scale(y="shared"),
        title,
        f"first attempt to first accepted arrival, per {window.unit}, UTC;"
        " line: median; band: up to the 95th percentile",
        _tell_latency(placed),
        placed[list(labels)].rename(columns=labels),
    )


def coverage(ws: Database, period: Period | None = None) -> ChartType:
    """When each log can testify, and the holes in it; each by its own clock."""
    import altair as alt

    window = find_window(ws, period)
    frame = ask(ws, "intervals", window, most=MAX_INTERVALS)
    if frame.empty:
        return draw_nothing("Coverage", "No log covers any of this period.")
    window = window or make_window(frame["starts_at"].min(), frame["ends_at"].max())
    frame = _name_intervals(frame, window)
    labels = {
        "log": "log",
        "state": "state",
        "from": "from (UTC)",
        "to": "to (UTC)",
        "lasts": "lasts",
        "reason": "reason",
        "records": "records",
    }
    states = alt.Scale(domain=["covered", "hole"], range=[GOOD, BAD])
    rows = alt.Axis(labelLimit=260, grid=False)
    chart = (
        alt.Chart(frame[[*labels, "at", "end"]])
        .mark_rect(cornerRadius=2, height=alt.RelativeBandSize(0.6), opacity=0.85)
        .encode(
            x=time_axis(window),
            x2="end",
            y=alt.Y("log:N", sort=list(frame["log"].unique()), title=None, axis=rows),
            color=alt.Color("state:N", scale=states, legend=alt.Legend(title=None)),
            tooltip=tooltip(**labels),
        )
        .properties(width=WIDTH, height=alt.Step(30))
    )
    return finish(
        chart,
        "Coverage",
        "when each log can testify, by its own clock, UTC; empty: no log at all",
        _tell_coverage(frame),
        frame[list(labels)].rename(columns=labels),
    )


def _stack(
    frame: pd.DataFrame, window: Window, present: list[str], heading: str, height: int
) -> Any:
    import altair as alt

    order = [outcome for outcome in ("delivered", "recovered", *_TROUBLE) if outcome in present]
    rank = frame["outcome"].map(order.index)
    stacked = frame.assign(rank=rank).sort_values(["step_at", "rank"])
    # Stacked here: Vega-Lite stacks bars, not the rectangles that fill their step of time.
    high = stacked.groupby("step_at")["deliveries"].cumsum()
    placed = place(stacked.assign(high=high, low=high - stacked["deliveries"]), window)
    placed = placed.drop(columns=["middle", "rank"])
    whole = alt.Axis(tickCount=4, tickMinStep=1, format=",d", minExtent=34)
    return (
        alt.Chart(placed)
        .mark_rect(stroke="white", strokeWidth=0.4, strokeOpacity=0.6)
        .encode(
            x=time_axis(window),
            x2="end",
            y=alt.Y("low:Q", title=None, axis=whole),
            y2="high",
            color=_colour(present),
            opacity=alt.condition({"param": "chosen"}, alt.value(1), alt.value(0.15)),
            tooltip=tooltip(time="time", outcome="outcome", deliveries="deliveries"),
        )
        .properties(width=WIDTH, height=height, title=panel_title(heading))
    )


def _colour(legend: list[str] | None) -> alt.Color:
    """The colours of the outcomes, with or without a legend of those that occur."""
    import altair as alt

    scale = alt.Scale(domain=list(OUTCOMES), range=list(OUTCOME_COLOURS.values()))
    shown = alt.Legend(title=None, values=legend) if legend else None
    return alt.Color("outcome:N", scale=scale, legend=shown)


def _seconds(most: float) -> alt.Y:
    """The axis of lags: linear, or, where a resend came hours later, one that shows both ends."""
    import altair as alt

    if most <= 60:
        return alt.Y("p95:Q", title="seconds", stack=False, axis=alt.Axis(tickCount=4))
    words = (
        "datum.value < 60 ? datum.value + ' s' : datum.value < 3600 ? datum.value / 60 + ' min'"
        " : datum.value / 3600 + ' h'"
    )
    steps = [step for step in (0, 10, 60, 600, 3600, 36_000, 360_000) if step <= most]
    axis = alt.Axis(values=steps, labelExpr=words)
    scale = alt.Scale(type="symlog", constant=1, nice=False)
    return alt.Y("p95:Q", title=None, stack=False, axis=axis, scale=scale)


def _busiest(ws: Database, window: Window | None, most: int) -> pd.DataFrame:
    """The endpoints to show, most failures first: `endpoint` (short, unique), attempts, failed."""
    frame = ask(ws, "endpoints", window, most=most)
    names = frame["endpoint_url"].map(lambda url: markup.endpoint(url, 44))
    # Long names that are cut to the same few letters must stay rows of their own.
    again = names.groupby(names).cumcount()
    unique = [f"{name} ({n + 1})" if n else name for name, n in zip(names, again, strict=True)]
    return frame.assign(endpoint=unique).set_index("endpoint_url")


def _name_intervals(frame: pd.DataFrame, window: Window) -> pd.DataFrame:
    rank = {"sender": 0, "edge": 1, "app": 2}
    starts = frame["starts_at"].where(frame["starts_at"] > window.since, window.since)
    ends = frame["ends_at"].where(frame["ends_at"] < window.until, window.until)
    spans = (ends - starts).dt.total_seconds() * 1000
    return frame.assign(
        **{
            "rank": frame["layer"].map(lambda layer: rank.get(layer, 3)),
            "log": frame["layer"] + " · " + frame["stream"].map(lambda name: markup.tame(name, 36)),
            "state": frame["covered"].map({True: "covered", False: "hole"}),
            "reason": frame["reason"].fillna("").astype(str).str.replace("_", " "),
            "from": starts.map(markup.moment),
            "to": ends.map(markup.moment),
            "lasts": spans.map(markup.duration),
            "seconds": spans / 1000,
            "at": starts.dt.tz_localize("UTC"),
            "end": ends.dt.tz_localize("UTC"),
        }
    ).sort_values(["rank", "log", "starts_at", "covered"])


def _tell_outcomes(wide: pd.DataFrame, window: Window) -> str:
    total, sums = int(wide.to_numpy().sum()), wide.sum()
    fine = sum(int(sums.get(outcome, 0)) for outcome in ("delivered", "recovered"))
    others = [(outcome, int(sums[outcome])) for outcome in _TROUBLE if sums.get(outcome, 0)]
    text = (
        f"{markup.plural(total, 'delivery')}, {window.words}: {markup.count(fine)}"
        f" ({percent(fine, total)}) were delivered or recovered"
    )
    if not others:
        return f"{text}, and nothing else happened."
    listed = ", ".join(f"{number:,} {outcome}" for outcome, number in others)
    trouble = wide[[outcome for outcome, _ in others]].sum(axis="columns")
    worst = name_step(cast("datetime", trouble.idxmax()), window.unit)
    peak = f"Most of these in one {window.unit}: {trouble.max():,} ({worst})."
    return f"{text}; the others: {listed}. {peak}"


def _tell_health(busiest: pd.DataFrame) -> str:
    total, shown = int(busiest["endpoints"].iloc[0]), len(busiest)
    failing = busiest[busiest["failed"] > 0]
    which = markup.plural(total, "endpoint")
    if total > shown:
        which += f", of which the {shown} with the most failed attempts are shown"
    if failing.empty:
        return f"{which}: no attempt failed."
    worst = failing.iloc[0]
    return (
        f"{which}. Most failed attempts: {worst['endpoint']}, {worst['failed']:,} of"
        f" {worst['attempts']:,} ({percent(worst['failed'], worst['attempts'])})."
    )


def _tell_latency(placed: pd.DataFrame) -> str:
    parts = []
    for name, own in placed.groupby("endpoint", sort=False):
        slowest = own.sort_values("p95").iloc[-1]
        typical = markup.duration(own["p50"].median() * 1000)
        worst = f"95 % within {slowest['most']} at worst ({slowest['time']})"
        parts.append(f"{name}: typically {typical}, {worst}")
    return "; ".join(parts) + "."


def _tell_coverage(frame: pd.DataFrame) -> str:
    holes = frame[frame["state"] == "hole"]
    logs = markup.plural(frame["log"].nunique(), "log")
    if holes.empty:
        return f"{logs}, without a known hole between their first and last line."
    longest = holes.sort_values("seconds").iloc[-1]
    return (
        f"{logs} with {markup.plural(len(holes), 'hole')}; the longest lasts {longest['lasts']}:"
        f" {longest['log']}, {longest['from']} to {longest['to']} UTC ({longest['reason']})."
    )
