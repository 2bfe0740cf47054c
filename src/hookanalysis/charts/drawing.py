"""What all charts share: one theme, one time axis, one frame around the finished chart.

Outcomes have one colour everywhere, told apart also by people with a colour-vision deficiency.
"""

from __future__ import annotations

import warnings
from datetime import datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

from hookanalysis import markup
from hookanalysis.markup import CHART_MIME, OUTCOME_COLOURS

from .window import NothingToDrawError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import altair as alt
    import pandas as pd
    from altair.typing import ChartType

    from .window import Window

    # The marks; units and how to read them; what they show, with numbers; the table of these.
    Drawing = tuple[Any, str, str, pd.DataFrame]

P = ParamSpec("P")

GOOD, BAD = OUTCOME_COLOURS["delivered"], OUTCOME_COLOURS["missed"]
WIDTH = 640
MAX_ROWS = 2000  # a chart of more rows is a mistake: its query should aggregate
MAX_TABLE = 200
_SHORTEST = {"hour": timedelta(hours=1), "day": timedelta(days=1)}

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_TIME_LABELS: dict[str, str] = {
    "milliseconds": ".%L",
    "seconds": ":%S",
    "minutes": "%H:%M",
    "hours": "%H:%M",
    "day": "%a %-d %b",
    "date": "%a %-d %b",
    "week": "%a %-d %b",
    "month": "%b %Y",
    "quarter": "%b %Y",
    "year": "%Y",
}


def name_endpoints(urls: Iterable[str], limit: int) -> dict[str, str]:
    """A short name for each endpoint, and for no two the same.

    Long names that are cut to the same few letters are numbered.
    """
    names: dict[str, str] = {}
    for url in urls:
        short = markup.endpoint(url, limit)
        again = sum(name.rpartition(" (")[0] == short or name == short for name in names.values())
        names[url] = f"{short} ({again + 1})" if again else short
    return names


def stack_steps(
    placed: pd.DataFrame, window: Window, number: str, kind: str, order: Sequence[str]
) -> Any:
    """Rectangles that fill their step of time, stacked: the first of `order` at the bottom.

    Args:
        placed: Rows of `at` and `end` (the step), `time` (in words), `kind` and `number`.
        window: What the x axis spans.
        number: Column of how many.
        kind: Column of what they are.
        order: All kinds.
    """
    import altair as alt

    rank = placed[kind].map(list(order).index)
    ranked = placed.assign(rank=rank).sort_values(["at", "rank"])
    # Stacked here: Vega-Lite stacks bars, not the rectangles that fill their step of time.
    high = ranked.groupby("at")[number].cumsum()
    few = high.max() <= 5  # no halves
    ticks = {"values": list(range(int(high.max()) + 1))} if few else {"tickCount": 4}
    stacked = ranked.assign(high=high, low=high - ranked[number])
    return (
        alt.Chart(stacked[["at", "end", "time", kind, number, "high", "low"]])
        .mark_rect(stroke="white", strokeWidth=0.4, strokeOpacity=0.6)
        .encode(
            x=time_axis(window),
            x2="end",
            y=alt.Y("low:Q", title=None, axis=alt.Axis(format=",d", minExtent=34, **ticks)),
            y2="high",
            tooltip=tooltip(time="time", **{kind: kind, number: number}),
        )
    )


def colour_kinds(kind: str, colours: Mapping[str, str], shown: Sequence[str] = ()) -> alt.Color:
    """Colours by the column `kind`, with a legend of those that are `shown`."""
    import altair as alt

    scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    legend = alt.Legend(title=None, values=list(shown)) if shown else None
    return alt.Color(f"{kind}:N", scale=scale, legend=legend)


def time_axis(window: Window, field: str = "at") -> alt.X:
    """The x axis, from end to end of the window.

    Times are drawn as the window's clocks show them, on a scale that the zone of the reader's
    computer does not move.
    """
    import altair as alt

    # To the end of its minute, and at least one step.
    until = window.until + timedelta(minutes=1, microseconds=-1)
    until = max(until, window.since + _SHORTEST.get(window.unit, timedelta(minutes=1)))
    return alt.X(
        f"{field}:T",
        title=None,
        # Not `domain`, which Vega-Lite 6.4 reports as a conflict with itself when panels share it.
        scale=alt.Scale(
            type="utc",
            domainMin=_date_time(window.local(window.since)),
            domainMax=_date_time(window.local(until)),
        ),
        axis=alt.Axis(
            grid=False,
            tickCount=8,
            format=_TIME_LABELS,
            labelFlush=False,
            labelOverlap="greedy",
            labelSeparation=8,
        ),
    )


def tooltip(**fields: str) -> list[alt.Tooltip]:
    """Field → label; all of them text or whole numbers that need no format."""
    import altair as alt

    return [alt.Tooltip(field, title=label) for field, label in fields.items()]


def name_axis(field: str, order: Sequence[str], **axis: Any) -> alt.Y:
    """The y axis of names, in an order."""
    import altair as alt

    axis = {"labelLimit": 260, "grid": False, **axis}
    return alt.Y(f"{field}:N", sort=list(order), title=None, axis=alt.Axis(**axis))


def panel(marks: Any, height: Any, heading: str = "") -> Any:
    """Marks as a panel of a chart, with a small heading."""
    import altair as alt

    sized = marks.properties(width=WIDTH, height=height)
    title = alt.TitleParams(heading, fontSize=12, fontWeight=500, offset=6)
    return sized.properties(title=title) if heading else sized


def chart(
    title: str, nothing: str, *, zooms: bool = True
) -> Callable[[Callable[P, Drawing]], Callable[P, ChartType]]:
    """Make a chart of what a function draws: title, description, zoom, the table of its numbers.

    Args:
        title: What it is.
        nothing: What is said where there is nothing to draw.
        zooms: Whether Shift and the wheel zoom into its time.
    """

    def decorate(draw: Callable[P, Drawing]) -> Callable[P, ChartType]:
        @wraps(draw)
        def drawn(*args: P.args, **kwargs: P.kwargs) -> ChartType:
            prepare()
            try:
                marks, subtitle, sentence, table = draw(*args, **kwargs)
            except NothingToDrawError:
                return _frame(*_say(nothing), title)
            return _frame(_zoom(marks) if zooms else marks, subtitle, sentence, table, title)

        return drawn

    return decorate


def _say(words: str) -> Drawing:
    """Words in the place of marks."""
    import altair as alt
    import pandas as pd

    marks = alt.Chart(pd.DataFrame({"words": [words]})).mark_text(opacity=0.7)
    return panel(marks.encode(text="words:N"), 60), "", words, pd.DataFrame()


def _zoom(marks: Any) -> Any:
    import altair as alt

    zoom = alt.selection_interval(
        name="zoom",
        bind="scales",
        encodings=["x"],
        # With Shift alone: the page keeps its wheel, and its touch.
        zoom="wheel![event.shiftKey]",
        translate="[pointerdown[event.shiftKey], window:pointerup] > window:pointermove!",
    )
    with warnings.catch_warnings():
        # One zoom for all panels is what is wanted; Altair reports that it made it so.
        warnings.filterwarnings("ignore", message="Automatically deduplicated")
        return marks.add_params(zoom)


def _frame(marks: Any, subtitle: str, sentence: str, table: pd.DataFrame, title: str) -> ChartType:
    import altair as alt

    rows = table.head(MAX_TABLE).astype(object)
    rows = rows.where(rows.notna(), None)  # JSON knows no NA
    meta = {
        "title": title,
        "subtitle": subtitle,
        "columns": [str(name) for name in table.columns],
        "rows": rows.to_numpy().tolist(),
        "total": len(table),
    }
    framed: ChartType = marks.properties(
        title=alt.TitleParams(title, subtitle=[subtitle] if subtitle else []),
        description=sentence,
        usermeta={"embedOptions": {"renderer": "svg", "actions": False}, "hookanalysis": meta},
    )
    return framed


def read_meta(spec: Mapping[str, Any]) -> dict[str, Any]:
    """What `finish` noted in a chart's specification; empty for a chart made elsewhere."""
    meta = spec.get("usermeta", {}).get("hookanalysis", {})
    return meta if isinstance(meta, dict) else {}


def prepare() -> None:
    """Make Altair show charts as these reports and JupyterLab without a network can draw them.

    They leave a notebook as a specification, in the one look of `theme`; a chart of more rows than
    `MAX_ROWS` fails loudly.
    """
    import altair as alt

    if "hookanalysis" not in alt.renderers.names():
        alt.theme.register("hookanalysis", enable=True)(theme)  # type: ignore[arg-type]
        alt.renderers.register("hookanalysis", _render)
        alt.renderers.enable("hookanalysis")
        alt.data_transformers.enable("default", max_rows=MAX_ROWS)


def _render(spec: dict[str, Any], **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    drawn = {**spec, "$schema": "https://vega.github.io/schema/vega-lite/v5.json"}
    if drawn.get("width") == "container":
        drawn["width"] = WIDTH  # on "container", JupyterLab freezes
    return {CHART_MIME: drawn, "text/plain": str(spec.get("description") or "a chart")}, {}


def theme() -> dict[str, Any]:
    """The one look of all charts; its text takes the page's colour, so it fits light and dark."""
    ink = {"labelColor": "currentColor", "titleColor": "currentColor"}
    line = {"gridColor": "currentColor", "domainColor": "currentColor", "tickColor": "currentColor"}
    faint = {"gridOpacity": 0.1, "domainOpacity": 0.35, "tickOpacity": 0.35}
    small = {"labelFontSize": 11.5, "titleFontSize": 11.5, "titleFontWeight": 400}
    return {
        "config": {
            "background": None,
            "font": _FONT,
            "view": {"stroke": None},
            "concat": {"spacing": 18},
            "title": {
                "anchor": "start",
                "color": "currentColor",
                "subtitleColor": "currentColor",
                "fontSize": 15,
                "fontWeight": 600,
                "subtitleFontSize": 12,
                "offset": 12,
            },
            "axis": {**ink, **line, **faint, **small, "labelOpacity": 0.8, "titleOpacity": 0.8},
            "axisY": {"domain": False, "ticks": False, "labelPadding": 6},
            "legend": {
                **ink,
                "orient": "top",
                "direction": "horizontal",
                "columns": 5,
                "offset": 14,
                "labelFontSize": 12,
                "titleFontSize": 12,
                "titleFontWeight": 400,
                "symbolType": "square",
                "symbolStrokeWidth": 0,
            },
            "line": {"color": GOOD},
            "area": {"color": GOOD},
            "point": {"color": GOOD},
            "text": {"color": "currentColor", "fontSize": 13},
        }
    }


def _date_time(at: datetime) -> alt.DateTime:
    import altair as alt

    return alt.DateTime(
        year=at.year, month=at.month, date=at.day, hours=at.hour, minutes=at.minute, utc=True
    )
