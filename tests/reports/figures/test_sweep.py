import math
from dataclasses import replace

import pytest

from reports.card import MissingError
from reports.figures import sweep
from tests.reports.sample import CENTRE
from tests.reports.sample import sweep as sample


def test_the_title_states_center_and_edge() -> None:
    assert (
        sweep.info(sample()).title
        == "The sweep puts the learning rate near 0.0046 (0.0023 to 0.0092); training turns unstable at 0.021"
    )


def test_rules_that_disagree_are_not_an_answer() -> None:
    info = sweep.info(sample(agrees=False))
    assert info.title.startswith("The sweep names no learning rate, only bounds")
    assert {row[2] for row in info.table.rows} == {None}
    assert len(info.draw().data) == 3  # without an answer
    assert "disagree by 3.3 octaves" in info.caption


def test_a_sweep_without_a_center_found_nothing() -> None:
    assert "no rule could be read off" in sweep.info(replace(sample(), rules={}, agrees=False)).title


def test_state_that_was_not_restored_is_said_aloud() -> None:
    assert "NOT restored" in sweep.info(replace(sample(), restored=False)).caption
    assert "NOT" not in sweep.info(sample()).caption


def test_every_rule_is_drawn_and_measured_from_the_answer() -> None:
    info = sweep.info(sample())
    octaves = {row[0]: row[2] for row in info.table.rows}
    assert octaves["drop70"] == pytest.approx(math.log2(2.9e-3 / CENTRE))
    assert octaves["minimum/10"] == pytest.approx(math.log2(8.1e-4 / CENTRE))
    rules = info.draw().data[2]
    assert sorted(rules.x) == [8.1e-4, 1.1e-3, 2.1e-3, 2.9e-3, 2.1e-2]
    assert set(rules.y) == {"minimum/10", "valley", "steepest", "drop70", "edge of stability"}


def test_bounds_center_and_edge_cross_both_panels() -> None:
    shapes = sweep.info(sample()).draw().layout.shapes
    assert [(s.x0, s.x1) for s in shapes if s.type == "rect"] == [(5.2e-4, 1.7e-2)] * 2
    assert sorted(s.x0 for s in shapes if s.type == "line") == [CENTRE, CENTRE, 2.1e-2, 2.1e-2]


def test_what_diverged_leaves_the_frame() -> None:
    info = sweep.info(sample())
    low, high = info.draw().layout.yaxis.range
    assert low < min(info.smoothed)
    assert info.smoothed[0] < high < max(info.smoothed)


def test_losses_that_are_no_numbers_are_left_out_and_long_sweeps_are_thinned() -> None:
    long = replace(
        sample(),
        learning_rates=tuple(1e-5 * 1.01**i for i in range(900)),
        losses=(math.nan, *[3.0] * 899),
        smoothed=(3.0,) * 900,
    )
    info = sweep.info(long)
    assert len(info.losses) == sweep.MAX_POINTS
    assert info.learning_rates[0] == 1e-5 * 1.01


def test_no_finite_loss_and_no_sweep() -> None:
    with pytest.raises(MissingError, match="no finite loss"):
        sweep.info(replace(sample(), losses=(math.inf,) * 100))
    with pytest.raises(MissingError, match="No LR sweep ran"):
        sweep.none()
