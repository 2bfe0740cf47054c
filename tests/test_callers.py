"""Whose lines they are, told from columns of times and addresses alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hookanalysis.verdict.windows import SECOND, find_strangers, pair

SENDER, OTHER = 1, 2


def layer(every: int, listed: slice) -> tuple[np.ndarray, dict[str, Any]]:
    """A sender calls every eight seconds, another one on the same path: who is a stranger?"""
    sent = np.arange(200, dtype=np.int64) * 8 * SECOND
    others = np.arange(0, 1600 * SECOND, every * SECOND)
    times = np.concatenate([sent + SECOND // 5, others])
    order = np.argsort(times, kind="stable")
    address = np.concatenate([np.full(len(sent), SENDER), np.full(len(others), OTHER)])
    zero = np.zeros(len(times), dtype=np.int64)
    lines = {"logged_at": times[order], "address": address[order], "path_no": zero}
    at = sent[listed]
    requests = {"path_no": np.zeros(len(at), dtype=np.int64)}
    rows, columns = pair(at - SECOND // 2, at + SECOND, requests, lines)
    answered = np.ones(len(rows), dtype=bool)
    return find_strangers(rows, columns, answered, lines, at), lines


@pytest.mark.parametrize("every", [1, 3, 50])
def test_an_address_that_calls_when_nothing_is_due_is_a_strangers(every: int) -> None:
    flags, lines = layer(every, slice(None))
    assert np.array_equal(flags, lines["address"] == OTHER)


@pytest.mark.parametrize("listed", [slice(None, None, 2), slice(None, None, 10)])
def test_a_sender_of_whom_a_part_is_exported_is_no_stranger(listed: slice) -> None:
    flags, _ = layer(3, listed)
    assert not flags.any()
