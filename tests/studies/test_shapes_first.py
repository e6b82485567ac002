"""Whole studies of the default strategy."""

import os
from collections import Counter
from pathlib import Path

import pytest

import studies
from advisor.cli.progress import StudyProgress
from studies import Settings, events
from studies.records import RERUNS, StudyRecord, TrialRecord, reruns_of
from tests.studies.examples import Listener, settings
from tests.studies.test_study import Interrupts, worker

TRIALS = 8


def story(trial: TrialRecord) -> tuple[object, ...]:
    """What must not depend on when a trial ran."""
    return trial.number, trial.role, trial.params, trial.value, trial.seed, trial.length, trial.continued_from


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> StudyRecord:
    """A study with a worker that pretends."""
    folder = tmp_path_factory.mktemp("whole")
    return studies.run(settings(folder, sampler="shapes-first", max_trials=TRIALS), executor=worker("pretends"))


def test_all_roles_have_their_trials(whole: StudyRecord) -> None:
    roles = Counter(trial.role for trial in whole.trials)
    assert (roles["shape"], roles["default"], roles["search"]) == (4, 1, TRIALS)
    assert {trial.length for trial in whole.trials_of("shape")} == {0.12}
    found = [t for t in whole.trials if t.role not in RERUNS]
    assert len({(t.role == "default", t.length, tuple(t.point.items())) for t in found}) == len(found)
    assert whole.best is not None
    assert [t.seed for t in reruns_of(whole.best, whole.trials)] == [1, 2]


def test_an_interrupted_study_goes_on_as_if_nothing_had_happened(whole: StudyRecord, tmp_path: Path) -> None:
    asked, interrupts = settings(tmp_path, sampler="shapes-first", max_trials=TRIALS), Interrupts(1, 5)
    with pytest.raises(KeyboardInterrupt):
        studies.run(asked, executor=worker("pretends"), on_event=interrupts)
    with pytest.raises(KeyboardInterrupt):
        studies.resume("study", store=asked.store, executor=worker("pretends"), on_event=interrupts)
    cut = studies.resume("study", store=asked.store, executor=worker("pretends"))
    assert [story(trial) for trial in cut.trials] == [story(trial) for trial in whole.trials]


@pytest.fixture
def promoting(tmp_path: Path) -> Settings:
    """A study of one trial that can go on from a short run, on any machine: a few epochs are over in a second."""
    space, data = tmp_path / "wsd.toml", tmp_path / "short.txt"
    text = Path(settings(tmp_path).space).read_text()
    space.write_text(text.replace("[fixed]", '[fixed]\nschedule = "wsd"\nwarmup_ratio = 0.05'))
    data.write_text("a few words and then some more of them, " * 60)
    return settings(
        tmp_path, space=str(space), data=str(data), sampler="shapes-first", max_trials=1, budget_seconds=3600.0
    )


def test_a_promoted_trial_says_what_it_went_on_from(promoting: Settings, tmp_path: Path) -> None:
    record = studies.run(promoting)
    (full,) = record.trials_of("search")
    assert full.continued_from in {trial.number for trial in record.trials_of("shape")}
    assert not list((tmp_path / "study").glob("trunk-*"))


def test_a_trial_whose_checkpoint_is_damaged_begins_at_the_start_and_says_so(
    promoting: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listener = Listener()

    def damage(event: events.Event) -> None:
        """Halve each file before a full trial may go on from it."""
        if isinstance(event, events.TrialEnded):
            for trunk in (tmp_path / "study").glob("trunk-*"):
                os.truncate(trunk, trunk.stat().st_size // 2)
        listener(event)
        progress(event)

    with StudyProgress(promoting.budget_seconds) as progress:
        record = studies.run(promoting, on_event=damage)
    (full,), (restarted,) = record.trials_of("search"), listener.of(events.TrialRestarted)
    assert (full.state, full.continued_from, full.curve[0].step) == ("COMPLETE", None, 1)
    assert full.message == restarted.why
    assert restarted.why.startswith("began at the start: cannot read checkpoint")
    said = " ".join(capsys.readouterr().err.split())
    assert f"trial {restarted.number} began at the start: cannot read checkpoint" in said
