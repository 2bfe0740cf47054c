"""What the verdicts rest on: when each log can testify."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hookanalysis import markup

from .drawing import (
    BAD,
    GOOD,
    WIDTH,
    Window,
    ask,
    draw_nothing,
    find_window,
    finish,
    make_window,
    time_axis,
    tooltip,
)

if TYPE_CHECKING:
    import pandas as pd
    from altair.typing import ChartType

    from hookanalysis.database import Database
    from hookanalysis.facts.measures import Period


MAX_INTERVALS = 500


def coverage(ws: Database, period: Period | None = None) -> ChartType:
    """When each log can testify, and the holes in it; each by its own clock."""
    import altair as alt

    window = find_window(ws, period)
    frame = ask(ws, "intervals", window, most=MAX_INTERVALS)
    if frame.empty:
        return draw_nothing("Coverage", "No log covers any of this period.")
    timezone = period.timezone if period else "UTC"
    window = window or make_window(frame["starts_at"].min(), frame["ends_at"].max(), timezone)
    frame = _name_intervals(frame, window)
    labels = {
        "log": "log",
        "state": "state",
        "from": "from",
        "to": "to",
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
        f"when each log can testify, by its own clock, {window.timezone}; empty: no log at all",
        _tell_coverage(frame),
        frame[list(labels)].rename(columns=labels),
    )


def _name_intervals(frame: pd.DataFrame, window: Window) -> pd.DataFrame:
    rank = {"sender": 0, "edge": 1, "app": 2}
    starts = frame["starts_at"].where(frame["starts_at"] > window.since, window.since)
    ends = frame["ends_at"].where(frame["ends_at"] < window.until, window.until)
    spans = (ends - starts).dt.total_seconds() * 1000
    starts, ends = starts.map(window.local), ends.map(window.local)
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


def _tell_coverage(frame: pd.DataFrame) -> str:
    holes = frame[frame["state"] == "hole"]
    logs = markup.plural(frame["log"].nunique(), "log")
    if holes.empty:
        return f"{logs}, without a known hole between their first and last line."
    longest = holes.sort_values("seconds").iloc[-1]
    return (
        f"{logs} with {markup.plural(len(holes), 'hole')}; the longest lasts {longest['lasts']}:"
        f" {longest['log']}, {longest['from']} to {longest['to']} ({longest['reason']})."
    )
