"""Long series in which little happens: what lies between two moments that matter, as one row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hookanalysis.database import sql_text

if TYPE_CHECKING:
    from hookanalysis.database import Database


def write_stretches(db: Database, name: str) -> None:
    """Make the temporary table `name` of `sql/stretches/<name>.sql`: one row a stretch of tries.

    The query gives tries and cuts: when (`moment`), whether it is a cut (`cut`), and in the other
    columns, numbers, of which series. A stretch lies between two cuts of its series; a try at the
    moment of a cut lies before it. Of each stretch: its series, `first_at`, `last_at`, `tries`.
    """
    columns = db.con.execute(
        f"SELECT * REPLACE (epoch_us(moment) AS moment) FROM ({sql_text(f'stretches/{name}')})"
    ).fetchnumpy()
    moment, cut = np.asarray(columns.pop("moment")), np.asarray(columns.pop("cut"))
    series = [np.asarray(column) for column in columns.values()]
    order = np.lexsort((cut, moment, *series))
    cut, moment, series = cut[order], moment[order], [column[order] for column in series]
    change = np.logical_or.reduce([np.diff(column, prepend=-1) != 0 for column in series])
    stretch = np.cumsum(cut | change)[~cut]
    first = np.flatnonzero(np.diff(stretch, prepend=-1))
    moment, series = moment[~cut], [column[~cut] for column in series]
    tries = np.diff(first, append=len(stretch))
    found = dict(zip(columns, (column[first] for column in series), strict=True))
    ends = {"first_us": moment[first], "last_us": moment[first + tries - 1], "tries": tries}
    db.con.register("stretches", found | ends)
    try:
        db.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * EXCLUDE (first_us, last_us),"
            " make_timestamp(first_us) AS first_at, make_timestamp(last_us) AS last_at"
            " FROM stretches"
        )
    finally:
        db.con.unregister("stretches")
