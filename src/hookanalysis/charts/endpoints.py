"""How each endpoint does: what fails, and how long an arrival takes."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from hookanalysis import markup
from hookanalysis.database import Database
from hookanalysis.facts.period import Period
from hookanalysis.markup import OUTCOME_COLOURS
from hookanalysis.words import WORDS, percent, plural, sentence

from .drawing import (
    BAD,
    GOOD,
    Drawing,
    NothingToDrawError,
    Window,
    chart,
    find_window,
    frame,
    name_axis,
    name_endpoints,
    panel,
    place,
    stack_steps,
    time_axis,
    tooltip,
)

MAX_ENDPOINTS = 15
MAX_PANELS = 4
_ANSWERS = WORDS["answers"]  # kinds of failed attempts, in colours from those of the outcomes
_COLOURS = [OUTCOME_COLOURS[n] for n in ("undetermined", "missed", "refused", "unprocessed")]
_TRIED = {"time": "time", "attempts": "attempts", "failed": "failed", "failing": "share failed"}


@chart("Endpoint health", "The sender logged no attempt in this period.")
def endpoint_health(ws: Database, period: Period | None = None) -> Drawing:
    """Share of attempts that failed, by endpoint and time: what is failing, and since when."""
    window = find_window(ws, period)
    busiest = frame(ws, "busiest_endpoints", window, most=MAX_ENDPOINTS)
    names = [*name_endpoints(busiest["endpoint_url"], 44).values()]
    busiest = busiest.assign(endpoint=names).set_index("endpoint_url")
    found = _share(frame(ws, "endpoint_health", window, urls=list(busiest.index)))
    placed = place(found, window).drop(columns=["endpoint_url", "middle"])
    placed["endpoint"] = found["endpoint_url"].map(busiest["endpoint"])
    labels = {
        "endpoint": "endpoint",
        **_TRIED,
        "client_errors": "answered 4xx",
        "server_errors": "answered 5xx",
        "unanswered": "no answer",
    }
    base = alt.Chart(placed).encode(
        x=time_axis(window),
        x2=alt.X2("end"),
        y=name_axis("endpoint", list(busiest["endpoint"])),
        tooltip=tooltip(**labels),
    )
    failing = alt.Opacity(
        "share:Q",
        scale=alt.Scale(domain=[0, 1], range=[0, 1]),
        legend=alt.Legend(title="share failed", format=".0%", values=[0.1, 0.25, 0.5, 1]),
    )
    tile: dict[str, Any] = {"cornerRadius": 1.5, "height": alt.RelativeBandSize(0.74)}
    marks = alt.layer(
        base.mark_rect(color=GOOD, opacity=0.3, **tile),
        base.mark_rect(color=BAD, **tile).encode(opacity=failing),
    )
    return (
        panel(marks, alt.Step(26)),
        f"{window.per('attempts')}; blue: none failed; red: the deeper, the more failed",
        _tell_health(busiest),
        placed[list(labels)].rename(columns=labels),
    )


def _share(found: pd.DataFrame) -> pd.DataFrame:
    """Steps of attempts with the share of them that failed, and in words."""
    pairs = zip(found["failed"], found["attempts"], strict=True)
    share = (found["failed"] / found["attempts"]).round(4)
    return found.assign(share=share, failing=[percent(*pair) for pair in pairs])


def _tell_health(busiest: pd.DataFrame) -> str:
    total, shown = int(busiest["endpoints"].iloc[0]), len(busiest)
    failing = busiest[busiest["failed"] > 0]
    which = plural(total, "endpoint")
    if total > shown:
        which += f", of which the {shown} with the most failed attempts are shown"
    if failing.empty:
        return f"{which}: no attempt failed."
    worst = failing.iloc[0]
    return (
        f"{which}. Most failed attempts: {worst['endpoint']}, {worst['failed']:,} of"
        f" {worst['attempts']:,} ({percent(worst['failed'], worst['attempts'])})."
    )


@chart("Lag", "No lag is known in this period: both sides must have logged a delivery.")
def latency(ws: Database, period: Period | None = None) -> Drawing:
    """Lag from first attempt to first accepted arrival: median and 95th percentile."""
    window = find_window(ws, period)
    found = frame(ws, "lags", window, most=MAX_PANELS)
    if found["p95"].max() < 1000:
        raise NothingToDrawError(WORDS["phrases"]["no_lag"])
    short = name_endpoints(found["endpoint_url"].unique(), 44)
    names = ("endpoint", "time", "deliveries", "median")
    labels = {name: name for name in names} | {"most": "95 % within"}
    placed = place(found, window).assign(
        endpoint=found["endpoint_url"].map(short),
        median=found["p50"].map(markup.lag),
        most=found["p95"].map(markup.lag),
        # In seconds. An arrival before its attempt is two clocks that differ: as usual.
        p50=(found["p50"].clip(lower=0) / 1000).round(4),
        p95=(found["p95"].clip(lower=0) / 1000).round(4),
    )
    lasts = "first attempt to first accepted arrival, beyond the usual,"
    points = placed.drop(columns=["endpoint_url", "at", "end"]).assign(run=_count_runs(placed))
    base = alt.Chart().encode(
        x=time_axis(window, "middle"), tooltip=tooltip(**labels), detail=alt.Detail("run:N")
    )
    marks = alt.layer(
        base.mark_area(opacity=0.2).encode(_seconds(placed["p95"].max()), y2=alt.Y2("p50")),
        base.mark_line(strokeWidth=2).encode(y=alt.Y("p50:Q")),
        base.mark_point(size=24, filled=True, opacity=1).encode(y=alt.Y("p50:Q")),
        data=points,
    )
    header = alt.Header(title=None, labelAnchor="start", labelOrient="top")
    row = alt.Row("endpoint:N", sort=list(short.values()), header=header)
    return (
        panel(marks, 100).facet(row=row),
        f"{window.per(lasts)}; line: median; band: up to the 95th percentile; the slowest first",
        _tell_latency(placed),
        placed[list(labels)].rename(columns=labels),
    )


def _count_runs(steps: pd.DataFrame) -> pd.Series[int]:
    """A number for each run of steps without a step missing: no line is drawn over a silence."""
    runs: pd.Series[int] = (steps["at"] != steps["end"].shift()).astype(int).cumsum()
    return runs


def _seconds(most: float) -> alt.Y:
    """The axis of lags: linear, or, where a resend came hours later, one that shows both ends."""
    ends: dict[str, Any] = {"nice": False, "padding": 5}  # whole dots at both ends
    if most <= 60:
        axis, scale = alt.Axis(tickCount=4), alt.Scale(**ends)
        return alt.Y("p95:Q", title="seconds", stack=False, axis=axis, scale=scale)
    words = (
        "datum.value < 60 ? datum.value + ' s' : datum.value < 3600 ? datum.value / 60 + ' min'"
        " : datum.value / 3600 + ' h'"
    )
    steps = [step for step in (0, 10, 60, 600, 3600, 36_000, 360_000) if step <= most]
    axis = alt.Axis(values=steps, labelExpr=words)
    scale = alt.Scale(type="symlog", constant=1, **ends)
    return alt.Y("p95:Q", title=None, stack=False, axis=axis, scale=scale)


def _tell_latency(placed: pd.DataFrame) -> str:
    parts = []
    for name, own in placed.groupby("endpoint", sort=False):
        slowest = own.sort_values("p95").iloc[-1]
        typical = markup.lag(own["p50"].median() * 1000)
        worst = f"95 % within {slowest['most']} at worst ({slowest['time']})"
        parts.append(f"{name}: typically {typical}, {worst}")
    return "; ".join(parts) + "."


@chart("Failed attempts", "The sender logged no attempt in this period.")
def answers_over_time(ws: Database, period: Period | None = None) -> Drawing:
    """How many attempts failed, by kind of answer, and what share of all that is."""
    window = find_window(ws, period)
    found = _share(frame(ws, "endpoint_health", window, urls=None))
    known = found["client_errors"] + found["server_errors"] + found["unanswered"]
    placed = place(found.assign(redirects=(found["failed"] - known).clip(lower=0)), window)
    line = (
        alt.Chart(placed[["middle", "share", *_TRIED]].assign(run=_count_runs(placed)))
        .mark_line(color=BAD, strokeWidth=2, point={"size": 22, "color": BAD})
        .encode(
            x=time_axis(window, "middle"),
            y=alt.Y(
                "share:Q",
                title=None,
                scale=alt.Scale(domain=[0, 1], padding=3),
                axis=alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1], minExtent=34),
            ),
            tooltip=tooltip(**_TRIED),
            detail=alt.Detail("run:N"),
        )
    )
    panels = [panel(line, 90, "Share of attempts that failed")]
    if placed["failed"].any():
        panels.insert(0, panel(_stack_answers(placed, window), 140, "Failed attempts by answer"))
    names = _TRIED | _ANSWERS
    return (
        alt.vconcat(*panels).resolve_scale(x="shared"),
        f"{window.per('attempts')}, by what the sender was answered",
        _tell_answers(placed),
        placed[list(names)].rename(columns=names),
    )


def _stack_answers(placed: pd.DataFrame, window: Window) -> Any:
    colours = dict(zip(_ANSWERS.values(), _COLOURS, strict=True))
    kinds = placed[["at", "end", "time"]].assign(
        **{label: placed[key] for key, label in _ANSWERS.items()}
    )
    long = kinds.melt(["at", "end", "time"], list(colours), "answer", "failed")
    return stack_steps(long[long["failed"] > 0], window, "failed", "answer", colours)


def _tell_answers(found: pd.DataFrame) -> str:
    attempts, failed = int(found["attempts"].sum()), int(found["failed"].sum())
    if not failed:
        return f"{plural(attempts, 'attempt')}, and none failed."
    kinds = [(label, int(found[key].sum())) for key, label in _ANSWERS.items()]
    listed = ", ".join(f"{label}: {number:,}" for label, number in kinds if number)
    return (
        f"{failed:,} of {plural(attempts, 'attempt')} failed"
        f" ({percent(failed, attempts)}). {sentence(listed)}."
    )
