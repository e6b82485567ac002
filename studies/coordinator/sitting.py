"""One sitting: starts a study, or goes on with one, until its budget is spent or somebody interrupts."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import search_spaces
from advisor import gpus
from advisor.gpus import GPU
from advisor.gpus.processor import cpu
from search_spaces import Space, free
from search_spaces.free import FreeSpace
from studies import data, trackers
from studies.bench import Bench
from studies.coordinator.clock import Clock
from studies.coordinator.coordinator import Coordinator
from studies.coordinator.forecast import Forecast
from studies.data import Dataset
from studies.devices import local_slots, precision_of
from studies.events import Event
from studies.executors.executor import Executor
from studies.executors.local import LocalExecutor
from studies.job import Data, Device
from studies.jobs import Jobs
from studies.own import Tracer, within
from studies.pricing import Pricing, check_latency
from studies.provenance import provenance
from studies.records import StudyRecord
from studies.search import Search
from studies.settings import Settings
from studies.store import Store, lease, open_store
from studies.store.board import Board
from studies.store.logbook import Logbook
from studies.store.shelf import Shelf
from studies.strategy import named

Listener = Callable[[Event], None]
Devices = Sequence[Device]


def run(
    settings: Settings, *, on_event: Listener | None = None, executor: Callable[[Devices], Executor] = LocalExecutor
) -> StudyRecord:
    """Run a new study to the end of its budget. `on_event` is called with each Event, in the order of things.

    Raises ConflictError if the store has a study of this name, InputError or UnknownError for settings that cannot be
    used, InfeasibleError when nothing fits the memory or the budget. On Ctrl-C the running trial is ended, the
    study is left INTERRUPTED for `resume`, and KeyboardInterrupt goes on.
    """
    clock = Clock()
    named.sampler(settings.sampler, settings.seed), named.pruner(settings.pruner)  # unknown names are refused here
    if settings.tracker:
        trackers.check(settings.tracker)
    slots = settings.devices or local_slots(gpus.local())
    gpu = cpu() if slots[0].name == "cpu" else gpus.local()
    share = gpu.memory_bytes // max(Counter(slots).values())  # of the trials at a time on one device
    settings = dataclasses.replace(settings, devices=slots, memory_bytes=settings.memory_bytes or share)
    space = _space(settings, gpu)
    check_latency(settings, space)
    with open_store(settings.store, create=True) as store:
        store.create(settings, space.document, provenance(settings, gpu))
        Shelf(settings.store, settings.name).clear()  # of an earlier study of this name, which was deleted
        return _work(store, settings.name, clock, on_event, executor)


def resume(
    name: str, *, store: str, devices: Devices = (), on_event: Listener | None = None,
    executor: Callable[[Devices], Executor] = LocalExecutor,
) -> StudyRecord:  # fmt: skip
    """Go on with a study that was interrupted, or whose process died; a FINISHED one is returned as it is.

    It goes on where it began, unless other `devices` are named.

    Raises UnknownError if there is none of this name, ConflictError while a living process runs it, InputError if its
    data are no longer what it began with.
    """
    clock = Clock()
    with open_store(store) as opened:
        record = opened.load(name)
        if record.state == "FINISHED":
            return record
        return _work(opened, name, clock, on_event, lambda began: executor(devices or began))


def _work(
    store: Store, name: str, clock: Clock, on_event: Listener | None, executor: Callable[[Devices], Executor]
) -> StudyRecord:
    """Sit: under the study's lease, with an executor that is closed whatever happens."""
    settings, logbook = store.settings(name), Logbook(store, name)
    with (
        store.errors(),
        lease.held(store.engine, store.study_id(name), name),
        executor(settings.devices) as running,
        trackers.telling(settings, store.url, on_event or _ignore) as tell,
    ):
        record = store.load(name)
        learned = _learned(settings, record)
        clock.set(settings.budget_seconds, record.spent_seconds)
        parse = free.parse if settings.objective else search_spaces.parse
        space = parse(dict(record.space), Path(settings.space).stem)
        bench = _bench(settings, space, learned, clock, running, logbook, tell)
        logbook.save(state="RUNNING")
        try:
            Coordinator(bench, space, record).run()
        except BaseException:
            logbook.save(state="INTERRUPTED", spent_seconds=clock.spent)
            raise
        logbook.save(state="FINISHED")
    return store.load(name)


def _bench(
    settings: Settings, space: Space, learned: Data, clock: Clock, executor: Executor, logbook: Logbook, tell: Listener
) -> Bench:
    assert settings.memory_bytes is not None, "set when the study was created"
    finished = logbook.finished()
    live = Board(logbook, clock, len(finished))

    def tell_both(event: Event) -> None:
        live.see(event)
        tell(event)

    jobs = Jobs(
        space=space,
        data=learned,
        device=executor.devices[0],
        trace=Tracer(space=space, device=executor.devices[0]) if isinstance(space, FreeSpace) else None,
    )
    return Bench(
        settings=settings,
        limit_bytes=settings.memory_bytes,
        jobs=jobs,
        pricing=Pricing.of(settings, jobs),
        executor=executor,
        clock=clock,
        forecast=Forecast(),
        search=Search(settings.seed, finished, sampler=settings.sampler, pruner=settings.pruner),
        logbook=logbook,
        shelf=Shelf(settings.store, settings.name),
        live=live,
        tell=tell_both,
    )


def _learned(settings: Settings, record: StudyRecord) -> Data:
    """What trials train on. Raises InputError for data that are not those that the study began with."""
    if settings.objective:
        return Data()  # the objective has its own
    dataset = data.read_same(settings.data, settings.tokenizer, record.provenance.data.get("sha256", ""))
    return Data(source=settings.data, tokenizer=settings.tokenizer, sha256=dataset.sha256)


def _space(settings: Settings, gpu: GPU) -> Space:
    """The space of a new study, as its document will say. Raises InputError, InfeasibleError or ObjectiveError."""
    device, memory = settings.devices[0], settings.memory_bytes or gpu.memory_bytes
    own = free.load(settings.space, settings.objective) if settings.objective else None
    space = own or search_spaces.load(settings.space)
    if "precision" not in space.plan:
        space = space.with_precision(precision_of(device, gpu))
    if isinstance(space, FreeSpace):
        return within(space, device, memory)
    return _fitted(space, data.read(settings.data, settings.tokenizer))


def _fitted(space: Space, dataset: Dataset) -> Space:
    """The space with the vocabulary of the data, unless it has one. Raises InputError for data it cannot learn from."""
    space = space if space.vocab else space.with_vocabulary(dataset.needs(space.family))
    dataset.check(*space.example())
    return space


def _ignore(event: Event) -> None:
    """Nobody listens."""
