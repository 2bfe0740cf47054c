"""What all charts share: one theme, one time axis, one frame around the finished chart.

Outcomes have one colour everywhere, told apart also by people with a colour-vision deficiency.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from hookanalysis import markup
from hookanalysis.database import sql_text
from hookanalysis.facts.zones import to_local
from hookanalysis.markup import CHART_MIME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import altair as alt
    import pandas as pd
    from altair.typing import ChartType

    from hookanalysis.database import Database
    from hookanalysis.facts.measures import Period


# Found by a search for the largest least distance (OKLab) between any two, under normal vision and
# three deficiencies, with a contrast that works on white and on the dark page.
OUTCOME_COLOURS = {
    "delivered": "#22689c",
    "recovered": "#1d9480",
    "duplicated": "#9464ee",
    "unacknowledged": "#85a1fc",
    "unprocessed": "#dc69ba",
    "refused": "#eda440",
    "missed": "#b92017",
    "pending": "#b6b19b",
    "unexpected": "#ad8724",
    "undetermined": "#5f5f5f",
}
GOOD, BAD = OUTCOME_COLOURS["delivered"], OUTCOME_COLOURS["missed"]
WIDTH = 640
MAX_ROWS = 2000  # a chart of more rows is a mistake: its query should aggregate
MAX_TABLE = 200

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
_DAY = timedelta(days=1)
_ALL_TIME = {
    **dict.fromkeys(("since", "until", "unit", "endpoint", "event_type")),
    "timezone": "UTC",
}
# Up to such a span, in steps of this unit: at most some 130 steps.
_UNITS = (("hour", 4 * _DAY), ("day", 130 * _DAY), ("week", 910 * _DAY), ("month", 3950 * _DAY))


@dataclass(frozen=True)
class Window:
    """What a chart is about: from `since` to `until` (UTC, exclusive), in steps of `unit`.

    Steps and words are those of the clocks in `timezone`.
    """

    since: datetime
    until: datetime
    unit: str
    timezone: str = "UTC"
    endpoint: str | None = None
    event_type: str | None = None

    @property
    def words(self) -> str:
        """Its days, such as `Sunday 22 November 2026`."""
        return markup.days(
            self.local(self.since), self.local(self.until - timedelta(microseconds=1))
        )

    def local(self, at: datetime) -> datetime:
        """A time as the reader's clock shows it."""
        return to_local(at, self.timezone)

    def name_step(self, at: datetime) -> str:
        """A step in words: `2026-11-22 14:00`, `2026-11-22`, `week of 2026-11-16`, `2026-11`."""
        if self.unit == "hour":
            return f"{at:%Y-%m-%d %H:%M}" + (" UTC" if self.timezone == "UTC" else "")
        if self.unit == "week":
            return f"week of {at:%Y-%m-%d}"
        return at.strftime({"day": "%Y-%m-%d", "month": "%Y-%m"}.get(self.unit, "%Y"))


def ask(ws: Database, name: str, window: Window | None = None, **more: Any) -> pd.DataFrame:
    """Run `sql/reports/<name>.sql` over the deliveries of a window, or over all.

    Args:
        ws: A reconciled workspace.
        name: The file. Where it names `judged`, it reads the deliveries as the facts place them.
        window: The time; None for all time.
        more: Other `$name`s of the query.
    """
    text = sql_text(f"reports/{name}")
    values = {**(vars(window) if window else _ALL_TIME), **more}
    values["zone"] = values["timezone"]
    if re.search(r"^(FROM|INNER JOIN) judged\b", text, re.MULTILINE):
        text = f"WITH judged AS (\n{sql_text('facts/judged')}\n)\n{text}"
    return ws.sql(text, **{key: value for key, value in values.items() if f"${key}" in text})


def limits(period: Period | None) -> dict[str, Any]:
    """What `ask` needs to read just the deliveries of a period, those without a time too."""
    if period is None:
        return {}
    names = ("since", "until", "timezone", "endpoint", "event_type")
    return {name: getattr(period, name) or None for name in names}


def find_window(ws: Database, period: Period | None) -> Window | None:
    """The time to draw: as asked, else from the first delivery to the last; None when empty."""
    import pandas as pd

    since, until = (period.since, period.until) if period else (None, None)
    timezone = period.timezone if period else "UTC"
    only = (period.endpoint or None, period.event_type or None) if period else (None, None)
    ever = (datetime.min, datetime.max)  # noqa: DTZ901 - naive is UTC
    asked = Window(since or ever[0], until or ever[1], "", timezone, *only)
    first, last = ask(ws, "window", asked).astype("datetime64[us]").iloc[0]
    if (since is None or until is None) and pd.isna(first):
        return None
    start = since or first.to_pydatetime().replace(minute=0, second=0, microsecond=0)
    end = until or last.to_pydatetime() + timedelta(microseconds=1)
    return replace(asked, since=start, until=end, unit=choose_unit(start, end))


def choose_unit(since: datetime, until: datetime) -> str:
    """The unit of steps that gives a readable number of them."""
    return next((unit for unit, longest in _UNITS if until - since <= longest), "year")


def make_window(since: datetime, until: datetime, timezone: str = "UTC") -> Window:
    """From `since` to `until`, in steps that give a readable number of them."""
    return Window(since, until, choose_unit(since, until), timezone)


def place(frame: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Give rows of `step_at` (start of a step, the reader's clock) the ends and words of marks."""
    import pandas as pd

    at = frame["step_at"].astype("datetime64[us]")
    step: dict[str, Any] = {f"{window.unit}s": 1}
    end = at + pd.DateOffset(**step) if len(frame) else at
    words = at.map(window.name_step)
    utc = {"at": at, "end": end, "middle": at + (end - at) / 2}
    return frame.drop(columns="step_at").assign(
        time=words, **{name: column.dt.tz_localize("UTC") for name, column in utc.items()}
    )


def time_axis(window: Window, field: str = "at") -> alt.X:
    """The x axis, from end to end of the window.

    Times are drawn as the window's clocks show them, on a scale that the zone of the reader's
    computer does not move.
    """
    import altair as alt

    return alt.X(
        f"{field}:T",
        title=None,
        # Not `domain`, which Vega-Lite 6.4 reports as a conflict with itself when panels share it.
        scale=alt.Scale(
            type="utc",
            domainMin=_date_time(window.local(window.since)),
            domainMax=_date_time(window.local(window.until) + timedelta(seconds=59)),
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


def stack_panels(panels: Sequence[Any]) -> Any:
    """Panels below each other on one time axis, zoomed together."""
    import altair as alt

    return alt.vconcat(*panels, spacing=18).resolve_scale(x="shared")


def panel_title(text: str) -> alt.TitleParams:
    """A small heading over one panel."""
    import altair as alt

    return alt.TitleParams(text, fontSize=12, fontWeight=500, offset=6)


def finish(chart: Any, title: str, subtitle: str, sentence: str, table: pd.DataFrame) -> ChartType:
    """Frame a chart: title, description, zoom, and the table of its numbers.

    Args:
        chart: The marks.
        title: What it is.
        subtitle: Units and how to read it.
        sentence: What it shows, with numbers: alt text, and the line under the chart.
        table: Its numbers, headings ready to print.
    """
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
        chart = chart.add_params(zoom)
    return _frame(chart, title, subtitle, sentence, table)


def draw_nothing(title: str, sentence: str) -> ChartType:
    """A chart that says why it is empty."""
    import altair as alt
    import pandas as pd

    words = pd.DataFrame({"words": [sentence]})
    chart = alt.Chart(words).mark_text(opacity=0.7).encode(text="words:N")
    return _frame(chart.properties(width=WIDTH, height=60), title, "", sentence, pd.DataFrame())


def _frame(chart: Any, title: str, subtitle: str, sentence: str, table: pd.DataFrame) -> ChartType:
    import altair as alt

    prepare()

    rows = table.head(MAX_TABLE).astype(object)
    rows = rows.where(rows.notna(), None)  # JSON knows no NA
    meta = {
        "title": title,
        "subtitle": subtitle,
        "columns": [str(name) for name in table.columns],
        "rows": rows.to_numpy().tolist(),
        "total": len(table),
    }
    lines = [subtitle] if subtitle else []
    framed: ChartType = chart.properties(
        title=alt.TitleParams(title, subtitle=lines),
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
