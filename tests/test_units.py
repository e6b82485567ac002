"""Quantities as people write them."""

import pytest

from advisor.errors import InputError
from advisor.units import format_count, format_seconds, parse_bytes, parse_count, parse_seconds


@pytest.mark.parametrize(
    ("text", "number"), [("14GiB", 15032385536), ("24GB", 24 * 10**9), ("512 MiB", 2**29), ("1.5TiB", 3 * 2**39)]
)
def test_bytes(text: str, number: int) -> None:
    assert parse_bytes(text) == number


@pytest.mark.parametrize(
    "text", ["", "14", "GiB", "-1GiB", "0GiB", "nanGiB", "infGB", "1e30GB", "9" * 400 + "B", "1 GiB x"]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="14GiB"):
        parse_bytes(text)


@pytest.mark.parametrize(
    ("text", "number"), [("3m", 180), ("90s", 90), ("1h30m", 5400), ("2d", 172800), ("0.5h", 1800)]
)
def test_seconds(text: str, number: float) -> None:
    assert parse_seconds(text) == number


@pytest.mark.parametrize("text", ["3", "m", "0m", "-3m", "3m junk", "1h30", "3 fortnights", "1e309s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="3m"):
        parse_seconds(text)


@pytest.mark.parametrize(("text", "number"), [("2B", 2 * 10**9), ("1.5M", 1_500_000), ("300", 300), ("10k", 10_000)])
def test_counts(text: str, number: int) -> None:
    assert parse_count(text) == number


def test_formats() -> None:
    assert format_count(1.5e12) == "1.5T"
    assert format_seconds(3 * 86400) == "3.0 days"
    assert format_seconds(0.5) == "500.0 ms"
