"""The tuners that a user would pick instead, on the same space, trials and clock."""

import functools
from collections.abc import Callable
from typing import Any

import optuna
from optuna.pruners import HyperbandPruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import RandomSampler, TPESampler

from studies.jobs import EVALUATIONS
from studies.records import CurvePoint
from tests.bench.tuning.course import Course
from tests.bench.tuning.tasks import widest

optuna.logging.set_verbosity(optuna.logging.ERROR)

# As their documentation has them, with the number of evaluations where they ask for it.
OPTUNA: dict[str, tuple[Callable[[int], Any], Callable[[], Any]]] = {
    "TPE": (lambda seed: TPESampler(seed=seed), NopPruner),
    "TPE + median": (lambda seed: TPESampler(seed=seed), MedianPruner),
    "multivariate TPE + Hyperband": (
        lambda seed: TPESampler(seed=seed, multivariate=True, group=True),
        lambda: HyperbandPruner(min_resource=1, max_resource=EVALUATIONS),
    ),
    "random + successive halving": (lambda seed: RandomSampler(seed=seed), SuccessiveHalvingPruner),
}
RAY = "Ray Tune ASHA + OptunaSearch"
NAMES = (*OPTUNA, RAY)


def point(course: Course, params: dict[str, Any]) -> dict[str, float]:
    """What a user would make of params whose model is too large: as deep as asked and fits at all, as wide as fits."""
    depths = range(int(params["depth"]), 0, -1)
    widths = next(found for depth in depths if (found := _widths(course.task, depth)))
    width = max((w for w in widths if w <= params["width"]), default=min(widths))
    recipe = {name: params[name] for name in ("learning_rate", "dropout", "weight_decay")}
    shape = {"d_model": width, "depth_fraction": widths[width]}
    return course.jobs.space.point({**recipe, **shape}, course.task.limit_bytes)


@functools.cache
def _widths(task: Any, depth: int) -> dict[int, float]:
    return widest(task.jobs().space, depth, task.limit_bytes)


def suggest(trial: optuna.Trial) -> dict[str, Any]:
    """The space in Optuna's words."""
    return {
        "learning_rate": trial.suggest_float("learning_rate", 1e-5, 1e-1, log=True),
        "dropout": trial.suggest_float("dropout", 0.0, 0.4),
        "weight_decay": trial.suggest_float("weight_decay", 0.0, 0.3),
        "depth": trial.suggest_int("depth", 1, 6),
        "width": trial.suggest_int("width", 32, 160, step=16),
    }


def run(course: Course, name: str) -> None:
    """One rival until the budget is spent."""
    return run_ray(course) if name == RAY else run_optuna(course, name)


def run_optuna(course: Course, name: str) -> None:
    sampler, pruner = OPTUNA[name]
    study = optuna.create_study(sampler=sampler(course.seed), pruner=pruner())

    def objective(trial: optuna.Trial) -> float:
        at = point(course, suggest(trial))
        evaluations = 0
        verdicts: list[bool] = []

        def report(p: CurvePoint) -> None:
            nonlocal evaluations
            if p.validation_loss is not None:
                evaluations += 1
                trial.report(p.validation_loss, evaluations)
                verdicts.append(trial.should_prune())

        outcome = course.run(course.job(at), at, report, lambda: any(verdicts))
        if outcome.state != "COMPLETE" or outcome.value is None:
            raise optuna.TrialPruned
        return outcome.value

    while not course.is_over:
        study.optimize(objective, n_trials=1)


def run_ray(course: Course) -> None:
    """In Ray's own processes; the clock starts with the first trial, when Ray is up."""
    from tests.bench.tuning.ray_tune import run as tune

    tune(course)
