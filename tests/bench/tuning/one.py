"""One run, its result as a line of JSON: python -m tests.bench.tuning.one TUNER TASK SEED SECONDS TARGET."""

import json
import sys

from tests.bench.tuning import course, ours, rivals
from tests.bench.tuning.tasks import tasks


def main() -> None:
    """Data are read and torch is imported before the clock starts."""
    tuner, name, seed, seconds, target = sys.argv[1:]
    course.start()
    task = tasks()[name]
    _ = task.jobs().train_tokens
    run = course.Course(task, int(seed), float(seconds), target=float(target))
    (ours if tuner in ours.VARIANTS else rivals).run(run, tuner)
    print(json.dumps(run.result()))


if __name__ == "__main__":
    main()
