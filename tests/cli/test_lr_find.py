"""advisor lr-find: a real sweep of the smallest preset, its JSON, what it says of longer runs and other widths."""

import json

import pytest

from studies.job import MIN_SWEEP_STEPS
from tests.cli.command import advisor

SMALL = ["lr-find", "tiny", "--batch", "4", "--seq", "32", "--steps", "40"]


def test_json_has_the_sweeps_of_all_seeds_and_how_the_answer_was_carried() -> None:
    result = advisor(*SMALL, "--seeds", "2", "--steps-of-run", "5000", "--width", "128", "--json")
    assert result.returncode == 0, result.stderr
    sweep = json.loads(result.stdout)
    assert len(sweep["by_seed"]) == 2
    assert sweep["restored"]
    assert len(sweep["learning_rates"]) == len(sweep["losses"]) == len(sweep["smoothed"]) >= MIN_SWEEP_STEPS
    if sweep["centre"] is None:
        assert sweep["carried"] is None
        assert sweep["verdict"].startswith("No answer: ")
        return
    steps, width = sweep["carried"]["transfers"]
    assert (steps["of"], steps["source_value"], steps["target_value"]) == ("steps", sweep["horizon"], 5000)
    assert (width["of"], width["target_value"]) == ("d_model", 128)
    assert sweep["carried"]["centre"] == pytest.approx(sweep["centre"] * steps["factor"] * width["factor"])
    assert "arXiv:2409.19913" in steps["text"]


def test_the_text_names_the_answer_each_rule_and_the_bounds() -> None:
    result = advisor(*SMALL, "--parametrization", "mup", "--base-width", "32", "--width", "512")
    assert result.returncode == 0, result.stderr
    for said in (
        "drop50",
        "drop70",
        "steepest",
        "valley",
        "edge",
        "minimum/10",
        "bounds for a search",
        "byte for byte",
    ):
        assert said in result.stdout
    assert result.stdout.startswith(("A run of", "No answer: "))
    assert ("carried: " in result.stdout) == result.stdout.startswith("A run of")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--steps-of-run", "0"], "steps of the run: expected a whole number"),
        (["--width", "0"], "width: expected a whole number"),
        (["--parametrization", "mpu"], "mup"),
        (["--seeds", "0"], "--seeds"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(arguments: list[str], said: str) -> None:
    result = advisor("lr-find", *arguments)
    assert result.returncode == 2
    assert said in result.stderr
