"""Whole studies: real training in real child processes, and workers that pretend where the ending is what matters."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import studies
from advisor import ledger
from advisor.errors import ConflictError, DeviceError, InfeasibleError, InputError, UnknownError
from search_spaces import parse
from studies import events
from studies.coordinator.allotment import MIN_STEPS
from studies.executors.executor import Executor
from studies.executors.local import LocalExecutor
from studies.job import Device
from studies.records import StudyRecord, TrialRecord, ranked
from studies.store.logbook import Logbook
from tests.studies.examples import CPU, Listener, settings, trial_job

TRIALS = 12
TOKENS_PER_STEP = 4 * 32
TEXT = "To be, or not to be, that is the question: whether 'tis nobler in the mind to suffer. " * 20  # short trials


def worker(name: str) -> Callable[[Sequence[Device]], Executor]:
    """An executor whose jobs `tests.studies.workers:<name>` runs."""
    return lambda devices: LocalExecutor(devices, f"tests.studies.workers:{name}")


@pytest.fixture(scope="module", autouse=True)
def _torch_is_imported_once() -> None:
    """The fork server imports torch here, not within the first study's budget."""
    with LocalExecutor() as executor:
        executor.submit(trial_job(), limit_seconds=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the study that trains for real."""
    return tmp_path_factory.mktemp("real")


@pytest.fixture(scope="module")
def real(folder: Path) -> tuple[StudyRecord, Listener]:
    """A study that trains for real, on so little that any machine has the time, and what it told."""
    listener = Listener()
    (folder / "text.txt").write_text(TEXT)
    asked = settings(folder, budget_seconds=3600.0, data=str(folder / "text.txt"), max_trials=6)
    return studies.run(asked, on_event=listener), listener


def test_a_real_study_has_all_its_parts(real: tuple[StudyRecord, Listener]) -> None:
    record, _ = real
    assert len(record.sweeps) == 1
    assert record.sweeps[0].restored
    assert record.default is not None
    assert record.best is not None
    assert record.best.value is not None
    assert record.default.value is not None
    assert record.best.value < record.default.value + 0.05
    assert len(record.trials_of("search")) == 6
    assert [trial.number for trial in record.trials] == list(range(len(record.trials)))
    assert record.trials_of("final")
    for final in record.trials_of("final"):
        winner = ranked(record.trials[: final.number])[0]  # when it began
        assert (final.point, final.seed != winner.seed) == (winner.point, True)


def test_every_full_trial_has_the_tokens_of_its_quota(real: tuple[StudyRecord, Listener], folder: Path) -> None:
    record, _ = real
    with studies.open_store(settings(folder).store) as store:
        quota = Logbook(store, record.name).quota()
    assert quota is not None
    assert quota.tokens == record.tokens_per_trial
    complete = [trial for trial in record.trials if trial.state == "COMPLETE" and trial.length == 1]
    for trial in complete:
        flops_per_step = trial.flops * TOKENS_PER_STEP / trial.tokens
        tokens = quota.of(flops_per_step, TOKENS_PER_STEP, has_dropout=trial.point["dropout"] > 0)
        assert abs(trial.tokens - tokens) <= TOKENS_PER_STEP / 2
    assert record.default is not None
    assert record.default.tokens >= MIN_STEPS * TOKENS_PER_STEP


def test_the_figures_of_a_trial_agree_with_its_curve_and_the_ledger(real: tuple[StudyRecord, Listener]) -> None:
    record, _ = real
    space = parse(dict(record.space), "tiny")
    for trial in record.trials:
        model, plan, _ = space.resolve(trial.point)
        estimate = ledger.estimate(model, plan)
        last = trial.curve[-1]
        assert (trial.parameters, trial.memory_bytes) == (estimate.parameters.total, estimate.memory.allocated.bytes)
        assert (trial.flops, trial.tokens) == (last.flops, last.tokens)
        assert last.flops == pytest.approx(last.step * estimate.flops.step)
        assert trial.seconds >= last.seconds
        if trial.state == "COMPLETE":
            assert trial.value == last.validation_loss
        if trial.state == "PRUNED":
            assert trial.reason
            assert trial.message


def test_the_search_is_within_the_bounds_of_the_sweep(real: tuple[StudyRecord, Listener]) -> None:
    record, _ = real
    sweep, default = record.sweeps[0], record.trials_of("default")[0].point["learning_rate"]
    low, high = min(sweep.low, default), max(sweep.high, default)
    assert all(low <= trial.point["learning_rate"] <= high for trial in record.trials_of("search"))
    first = record.trials_of("search")[0]
    if sweep.centre is not None:
        assert first.point["learning_rate"] == pytest.approx(min(max(sweep.start, low), high))


def test_events_tell_the_course_of_the_study(real: tuple[StudyRecord, Listener]) -> None:
    record, listener = real
    phases = [event.phase for event in listener.of(events.PhaseStarted)]
    assert phases[:4] == ["probe", "sweep", "default", "search"]
    assert tuple(event.trial for event in listener.of(events.TrialEnded)) == record.trials
    assert [event.number for event in listener.of(events.TrialStarted)] == [trial.number for trial in record.trials]
    reported = Counter(event.number for event in listener.of(events.TrialReported))
    assert reported == {trial.number: len(trial.curve) for trial in record.trials}
    assert listener.of(events.TokensChosen)[0].tokens_per_trial == record.tokens_per_trial
    assert isinstance(listener.events[-1], events.StudyEnded)


# the course of a study, with a worker that pretends


def test_a_search_of_so_many_trials(tmp_path: Path) -> None:
    record = studies.run(settings(tmp_path, max_trials=TRIALS), executor=worker("pretends"))
    roles = [trial.role for trial in record.trials]
    assert roles == ["default"] + ["search"] * TRIALS + ["final"] * 2
    points = [tuple(trial.point.items()) for trial in record.trials if trial.role != "final"]
    assert len(set(points)) == len(points)
    assert [trial.seed for trial in record.trials_of("final")] == [1, 2]
    assert set(record.importances) == {"learning_rate", "dropout", "d_model", "depth_fraction"}


def test_no_trial_begins_after_the_budget(tmp_path: Path) -> None:
    budget = 8.0
    began = time.monotonic()
    record = studies.run(settings(tmp_path, budget_seconds=budget), executor=worker("pretends"))
    assert record.state == "FINISHED"
    assert record.spent_seconds <= time.monotonic() - began
    assert record.trials
    assert all(trial.started < budget for trial in record.trials)


def test_a_sweep_that_cannot_be_read_leaves_the_declared_range(tmp_path: Path) -> None:
    listener = Listener()
    studies.run(settings(tmp_path, max_trials=2), executor=worker("pretends"), on_event=listener)
    (ended,) = listener.of(events.SweepEnded)
    assert ended.sweep is None
    assert ended.verdict == "No LR sweep: nothing to be read; the declared range stays."


class Interrupts:
    """Presses Ctrl-C when trials of these numbers start; each once."""

    def __init__(self, *numbers: int) -> None:
        self._numbers = list(numbers)

    def __call__(self, event: events.Event) -> None:
        if isinstance(event, events.TrialStarted) and event.number in self._numbers:
            self._numbers.remove(event.number)
            raise KeyboardInterrupt


def test_an_interrupted_study_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    whole = studies.run(settings(tmp_path, name="whole", max_trials=TRIALS), executor=worker("pretends"))
    interrupts = Interrupts(0, 7, 8, 14)
    with pytest.raises(KeyboardInterrupt):
        studies.run(settings(tmp_path, name="cut", max_trials=TRIALS), executor=worker("pretends"), on_event=interrupts)
    store = settings(tmp_path).store
    for number in (7, 8, 14):
        with pytest.raises(KeyboardInterrupt):
            studies.resume("cut", store=store, executor=worker("pretends"), on_event=interrupts)
        with studies.open_store(store) as opened:
            left = opened.load("cut")
        assert left.state == "INTERRUPTED"
        assert [trial.number for trial in left.trials] == list(range(number))
    cut = studies.resume("cut", store=store, executor=worker("pretends"))
    assert cut.state == "FINISHED"
    assert [story(trial) for trial in cut.trials] == [story(trial) for trial in whole.trials]
    assert cut.importances == whole.importances


def story(trial: TrialRecord) -> tuple[object, ...]:
    """What must not depend on when a trial ran."""
    return trial.number, trial.role, trial.params, trial.point, trial.value, trial.seed


@pytest.fixture(scope="module")
def two_at_a_time(tmp_path_factory: pytest.TempPathFactory) -> tuple[StudyRecord, Listener, Path]:
    """A study of pretended trials in two slots, interrupted as its fourth and eighth start, and its store."""
    folder, listener = tmp_path_factory.mktemp("two"), Listener()
    asked, interrupts = settings(folder, max_trials=TRIALS, devices=(CPU, CPU)), Interrupts(3, 7)

    def tell(event: events.Event) -> None:
        listener(event)
        interrupts(event)

    with pytest.raises(KeyboardInterrupt):
        studies.run(asked, executor=worker("pretends"), on_event=tell)
    with pytest.raises(KeyboardInterrupt):
        studies.resume("study", store=asked.store, executor=worker("pretends"), on_event=tell)
    return studies.resume("study", store=asked.store, executor=worker("pretends"), on_event=tell), listener, folder


def test_several_trials_run_at_a_time(two_at_a_time: tuple[StudyRecord, Listener, Path]) -> None:
    record, listener, _ = two_at_a_time
    assert [trial.number for trial in record.trials] == list(range(1 + TRIALS + 2))
    assert [len(record.trials_of(role)) for role in ("default", "search", "final")] == [1, TRIALS, 2]
    assert {trial.device for trial in record.trials} == {"cpu", "cpu#2"}
    assert len({tuple(trial.point.items()) for trial in record.trials if trial.role != "final"}) == 1 + TRIALS
    started = [event.number for event in listener.of(events.TrialStarted)]
    assert max(number - sum(n < number for n in started[:i]) for i, number in enumerate(started)) <= 1
    assert record.provenance.device["trials at a time"] == "2"


def test_what_ran_when_it_was_interrupted_runs_again_first(two_at_a_time: tuple[StudyRecord, Listener, Path]) -> None:
    record, listener, _ = two_at_a_time
    ends = Counter(event.trial.number for event in listener.of(events.TrialEnded))
    assert ends == {trial.number: 1 for trial in record.trials}
    points: dict[int, object] = {}
    for event in listener.of(events.TrialStarted):
        assert points.setdefault(event.number, event.point) == event.point
    assert len(listener.of(events.TrialStarted)) > len(record.trials)


def test_a_finished_study_is_returned_as_it_is(tmp_path: Path) -> None:
    record = studies.run(settings(tmp_path, max_trials=1), executor=worker("pretends"))
    assert studies.resume("study", store=settings(tmp_path).store, executor=worker("is_killed")) == record


def test_failing_trials_end_in_their_states_and_the_study_goes_on(tmp_path: Path) -> None:
    record = studies.run(settings(tmp_path, max_trials=30, seed=2), executor=worker("fails_at_high_rates"))
    assert len(record.trials_of("search")) == 30
    ends = {(trial.state, trial.reason) for trial in record.trials_of("search")}
    assert ends >= {("COMPLETE", ""), ("FAIL", "crash"), ("FAIL", "oom"), ("PRUNED", "nan")}
    crashes = [trial.message for trial in record.trials if trial.reason == "crash"]
    assert {"SIGSEGV" in message or "SIGKILL" in message for message in crashes} == {True}
    for trial in record.trials:
        assert (trial.state == "COMPLETE") == (trial.point["learning_rate"] <= 1e-2 and not trial.reason)
        assert trial.value is None or trial.state != "FAIL"


def test_when_every_trial_fails_it_is_not_the_configs(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="5 trials in a row failed; the last one: ValueError: always"):
        studies.run(settings(tmp_path), executor=worker("trains_once"))
    with studies.open_store(settings(tmp_path).store) as store:
        assert store.load("study").state == "INTERRUPTED"
        assert len(store.load("study").trials) == 5


def test_no_point_is_run_twice(tmp_path: Path) -> None:
    space = tmp_path / "two.toml"
    space.write_text(
        Path(settings(tmp_path).space)
        .read_text()
        .split("[vary.")[0]
        .replace("[fixed]", "[fixed]\nd_model = 16\ndepth_fraction = 1.0\ndropout = 0.1")
        + "[vary.learning_rate]\nchoices = [1e-4, 1e-3, 1e-2]\ndefault = 1e-3\n"
    )
    record = studies.run(settings(tmp_path, space=str(space)), executor=worker("pretends"))
    rates = [trial.point["learning_rate"] for trial in record.trials if trial.role != "final"]
    assert sorted(rates) == [1e-4, 1e-3, 1e-2]


# refusals


def test_a_name_is_taken(tmp_path: Path) -> None:
    studies.run(settings(tmp_path, max_trials=1), executor=worker("pretends"))
    with pytest.raises(ConflictError, match="already"):
        studies.run(settings(tmp_path), executor=worker("pretends"))


def test_a_running_study_cannot_be_resumed_or_deleted(tmp_path: Path) -> None:
    store = settings(tmp_path).store
    refused = []

    def meddle(event: events.Event) -> None:
        if isinstance(event, events.TrialStarted):
            with pytest.raises(ConflictError, match="is being run by process"):
                studies.resume("study", store=store)
            with studies.open_store(store) as opened, pytest.raises(ConflictError):
                opened.delete("study")
            with studies.open_store(store) as opened:
                refused.append(opened.load("study").state)

    studies.run(settings(tmp_path, max_trials=1), executor=worker("pretends"), on_event=meddle)
    assert set(refused) == {"RUNNING"}


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    studies.run(settings(tmp_path, max_trials=1), executor=worker("pretends"))
    with pytest.raises(UnknownError, match="near: study"):
        studies.resume("studi", store=settings(tmp_path).store)
    with pytest.raises(UnknownError, match="search space"):
        studies.run(settings(tmp_path, name="other", space="decoder-smal"))


def test_data_that_the_space_cannot_use_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    short = tmp_path / "short.txt"
    short.write_text("too short")
    with pytest.raises(InputError, match=r"data short.txt"):
        studies.run(settings(tmp_path, data=str(short)))
    with pytest.raises(InputError, match="readable file"):
        studies.run(settings(tmp_path, data=str(tmp_path / "none.txt")))
    small = tmp_path / "small.toml"
    small.write_text(Path(settings(tmp_path).space).read_text().replace("vocab = 256", "vocab = 100"))
    with pytest.raises(InputError, match="vocabulary: expected at least 256"):
        studies.run(settings(tmp_path, space=str(small)))
    assert not Path(settings(tmp_path).store).exists()


def test_a_memory_or_a_budget_too_small_is_said(tmp_path: Path) -> None:
    with pytest.raises(InfeasibleError, match="not even d_model = 16 at depth 1 fits"):
        studies.run(settings(tmp_path, memory_bytes=1000))
    with pytest.raises(InfeasibleError, match="8 steps of the space's middle model: not over after"):
        studies.run(settings(tmp_path, name="short", budget_seconds=0.01))


def test_a_device_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="steps of the space's middle model"):
        studies.run(settings(tmp_path, devices=(Device(name="cuda:7"),)))


def test_the_coordinator_never_imports_torch(tmp_path: Path) -> None:
    program = (
        "import sys, studies\n"
        "heavy = {'torch', 'optuna', 'sqlalchemy', 'numpy', 'pandas'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "studies.run, studies.open_store, studies.resume\n"
        "print('torch' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "False"]
