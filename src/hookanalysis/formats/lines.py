"""What is common to texts of rows and of objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .forms import literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .forms import Form


def only(form: Form, found: Mapping[str, str]) -> dict[str, str]:
    """Values of texts, as far as they look as the form says."""
    return {
        text: f"CASE WHEN regexp_full_match({value}, {literal(form.only[text])}) THEN {value} END"
        if text in form.only
        else value
        for text, value in found.items()
    }


def misfit(form: Form, unfit: str, reason: str) -> str:
    """Reason code of a record for which the SQL condition `unfit` holds."""
    return (
        f"CASE WHEN NOT ({unfit}) THEN NULL"
        f" WHEN regexp_full_match(record, {literal(form.ignored)}) THEN 'ignored'"
        f" ELSE {reason} END AS misfit"
    )


def select(found: Mapping[str, str], names: Iterable[str]) -> str:
    """The texts as columns, NULL where they are not found."""
    return ", ".join(f"{found.get(name, 'CAST(NULL AS VARCHAR)')} AS {name}" for name in names)
