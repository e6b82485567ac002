"""The store on real SQLite files and on a real PostgreSQL server."""

import json
import math
import multiprocessing
import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial
from optuna.visualization import plot_intermediate_values

from advisor.errors import ConflictError, InputError, StoreError, UnknownError
from studies.begun import Begun
from studies.job import Outcome
from studies.quota import Quota
from studies.records import CurvePoint, Provenance, SweepRecord
from studies.search import Search
from studies.settings import Settings
from studies.store import Store, open_store
from studies.store.codec import RUN, dump, load_sweep
from studies.store.logbook import Logbook
from tests.studies.examples import CPU

PROVENANCE = Provenance(
    command="advisor tune",
    created="2026-11-01T00:00:00.000+00:00",
    versions={"python": "3.11"},
    device={"name": "CPU"},
    data={"name": "pydoc"},
    seed=0,
)
SWEEP = SweepRecord(
    point={"d_model": 32},
    learning_rates=(1e-5, 1e-4, 1e-3),
    losses=(5.5, math.nan, math.inf),
    smoothed=(5.5, 5.0, 4.9),
    rules={"drop70": 1e-3},
    low=1e-4,
    high=1e-2,
    verdict="they agree",
    agrees=True,
    restored=True,
    seconds=1.0,
)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An open store; a database of its own on SQLite, one shared by all tests on PostgreSQL."""
    url = request.getfixturevalue("postgresql") if request.param == "postgresql" else str(tmp_path / "store.db")
    with open_store(url, create=True) as store:
        yield store


@pytest.fixture
def name() -> str:
    """A name that no earlier test has taken."""
    return f"study {uuid.uuid4()}"


def create(store: Store, name: str, **changes: Any) -> Logbook:
    settings = Settings(name=name, budget_seconds=60.0, devices=(CPU,), memory_bytes=2**30, **changes)
    store.create(settings, {"family": "decoder"}, PROVENANCE)
    return Logbook(store, name)


def trial(value: float | None = 2.5, state: TrialState = TrialState.COMPLETE, number: int = 0) -> FrozenTrial:
    """A finished trial as the search leaves it."""
    frozen = create_trial(
        params={"learning_rate": 1e-3 / 3, "d_model": 48, "batch": 4},
        distributions={
            "learning_rate": FloatDistribution(1e-4, 1e-1, log=True),
            "d_model": IntDistribution(16, 48, step=16),
            "batch": CategoricalDistribution((4, 8)),
        },
        value=value,
        state=state,
        intermediate_values={1: 3.1, 2: 1 / 3},
        user_attrs={
            RUN: {
                "role": "search",
                "reason": "",
                "message": "",
                "point": {"learning_rate": 1e-3 / 3, "d_model": 48},
                "parameters": 12345,
                "flops": 1e12 / 3,
                "memory_bytes": 2**33,
                "measured_memory_bytes": None,
                "tokens": 2**40,
                "seconds": 1.25,
                "started": 10.5,
                "seed": 7,
            }
        },
    )
    frozen.number = number
    return frozen


def curve(n: int = 100) -> tuple[CurvePoint, ...]:
    return tuple(
        CurvePoint(
            step=i,
            tokens=i * 2**33,
            flops=i * 1e18 / 3,
            seconds=i / 7,
            train_loss=5 / i,
            validation_loss=None if i % 10 else 5 / i,
            learning_rate=1e-3 / i,
        )
        for i in range(1, n + 1)
    )


def test_a_study_comes_back_as_it_was_written(store: Store, name: str) -> None:
    target = {"gpu": "RTX 4090", "proposals": [{"depth": 12, "reason": "fits ü"}]}
    logbook = create(store, name, target=target)
    logbook.add_sweep(SWEEP)
    logbook.finish(trial(), curve(), spent_seconds=12.5)
    logbook.finish(trial(None, TrialState.FAIL, 1), (), spent_seconds=13.5)
    logbook.set_quota(Quota(tokens=2**40, most=2**41), spent_seconds=13.5)
    logbook.save(state="FINISHED", importances='{"d_model": 1.0}')

    record = store.load(name)
    assert (record.name, record.state, record.budget_seconds, record.spent_seconds) == (name, "FINISHED", 60.0, 13.5)
    assert (record.tokens_per_trial, record.most_tokens) == (2**40, 2**41)
    assert (record.importances, record.target) == ({"d_model": 1.0}, target)
    assert (record.space, record.provenance) == ({"family": "decoder"}, PROVENANCE)
    assert repr(record.sweeps) == repr((SWEEP,))  # NaN is no equal of itself
    first, second = record.trials
    assert first.curve == curve()
    assert first.params == trial().params
    assert (first.number, first.state, first.value, first.flops, first.tokens) == (0, "COMPLETE", 2.5, 1e12 / 3, 2**40)
    assert (second.number, second.state, second.value, second.curve) == (1, "FAIL", None, ())


def test_a_diverged_curve_can_be_kept(store: Store, name: str) -> None:
    logbook = create(store, name)
    points = [replace(curve(1)[0], step=step, train_loss=loss) for step, loss in ((1, math.nan), (2, math.inf))]
    logbook.finish(trial(), points, spent_seconds=1.0)
    losses = [point.train_loss for point in store.load(name).trials[0].curve]
    assert math.isnan(losses[0])
    assert math.isinf(losses[1])


def test_a_trial_is_written_as_optuna_writes_it(store: Store, name: str) -> None:
    create(store, name)
    study_id, odd = store.study_id(name), {1: 3.1, 2: math.nan, 3: math.inf, 4: -math.inf}
    told = trial()
    told.intermediate_values = odd
    ours = store.optuna.get_trial(store.optuna.create_new_trial(study_id, told))
    plain = RDBStorage(store.url.render_as_string(hide_password=False), skip_table_creation=True)
    theirs = plain.get_trial(plain.create_new_trial(study_id, told))
    plain.engine.dispose()
    assert (ours.number, theirs.number) == (0, 1)
    for trial_ in (ours, theirs):
        assert repr(trial_.intermediate_values) == repr(odd)
        assert (trial_.state, trial_.value, trial_.params) == (told.state, told.value, told.params)
    assert ours.user_attrs == theirs.user_attrs


def test_any_optuna_tool_can_open_the_store(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with open_store(str(path), create=True) as store:
        create(store, "mine").finish(trial(), curve(), spent_seconds=1.0)
    study = optuna.load_study(study_name="mine", storage=f"sqlite:///{path}")
    assert (study.best_value, study.best_params) == (2.5, trial().params)
    assert study.trials[0].intermediate_values == {1: 3.1, 2: 1 / 3}
    (drawn,) = plot_intermediate_values(study).data
    assert (drawn.x, drawn.y) == ((1, 2), (3.1, 1 / 3))


def test_settings_come_back(store: Store, name: str) -> None:
    create(store, name, seed=3, max_trials=5)
    settings = store.settings(name)
    assert (settings.name, settings.seed, settings.max_trials, settings.devices) == (name, 3, 5, (CPU,))


def test_names_and_summaries(store: Store, name: str) -> None:
    create(store, name).finish(trial(), (), spent_seconds=3.0)
    assert name in store.names()
    summary = next(s for s in store.summaries() if s.name == name)
    assert (summary.trials, summary.best_value, summary.spent_seconds, summary.state) == (1, 2.5, 3.0, "INTERRUPTED")


def test_a_name_is_taken_once(store: Store, name: str) -> None:
    create(store, name)
    with pytest.raises(ConflictError, match="already"):
        create(store, name)


def test_the_leavings_of_a_process_that_died_while_it_created_a_study_are_taken_up(store: Store, name: str) -> None:
    study_id = store.optuna.create_new_study([optuna.study.StudyDirection.MINIMIZE], name)
    create(store, name)
    assert store.study_id(name) == study_id


def test_a_study_of_somebody_else_is_not_taken_up(store: Store, name: str) -> None:
    study_id = store.optuna.create_new_study([optuna.study.StudyDirection.MINIMIZE], name)
    store.optuna.create_new_trial(study_id)
    with pytest.raises(ConflictError):
        create(store, name)
    assert name not in store.names()


def test_delete_removes_all_rows(store: Store, name: str) -> None:
    logbook = create(store, name)
    logbook.add_sweep(SWEEP)
    logbook.begin(Begun(number=0, role="search", params={}, seed=0))
    logbook.finish(trial(), curve(), spent_seconds=1.0)
    store.delete(name)
    assert name not in store.names()
    create(store, name)
    assert (store.load(name).trials, store.load(name).sweeps) == ((), ())


def test_an_unknown_study_names_its_neighbour(store: Store, name: str) -> None:
    create(store, name)
    for verb in (store.load, store.delete, store.settings, store.study_id):
        with pytest.raises(UnknownError, match="near"):
            verb(name[:-1])


@pytest.mark.parametrize(
    "hostile", ["</script><img src=x onerror=alert(1)>", "'; DROP TABLE studies; --", "%s %(a)s ü"]
)
def test_a_name_is_only_text(store: Store, hostile: str) -> None:
    create(store, hostile).finish(trial(), curve(3), spent_seconds=1.0)
    assert store.load(hostile).name == hostile
    store.delete(hostile)
    assert hostile not in store.names()


# the trials in flight


def test_a_trial_that_was_begun_is_unfinished_until_it_is_told(store: Store, name: str) -> None:
    logbook = create(store, name)
    assert logbook.unfinished() == []
    begun = Begun(number=0, role="default", params={"learning_rate": 1e-3 / 3, "d_model": 48}, seed=7)
    later = Begun(number=1, role="shape", params={"batch": 4}, seed=7, length=0.25, continued_from=0)
    logbook.begin(later)
    logbook.begin(begun)
    assert Logbook(store, name).unfinished() == [begun, later]
    logbook.finish(trial(), curve(), spent_seconds=1.0)
    assert logbook.unfinished() == [later]


def test_a_trial_that_was_told_but_not_struck_out_is_finished(store: Store, name: str) -> None:
    logbook = create(store, name)
    logbook.finish(trial(), curve(), spent_seconds=1.0)
    logbook.begin(Begun(number=0, role="search", params={}, seed=0))
    assert logbook.unfinished() == []


def test_trials_that_end_in_another_order_keep_their_numbers_and_curves(store: Store, name: str) -> None:
    logbook, search = create(store, name), Search(1, [])
    for number in range(3):
        search.ask({"x": number / 4}).suggest_float("x", 0, 1)
    facts = trial().user_attrs[RUN]
    for number in (2, 0, 1):
        told = search.tell(number, Outcome(state="COMPLETE", value=float(number)), facts)
        logbook.finish(told, curve(number + 1), spent_seconds=1.0)
    found = [(trial.number, trial.value, trial.params["x"], len(trial.curve)) for trial in store.load(name).trials]
    assert found == [(0, 0.0, 0.0, 1), (1, 1.0, 0.25, 2), (2, 2.0, 0.5, 3)]
    assert Search(1, logbook.finished()).next_number == 3


def test_a_curve_left_by_a_process_that_died_is_replaced(
    store: Store, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    logbook = create(store, name)
    with monkeypatch.context() as patched:
        patched.setattr(store.optuna, "create_new_trial", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            logbook.finish(trial(), curve(50), spent_seconds=1.0)
    assert store.load(name).trials == ()
    logbook.finish(trial(), curve(20), spent_seconds=1.0)
    assert store.load(name).trials[0].curve == curve(20)


def _interrupt(*args: object, **kwargs: object) -> None:
    raise KeyboardInterrupt


def test_a_study_that_a_tool_of_optuna_has_deleted_makes_way(store: Store, name: str) -> None:
    create(store, name).finish(trial(), curve(), spent_seconds=1.0)
    store.optuna.delete_study(store.study_id(name))
    assert store.load(name).trials == ()
    create(store, f"{name}, the next").finish(trial(), curve(3), spent_seconds=1.0)
    assert store.load(f"{name}, the next").trials[0].curve == curve(3)


def test_the_search_goes_on_with_what_the_store_gives_back(store: Store, name: str) -> None:
    """Suggestions from trials that went through the database equal those from trials that never left memory."""
    logbook = create(store, name)
    search = Search(1, [])
    for number in range(9):
        asked = search.ask()
        value = asked.suggest_float("learning_rate", 1e-4, 1e-1, log=True)
        value *= asked.suggest_int("d_model", 16, 48, step=16)
        search.report(number, value * 1.1, 1)
        ending = Outcome(state="PRUNED") if number % 4 == 3 else Outcome(state="COMPLETE", value=value)
        told = search.tell(number, ending, {})
        logbook.finish(told, (), spent_seconds=1.0)
    again = Search(1, logbook.finished())
    assert search.next_number == again.next_number == 9
    here, there = search.ask(), again.ask()
    for params in (here, there):
        params.suggest_float("learning_rate", 1e-4, 1e-1, log=True)
        params.suggest_int("d_model", 16, 48, step=16)
    assert here.params == there.params


# databases that cannot be used


@pytest.mark.parametrize(
    "url", ["mysql://root@localhost/x", "sqlite://", "sqlite:///:memory:", "", "postgresql://", "http://x/y", "://"]
)
def test_a_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="sqlite:///PATH"):
        open_store(url)


def test_a_missing_file_is_not_created_by_a_reader(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store at"):
        open_store(str(tmp_path / "none.db"))
    assert not list(tmp_path.iterdir())


def refused(path: Path) -> str:
    with pytest.raises(StoreError) as caught, open_store(str(path), create=True) as store:
        store.names()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(b"not a database, but long enough to be one" * 100)
    assert "not a database" in refused(path)
    assert path.read_bytes().startswith(b"not a database, but")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "unable to open" in refused(tmp_path)


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.close()
    before = path.read_bytes()
    assert "another program" in refused(path)
    assert path.read_bytes() == before


def test_a_store_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    open_store(str(path), create=True).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE advisor_version SET version_num = '9999'")
    connection.close()
    assert "version 9999" in refused(path)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with open_store(str(path), create=True) as store:
        create(store, "study").finish(trial(), curve(), spent_seconds=1.0)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(StoreError), open_store(str(path)) as store:
        store.load("study")


def test_a_locked_database_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with open_store(f"sqlite:///{path}?timeout=0.1", create=True) as store:
        logbook = create(store, "study")
        other = sqlite3.connect(path)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="database is locked"):
            logbook.save(state="RUNNING")
        other.close()
        logbook.save(state="RUNNING")


def test_a_database_of_optuna_alone_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    optuna.create_study(study_name="theirs", storage=f"sqlite:///{path}")
    with open_store(str(path)) as store:
        assert store.names() == []
        create(store, "ours")
        assert store.names() == ["ours"]


# races

RACERS = 8


def _race(url: str, barrier: Any, results: Any) -> None:
    """One of the processes that create one study in a database that is not there yet."""
    barrier.wait()
    try:
        with open_store(url, create=True) as store:
            create(store, "contested")
            results.put("created")
    except ConflictError:
        results.put("taken")
    except BaseException as error:
        results.put(repr(error))


def test_eight_processes_that_create_one_study_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(RACERS), context.Queue()
    racers = [context.Process(target=_race, args=(str(tmp_path / "store.db"), barrier, results)) for _ in range(RACERS)]
    for racer in racers:
        racer.start()
    found = sorted(results.get(timeout=60) for _ in racers)
    for racer in racers:
        racer.join()
    assert found == ["created"] + ["taken"] * (RACERS - 1)
    with open_store(str(tmp_path / "store.db")) as store:
        assert store.names() == ["contested"]
        assert len(store.optuna.get_all_studies()) == 1


@pytest.mark.parametrize(("agrees", "centre"), [(True, 1e-3), (False, None)])
def test_a_sweep_from_before_rules_were_calibrated_has_the_centre_of_its_time(
    agrees: bool, centre: float | None
) -> None:
    older = {name: value for name, value in json.loads(dump(SWEEP)).items() if name != "centre"}
    sweep = load_sweep(json.dumps({**older, "agrees": agrees}))
    assert sweep.centre == centre
    assert sweep.start == 1e-3  # else the middle of the bounds


def test_a_sweep_without_an_answer_stays_without_one() -> None:
    sweep = load_sweep(dump(SWEEP))
    assert (sweep.centre, sweep.start) == (None, 1e-3)


def test_a_search_begins_half_an_octave_below_the_low_end_of_the_answer() -> None:
    assert replace(SWEEP, centre=2e-3, interval=(9e-4, 4e-3)).start == pytest.approx(9e-4 / 2**0.5)
