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

from studies.codec import RUN
from studies.job import Outcome

# A study has 12 to 20 trials. Optuna's 10 random ones would be most of them, and the LR sweep has told half of it.
STARTUP_TRIALS = 5
# The median of those that ended, once there are a few, and not in the warm-up of the learning rate. Successive halving
# keeps the best quarter at each rung: of 12 to 20 trials one after the other that is three, and early losses
# rank high learning rates low.
PRUNER = optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=3, n_min_trials=3)
IMPORTANCE_TRIALS = 8
IMPORTANCE_QUANTILE = 0.25  # Optuna's 0.1 would be one or two trials

optuna.logging.set_verbosity(optuna.logging.WARNING)


class Search:
    """Suggests trials from those that have ended, and learns how trials end."""

    def __init__(self, seed: int, finished: Sequence[FrozenTrial]) -> None:
        self._seed = seed
        self.finished = list(finished)
        self._study = _in_memory(self.finished)

    @property
    def next_number(self) -> int:
        """The number that the next trial gets."""
        return len(self.finished)

    def ask(self, params: Mapping[str, Any] | None = None, attempt: int = 0) -> Trial:
        """A new trial with these params, or with what TPE suggests; another `attempt` suggests something else."""
        if params is not None:
            self._study.enqueue_trial(dict(params))
        words = np.random.SeedSequence([self._seed, self.next_number, attempt]).generate_state(1)
        self._study.sampler = optuna.samplers.TPESampler(seed=int(words[0]), n_startup_trials=STARTUP_TRIALS)
        return self._study.ask()

    def forget(self) -> None:
        """Drop the trial that was asked for last, as if it had never been."""
        self._study = _in_memory(self.finished)

    def tell(self, trial: Trial, outcome: Outcome, run: dict[str, Any]) -> FrozenTrial:
        """How the trial has ended; `run` is kept with it."""
        trial.set_user_attr(RUN, run)
        state = TrialState[outcome.state]
        told = self._study.tell(trial, outcome.value if state == TrialState.COMPLETE else None, state)
        self.finished.append(told)
        return told

    def importances(self) -> dict[str, float]:
        """Share of each param in reaching the best quarter (PED-ANOVA, Watanabe et al. 2023); {} for too few trials.

        Without the winner's re-runs, which would count its params again.
        """
        trials = [t for t in self.finished if t.state == TrialState.COMPLETE and t.user_attrs[RUN]["role"] != "final"]
        if len(trials) < IMPORTANCE_TRIALS:
            return {}
        evaluator = PedAnovaImportanceEvaluator(target_quantile=IMPORTANCE_QUANTILE)
        return get_param_importances(_in_memory(trials), evaluator=evaluator)


def _in_memory(trials: Sequence[FrozenTrial]) -> optuna.Study:
    study = optuna.create_study(direction="minimize", pruner=PRUNER)
    study.add_trials(trials)
    return study
