"""Intervals from a few seeds, beside what other seeds did."""

import math
from collections import defaultdict
from pathlib import Path
from statistics import fmean, median

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from studies import seeds

TRUTH = Path(__file__).parents[1] / "bench" / "lr" / "truth.csv"
NEAR = 1.03  # times the best mean loss of the shape: what a search ends at


def groups() -> list[list[float]]:
    """Losses of three seeds or more, of each config near the best learning rate of its shape."""
    shapes = defaultdict(list)
    for (shape, _), losses in pd.read_csv(TRUTH).groupby(["shape", "learning_rate"]).loss:
        if len(losses) >= 3:
            shapes[shape].append(losses.tolist())
    return [g for found in shapes.values() for g in found if fmean(g) < NEAR * min(map(fmean, found))]


def test_two_seeds_foretell_the_third_as_often_as_they_say() -> None:
    held, widths, students = [], [], []
    for group in groups():
        for left_out in range(len(group)):
            two = [loss for i, loss in enumerate(group) if i != left_out][:2]
            found = seeds.lead(two, [group[left_out]])
            assert found.half is not None
            held.append(not found.is_clear)
            widths.append(found.half)
            students.append(stdtrit(1, 0.975) * abs(two[0] - two[1]) / math.sqrt(2) * math.sqrt(1.5))
    assert len(held) > 100
    assert 0.92 <= fmean(held) <= 0.98
    assert median(widths) < median(students) / 2


def test_many_seeds_say_their_own_spread_whatever_is_usual() -> None:
    rng = np.random.default_rng(0)
    found = [seeds.mean(rng.normal(2.0, 0.1, 20).tolist()) for _ in range(500)]
    covered = sum(each.low <= 2.0 <= each.high for each in found if each.low is not None and each.high is not None)
    assert 460 <= covered <= 490  # 95 %, give or take three deviations
