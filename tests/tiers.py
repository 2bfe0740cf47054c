"""Which cases of a test are tried in each run, and which are long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable


def some(values: Iterable[Any], *often: Any) -> list[Any]:
    """Parameters; those of them that begin with one of `often` are tried in each run."""
    every = [value if isinstance(value, tuple) else (value,) for value in values]
    return [pytest.param(*v, marks=() if v[0] in often else pytest.mark.long) for v in every]
