"""A run of failures on its time line, with what came before and after."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from hookanalysis import markup
from hookanalysis.markup import OUTCOME_COLOURS

from .asking import ask, choose_unit, find_window
from .drawing import (
    BAD,
    GOOD,
    WIDTH,
    colour_kinds,
    draw_nothing,
    finish,
    place,
    stack_steps,
    time_axis,
)

if TYPE_CHECKING:
    from altair.typing import ChartType

    from hookanalysis.database import Database
    from hookanalysis.facts.measures import Period

_LEAST = timedelta(minutes=20)  # shown at least, before and after
_FINE = timedelta(hours=45)
_STEPS = [timedelta(minutes=n) for n in (1, 2, 5, 10, 15, 30)]
_RESULTS = {
    "failed": BAD,
    "no effect": OUTCOME_COLOURS["unprocessed"],  # a success, and the event missed or unprocessed
    "success": GOOD,
    "pending": OUTCOME_COLOURS["pending"],
}


def timeline(ws: Database, period: Period) -> ChartType:
    """The sender's attempts around a period, which is shaded: what failed, and what followed."""
    import altair as alt
    import pandas as pd

    title = "Attempts before, during and after"
    window = find_window(ws, period, finest="minute")
    if window is None:
        return draw_nothing(title, "There is no attempt to draw.")
    around = max(_LEAST, (window.until - window.since) / 2)
    since, until = window.since - around, window.until + around
    step = None  # of several minutes
    if until - since <= _FINE:
        step = next(step for step in _STEPS if (until - since) / step <= 90)
    unit = "minute" if step else choose_unit(since, until)
    wide = replace(window, since=since, until=until, unit=unit)
    frame = ask(ws, "attempts_over_time", wide)
    if frame.empty:
        return draw_nothing(title, "There is no attempt to draw.")
    if step:
        frame["step_at"] = frame["step_at"].astype("datetime64[us]").dt.floor(step)
        frame = frame.groupby(["step_at", "result"])["attempts"].sum().reset_index()
    frame["result"] = frame["result"].str.replace("_", " ")
    placed = place(frame, wide)
    if step:
        placed = placed.assign(end=placed["at"] + step)
    shown = [name for name in _RESULTS if name in set(placed["result"])]
    bars = stack_steps(placed, wide, "attempts", "result", list(_RESULTS)).encode(
        color=colour_kinds("result", _RESULTS, shown)
    )
    span = [pd.Timestamp(wide.local(at)).tz_localize("UTC") for at in (window.since, window.until)]
    band = alt.Chart(pd.DataFrame({"at": [span[0]], "end": [span[1]]})).mark_rect(
        color=BAD, opacity=0.09
    )
    chart = alt.layer(band.encode(x=time_axis(wide), x2="end"), bars)
    length = markup.duration(step.total_seconds() * 1000) if step else wide.unit
    counts = placed.groupby("result")["attempts"].sum()
    said = ", ".join(f"{int(counts[name]):,} {name}" for name in shown)
    return finish(
        chart.properties(width=WIDTH, height=170),
        title,
        f"attempts per {length}, {wide.timezone}; shaded: the incident",
        f"{markup.plural(int(counts.sum()), 'attempt')} in the time shown: {said}.",
        placed[["time", "result", "attempts"]],
    )
