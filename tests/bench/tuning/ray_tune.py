"""Ray Tune's ASHA with OptunaSearch on a course: one actor, used again; only its own CPU seconds count."""

import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studies.jobs import EVALUATIONS
from studies.records import CurvePoint
from studies.trial import loop
from studies.trial.trainer import Trainer
from tests.bench.tuning import course as courses
from tests.bench.tuning import rivals
from tests.bench.tuning.course import Course, Step
from tests.bench.tuning.tasks import Task

LOSS = "loss"


def run(course: Course) -> None:
    """What Ray does between trials, and its start, is not counted: kinder than a user's clock."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
        os.environ["TUNE_DISABLE_AUTO_CALLBACK_LOGGERS"] = "1"
        import ray

        ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, _temp_dir=folder)
        try:
            _tune(course, Path(folder), Path(folder) / "log.jsonl")
        finally:
            ray.shutdown()
        read(course, Path(folder) / "log.jsonl")


def _tune(course: Course, folder: Path, log: Path) -> None:
    from ray import tune
    from ray.tune.schedulers import ASHAScheduler
    from ray.tune.search.optuna import OptunaSearch
    from ray.tune.stopper import FunctionStopper

    def is_over(trial_id: str, result: dict[str, Any]) -> bool:
        return spent(log) >= course.budget

    class Over(FunctionStopper):
        def stop_all(self) -> bool:
            return spent(log) >= course.budget

    tune.Tuner(
        tune.with_resources(_trainable(course.task, course.seed, str(log)), {"cpu": 1}),
        tune_config=tune.TuneConfig(
            search_alg=OptunaSearch(space=_suggest, metric=LOSS, mode="min", seed=course.seed),
            scheduler=ASHAScheduler(max_t=EVALUATIONS, grace_period=1, metric=LOSS, mode="min"),
            num_samples=-1,
            max_concurrent_trials=1,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(storage_path=str(folder / "results"), verbose=0, stop=Over(is_over)),
    ).fit()


def _suggest(trial: Any) -> None:
    rivals.suggest(trial)


def _trainable(task: Task, seed: int, log: str) -> Callable[[dict[str, Any]], None]:
    """A function that trains one trial and writes down its CPU seconds at each evaluation."""

    def train(config: dict[str, Any]) -> None:
        from ray import tune

        courses.start()
        began = time.process_time()
        course = Course(task, seed, budget=float("inf"))
        at = rivals.point(course, config)
        job = course.job(at)
        name = tune.get_context().get_trial_id()

        def report(p: CurvePoint) -> None:
            if p.validation_loss is None:
                return
            line = {"trial": name, "seconds": time.process_time() - began, "loss": p.validation_loss, "point": at}
            with open(log, "a") as file:
                file.write(json.dumps({**line, "is_last": p.step == job.steps}) + "\n")
            tune.report({LOSS: p.validation_loss})

        loop.train(Trainer(job), job, report=report, stopped=lambda: False)

    return train


def lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()] if log.is_file() else []


def spent(log: Path) -> float:
    """CPU seconds of all trials so far."""
    return sum({line["trial"]: line["seconds"] for line in lines(log)}.values())


def read(course: Course, log: Path) -> None:
    """Full trials, each at the sum of the seconds up to its end."""
    seconds: dict[str, float] = {}
    for line in lines(log):
        seconds[line["trial"]] = line["seconds"]
        if line["is_last"] and (now := sum(seconds.values())) <= course.budget:
            course.steps.append(Step(seconds=now, loss=line["loss"], point=line["point"]))
    course.trials = len(seconds)
