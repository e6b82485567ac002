"""The search of one study: Optuna in memory, asked and told.

Each suggestion is a function of the study's seed, the trial's number and the finished trials alone: the sampler
is made afresh for it, with a seed of its own. So there is no sampler state that could be lost, and a resumed study
goes on as if nothing had happened.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, Trial, TrialState

from studies.job import Outcome
from studies.records import RERUNS
from studies.store.codec import NUMBER, RUN, length_of, number_of
from studies.strategy import named

IMPORTANCE_TRIALS = 8
IMPORTANCE_QUANTILE = 0.25  # Optuna's 0.1 would be one or two trials

optuna.logging.set_verbosity(optuna.logging.WARNING)


class Search:
    """Suggests trials from those that have ended and those that run, and learns how trials end.

    A trial is known by its number in our study, which is the order in which trials start; Optuna's own numbers are the
    order in which they end, once there are several at a time.
    """

    def __init__(
        self, seed: int, finished: Sequence[FrozenTrial], *, sampler: str = "tpe", pruner: str = "median"
    ) -> None:
        """`sampler` and `pruner` by the names of `named`."""
        self._seed, self._sampler, self._pruner = seed, sampler, pruner
        self.finished = list(finished)
        self._study = self._in_memory([trial for trial in self.finished if length_of(trial) == 1])
        self._running: dict[int, Trial] = {}

    @property
    def next_number(self) -> int:
        """The number that the next trial gets."""
        return 1 + max((*map(number_of, self.finished), *self._running), default=-1)

    def ask(self, params: Mapping[str, Any] | None = None, *, number: int | None = None, attempt: int = 0) -> Trial:
        """A new trial with these params, or with what TPE suggests; another `attempt` suggests something else.

        It runs from now on, until it is told or forgotten. `number`: that of an earlier start of the same trial.
        """
        number = self.next_number if number is None else number
        if params is not None:
            self._study.enqueue_trial(dict(params))
        words = np.random.SeedSequence([self._seed, number, attempt]).generate_state(1)
        self._study.sampler = named.sampler(self._sampler, int(words[0]))
        self._running[number] = self._study.ask()
        return self._running[number]

    def forget(self, number: int) -> None:
        """Drop a running trial, as if it had never been."""
        del self._running[number]
        self._remake()

    def report(self, number: int, loss: float, evaluation: int) -> bool:
        """A running trial's loss at its first, second, ... evaluation; whether the pruner would end it there."""
        self._running[number].report(loss, evaluation)
        return self._running[number].should_prune()

    def tell(self, number: int, outcome: Outcome, run: dict[str, Any]) -> FrozenTrial:
        """How a running trial has ended; `run` is kept with it."""
        trial, state = self._running.pop(number), TrialState[outcome.state]
        trial.set_user_attr(RUN, {**run, NUMBER: number})
        told = self._study.tell(trial, outcome.value if state == TrialState.COMPLETE else None, state)
        self.finished.append(told)
        if length_of(told) < 1:
            self._remake()
        return told

    def _remake(self) -> None:
        """The study of the full trials and of those that run: a short one's loss would tell that its point is bad."""
        full = [trial for trial in self.finished if length_of(trial) == 1]
        begun = {n: self._study.get_trials(deepcopy=False)[trial.number] for n, trial in self._running.items()}
        self._study = self._in_memory([*full, *begun.values()])
        trials = self._study.get_trials(deepcopy=False)[len(full) :]
        self._running = {n: Trial(self._study, t._trial_id) for n, t in zip(begun, trials, strict=True)}

    def importances(self) -> dict[str, float]:
        """Share of each param in reaching the best quarter (PED-ANOVA, Watanabe et al. 2023); {} for too few trials.

        Without re-runs, which would count their params again.
        """
        complete = [t for t in self.finished if t.state == TrialState.COMPLETE and length_of(t) == 1]
        trials = [trial for trial in complete if trial.user_attrs[RUN]["role"] not in RERUNS]
        if len(trials) < IMPORTANCE_TRIALS:
            return {}
        evaluator = PedAnovaImportanceEvaluator(target_quantile=IMPORTANCE_QUANTILE)
        return get_param_importances(self._in_memory(trials), evaluator=evaluator)

    def _in_memory(self, trials: Sequence[FrozenTrial]) -> optuna.Study:
        """Always of one name: Hyperband deals trials to its brackets by it."""
        study = optuna.create_study(study_name="study", direction="minimize", pruner=named.pruner(self._pruner))
        study.add_trials(trials)
        return study
