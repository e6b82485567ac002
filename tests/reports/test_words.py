import math

import pytest

from reports import words


@pytest.mark.parametrize(
    ("show", "value", "expected"),
    [
        (words.rate, 0.00423, "0.00423"),
        (words.rate, 3e-5, "3e-5"),
        (words.column_rate, 0.0042, "4.20e-3"),
        (words.compact_rate, 0.005, "5e-3"),
        (words.compact_rate, 0.1, "0.1"),
        (words.compact_count, 2e8, "200M"),
        (words.compact_count, 1e9, "1B"),
        (words.compact_count, 1000, "1k"),
        (words.compact_flops, 5e12, "5T"),
        (words.percent, 0.137, "14 %"),
        (words.loss, 1.99951, "2.000"),
        (words.size, 24 * 2**30, "24.00 GiB"),
        (words.whole, 1048576.0, "1,048,576"),
        (words.hours, 1.5, "1.5 h"),
        (words.signed, -0.44, "-0.4"),
    ],
)
def test_numbers_as_they_are_read(show: words.Show, value: float, expected: str) -> None:
    assert show(value) == expected


@pytest.mark.parametrize("value", [None, math.nan, ""])
def test_what_is_missing_is_a_dash(value: object) -> None:
    assert words.text(value) == words.loss(value if value != "" else None) == words.MISSING


def test_text_is_cut_and_loses_its_control_characters() -> None:
    assert words.text("a\x00b\nc\ud800") == "a\ufffdb c\ufffd"
    assert len(words.text("x" * 10_000)) == words.SHORT


def test_lists_and_plurals() -> None:
    assert words.listed(["a", "b", "c"]) == "a, b and c"
    assert words.listed(["a"]) == "a"
    assert words.listed([]) == words.MISSING
    assert words.many(1, "trial") == "1 trial"
    assert words.many(0, "trial") == "0 trials"


def test_losses_that_are_shown_alike_are_the_same() -> None:
    assert words.gap(0.1204, "below", "above", "as low as") == "0.120 below"
    assert words.gap(-0.0006, "below", "above", "as low as") == "0.001 above"
    assert words.gap(-0.0004, "below", "above", "as low as") == "as low as"
