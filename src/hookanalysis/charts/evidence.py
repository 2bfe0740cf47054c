"""What the verdicts rest on: when each log can testify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hookanalysis import markup
from hookanalysis.facts.measures import percent
from hookanalysis.facts.period import ask
from hookanalysis.words import HOLES, plural, say, sentence

from .drawing import BAD, GOOD, chart, name_axis, panel, time_axis, tooltip
from .window import NothingToDrawError, find_window, frame, make_window

if TYPE_CHECKING:
    import pandas as pd

    from hookanalysis.database import Database
    from hookanalysis.facts.period import Period

    from .drawing import Drawing

MAX_INTERVALS = 500
_RANKS = {"sender": 0, "edge": 1, "app": 2}


def name_intervals(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The rows of `intervals` as they are drawn, and in words; their times are the reader's."""
    import pandas as pd

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
            "reason": say(row["reason"] or "", HOLES),
        }
        for row in rows
    )


@chart("Coverage", "No log at hand reaches into this period.")
def coverage(ws: Database, period: Period | None = None) -> Drawing:
    """When each log can testify, and the holes in it; each by its own clock."""
    import altair as alt

    try:
        window = find_window(ws, period)
    except NothingToDrawError:
        ends = frame(ws, "intervals", None, most=MAX_INTERVALS)
        window = make_window(ends["starts_at"].min(), ends["ends_at"].max(), period)
    rows = ask(ws, "intervals", window, most=MAX_INTERVALS)
    if not rows:
        raise NothingToDrawError
    rows.sort(key=lambda row: row["starts_at"])
    found = name_intervals(rows)
    found["rank"] = found["layer"].map(_RANKS).fillna(len(_RANKS))
    found = found.sort_values(["rank", "log", "starts_at", "covered"])
    labels = ["log", "state", "from", "to", "lasts", "reason", "records"]
    states = alt.Scale(domain=["covered", "hole"], range=[GOOD, BAD])
    marks = (
        alt.Chart(found[[*labels, "at", "end"]])
        .mark_rect(cornerRadius=2, height=alt.RelativeBandSize(0.6), opacity=0.85)
        .encode(
            x=time_axis(window),
            x2="end",
            y=name_axis("log", list(found["log"].unique())),
            color=alt.Color("state:N", scale=states, legend=alt.Legend(title=None)),
            tooltip=tooltip(**dict(zip(labels, labels, strict=True))),
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


@chart("Deliveries at each step", "The sender logged no attempt in this period.", zooms=False)
def funnel(ws: Database, period: Period | None = None) -> Drawing:
    """How far the deliveries got: tried by the sender, at the edge, at the application, handled."""
    import altair as alt
    import pandas as pd

    (row,) = ask(ws, "funnel", period)
    tried = row["attempted"]
    if not tried:
        raise NothingToDrawError
    steps = {
        "tried by the sender": (tried, 1),
        "at the edge": (row["edge"], row["edge_logs"]),
        "at the application": (row["app"], row["app_logs"]),
        "accepted": (row["accepted"], 1),
        "processed": (row["processed"], row["processing_known"]),
    }
    words = {
        step: f"{number:,}  ({percent(number, tried)})" if logged else "no log tells"
        for step, (number, logged) in steps.items()
    }
    shown = pd.DataFrame(
        {"step": step, "deliveries": number if logged else 0, "words": words[step]}
        for step, (number, logged) in steps.items()
    )
    base = alt.Chart(shown).encode(
        y=name_axis("step", list(steps), ticks=False, domain=False, labelLimit=200),
        x=alt.X(
            "deliveries:Q",
            title=None,
            axis=None,
            scale=alt.Scale(domain=[0, tried * 1.25], nice=False),
        ),
        tooltip=tooltip(step="step", words="deliveries"),
    )
    marks = alt.layer(
        base.mark_bar(color=GOOD, height={"band": 0.68}, cornerRadiusEnd=2),
        base.mark_text(align="left", dx=7, fontSize=12).encode(text="words:N"),
    )
    said = " · ".join(f"{step}: {told}" for step, told in words.items())
    return (
        panel(marks, alt.Step(30)),
        "deliveries, tests left out; each log counts by itself, so a later step can hold more",
        f"{sentence(said)}.",
        shown[["step", "words"]].rename(columns={"words": "deliveries"}),
    )
