"""Times on the reader's wall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hookanalysis.errors import InputError
from hookanalysis.zones import check_zone, name_zone, to_local, to_utc

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2025, 12, 31))  # noqa: DTZ001 - UTC, naive
ZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Europe/London")


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=40, deadline=None)
@given(at=MOMENTS)
def test_a_clock_shows_what_python_says(zone: str, at: datetime) -> None:
    expected = at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert to_local([at], zone) == [expected]


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=10, deadline=None)
@given(at=MOMENTS)
def test_there_and_back(zone: str, at: datetime) -> None:
    # Of the hour that an autumn night has twice, either one is meant.
    assert abs(to_utc(to_local([at], zone)[0], zone) - at) <= timedelta(hours=1)


def test_zones_are_named_with_their_distance() -> None:
    at = datetime(2026, 7, 1)  # noqa: DTZ001 - UTC, naive
    assert name_zone("UTC", at) == "UTC"
    assert name_zone("America/New_York", at) == "America/New_York (UTC\N{MINUS SIGN}4)"
    assert name_zone("Asia/Kolkata", at) == "Asia/Kolkata (UTC+5:30)"


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "UTC'; SELECT 1"])
def test_there_is_no_such_zone(name: str) -> None:
    with pytest.raises(InputError, match="no time zone"):
        check_zone(name)
