"""What several rooms of tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hookanalysis.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def db() -> Iterator[Database]:
    """An empty workspace in memory."""
    with Database(":memory:") as database:
        yield database
