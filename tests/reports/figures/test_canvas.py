import math

import pytest

from reports.figures.canvas import MIN_TICKS, label, log_ticks


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1e-5, 1.0, [1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0]),
        (8e5, 2.1e7, [1e6, 2e6, 5e6, 1e7, 2e7]),
        (1.4e-3, 4.2e-3, [2e-3, 3e-3, 4e-3]),
    ],
)
def test_log_axes_have_round_ticks_and_never_too_few(low: float, high: float, expected: list[float]) -> None:
    ticks = log_ticks(math.log10(low), math.log10(high * 1.0001))
    assert ticks == pytest.approx(expected)
    assert len(ticks) >= MIN_TICKS


def test_text_of_a_figure_holds_no_markup() -> None:
    assert label("<b>&") == "&lt;b&gt;&amp;"
