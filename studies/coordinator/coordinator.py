"""Runs a study within its budget: measures, then keeps every slot busy as long as the strategy has work."""

from optuna.trial import TrialState

from advisor.errors import DeviceError
from search_spaces import Space
from studies import events
from studies.bench import Bench
from studies.coordinator.flight import Flight
from studies.coordinator.measuring import Measuring
from studies.executors.executor import Ticket
from studies.records import CONTENDERS, StudyRecord, SweepRecord
from studies.store.codec import dump, trial_record
from studies.strategy import named
from studies.strategy.along_front import AlongFront
from studies.strategy.classic import Classic
from studies.strategy.shapes_first import ShapesFirst
from studies.strategy.strategy import Candidate, Strategy
from studies.trials import contenders

POLL_SECONDS = 0.1
MAX_FAILURES = 5  # in a row: then it is not the configs
KEPT = 3  # models of the best trials, while re-runs may still make another one the winner


class Coordinator:
    """One sitting of one study, which `record` is as earlier sittings have left it."""

    def __init__(self, bench: Bench, space: Space, record: StudyRecord) -> None:
        self._bench, self._space, self._record = bench, space, record
        self._flights: dict[Ticket, Flight] = {}
        self._phases: set[events.Phase] = set()

    def run(self) -> None:
        """All phases, or those that earlier sittings have left. An exception leaves trials for the executor to end."""
        self._bench.live.tick()
        strategy = self._measure()
        self._unfinished = self._bench.logbook.unfinished()
        while self._fill(strategy):
            self._follow()
            self._check_failures()
        bench = self._bench
        bench.logbook.save(importances=dump(bench.search.importances()), spent_seconds=bench.clock.spent)
        bench.shelf.cut_trunks()
        bench.shelf.keep_only(*(trial.number for trial in contenders(bench.search.finished)[:1]))
        bench.tell(events.StudyEnded(spent_seconds=bench.clock.spent, budget_seconds=bench.clock.budget))

    def _measure(self) -> Strategy:
        """Fill the forecast; run the sweep and fix how long full trials are unless an earlier sitting has."""
        bench, measuring = self._bench, Measuring(self._bench, self._space)
        sweep, quota = next(iter(self._record.sweeps), None), bench.logbook.quota()
        if quota is not None:
            for trial in self._record.trials:
                job = bench.jobs.trial(trial.point, quota, trial.seed, trial.length)
                bench.forecast.observe(job, trial.curve, trial.seconds)
        if bench.forecast.is_empty:
            measuring.probe()
        if quota is None:
            sweep = sweep or self._sweep(measuring)
        strategy = self._strategy(sweep)
        if quota is None:
            quota = measuring.allot(strategy)
            bench.logbook.set_quota(quota, spent_seconds=bench.clock.spent)
        strategy.start(quota)
        return strategy

    def _strategy(self, sweep: SweepRecord | None) -> Strategy:
        """The one that the settings name, in what the sweep has left of the space."""
        space = self._space.with_learning_rates(sweep.low, sweep.high) if sweep else self._space
        settings = self._bench.settings
        has_shapes = settings.sampler == named.SHAPES_FIRST and not settings.objective
        kind = ShapesFirst if has_shapes else Classic
        if not self._bench.pricing.names or settings.objective:
            return kind(self._bench, space, sweep)
        return AlongFront(lambda bench: kind(bench, space, sweep), self._bench, space)

    def _sweep(self, measuring: Measuring) -> SweepRecord | None:
        if sweep := measuring.sweep():
            self._bench.logbook.add_sweep(sweep)
        return sweep

    # the loop

    def _fill(self, strategy: Strategy) -> bool:
        """Start a trial in every free slot that the strategy has one for; whether any trial runs now."""
        while len(self._flights) < len(self._bench.executor.devices):
            candidate = self._next(strategy)
            if candidate is None:
                break
            self._start(candidate, strategy)
        running = [flight.rest() for flight in self._flights.values()]  # the clock is read before they are predicted
        self._bench.live.predicted_end = self._bench.clock.spent + strategy.seconds_left(running)
        return bool(self._flights)

    def _next(self, strategy: Strategy) -> Candidate | None:
        """First what an earlier sitting has begun and not ended."""
        if self._unfinished and self._bench.clock.left > 0:
            return strategy.again(self._unfinished.pop(0))
        return strategy.next(self._candidates())

    def _candidates(self) -> list[Candidate]:
        """Those that run."""
        return [flight.candidate for flight in self._flights.values()]

    def _start(self, candidate: Candidate, strategy: Strategy) -> None:
        self._start_phase(candidate)
        self._bench.logbook.begin(candidate.begun)
        if candidate.role in CONTENDERS and candidate.length == 1:
            candidate = candidate.left_in(self._bench.shelf.of(candidate.number))
        flight = Flight(candidate, strategy.judge(candidate), self._bench.executor, self._bench.clock)
        self._flights[flight.ticket] = flight
        self._bench.tell(
            events.TrialStarted(
                number=candidate.number,
                role=candidate.role,
                device=flight.ticket.slot,
                point=candidate.point,
                predicted_seconds=candidate.predicted_seconds,
                steps=candidate.job.steps,
            )
        )

    def _start_phase(self, candidate: Candidate) -> None:
        """A phase begins with the first trial of its role."""
        if candidate.role not in self._phases:
            self._phases.add(candidate.role)
            seconds = self._bench.clock.left if candidate.role == "search" else candidate.predicted_seconds
            self._bench.tell(events.PhaseStarted(phase=candidate.role, predicted_seconds=seconds))

    def _follow(self) -> None:
        """Follow the running trials until at least one has ended."""
        running = len(self._flights)
        while len(self._flights) == running:
            for ticket, message in self._bench.executor.poll(POLL_SECONDS):
                flight = self._flights[ticket]
                for event in flight.take(message):
                    self._bench.tell(event)
                if flight.outcome:
                    self._end(self._flights.pop(ticket))
            for flight in self._flights.values():
                flight.stop_if_due()
            self._bench.live.tick()

    def _end(self, flight: Flight) -> None:
        """Tell the search, write the trial down, tell whoever listens."""
        bench, candidate = self._bench, flight.candidate
        assert flight.outcome is not None
        bench.forecast.observe(candidate.job, flight.curve, flight.seconds)
        facts = flight.facts(bench.jobs.needs(candidate.point), bench.pricing(candidate.point))
        told = bench.search.tell(candidate.number, flight.outcome, facts)
        bench.logbook.finish(told, flight.curve, bench.clock.spent)
        record, ranked = trial_record(told, flight.curve), contenders(bench.search.finished)
        running = [other.candidate.number for other in self._flights.values()]
        bench.shelf.keep_only(*running, *(trial.number for trial in ranked[:KEPT]))
        bench.tell(events.TrialEnded(trial=record, best=next(iter(ranked), None)))

    def _check_failures(self) -> None:
        """Raises DeviceError when the last few trials have all failed."""
        last = self._bench.search.finished[-MAX_FAILURES:]
        if len(last) == MAX_FAILURES and all(trial.state == TrialState.FAIL for trial in last):
            raise DeviceError(
                f"{MAX_FAILURES} trials in a row failed; the last one: {trial_record(last[-1], ()).message}"
            )
