"""make bench-tuning: runs what is missing of the results, prints the table; FORM=long for all three tasks and seeds."""

import argparse
import fcntl
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.tuning import plan, table
from tests.bench.tuning.plan import Run

FORMS = {"short": plan.SHORT, "long": plan.LONG}


def main() -> None:
    """Results are appended to a file as they come: run again, it goes on."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--form", choices=FORMS, default="short")
    parser.add_argument("--results", type=Path)
    parser.add_argument("--at-once", type=int, default=1, help="runs at a time, each in its process")
    parser.add_argument("--only-table", action="store_true")
    given = parser.parse_args()
    form, path = FORMS[given.form], given.results or Path("runs") / f"bench-tuning-{given.form}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)

    def complete(run: Run) -> None:
        results = plan.read(path)
        if not run.is_in(results):
            result = plan.execute(run, form, results)
            with path.open("a") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.write(json.dumps({"tuner": run.tuner, "task": run.task, "seed": run.seed, **result}) + "\n")
            print(run.tuner, run.task, run.seed, result["best"] and f"{result['best']['loss']:.4f}", flush=True)

    if not given.only_table:
        with ThreadPoolExecutor(given.at_once) as pool:
            list(pool.map(complete, form.runs()))
    print(table.markdown(plan.read(path)))


if __name__ == "__main__":
    main()
