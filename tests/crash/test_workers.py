"""Whatever happens to a trial's process, its trial ends as what it was, and the study goes on."""

import random
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from tests.crash import faulty
from tests.crash.process import PRETENDER, Sitting, load

KILLS = 20
# fault -> state, reasons that it may have, a word of its message
ENDS = {
    "NaN at step 8": ("PRUNED", {"nan"}, "nan"),
    "learning rate 1e6": ("PRUNED", {"nan", "diverged"}, "loss"),
    "loss x 10": ("PRUNED", {"diverged"}, "far worse than guessing"),
    "out of memory": ("FAIL", {"oom"}, "memory"),
    "hangs": ("FAIL", {"timeout"}, "killed"),
    "segfaults": ("FAIL", {"crash"}, "SIGSEGV"),
    "kill -9": ("FAIL", {"crash"}, "SIGKILL"),
}


def test_every_fault_of_a_trial_is_told_from_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(faulty.COUNTER, str(tmp_path / "counter"))
    trials = 2 * faulty.TURNS * len(faulty.FAULTS) + 1
    sitting = Sitting("run", tmp_path, worker="tests.crash.faulty:main", trials=trials, limit=3.0)
    assert sitting.wait() == 0, sitting.errors()
    record = load(tmp_path)
    assert record.state == "FINISHED"
    seen: Counter[str] = Counter()
    for trial in record.trials:
        if fault := faulty.fault_of(trial.number):
            state, reasons, word = ENDS[fault]
            assert (trial.state, trial.reason in reasons) == (state, True), (fault, trial.reason, trial.message)
            assert word in trial.message
            seen[fault] += 1
        else:
            assert trial.state == "COMPLETE" or trial.reason == "rung", trial.message
    assert seen == dict.fromkeys(faulty.FAULTS, faulty.TURNS)
    print(f"{len(record.trials)} trials, of them:", ", ".join(f"{count} x {fault}" for fault, count in seen.items()))


def test_workers_are_killed(tmp_path: Path) -> None:
    moments, killed = random.Random(20261121), set()
    sitting = Sitting("run", tmp_path, worker=PRETENDER, trials=3 * KILLS)
    while len(killed) < KILLS:
        number = sitting.await_line("started")["number"]
        if number % 2:
            continue  # five in a row that die would end the study
        while (worker := sitting.worker) is None:
            time.sleep(0.001)
        time.sleep(moments.uniform(0.0, 0.05))
        with_luck = is_killed(worker)
        if sitting.await_line("ended")["state"] == "FAIL":
            assert with_luck
            killed.add(number)
    assert sitting.wait() == 0, sitting.errors()
    record = load(tmp_path)
    assert record.state == "FINISHED"
    assert {trial.number for trial in record.trials if trial.state == "FAIL"} == killed
    assert {trial.reason for trial in record.trials} == {"", "crash"}
    assert all("SIGKILL" in record.trials[number].message for number in killed)
    print(f"{len(killed)} kills of a worker: {len(record.trials)} trials in the store, {len(killed)} of them failed")


def is_killed(worker: psutil.Process) -> bool:
    """Whether it still lived when it was killed."""
    try:
        worker.kill()
    except psutil.NoSuchProcess:
        return False
    return True
