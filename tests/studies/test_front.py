"""Studies of several objectives: what models cost is exact, and the front is Optuna's."""

import csv
import dataclasses
import io
import math
from pathlib import Path

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.exceptions import ExperimentalWarning

import studies
from advisor import gpus, ledger
from advisor.cli import answer
from advisor.errors import InputError, UnknownError
from advisor.http.table import trials_csv
from advisor.timing.latency import latency
from search_spaces import parse
from studies.answer import Answer
from studies.as_optuna import as_optuna
from studies.front import front, unbeaten
from studies.objectives import OBJECTIVES, check_objectives
from studies.records import StudyRecord
from studies.trial.build import build
from tests.studies.examples import settings
from tests.studies.test_study import worker

ALL = ("loss", *OBJECTIVES)
GPU = "RTX 4090"
ROWS = st.integers(1, 4).flatmap(lambda n: st.lists(st.tuples(*[st.integers(0, 5)] * n), min_size=1, max_size=30))


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> StudyRecord:
    """A study of all objectives with a worker that pretends."""
    asked = settings(
        tmp_path_factory.mktemp("front"), objectives=ALL, latency_on=GPU, max_trials=6, budget_seconds=900.0
    )
    return studies.run(asked, executor=worker("pretends"))


@given(ROWS)
def test_the_front_is_optunas(rows: list[tuple[int, ...]]) -> None:
    study = optuna.create_study(directions=["minimize"] * len(rows[0]))
    study.add_trials([optuna.trial.create_trial(values=[float(value) for value in row]) for row in rows])
    assert unbeaten(rows) == sorted(trial.number for trial in study.best_trials)


def test_the_front_of_a_study_is_that_of_its_optuna_study(record: StudyRecord) -> None:
    study = as_optuna(record)
    assert {t.user_attrs["number"] for t in study.best_trials} == {t.number for t in front(record)}
    reference = [1.1 * max(trial.values[i] for trial in study.trials) for i in range(len(ALL))]
    with pytest.warns(ExperimentalWarning):
        (history,) = optuna.visualization.plot_hypervolume_history(study, reference).data
    assert list(history.y) == sorted(history.y)
    assert history.y[-1] > 0


def test_costs_equal_what_the_estimator_says(record: StudyRecord) -> None:
    space = parse(dict(record.space), "tiny")
    for trial in record.trials:
        model, plan, _ = space.resolve(trial.point)
        estimate, span = ledger.estimate(model, plan), latency(model, plan, gpus.find(GPU))
        assert span is not None
        assert trial.costs == {
            "parameters": estimate.parameters.total,
            "memory": estimate.memory.allocated.bytes,
            "flops": estimate.flops.per_token,
            "latency": span.seconds,
        }
        assert trial.costs["parameters"] == sum(weight.numel() for weight in build(model, plan).parameters())


def test_every_full_trial_that_ended_is_a_candidate_of_the_front(record: StudyRecord) -> None:
    full = [t for t in record.trials if t.role in ("default", "search", "front") and t.is_full]
    found = {trial.number for trial in front(record)}
    assert found
    for trial in full:
        values = [trial.value, *trial.costs.values()]
        rivals = [[t.value, *t.costs.values()] for t in full if t.number in found]
        beaten = [rival for rival in rivals if rival != values and all(map(_at_most, rival, values))]
        assert (trial.number in found) == (not beaten)


def _at_most(one: float | None, other: float | None) -> bool:
    return (math.inf if one is None else one) <= (math.inf if other is None else other)


def test_the_answer_has_the_front_beside_the_best(record: StudyRecord) -> None:
    found, text, data = front(record), "\n".join(answer.lines(record)), Answer.of(record).as_data()
    assert record.best is not None
    assert found[0].value is not None
    assert found[0].value <= record.best.value  # type: ignore[operator]
    assert "No trial beats these in loss, parameters, memory of a step, FLOPs per token and latency at once:" in text
    rows = text.partition("at once:")[2].split("\n")[2:]
    assert [row.split()[:2] for row in rows[1 : len(found) + 1]] == [[f"{t.number}", f"{t.value:.4f}"] for t in found]
    assert [(row["number"], row["costs"]) for row in data["front"]] == [(t.number, t.costs) for t in found]
    assert data["objectives"] == list(ALL)


def test_the_csv_has_costs_and_says_what_is_on_the_front(record: StudyRecord) -> None:
    rows, numbers = list(csv.DictReader(io.StringIO(trials_csv(record)))), {t.number for t in front(record)}
    assert {int(row["number"]) for row in rows if row["front"] == "True"} == numbers
    assert [float(row["costs.latency"]) for row in rows] == [t.costs["latency"] for t in record.trials]


def test_one_objective_has_no_front(record: StudyRecord) -> None:
    alone = dataclasses.replace(record, objectives=("loss",))
    assert front(alone) == ()
    assert "at once" not in "\n".join(answer.lines(alone))
    assert "front" not in trials_csv(alone).split("\n")[0].split(",")


def test_an_unknown_objective_is_said_with_the_nearest() -> None:
    with pytest.raises(UnknownError, match="unknown objective 'parameter'; near: parameters"):
        check_objectives(("loss", "parameter"))


def test_a_latency_that_cannot_be_predicted_is_refused_before_a_study_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADVISOR_PROFILES", str(tmp_path))  # this machine's CPU has not been measured
    with pytest.raises(InputError, match="objectives: latency: expected a device whose rates are known"):
        studies.run(settings(tmp_path, objectives=("loss", "latency")))
    with pytest.raises(InputError, match="--latency-on: expected latency among the objectives"):
        studies.run(settings(tmp_path, latency_on=GPU))
    assert not (tmp_path / "store.db").exists()
