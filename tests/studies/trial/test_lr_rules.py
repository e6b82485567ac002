import math

import numpy as np
import pytest

from studies.trial import lr_rules

OCTAVE = math.log(2)


def ramp(steps: int = 100, low: float = 1e-5, high: float = 1.0) -> lr_rules.Floats:
    return np.geomspace(low, high, steps)


def fall(rates: lr_rules.Floats, centre: float, width: float = OCTAVE) -> lr_rules.Floats:
    """A logistic fall from 1 to 0 in log-LR: half of it at `centre`, where it is steepest."""
    return np.asarray(1 / (1 + np.exp((np.log(rates) - math.log(centre)) / width)))


def curve(rates: lr_rules.Floats, centre: float = 3e-3, edge: float = 0.2) -> lr_rules.Floats:
    """5.5 nats down to 3.0 around `centre`, and up again, ever steeper, from `edge` on."""
    return np.asarray(3.0 + 2.5 * fall(rates, centre) + 2.0 * np.maximum(0, np.log2(rates / edge)) ** 2)


def octaves(a: float, b: float) -> float:
    return math.log2(a / b)


@pytest.mark.parametrize("centre", [3e-4, 3e-3, 2e-2])
def test_rules_name_the_points_that_the_curve_was_made_with(centre: float) -> None:
    rates = ramp(1000)
    rules = lr_rules.read(rates, curve(rates, centre=centre, edge=100 * centre))
    assert octaves(rules["steepest"], centre) == pytest.approx(0, abs=0.05)
    assert octaves(rules["drop70"], centre) == pytest.approx(
        math.log(0.7 / 0.3), abs=0.05
    )  # logistic quantile, width 1
    if 100 * centre < 1:  # 2 * octaves**2 = a tenth of the drop of 2.5
        assert octaves(rules["edge"], 100 * centre) == pytest.approx(math.sqrt(0.125), abs=0.05)


def test_valley_is_the_middle_of_the_longest_fall() -> None:
    losses = np.concatenate([np.linspace(5, 5.4, 20), np.linspace(5.5, 3, 41), np.linspace(3.1, 9, 40)])
    assert lr_rules.valley(losses) == (20 + 60) // 2


def test_minimum_over_ten_is_a_tenth_of_the_lowest_point() -> None:
    rates = ramp(101)
    losses = np.abs(np.arange(101) - 60.0)
    assert lr_rules.read(rates, losses)["minimum/10"] == pytest.approx(rates[60] / 10)


def test_a_loss_that_never_turns_up_has_no_edge() -> None:
    rates = ramp()
    assert "edge" in lr_rules.read(rates, curve(rates))
    assert "edge" not in lr_rules.read(rates, fall(rates, 3e-3))


def test_smoothing_keeps_constants_and_lines_in_log_lr_and_calms_noise() -> None:
    rates = ramp()
    line = np.log2(rates)
    np.testing.assert_allclose(lr_rules.smooth(rates, np.full(100, 5.0)), 5.0)
    np.testing.assert_allclose(lr_rules.smooth(rates, line)[30:-30], line[30:-30], atol=1e-5)
    noise = np.random.default_rng(0).normal(0, 0.1, 100)
    assert lr_rules.smooth(rates, noise).std() < 0.04


@pytest.mark.parametrize("steps", [50, 100, 400])
def test_answers_do_not_depend_on_the_number_of_steps(steps: int) -> None:
    rates = ramp(steps)
    rules = lr_rules.read(rates, lr_rules.smooth(rates, curve(rates)))
    assert octaves(rules["steepest"], 3e-3) == pytest.approx(0, abs=0.3)
    assert octaves(rules["drop70"], 3e-3) == pytest.approx(math.log(0.7 / 0.3), abs=0.4)


@pytest.mark.parametrize("seed", range(5))
def test_noise_moves_the_centre_by_less_than_an_octave(seed: int) -> None:
    rates = ramp()
    noisy = curve(rates) + np.random.default_rng(seed).normal(0, 0.1, 100)
    rules = lr_rules.read(rates, lr_rules.smooth(rates, noisy))
    assert abs(octaves(rules["drop70"], 3e-3)) < 1.6
    assert abs(octaves(rules["steepest"], 3e-3)) < 1


@pytest.mark.parametrize("losses", [np.full(100, 5.5), np.linspace(5.5, 8, 100), np.linspace(5.5, 5.3, 100)])
def test_a_loss_that_did_not_fall_is_said_to_be_unreadable(losses: lr_rules.Floats) -> None:
    assert not lr_rules.fell(losses)
