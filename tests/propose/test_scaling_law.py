"""The scaling law against the runs that it was fitted on, and what repetition is worth.

chinchilla-loss.csv: the 245 runs of Hoffmann et al. 2022 (their figure 4), as extracted for the replication.
"""

import csv
from pathlib import Path

import numpy as np
import pytest

from advisor.propose.scaling_law import FITTED_PARAMETERS, SPREAD, predicted_loss, worth

with Path(__file__).with_name("chinchilla-loss.csv").open(newline="") as _file:
    RUNS = list(csv.DictReader(_file))
PARAMETERS, TOKENS, LOSS = (np.array([float(r[k]) for r in RUNS]) for k in ("params", "tokens_6ND", "loss"))


def test_the_interval_covers_nine_in_ten_of_the_runs() -> None:
    off = np.abs(LOSS / predicted_loss(PARAMETERS, TOKENS) - 1)
    assert 0.9 <= (off <= SPREAD).mean() <= 0.97
    assert np.median(off) < 0.005


def test_the_runs_lie_in_the_stated_range() -> None:
    low, high = FITTED_PARAMETERS
    assert low <= PARAMETERS.min() < PARAMETERS.max() <= high * 1.02


@pytest.mark.parametrize(("epochs", "loss"), [(2, 0.02), (4, 0.08), (40, 0.7)])
def test_repeated_tokens_are_worth_less(epochs: int, loss: float) -> None:
    """Muennighoff et al. 2023: up to four epochs are almost as good as fresh data, forty hardly add anything."""
    share = worth(epochs * 1e9, 1e9) / (epochs * 1e9)
    assert 0 < 1 - share <= loss
    assert worth(epochs * 1e9, 1e9) < worth((epochs + 1) * 1e9, 1e9)


def test_enough_data_changes_nothing() -> None:
    assert predicted_loss(1e8, 2e9, unique=2e9) == predicted_loss(1e8, 2e9)


def test_columns_equal_scalars() -> None:
    parameters, tokens = np.array([1e7, 1e9, 70e9]), np.array([1e9, 5e9, 1e12])
    assert predicted_loss(parameters, tokens, 3e9).tolist() == pytest.approx(
        [predicted_loss(n, d, 3e9) for n, d in zip(parameters.tolist(), tokens.tolist(), strict=True)], rel=1e-12
    )
