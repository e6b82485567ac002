"""A winner by one seed's luck: other seeds find it out, in the search and after it."""

import math
from collections.abc import Mapping
from pathlib import Path

import pytest

import search_spaces
from studies.records import RERUNS
from studies.strategy.past import Past, lowest, settled
from studies.strategy.strategy import Candidate
from studies.trials import best, contenders
from tests.studies.examples import TINY
from tests.studies.strategy.test_stages import BEST_RATE, loss_of
from tests.studies.strategy.virtual import Study

LUCK = 0.3  # [nats/token]


def is_high(point: Mapping[str, float]) -> bool:
    """Whether luck decides."""
    return point["learning_rate"] * point["d_model"] > 1.3 * 32 * BEST_RATE


class Lucky(Study):
    """Where the learning rate is too high, the study's own seed does far better than it should, and others worse."""

    def loss_of(self, candidate: Candidate) -> float:
        luck = LUCK if candidate.job.seed == self.bench.settings.seed else -LUCK
        return super().loss_of(candidate) - (luck if is_high(candidate.point) else 0.0)


def lucky(folder: Path, name: str, trials: int, at_once: int = 1) -> Lucky:
    study = Lucky(search_spaces.load(name), loss_of, folder, budget=300.0, trials=trials, at_once=at_once)
    study.run()
    return study


@pytest.mark.parametrize("at_once", [1, 2])
@pytest.mark.parametrize("name", [TINY, "decoder-small"])
def test_a_search_leaves_what_was_luck(name: str, at_once: int, tmp_path: Path) -> None:
    study = lucky(tmp_path, name, 20, at_once)
    full = [run for run in study.runs if run.candidate.role == "search" and run.outcome.state == "COMPLETE"]
    assert is_high(min(full, key=lambda run: run.outcome.value or math.inf).candidate.point)
    again = [run for run in study.runs if run.candidate.role == "repeat" and is_high(run.candidate.point)]
    assert again
    later = [run for run in full if run.began >= again[-1].ends]
    assert later
    assert not any(is_high(run.candidate.point) for run in later)
    winner = best(study.bench.search.finished)
    assert winner is not None
    assert not is_high(winner.point)


def test_finals_go_on_with_the_next_best_where_the_winner_was_luck(tmp_path: Path) -> None:
    study = lucky(tmp_path, "decoder-small", 4)
    finals = [run.candidate for run in study.runs if run.candidate.role in RERUNS]
    assert [is_high(candidate.point) for candidate in finals] == [True, False, False]
    winner, *others = contenders(study.bench.search.finished)
    assert winner.point == finals[-1].point
    assert {candidate.job.seed for candidate in finals[1:]} == {1, 2}
    assert winner.value is not None
    assert any(other.value < winner.value for other in others if other.value is not None)


def test_a_loss_counts_with_those_of_its_re_runs() -> None:
    high, low = {"learning_rate": 0.01}, {"learning_rate": 0.001}
    steady = Past(number=0, role="search", params=low, loss=1.54)
    once = Past(number=1, role="search", params=high, loss=1.5)

    def winner(*reruns: float | None) -> int | None:
        again = [Past(number=2 + i, role="repeat", params=high, loss=loss) for i, loss in enumerate(reruns)]
        found = lowest(settled([steady, once, *again]))
        return found and found.number

    assert (winner(), winner(1.51), winner(1.83), winner(math.inf), winner(None)) == (1, 1, 0, 0, 1)
