"""What is said of a study's best trial: its interval, and the borders that it lies on."""

import dataclasses
from typing import Any

import pytest

import search_spaces
from advisor.cli.answer import lines
from reports.answer import WordedAnswer
from studies.answer import Answer
from studies.borders import borders
from studies.records import StudyRecord, TrialRecord
from tests.reports.sample import study
from tests.studies.examples import TINY


def record(values: list[float], **params: float) -> StudyRecord:
    """A study of the tiny space whose best trial has these params and these finals; its default reached 2.4."""
    given = study()
    base = given.trials_of("search")[0]
    middle = {"learning_rate": 3e-3, "dropout": 0.0, "d_model": 32, "depth_fraction": 1.0}

    def trial(number: int, role: Any, value: float) -> TrialRecord:
        return dataclasses.replace(
            base, number=number, role=role, state="COMPLETE", value=value, params={**middle, **params}, curve=()
        )

    finals = [trial(1 + i, "final", value) for i, value in enumerate(values)]
    trials = (trial(0, "search", 2.0), *finals, trial(1 + len(finals), "default", 2.4))
    return dataclasses.replace(given, space=search_spaces.load(TINY).document, trials=trials)


def test_two_finals_give_an_interval_one_does_not() -> None:
    found = Answer.of(record([2.1, 2.2])).loss
    assert found is not None
    assert (found.mean, found.runs) == (pytest.approx(2.15), 2)
    assert found.low is not None
    alone = Answer.of(record([2.1])).loss
    assert alone is not None
    assert (alone.mean, alone.low, alone.runs) == (2.1, None, 1)


def test_command_line_report_and_service_quote_one_loss() -> None:
    """The mean of the re-runs, not the first of them."""
    ended = record([2.1, 2.2])
    spoken, written, sent = lines(ended), WordedAnswer.of(ended).comparison, Answer.of(ended).as_data()
    assert any(line.split()[:2] == ["tuned", "2.1500"] for line in spoken)
    assert "a validation loss of 2.150 nats/token" in written
    assert sent["loss"]["mean"] == pytest.approx(2.15)
    assert sent["gain"]["mean"] == pytest.approx(2.4 - 2.15)
    assert any(line.split()[:2] == ["gain", "0.2500"] for line in spoken)


@pytest.mark.parametrize(
    ("again", "said", "written"),
    [(2.6, "trial 0 (learning rate 1.43e-02): 2.0000, but 2.6000 with another seed", "but 2.600 with another seed"),
     (None, "2.0000, but diverged with another seed", "but diverged with another seed: it was set aside")],
)  # fmt: skip
def test_what_was_lower_once_is_set_aside(again: float | None, said: str, written: str) -> None:
    given = record([])
    lucky = given.trials[0]
    steady = dataclasses.replace(lucky, number=5, value=2.1, point={**lucky.point, "learning_rate": 1e-3})
    rerun = dataclasses.replace(lucky, number=6, role="repeat", value=again or 7.0, seed=1)
    if again is None:
        rerun = dataclasses.replace(rerun, state="PRUNED", reason="diverged")
    ended = dataclasses.replace(given, trials=(*given.trials, steady, rerun))
    found = Answer.of(ended)
    assert (found.tuned, found.runner_up) == (steady, lucky)
    (told,) = [line for line in lines(ended) if "set aside" in line]
    assert said in told
    assert written in WordedAnswer.of(ended).rerun
    assert [trial["number"] for trial in found.as_data()["set_aside"]] == [0]


@pytest.mark.parametrize(
    ("params", "knobs"),
    [
        ({}, []),
        ({"learning_rate": 0.099}, ["learning_rate"]),
        ({"learning_rate": 1e-4, "d_model": 48}, ["learning_rate", "d_model"]),
        ({"dropout": 0.3}, ["dropout"]),
    ],
)
def test_borders_that_the_best_lies_on_are_said(params: dict[str, float], knobs: list[str]) -> None:
    found = borders(record([], **params))
    assert [border.knob for border in found] == knobs
    assert all(f"The best {border.knob}" in str(border) for border in found)
