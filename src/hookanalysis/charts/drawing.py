"""What all charts share: the time that they span, its steps, one look, and one frame.

Outcomes have one colour everywhere, told apart also by people with a colour-vision deficiency.
Channels are objects: for each that is a string, Altair hashes its whole schema.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from os.path import commonprefix
from typing import Any, ParamSpec

import altair as alt
import pandas as pd
from altair.typing import ChartType

from hookanalysis import markup
from hookanalysis.database import Database
from hookanalysis.facts.period import Period, ask
from hookanalysis.markup import CHART_MIME, LOOK, OUTCOME_COLOURS

# The marks; units and how to read them; what they show, with numbers; the table of these.
Drawing = tuple[Any, str, str, pd.DataFrame]
P = ParamSpec("P")

GOOD, BAD = OUTCOME_COLOURS["delivered"], OUTCOME_COLOURS["missed"]
WIDTH = 640
MAX_ROWS = 2000  # a chart of more rows is a mistake: its query should aggregate
_SHORTEST = {"hour": timedelta(hours=1), "day": timedelta(days=1)}

_DAY = timedelta(days=1)
# Up to such a span, in steps of this unit: at most some 130 steps.
_UNITS = (
    ("minute", _DAY / 8),
    ("hour", 4 * _DAY),
    ("day", 130 * _DAY),
    ("week", 910 * _DAY),
    ("month", 3950 * _DAY),
)


class NothingToDrawError(Exception):
    """No row falls into what a chart is asked for, or none is worth a picture: then, its words."""


@dataclass(frozen=True)
class Window(Period):
    """A period from `since` to `until`, in steps of `unit` of the clocks in `timezone`."""

    since: datetime = datetime.min  # noqa: DTZ901 - naive is UTC
    until: datetime = datetime.max  # noqa: DTZ901
    unit: str = "hour"

    def per(self, what: str, of: str = "") -> str:
        """What a chart counts: `attempts per hour, UTC`."""
        return f"{what} per {self.unit}{of}, {self.timezone}"

    def name_step(self, at: datetime) -> str:
        """A step in words: `2026-11-22 14:00`, `2026-11-22`, `week of 2026-11-16`, `2026-11`."""
        if self.unit in {"minute", "hour"}:
            return f"{at:%Y-%m-%d %H:%M}" + (" UTC" if self.timezone == "UTC" else "")
        if self.unit == "week":
            return f"week of {at:%Y-%m-%d}"
        return at.strftime({"day": "%Y-%m-%d", "month": "%Y-%m"}.get(self.unit, "%Y"))


def find_window(ws: Database, period: Period | None, finest: str = "hour") -> Window:
    """The time to draw: as asked, else from the first delivery to the last.

    Raises:
        NothingToDrawError: There is none.
    """
    if period is None:
        (sums,) = ask(ws, "totals")
        period = Period(first_at=sums["first_at"], last_at=sums["last_at"])
    if not period.ends:
        raise NothingToDrawError
    first, last = period.ends
    start = period.since or first.replace(minute=0, second=0, microsecond=0)
    return make_window(start, period.until or last + timedelta(microseconds=1), period, finest)


def make_window(
    since: datetime, until: datetime, period: Period | None = None, finest: str = "hour"
) -> Window:
    """From `since` to `until` (UTC), in a readable number of steps, none finer than `finest`."""
    units = _UNITS[[unit for unit, _ in _UNITS].index(finest) :]
    unit = next((unit for unit, longest in units if until - since <= longest), "year")
    return Window(**{**vars(period or Period()), "since": since, "until": until, "unit": unit})


def frame(ws: Database, name: str, period: Period | None, **more: Any) -> pd.DataFrame:
    """The rows of a query of `sql/report/` as a frame.

    Raises:
        NothingToDrawError: There are none.
    """
    rows = ask(ws, name, period, **more)
    if not rows:
        raise NothingToDrawError
    return pd.DataFrame(rows)


def place(found: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Give rows of `step` (its start, by the reader's clock) the ends and words of marks."""
    at = found["step"].astype("datetime64[us]")
    end = at + pd.DateOffset(**{f"{window.unit}s": 1})  # type: ignore[arg-type]
    utc = {"at": at, "end": end, "middle": at + (end - at) / 2}
    return found.drop(columns="step").assign(
        time=at.map(window.name_step),
        **{name: column.dt.tz_localize("UTC") for name, column in utc.items()},
    )


def count_steps(found: pd.DataFrame, window: Window, order: list[str]) -> pd.DataFrame:
    """Deliveries by step and outcome, as the table behind a chart."""
    sums = found.pivot_table("deliveries", "step", "outcome", "sum", fill_value=0).astype(int)
    wide = sums[[name for name in order if name in sums]]
    return wide.set_index(wide.index.map(window.name_step).rename(window.unit))


def name_endpoints(urls: Iterable[str], limit: int) -> dict[str, str]:
    """A short name for each endpoint, and for no two the same.

    Of long names, the path that all end with is cut; a query is named where the path is not enough;
    those that still come out the same are numbered.
    """
    names: dict[str, str] = {}
    paths = {url: url.partition("?")[0] for url in urls}
    alone = Counter(paths.values())
    long = any(len(path.removeprefix("https://")) > limit for path in alone)
    shared = commonprefix([path[::-1] for path in alone])[::-1]  # noqa: RUF071 - of letters
    end = "/" + shared.partition("/")[2] if long and len(alone) > 1 and "/" in shared else ""
    for url, path in paths.items():
        short = path.removesuffix(end) + ("/…" if end else "")
        short = markup.endpoint(short + (url.removeprefix(path) if alone[path] > 1 else ""), limit)
        again = sum(name.rpartition(" (")[0] == short or name == short for name in names.values())
        names[url] = f"{short} ({again + 1})" if again else short
    return names


def stack_steps(
    placed: pd.DataFrame,
    window: Window,
    number: str,
    kind: str,
    colours: Mapping[str, str],
    order: Sequence[str] = (),
    shown: Sequence[str] = (),
) -> Any:
    """Rectangles that fill their step of time, stacked: the first of `order` at the bottom.

    `placed` has `at` and `end` (the step), `time` (in words), and the columns that `kind` (what
    they are) and `number` (how many) name. `order` is as the `colours` by default; the legend says
    those that are `shown`, by default all that there are.
    """
    rank = placed[kind].map([*(order or colours)].index)
    shown = shown or [name for name in colours if name in set(placed[kind])]
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
            x2=alt.X2("end"),
            y=alt.Y("low:Q", title=None, axis=alt.Axis(format=",d", minExtent=34, **ticks)),
            y2=alt.Y2("high"),
            tooltip=tooltip("time", kind, number),
            color=colour_kinds(kind, colours, shown),
        )
    )


def colour_kinds(kind: str, colours: Mapping[str, str], shown: Sequence[str] = ()) -> alt.Color:
    """Colours by the column `kind`, with a legend of those that are `shown`."""
    scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    legend = alt.Legend(title=None, values=list(shown)) if shown else None
    return alt.Color(f"{kind}:N", scale=scale, legend=legend)


def time_axis(window: Window, field: str = "at") -> alt.X:
    """The x axis, from end to end of the window.

    Times are drawn as the window's clocks show them, on a scale that the zone of the reader's
    computer does not move.
    """
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
            format=LOOK["time_labels"],
            labelFlush=False,
            labelOverlap="greedy",
            labelSeparation=8,
        ),
    )


def tooltip(*names: str, **fields: str) -> list[alt.Tooltip]:
    """Fields under their own names, and field → label; text, or numbers that need no format."""
    labels = {name: name for name in names} | fields
    return [alt.Tooltip(field, title=label) for field, label in labels.items()]


def name_axis(field: str, order: Sequence[str]) -> alt.Y:
    """The y axis of names, in an order."""
    axis = alt.Axis(labelLimit=360, grid=False)
    return alt.Y(f"{field}:N", sort=list(order), title=None, axis=axis)


def panel(marks: Any, height: Any, heading: str = "") -> Any:
    """Marks as a panel of a chart, with a small heading."""
    sized = marks.properties(width=WIDTH, height=height)
    title = alt.TitleParams(heading, fontSize=12, fontWeight=500, offset=6)
    return sized.properties(title=title) if heading else sized


def chart(
    title: str, nothing: str, *, zooms: bool = True
) -> Callable[[Callable[P, Drawing]], Callable[P, ChartType]]:
    """Make a chart of what a function draws: title, description, zoom, the table of its numbers.

    `nothing` is said where there is nothing to draw; Shift and the wheel zoom into its time if it
    `zooms`.
    """

    def decorate(draw: Callable[P, Drawing]) -> Callable[P, ChartType]:
        @wraps(draw)
        def drawn(*args: P.args, **kwargs: P.kwargs) -> ChartType:
            prepare()
            # Altair would check each part as it is made; it checks the whole when that is shown.
            with alt.utils.schemapi.debug_mode(arg=False):
                try:
                    marks, subtitle, sentence, table = draw(*args, **kwargs)
                except NothingToDrawError as why:
                    return _frame(*_say(str(why) or nothing), title)
                return _frame(_zoom(marks) if zooms else marks, subtitle, sentence, table, title)

        return drawn

    return decorate


def _say(words: str) -> Drawing:
    """Words in the place of marks."""
    marks = alt.Chart(pd.DataFrame({"words": [words]})).mark_text(opacity=0.7)
    return panel(marks.encode(text=alt.Text("words:N")), 60), "", words, pd.DataFrame()


def _zoom(marks: Any) -> Any:
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
    rows = table.head(markup.MAX_SAVED).astype(object)
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


def prepare() -> None:
    """Make Altair show charts as these reports and JupyterLab without a network can draw them.

    They leave a notebook as a specification, in the one look of `theme`; a chart of more rows than
    `MAX_ROWS` fails loudly.
    """
    if "hookanalysis" not in alt.renderers.names():
        alt.theme.register("hookanalysis", enable=True)(theme)  # type: ignore[arg-type]
        alt.renderers.register("hookanalysis", _render)
        alt.renderers.enable("hookanalysis")
        alt.data_transformers.enable("default", max_rows=MAX_ROWS)


def _render(spec: dict[str, Any], **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    drawn = {**spec, "$schema": "https://vega.github.io/schema/vega-lite/v5.json"}
    drawn["datasets"] = {
        name: [{key: _say_time(key, value) for key, value in row.items()} for row in rows]
        for name, rows in spec.get("datasets", {}).items()
    }
    if drawn.get("width") == "container":
        drawn["width"] = WIDTH  # on "container", JupyterLab freezes
    return {CHART_MIME: drawn, "text/plain": str(spec.get("description") or "a chart")}, {}


def _say_time(key: str, value: Any) -> Any:
    """A time as Vega counts it, in milliseconds: half as long as its text."""
    if key not in {"at", "end", "middle"} or not isinstance(value, str):
        return value
    return round(datetime.fromisoformat(value).timestamp() * 1000)


def theme() -> dict[str, Any]:
    """The one look of all charts; its text takes the page's colour, so it fits light and dark."""
    marks = {name: {"color": GOOD} for name in ("line", "area", "point")}
    return {"config": LOOK["config"] | marks}


def _date_time(at: datetime) -> alt.DateTime:
    return alt.DateTime(
        year=at.year, month=at.month, date=at.day, hours=at.hour, minutes=at.minute, utc=True
    )
