"""What a study says on standard error while it runs."""

import dataclasses

import pytest

from advisor.cli.progress import StudyProgress
from studies import events
from studies.records import TrialRecord
from tests.reports.sample import study


def test_it_is_said_which_trial_is_the_best_now(capsys: pytest.CaptureFixture[str]) -> None:
    one, two, *_ = (t for t in study().trials_of("search") if t.state == "COMPLETE")
    again = dataclasses.replace(two, number=40, role="repeat", value=9.0)
    ends: list[tuple[TrialRecord, TrialRecord]] = [(one, one), (two, two), (two, two), (again, one)]
    with StudyProgress(60.0) as progress:
        for trial, best in ends:
            progress(events.TrialEnded(trial=trial, best=best))
    said = [line.rstrip() for line in capsys.readouterr().err.splitlines() if line.startswith("trial")]
    assert [line.endswith("  best so far") for line in said] == [True, True, False, False]
    assert said[-1].endswith(f"[repeat]  trial {one.number} is the best so far")
