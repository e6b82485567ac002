"""Data that change or are cut short under a study end it in one line; with the data back, it goes on."""

from pathlib import Path

import numpy as np

from advisor.errors import DeviceError, InputError, exit_code
from tests.crash.process import Sitting, load

TOKENS = 1700  # so few make short trials, whatever the budget
NO_DEVICE, BAD_INPUT = exit_code(DeviceError()), exit_code(InputError("", expected="", got=""))


def test_a_token_file_that_is_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "tokens.bin"
    path.write_bytes(np.random.default_rng(0).integers(0, 256, TOKENS).astype("<u2").tobytes())
    content = path.read_bytes()
    sitting = Sitting("run", tmp_path, data=path.name, trials=20)
    sitting.await_line("ended")
    with path.open("r+b") as file:
        file.truncate(TOKENS)
    assert sitting.wait() == NO_DEVICE
    (line,) = sitting.errors().splitlines()
    assert line.startswith("5 trials in a row failed; the last one: data ")
    assert line.endswith("expected what the study began with, got 'another content'")
    record = load(tmp_path)
    reasons = [trial.reason for trial in record.trials]
    print(f"after the cut, trials ended as {reasons}")
    assert reasons[-4:] == ["bug"] * 4  # the one before may have been cut down while it read the file

    again = Sitting("resume", tmp_path)
    assert again.wait() == BAD_INPUT
    assert again.errors() == f"data {path}: expected what the study began with, got 'another content'\n"

    path.write_bytes(content)
    last = Sitting("resume", tmp_path)
    assert last.await_line("ended")["state"] != "FAIL"
    last.kill()
    kept = load(tmp_path).trials
    assert kept[: len(record.trials)] == record.trials
