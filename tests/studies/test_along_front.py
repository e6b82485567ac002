"""Whole studies of two objectives, with workers that pretend."""

from pathlib import Path
from typing import Any

import pytest

import studies
from studies.front import front
from studies.records import StudyRecord
from studies.search import Search
from studies.strategy.along_front import Beaten
from studies.strategy.past import Past
from studies.strategy.strategy import Candidate
from tests.studies.examples import CPU, settings, trial_job
from tests.studies.test_shapes_first import story
from tests.studies.test_study import Interrupts, worker
from tests.studies.workers import point

TRIALS = 3
ASKED: dict[str, Any] = {
    "budget_seconds": 900.0,
    "objectives": ("loss", "parameters"),
    "sampler": "shapes-first",
    "max_trials": TRIALS,
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> StudyRecord:
    """A study in which larger models are better."""
    return studies.run(settings(tmp_path_factory.mktemp("whole"), **ASKED), executor=worker("prefers_large"))


def roles(record: StudyRecord) -> list[str]:
    return [trial.role for trial in record.trials]


def test_cheaper_models_run_between_the_search_and_the_finals(whole: StudyRecord) -> None:
    after = roles(whole)[roles(whole).index("front") :]
    assert after == sorted(after, key=("front", "final").index)
    assert roles(whole).count("search") == TRIALS
    full = [t for t in whole.trials_of("front") if t.length == 1]
    best = whole.best
    assert best is not None
    assert all(2 * trial.parameters <= best.parameters for trial in full)
    assert {t.number for t in full} <= {t.number for t in front(whole)}
    assert {t.point["d_model"] for t in whole.trials_of("final")} == {best.point["d_model"]}


def test_an_interrupted_study_goes_on_as_if_nothing_had_happened(whole: StudyRecord, tmp_path: Path) -> None:
    first, last = whole.trials_of("front")[0].number, whole.trials_of("front")[-1].number
    asked, interrupts = settings(tmp_path, **ASKED), Interrupts(first, last, last + 1)
    with pytest.raises(KeyboardInterrupt):
        studies.run(asked, executor=worker("prefers_large"), on_event=interrupts)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            studies.resume("study", store=asked.store, executor=worker("prefers_large"), on_event=interrupts)
    cut = studies.resume("study", store=asked.store, executor=worker("prefers_large"))
    assert [story(trial) for trial in cut.trials] == [story(trial) for trial in whole.trials]
    assert [t.number for t in front(cut)] == [t.number for t in front(whole)]


def test_any_sampler_has_a_front(tmp_path: Path) -> None:
    asked = settings(tmp_path, **{**ASKED, "sampler": "nsgaii"}, devices=(CPU, CPU))
    record = studies.run(asked, executor=worker("prefers_large"))
    assert [t.role for t in record.trials if t.role in ("search", "final")] == ["search"] * TRIALS + ["final"] * 2
    cheapest = min(record.trials, key=lambda t: t.parameters)
    assert (cheapest.point["d_model"], cheapest.point["depth"]) == (16, 1)
    assert cheapest.number in {t.number for t in front(record)}


def test_a_cheaper_model_that_is_better_wins(tmp_path: Path) -> None:
    """Then it is what the finals run again."""
    record = studies.run(settings(tmp_path, **ASKED), executor=worker("prefers_small"))
    best = record.best
    assert best is not None
    assert best.role == "front"
    assert {t.point["d_model"] for t in record.trials_of("final")} == {best.point["d_model"]}
    assert [t.number for t in front(record)] == [best.number]


@pytest.mark.parametrize(("length", "loss", "stops"), [(1.0, 2.2, True), (1.0, 2.03, False), (0.12, 2.2, False)])
def test_a_full_trial_behind_one_that_costs_no_more_is_stopped(length: float, loss: float, stops: bool) -> None:
    search, job = Search(0, []), trial_job()
    search.ask({})
    candidate = Candidate(number=0, role="front", params={}, point={}, job=job, predicted_seconds=1.0, length=length)
    rival = Past(number=7, role="search", params={}, loss=1.8, losses={1: 3.0, 2: 2.0, 3: 1.9, 4: 1.8})
    judge = Beaten(search, candidate, rival)
    for evaluation in (1, 2):
        judge.see(point(evaluation * job.eval_every, loss))
    assert judge.should_stop() == stops
    assert ("behind trial 7, which costs no more" in judge.verdict) == stops
    alone = Beaten(search, candidate, None)  # nothing costs as little: it runs to its end
    alone.see(point(3 * job.eval_every, 9.0))
    assert not alone.should_stop()
