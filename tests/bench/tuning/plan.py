"""Which runs make the benchmark, and one run of it in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.tuning.ours import VARIANTS
from tests.bench.tuning.rivals import NAMES

OURS = "advisor"
NEVER = -1.0  # a loss that no run reaches
SLACK_SECONDS = 1800  # of wall-clock, on a machine that is busy with something else


@dataclass(frozen=True)
class Run:
    """A tuner on a task with a seed."""

    tuner: str
    task: str
    seed: int

    def is_in(self, results: list[dict[str, Any]]) -> bool:
        """Whether it is among the results."""
        return any((r["tuner"], r["task"], r["seed"]) == (self.tuner, self.task, self.seed) for r in results)


@dataclass(frozen=True)
class Form:
    """How much is run: CPU seconds per tuner and task, seeds, and the seeds of the ablations."""

    seconds: dict[str, float]
    seeds: int
    ablated: int

    def runs(self) -> Iterator[Run]:
        """Tuners in turn, so that a drift of the machine's speed is everybody's; then what is left out, one by one."""
        for seed in range(self.seeds):
            for task in self.seconds:
                for tuner in (OURS, *NAMES):
                    yield Run(tuner, task, seed)
        for seed in range(self.ablated):
            for task in self.seconds:
                for tuner in VARIANTS:
                    if tuner != OURS:
                        yield Run(tuner, task, seed)


SHORT = Form(seconds={"characters-200k": 24.0, "sort-200k": 24.0}, seeds=1, ablated=1)
LONG = Form(seconds={"characters-200k": 40.0, "characters-60k": 50.0, "sort-200k": 50.0}, seeds=3, ablated=1)


def best_final(results: list[dict[str, Any]], task: str, seed: int) -> float:
    """The lowest loss that a rival has in the end; NEVER without rivals."""
    rivals = [r for r in results if (r["task"], r["seed"]) == (task, seed) and r["tuner"] in NAMES]
    return min((float(r["best"]["loss"]) for r in rivals if r["best"]), default=NEVER)


def read(path: Path) -> list[dict[str, Any]]:
    """The results so far, one per line."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def execute(run: Run, form: Form, results: list[dict[str, Any]]) -> dict[str, Any]:
    """One run in a fresh process; a variant of ours ends where it has reached what every rival has in the end."""
    is_ablation = run.tuner in VARIANTS and run.tuner != OURS
    target = best_final(results, run.task, run.seed) if is_ablation else NEVER
    command = [sys.executable, "-m", "tests.bench.tuning.one", run.tuner, run.task, str(run.seed)]
    command += [str(form.seconds[run.task]), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SLACK_SECONDS, check=False)
    if done.returncode:
        return {"error": done.stderr[-2000:], "best": None, "steps": [], "fresh": []}
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]
