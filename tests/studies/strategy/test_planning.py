"""What the default strategy plans, what it runs, and when it says that it will end."""

from collections.abc import Mapping
from pathlib import Path

import pytest

import search_spaces
from studies.quota import Quota
from studies.records import RERUNS
from studies.strategy.costs import Costs
from studies.strategy.past import past
from studies.trials import best
from tests.studies.examples import TINY
from tests.studies.strategy.test_stages import loss_of
from tests.studies.strategy.virtual import Run, Study

BUDGET = 300.0  # [s]


def winners_reruns(study: Study) -> list[Run]:
    """Runs of the winner's config with other seeds."""
    winner = best(study.bench.search.finished)
    assert winner is not None
    return [run for run in study.runs if run.candidate.role in RERUNS and run.candidate.point == winner.point]


@pytest.mark.parametrize("at_once", [1, 2])
@pytest.mark.parametrize("trials", [1, 2, 8])
@pytest.mark.parametrize("name", [TINY, "decoder-small"])
def test_a_study_runs_what_its_strategy_plans_and_ends_when_it_said(
    name: str, trials: int, at_once: int, tmp_path: Path
) -> None:
    study = Study(search_spaces.load(name), loss_of, tmp_path, budget=BUDGET, trials=trials, at_once=at_once)
    study.run()
    assert study.roles.count("default") == 1
    assert len(winners_reruns(study)) == 2
    assert trials / 2 < study.roles.count("search") <= trials  # of many some less, as few are stopped here
    end = study.clock.now
    assert 0.4 * BUDGET < end <= BUDGET
    later = [predicted for now, predicted in study.predictions if now > 0.6 * end]
    assert later == pytest.approx([end] * len(later), rel=0.15)


@pytest.mark.parametrize("at_once", [1, 2])
@pytest.mark.parametrize("name", [TINY, "decoder-small"])
def test_a_budget_is_used_up_but_for_what_another_trial_would_take(name: str, at_once: int, tmp_path: Path) -> None:
    study = Study(search_spaces.load(name), loss_of, tmp_path, budget=BUDGET, trials=None, at_once=at_once)
    study.run()
    end, reruns = study.clock.now, winners_reruns(study)
    assert len(reruns) == 2
    again = max(run.ends - run.began for run in reruns)
    assert BUDGET - 1.3 * again < end <= BUDGET
    assert [predicted for _, predicted in study.predictions] == pytest.approx([end] * len(study.predictions), rel=0.15)


@pytest.mark.parametrize("name", [TINY, "decoder-small"])
def test_the_short_runs_of_a_study_whose_widest_model_is_the_best_are_planned(name: str, tmp_path: Path) -> None:

    def loss(point: Mapping[str, float]) -> float:
        return loss_of(point) + 10 / point["d_model"]

    study = Study(search_spaces.load(name), loss, tmp_path, budget=BUDGET, trials=1)
    study.run()
    costs, ended = Costs(study.bench, study.space, None), past(study.bench.search.finished, ())
    number = study.roles.count("shape")
    assert study.roles[:number] == ["shape"] * number
    left = [costs.left(ended[:done], Quota(tokens=10**5), 1, 1.0, 2) for done in range(number + 1)]
    others = 1 + 1 + 2  # the full trial, the default, the re-runs
    assert [sum(part.trials for part in parts) for parts in left] == [number - n + others for n in range(number + 1)]


def test_full_trials_of_all_models_take_as_long(tmp_path: Path) -> None:
    study = Study(search_spaces.load(TINY), loss_of, tmp_path, budget=BUDGET, trials=8)
    study.run()
    full = [run for run in study.runs if run.outcome.state == "COMPLETE" and run.candidate.job.starts_from is None]
    full = [run for run in full if run.candidate.length == 1]
    assert len({run.candidate.job.flops_per_step for run in full}) > 2
    assert {run.candidate.job.has_dropout for run in full} == {True, False}
    seconds = [run.ends - run.began for run in full]
    assert seconds == pytest.approx([seconds[0]] * len(seconds), rel=0.05)


def test_nothing_is_stopped_for_re_runs_before_there_is_a_winner(tmp_path: Path) -> None:
    study = Study(search_spaces.load(TINY), loss_of, tmp_path, budget=BUDGET, trials=8)
    study.run()
    first, *later = [run.candidate.reserved_seconds for run in study.runs if run.candidate.role == "search"]
    assert first == 0.0
    assert later
    assert min(later) > 0.0


def test_two_slots_are_both_busy_while_the_search_lasts(tmp_path: Path) -> None:
    spent = []
    for at_once in (1, 2):
        study = Study(search_spaces.load("decoder-small"), loss_of, tmp_path, budget=BUDGET, trials=8, at_once=at_once)
        study.run()
        spent.append(sum(run.ends - run.began for run in study.runs) / study.clock.now)
    assert spent[0] == pytest.approx(1.0)
    assert spent[1] > 1.6
