"""What the verdicts rest on: when each log can testify."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hookanalysis import markup
from hookanalysis.facts.measures import percent

from .asking import ask, find_window, make_window, name_intervals
from .drawing import BAD, GOOD, WIDTH, draw_nothing, finish, time_axis, tooltip

if TYPE_CHECKING:
    import pandas as pd
    from altair.typing import ChartType

    from hookanalysis.database import Database
    from hookanalysis.facts.measures import Period

MAX_INTERVALS = 500
_RANKS = {"sender": 0, "edge": 1, "app": 2}


def coverage(ws: Database, period: Period | None = None) -> ChartType:
    """When each log can testify, and the holes in it; each by its own clock."""
    import altair as alt

    window = find_window(ws, period)
    frame = ask(ws, "intervals", window, most=MAX_INTERVALS)
    if frame.empty:
        return draw_nothing("Coverage", "No log at hand reaches into this period.")
    timezone = period.timezone if period else "UTC"
    window = window or make_window(frame["starts_at"].min(), frame["ends_at"].max(), timezone)
    frame = name_intervals(frame, window)
    frame = frame.assign(
        **{
            "rank": frame["layer"].map(lambda layer: _RANKS.get(layer, len(_RANKS))),
            "state": frame["covered"].map({True: "covered", False: "hole"}),
            "from": frame["at"].map(markup.moment),
            "to": frame["end"].map(markup.moment),
        }
    ).sort_values(["rank", "log", "starts_at", "covered"])
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


def funnel(ws: Database, period: Period | None = None) -> ChartType:
    """How far the deliveries got: tried by the sender, at the edge, at the application, handled."""
    import altair as alt

    title = "Deliveries at each step"
    row = ask(ws, "funnel", period).iloc[0]
    tried = int(row["attempted"])
    if not tried:
        return draw_nothing(title, "The sender logged no attempt in this period.")
    steps = (
        ("tried by the sender", tried, 1),
        ("at the edge", int(row["edge"]), int(row["edge_logs"])),
        ("at the application", int(row["app"]), int(row["app_logs"])),
        ("accepted", int(row["accepted"]), 1),
        ("processed", int(row["processed"]), int(row["processing_known"])),
    )
    frame = pd_frame(
        [
            {
                "step": step,
                "deliveries": number if logged else 0,
                "words": f"{number:,}  ({percent(number, tried)})" if logged else "no log tells",
            }
            for step, number, logged in steps
        ]
    )
    base = alt.Chart(frame).encode(
        y=alt.Y(
            "step:N",
            sort=[step for step, _, _ in steps],
            title=None,
            axis=alt.Axis(grid=False, ticks=False, domain=False, labelLimit=200),
        ),
        x=alt.X(
            "deliveries:Q",
            title=None,
            axis=None,
            scale=alt.Scale(domain=[0, tried * 1.25], nice=False),
        ),
        tooltip=tooltip(step="step", words="deliveries"),
    )
    chart = alt.layer(
        base.mark_bar(color=GOOD, height={"band": 0.68}, cornerRadiusEnd=2),
        base.mark_text(align="left", dx=7, fontSize=12).encode(text="words:N"),
    ).properties(width=WIDTH, height=alt.Step(30))
    lost = " · ".join(f"{step}: {words}" for step, words in zip(frame["step"], frame["words"]))  # noqa: B905
    return finish(
        chart,
        title,
        "deliveries, tests left out; each log counts by itself, so a later step can hold more",
        f"{lost[:1].upper()}{lost[1:]}.",
        frame.drop(columns="deliveries").rename(columns={"words": "deliveries"}),
        zooms=False,
    )


def pd_frame(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Rows as a frame; pandas is imported only where something is drawn."""
    import pandas as pd

    return pd.DataFrame(rows)
