"""The chart to search a gap with: mark a time, and see what happened in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hookanalysis import markup
from hookanalysis.markup import OUTCOME_COLOURS
from hookanalysis.tables import OUTCOMES

from .asking import Window, ask, find_window, name_intervals
from .drawing import (
    BAD,
    WIDTH,
    colour_kinds,
    draw_nothing,
    finish,
    name_endpoints,
    panel_title,
    place,
    stack_panels,
    stack_steps,
    time_axis,
    tooltip,
)

if TYPE_CHECKING:
    import pandas as pd
    from altair.typing import ChartType

    from hookanalysis.database import Database
    from hookanalysis.facts.measures import Period

MAX_ENDPOINTS = 6
MAX_HOLES = 100
MAX_EVENTS = 200


def explorer(ws: Database, period: Period | None = None, *, events: int = MAX_EVENTS) -> ChartType:
    """Outcomes over the holes in the logs; a time that is marked picks its endpoints and events.

    Args:
        ws: A reconciled workspace.
        period: `facts.period`.
        events: How many single events to show: those of `sections.events`.
    """
    import altair as alt

    title, nothing = "Outcomes and events", "No delivery falls into this period."
    window = find_window(ws, period, finest="minute")
    if window is None:
        return draw_nothing(title, nothing)
    frame = ask(ws, "outcomes_by_endpoint", window, most=MAX_ENDPOINTS)
    if frame.empty:
        return draw_nothing(title, nothing)
    names = name_endpoints(frame["endpoint_url"].dropna().unique(), 34)
    frame = frame.assign(endpoint=frame["endpoint_url"].map(names).fillna("all others"))
    marked = alt.selection_interval(
        name="marked",
        encodings=["x"],
        on="[pointerdown[!event.shiftKey], window:pointerup] > window:pointermove!",
        zoom=False,
    )
    panels = [_timeline(frame, _holes(ws, window), window).add_params(marked)]
    dots = _dots(ask(ws, "troubled_deliveries", period, most=events), window)
    if dots is not None:
        panels.append(dots)
    panels.append(_totals(place(frame, window)))
    wide = frame.pivot_table(
        index="step_at", columns="outcome", values="deliveries", aggfunc="sum", fill_value=0
    )
    wide = wide[[outcome for outcome in OUTCOMES if outcome in wide]].astype(int).reset_index()
    wide["step_at"] = wide["step_at"].map(window.name_step)
    total = int(frame["deliveries"].sum())
    return finish(
        stack_panels(panels, share=False).resolve_legend(color="independent"),
        title,
        f"deliveries per {window.unit} of first attempt, {window.timezone};"
        " red shade: a receiver's log has a hole",
        f"{markup.plural(total, 'delivery')}, {window.words}. Marking a time also limits the list"
        " of events below.",
        wide.rename(columns={"step_at": window.unit}),
        zooms=False,
    )


def _timeline(frame: pd.DataFrame, holes: pd.DataFrame, window: Window) -> Any:
    import altair as alt

    present = [name for name in OUTCOMES if name in set(frame["outcome"])]
    sums = frame.groupby(["step_at", "outcome"])["deliveries"].sum().reset_index()
    bars = stack_steps(place(sums, window), window, "deliveries", "outcome", [*OUTCOMES]).encode(
        color=colour_kinds("outcome", OUTCOME_COLOURS, present),
        opacity=alt.condition({"param": "marked"}, alt.value(1), alt.value(0.35)),
    )
    layers = [bars]
    if not holes.empty:
        labels = {"log": "hole in", "lasts": "lasts", "reason": "reason"}
        band = alt.Chart(holes).mark_rect(color=BAD, opacity=0.16)
        layers.insert(0, band.encode(x=time_axis(window), x2="end", tooltip=tooltip(**labels)))
    return alt.layer(*layers).properties(width=WIDTH, height=170)


def _dots(events: pd.DataFrame, window: Window) -> Any:
    import altair as alt

    shown = events[events["happened_at"].notna()]
    if shown.empty:
        return None
    local = shown["happened_at"].map(window.local)
    dots = shown.assign(
        at=local.dt.tz_localize("UTC"),
        time=local.map(markup.moment),
        event=range(1, len(shown) + 1),
        type=shown["event_type"].map(markup.tame, na_action="ignore"),
        endpoint=shown["endpoint_url"].map(lambda url: markup.endpoint(url, 44)),
    )[["at", "time", "event", "outcome", "type", "endpoint"]]
    order = [name for name in reversed(OUTCOMES) if name in set(dots["outcome"])]
    total = int(events["total"].iloc[0])
    which = f" (the first {len(events):,} of {total:,})" if total > len(events) else ""
    picked = alt.selection_point(name="picked", fields=["event"], on="click")
    labels = {name: name for name in ("event", "time", "outcome", "type", "endpoint")}
    return (
        alt.Chart(dots)
        .mark_point(filled=True, size=46, cursor="pointer")
        .encode(
            x=time_axis(window),
            y=alt.Y("outcome:N", sort=order, title=None, axis=alt.Axis(grid=True, ticks=False)),
            color=colour_kinds("outcome", OUTCOME_COLOURS),
            opacity=alt.condition({"param": "marked"}, alt.value(0.9), alt.value(0.15)),
            tooltip=tooltip(**labels),
        )
        .add_params(picked)
        .properties(
            width=WIDTH,
            height=alt.Step(20),
            title=panel_title(f"Events in trouble{which}: click one to find its log lines"),
        )
    )


def _totals(placed: pd.DataFrame) -> Any:
    import altair as alt

    order = placed.groupby("endpoint")["deliveries"].sum().sort_values(ascending=False)
    return (
        alt.Chart(placed[["at", "endpoint", "outcome", "deliveries"]])
        .transform_filter({"param": "marked"})
        .mark_bar(height={"band": 0.7})
        .encode(
            x=alt.X(
                "sum(deliveries):Q",
                title=None,
                scale=alt.Scale(domain=[0, int(order.max())]),
                axis=alt.Axis(tickCount=6, tickMinStep=1, format=",d"),
            ),
            y=alt.Y(
                "endpoint:N",
                sort=list(order.index),
                title=None,
                axis=alt.Axis(labelLimit=260, grid=False),
            ),
            color=colour_kinds("outcome", OUTCOME_COLOURS),
            tooltip=[
                alt.Tooltip("endpoint"),
                alt.Tooltip("outcome"),
                alt.Tooltip("sum(deliveries):Q", title="deliveries", format=",d"),
            ],
        )
        .properties(
            width=WIDTH,
            height=alt.Step(24),
            title=panel_title("By endpoint, in the time that is marked (or all)"),
        )
    )


def _holes(ws: Database, window: Window) -> pd.DataFrame:
    frame = ask(ws, "intervals", window, most=500)
    frame = frame[~frame["covered"].astype(bool) & (frame["layer"] != "sender")].head(MAX_HOLES)
    return name_intervals(frame, window)[["at", "end", "log", "lasts", "reason"]]
