"""What the search suggests, prunes and says."""

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

from studies.job import Outcome
from studies.search import Search
from studies.strategy.named import GIVEN

RUNS = 14
STARTUP_TRIALS = GIVEN["tpe"]["n_startup_trials"]


def suggest(trial: optuna.Trial) -> float:
    """A value of the point, least at x = 0.3, whatever y is."""
    x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
    return (x - 0.3) ** 2 + 0.001 * y


def run(search: Search, trials: int) -> list[FrozenTrial]:
    told = []
    for _ in range(trials):
        number = search.next_number
        value = suggest(search.ask())
        search.report(number, value, 1)
        told.append(search.tell(number, Outcome(state="COMPLETE", value=value), {"role": "search"}))
    return told


def params(trials: list[FrozenTrial]) -> list[dict[str, float]]:
    return [trial.params for trial in trials]


def test_a_resumed_search_goes_on_as_if_nothing_had_happened() -> None:
    whole = run(Search(3, []), RUNS)
    first = run(Search(3, []), RUNS // 2)
    second = run(Search(3, first), RUNS - RUNS // 2)
    assert params(first + second) == params(whole)


def test_seeds_and_attempts_suggest_different_trials() -> None:
    search = Search(3, [])
    suggested = set()
    for attempt in range(3):
        trial = search.ask(attempt=attempt)
        suggest(trial)
        suggested.add(tuple(trial.params.values()))
        search.forget(0)
    assert len(suggested) == 3
    assert params(run(Search(3, []), 1)) != params(run(Search(4, []), 1))


def test_a_forgotten_trial_leaves_no_trace() -> None:
    search = Search(3, [])
    run(search, STARTUP_TRIALS)
    suggest(search.ask(attempt=1))
    search.forget(STARTUP_TRIALS)
    assert params(run(search, 4)) == params(run(Search(3, []), STARTUP_TRIALS + 4))[STARTUP_TRIALS:]


def test_a_trial_that_is_forgotten_leaves_those_that_run() -> None:
    here, there = Search(3, run(Search(3, []), STARTUP_TRIALS)), Search(3, run(Search(3, []), STARTUP_TRIALS))
    for search in (here, there):
        suggest(search.ask())
        search.report(STARTUP_TRIALS, 0.5, 1)
    suggest(here.ask(attempt=1))
    here.forget(STARTUP_TRIALS + 1)
    beside = [search.ask() for search in (here, there)]
    assert [suggest(trial) for trial in beside[:1]] == [suggest(trial) for trial in beside[1:]]
    for search in (here, there):
        search.report(STARTUP_TRIALS, 0.4, 2)
        told = search.tell(STARTUP_TRIALS, Outcome(state="COMPLETE", value=0.4), {"role": "search"})
        assert told.intermediate_values == {1: 0.5, 2: 0.4}


def test_given_params_are_taken_and_keep_their_number() -> None:
    search = Search(0, run(Search(0, []), 2))
    trial = search.ask({"x": 0.25, "y": 0.5})
    suggest(trial)
    assert (trial.number, trial.params) == (2, {"x": 0.25, "y": 0.5})


def test_it_searches_where_trials_were_good() -> None:
    trials = run(Search(0, []), 30)
    late = [trial.params["x"] for trial in trials[20:]]
    assert sum(abs(x - 0.3) for x in late) / len(late) < 0.2  # 0.29 at random


def test_a_trial_above_the_median_is_pruned() -> None:
    search = Search(0, [])
    for value in (1.0, 2.0, 3.0, 4.0):
        number = search.next_number
        suggest(search.ask())
        for evaluation in range(1, 9):
            search.report(number, value, evaluation)
        search.tell(number, Outcome(state="COMPLETE", value=value), {"role": "search"})
    suggest(search.ask())
    verdicts = [search.report(4, 2.6, evaluation) for evaluation in range(1, 5)]
    assert verdicts == [False, False, True, True]


@pytest.mark.parametrize(
    ("outcome", "state", "value"),
    [
        (Outcome(state="COMPLETE", value=1.5), TrialState.COMPLETE, 1.5),
        (Outcome(state="PRUNED", reason="nan", value=None), TrialState.PRUNED, 7.0),
        (Outcome(state="PRUNED", reason="rung", value=3.0), TrialState.PRUNED, 7.0),
        (Outcome(state="FAIL", reason="oom"), TrialState.FAIL, None),
    ],
)
def test_outcomes_become_states(outcome: Outcome, state: TrialState, value: float | None) -> None:
    search = Search(0, [])
    suggest(search.ask())
    search.report(0, 7.0, 1)
    told = search.tell(0, outcome, {"role": "search"})
    assert (told.state, told.value, told.user_attrs) == (state, value, {"run": {"role": "search", "number": 0}})


def test_importances_name_what_mattered() -> None:
    assert Search(0, run(Search(0, []), 7)).importances() == {}
    importances = Search(0, run(Search(0, []), 25)).importances()
    assert sum(importances.values()) == pytest.approx(1)
    assert importances["x"] > 2 * importances["y"]


def test_importances_leave_out_the_finals() -> None:
    trials = run(Search(0, []), 12)
    before = Search(0, trials).importances()
    search = Search(0, trials)
    for value in (0.0, 9.0):
        number = search.next_number
        suggest(search.ask(trials[3].params))
        search.tell(number, Outcome(state="COMPLETE", value=value), {"role": "final"})
    assert search.importances() == before
