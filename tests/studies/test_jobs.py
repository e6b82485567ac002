"""The jobs that a study makes of points."""

from pathlib import Path

import pytest

import search_spaces
from studies import promotion
from studies.job import Data, Device
from studies.jobs import Jobs
from studies.quota import Quota
from studies.strategy.stages import MEDIUM, SHORT
from studies.trial.schedule import warmup_steps
from tests.studies.examples import GIB


@pytest.mark.parametrize("name", search_spaces.names())
@pytest.mark.parametrize("steps", [50, 100, 309, 1000, 4321])
def test_a_full_trial_goes_on_from_a_short_one_whatever_rounds(name: str, steps: int) -> None:
    space = search_spaces.load(name)
    space = space.with_vocabulary(space.vocab or 64).with_precision("fp32")
    jobs = Jobs(space=space, data=Data(), device=Device())
    point = space.point(space.default(GIB), GIB)
    quota = Quota(tokens=steps * int(space.resolve(point)[1].tokens))
    full = jobs.trial(point, quota, 0)
    assert full.steps == steps
    for length in (SHORT, MEDIUM):
        short = jobs.trial(point, quota, 0, length)
        assert warmup_steps(short.recipe, short.steps) == warmup_steps(full.recipe, full.steps)
        start = promotion.continuing(full, short, Path("trunk")).starts_from
        assert start is not None
        assert start.step < short.steps
