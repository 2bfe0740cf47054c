"""What the verdicts rest on: when each log can testify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hookanalysis import markup
from hookanalysis.facts.period import ask
from hookanalysis.words import HOLES, plural, say

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
