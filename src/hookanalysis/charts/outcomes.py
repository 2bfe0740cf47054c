"""What became of the deliveries, over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from hookanalysis import markup
from hookanalysis.facts.measures import percent
from hookanalysis.markup import OUTCOME_COLOURS
from hookanalysis.tables import OUTCOMES

from .asking import Window, ask, find_window
from .drawing import (
    WIDTH,
    colour_kinds,
    draw_nothing,
    finish,
    panel_title,
    place,
    stack_panels,
    stack_steps,
)

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd
    from altair.typing import ChartType

    from hookanalysis.database import Database
    from hookanalysis.facts.measures import Period


# Stacked from the axis up: the worst stands where its height is read best.
_TROUBLE = (
    *("missed", "refused", "unprocessed", "undetermined"),
    *("duplicated", "unacknowledged", "unexpected", "pending"),
)
_ORDER = ("delivered", "recovered", *_TROUBLE)


def outcomes_over_time(ws: Database, period: Period | None = None) -> ChartType:
    """What became of the deliveries, by the time of their first attempt; tests left out."""
    import altair as alt

    title, nothing = "Outcomes over time", "No delivery falls into this period."
    window = find_window(ws, period, finest="minute")
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
        chart = stack_panels(
            [upper.add_params(chosen), chart.encode(color=colour_kinds("outcome", OUTCOME_COLOURS))]
        )
        chart = chart.resolve_legend(color="independent")
    table = wide.reset_index()
    table["step_at"] = table["step_at"].map(window.name_step)
    return finish(
        chart,
        title,
        f"deliveries per {window.unit} of first attempt, {window.timezone};"
        " click an outcome to single it out",
        _tell_outcomes(wide, window),
        table.rename(columns={"step_at": window.unit}),
    )


def _stack(
    frame: pd.DataFrame, window: Window, present: list[str], heading: str, height: int
) -> Any:
    import altair as alt

    return (
        stack_steps(place(frame, window), window, "deliveries", "outcome", _ORDER)
        .encode(
            color=colour_kinds("outcome", OUTCOME_COLOURS, present),
            opacity=alt.condition({"param": "chosen"}, alt.value(1), alt.value(0.15)),
        )
        .properties(width=WIDTH, height=height, title=panel_title(heading))
    )


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
    worst = window.name_step(cast("datetime", trouble.idxmax()))
    peak = f"Most of these in one {window.unit}: {trouble.max():,} ({worst})."
    return f"{text}; the others: {listed}. {peak}"
