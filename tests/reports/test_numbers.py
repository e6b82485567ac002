import math

import pytest

from reports.numbers import MAX_POINTS, finite, per_curve, plain, thin


def test_floats_keep_six_digits_and_whole_ones_become_ints() -> None:
    assert plain({"a": 1.23456789e-5, "b": 3e12, "c": (0.1 + 0.2, 7)}) == {
        "a": 1.23457e-05,
        "b": 3 * 10**12,
        "c": [0.3, 7],
    }
    assert isinstance(plain(3e12), int)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_json_cannot_hold_is_none(value: float) -> None:
    assert plain([value]) == [None]
    assert not finite(value)


def test_a_flag_is_not_a_number() -> None:
    assert plain(True) is True
    assert not finite(True)


@pytest.mark.parametrize("limit", [2, 3, 7, 99])
def test_thinning_keeps_both_ends_and_the_order(limit: int) -> None:
    kept = thin(range(100), limit)
    assert len(kept) == len(set(kept)) == limit
    assert kept[0] == 0
    assert kept[-1] == 99
    assert kept == sorted(kept)


def test_thinning_leaves_short_lists_alone() -> None:
    assert thin([3, 1, 2], 3) == [3, 1, 2]


@pytest.mark.parametrize("curves", [40, 60, 200, 300])
def test_many_curves_share_one_budget_of_points(curves: int) -> None:
    assert curves * per_curve(curves) <= MAX_POINTS


def test_few_curves_keep_their_detail() -> None:
    assert per_curve(1) == per_curve(0) == per_curve(15) == 200
