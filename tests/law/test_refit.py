"""Laws fitted to runs: the published one again, and what few runs can tell, with intervals that cover."""

import numpy as np
import pytest

from advisor.errors import InputError
from advisor.law import BESIROGLU, HOFFMANN, Point, predict, refit
from tests.law.runs import LEFT_OUT, chinchilla

RUNS = chinchilla()[LEFT_OUT:]
# standard errors of BESIROGLU, by its source (4,000 bootstraps of the 240 runs)
ERRORS = {"E": 0.03, "A": 124.58, "alpha": 0.02, "B": 1293.23, "beta": 0.02}


def test_a_refit_lands_within_the_published_standard_errors() -> None:
    ours = refit(RUNS, keep=HOFFMANN)
    for name, error in ERRORS.items():
        assert abs(getattr(ours, name) - getattr(BESIROGLU, name)) < error / 2, name


def test_hoffmann_s_own_fit_is_not_the_best_of_its_form() -> None:
    """The replication's finding: E and beta as published lie several standard errors off."""
    assert refit(RUNS).E - 3 * ERRORS["E"] > HOFFMANN.E
    assert HOFFMANN.beta < refit(RUNS).beta - 3 * ERRORS["beta"]


@pytest.mark.parametrize("flops", [3e19, 1e20, 3e20, 1e21])
def test_the_interval_covers_costlier_runs_than_were_fitted(flops: float) -> None:
    cheaper = [run for run in RUNS if 6 * run.parameters * run.tokens < flops]
    n, d, loss = np.array([run for run in RUNS if 6 * run.parameters * run.tokens >= flops]).T
    off = np.abs(loss / refit(cheaper).loss(n, d) - 1)
    assert (off <= BESIROGLU.spread).mean() >= 0.9


SIZES, LENGTHS = np.geomspace(1e6, 16e6, 8).tolist(), (1e8, 2e8, 4e8)


def study(lengths: tuple[float, ...], seed: int) -> list[Point]:
    """Runs of every size and length, with 2 % of noise, of a law whose exponents are not those that a refit keeps."""
    noise = np.random.default_rng(seed).normal(0, 0.02, (len(SIZES), len(lengths)))
    return [
        Point(n, d, (1 + 40 / n**0.3 + 900 / d**0.4) * float(np.exp(noise[i, j])))
        for i, n in enumerate(SIZES)
        for j, d in enumerate(lengths)
    ]


@pytest.mark.parametrize("lengths", [LENGTHS[:1], LENGTHS], ids=["one length", "three lengths"])
def test_few_noisy_runs_give_an_interval_that_covers(lengths: tuple[float, ...]) -> None:
    covered = []
    for seed in range(200):
        points = study(lengths, seed)
        n, d, loss = points.pop(seed % len(points))
        p = predict(n, d, law=refit(points))
        covered.append(p.low <= loss <= p.high)
    assert 0.85 <= np.mean(covered) <= 0.97


@pytest.mark.parametrize("lengths", [LENGTHS[:1], LENGTHS], ids=["one length", "three lengths"])
def test_and_covers_up_to_four_times_the_size(lengths: tuple[float, ...]) -> None:
    covered = []
    for seed in range(200):
        law = refit(study(lengths, seed))
        p = predict(64e6, 1e8, law=law)
        covered.append(p.low <= 1 + 40 / 64e6**0.3 + 900 / 1e8**0.4 <= p.high)
    assert np.mean(covered) >= 0.9


def test_a_dozen_real_runs_cover_those_of_up_to_four_times_their_size() -> None:
    """Every tenth run below 1B parameters, with exponents that do not come from these runs' replication."""
    small = [run for run in RUNS if run.parameters < 1e9]
    n, d, loss = np.array([run for run in RUNS if 1e9 <= run.parameters <= 4e9]).T
    covered = []
    for first in range(10):
        p = predict(n, d, law=refit(small[first::10], keep=HOFFMANN))
        covered.append(((p.low <= loss) & (loss <= p.high))[p.within_range].mean())
    assert np.mean(covered) >= 0.9


def test_what_is_fitted_is_what_was_varied() -> None:
    one, three = refit(study(LENGTHS[:1], 0)), refit(study(LENGTHS, 0))
    assert pytest.approx(one.B / BESIROGLU.B) == one.A / BESIROGLU.A  # a scale
    assert pytest.approx(three.B / BESIROGLU.B, rel=0.01) != three.A / BESIROGLU.A
    assert (one.alpha, one.beta) == (three.alpha, three.beta) == (BESIROGLU.alpha, BESIROGLU.beta)
    assert (one.parameters, three.parameters) == (pytest.approx((25e4, 64e6)),) * 2  # four times beyond
    assert one.tokens == pytest.approx((1e8 / 1.1, 1.1e8))
    assert three.tokens == pytest.approx((25e6, 16e8))


def test_the_best_of_equal_runs_counts() -> None:
    points = study(LENGTHS, 0)
    worse = [Point(n, d, loss * 1.5) for n, d, loss in points]
    assert refit([*worse, *points]) == refit(points)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([], "got 'none'"),
        (study(LENGTHS[:1], 0)[:3], "expected 4 or more of different size or length"),
        ([Point(1e6, 1e8, 3.0)] * 9, "expected 4 or more of different size or length"),
        ([Point(n, 1e8, n / 1e6) for n in SIZES], "expected losses that fall with parameters and tokens"),
        ([Point(n, 1e8, float("nan")) for n in SIZES], "expected positive parameters, tokens and losses"),
    ],
)
def test_too_little_is_refused(points: list[Point], message: str) -> None:
    with pytest.raises(InputError, match=message):
        refit(points)
