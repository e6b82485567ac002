"""Ctrl-C in the terminal."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.crash.process import Sitting, load


@pytest.mark.parametrize("seconds", [0.0, 0.3])
def test_ctrl_c_keeps_what_was_acknowledged(tmp_path: Path, seconds: float) -> None:
    sitting = Sitting("run", tmp_path)
    ended = sitting.await_line("ended")
    time.sleep(seconds)
    os.killpg(sitting.pid, signal.SIGINT)  # as a terminal does: to all processes of the job
    assert sitting.wait() == 130
    assert sitting.errors() == ""
    record = load(tmp_path)
    assert record.state == "INTERRUPTED"
    assert record.trials[ended["number"]].value == ended["value"]
    assert 0 < record.spent_seconds < record.budget_seconds
    begun = [line for line in sitting.lines if line["kind"] == "started"][-1]

    again = Sitting("resume", tmp_path)
    first = again.await_line("started")
    if begun["number"] >= len(record.trials):
        assert (first["number"], first["point"]) == (begun["number"], begun["point"])
    again.kill()


def test_ctrl_c_while_torch_is_imported_is_silent(tmp_path: Path) -> None:
    sitting = Sitting("run", tmp_path)
    time.sleep(2.0)
    os.killpg(sitting.pid, signal.SIGINT)
    assert sitting.wait() == 130
    assert sitting.errors() == ""
