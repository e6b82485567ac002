"""What a study finds out before its trials."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

import search_spaces
from advisor import ledger
from studies import events, ramp
from studies.coordinator.measuring import Measuring
from studies.executors.local import LocalExecutor
from tests.studies.examples import GIB, TINY, Listener
from tests.studies.strategy.virtual import Study, curve

STEP = 1.0  # of a trial [s]
MIDDLE = {"learning_rate": 1e-3}


class Nobody:
    """Watches no study."""

    def tick(self) -> None:
        pass


@pytest.fixture
def swept(tmp_path: Path) -> Iterator[Callable[[float], Listener]]:
    """What a study tells of its sweep with so many seconds, of which one step of the middle model takes STEP."""
    space = search_spaces.load(TINY).with_precision("fp32")
    with LocalExecutor(worker="tests.studies.workers:pretends") as executor:

        def run(budget: float) -> Listener:
            study, listener = Study(space, lambda point: 0.0, tmp_path, budget, None), Listener()
            bench = dataclasses.replace(study.bench, executor=executor, tell=listener, live=cast(Any, Nobody()))
            job = bench.jobs.probe(space.point({**space.middle(GIB), **MIDDLE}, GIB), 0)
            points = [dataclasses.replace(point, seconds=point.step * STEP) for point in curve(job, 5.0)]
            bench.forecast.observe(job, points, points[-1].seconds)
            Measuring(bench, space).sweep()
            return listener

        yield run


@pytest.mark.parametrize("budget", [2000.0, 251.0])
def test_a_sweep_takes_half_as_long_per_step_as_a_trial(swept: Callable[[float], Listener], budget: float) -> None:
    [begun] = swept(budget).of(events.PhaseStarted)
    assert begun.predicted_seconds == pytest.approx(ramp.STEPS * STEP / 2)


def test_a_sweep_of_more_than_a_tenth_of_the_budget_is_left_out(swept: Callable[[float], Listener]) -> None:
    listener = swept(249.0)
    assert not listener.of(events.PhaseStarted)
    assert "more than a tenth" in listener.of(events.SweepEnded)[0].verdict


@pytest.mark.parametrize("name", search_spaces.names())
def test_the_flops_of_a_ramp_are_those_of_its_own_plan(name: str, tmp_path: Path) -> None:
    space = search_spaces.load(name)
    space = space.with_vocabulary(space.vocab or 64).with_precision("fp32")
    jobs = Study(space, lambda point: 0.0, tmp_path, 60.0, None).bench.jobs
    point = space.point(space.default(GIB), GIB)
    job = jobs.sweep(point, 0)
    assert jobs.ramp_flops(point) == ledger.estimate(job.model, job.plan).flops.step
    assert jobs.ramp_flops(point) < jobs.needs(point).flops
