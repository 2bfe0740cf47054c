"""Chance: one stream of random numbers for each purpose, so that a world is its number."""

import math
import uuid
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


class Dice:
    """Random draws in plain Python types."""

    def __init__(self, *seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def chance(self, share: float) -> bool:
        return float(self.rng.random()) < share

    def pick(self, options: Sequence[T], weights: Sequence[float] = ()) -> T:
        share = np.array(weights) / sum(weights) if weights else None
        return options[int(self.rng.choice(len(options), p=share))]

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def whole(self, low: int, high: int) -> int:
        """Draw a whole number, both ends included."""
        return int(self.rng.integers(low, high + 1))

    def log(self, low: float, high: float) -> float:
        """Draw evenly over orders of magnitude."""
        return math.exp(self.between(math.log(low), math.log(high)))

    def about(self, median: float, spread: float = 0.5) -> float:
        """Draw a lognormal time around `median`."""
        return median * math.exp(spread * float(self.rng.standard_normal()))

    def wait(self, mean: float) -> float:
        return float(self.rng.exponential(mean))

    def uuid(self) -> str:
        return str(uuid.UUID(bytes=self.rng.bytes(16), version=4))

    def letters(self, count: int) -> str:
        signs = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
        return "".join(signs[int(n)] for n in self.rng.integers(0, len(signs), count))
