"""A store that is locked, full, or somebody else's: what was acknowledged stays, and the study goes on afterwards."""

import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import studies
from advisor.errors import ConflictError, StoreError, exit_code
from tests.crash.process import PRETENDER, Sitting, load, where
from tests.crash.sitting import NAME

LOCKED_SECONDS = 10.0
TRIALS = 12
SPACE_BYTES = 2**21  # for a store of a few trials
CONFLICT, NO_STORE = exit_code(ConflictError()), exit_code(StoreError())


def test_a_database_locked_for_ten_seconds_is_waited_for(tmp_path: Path) -> None:
    sitting = Sitting("run", tmp_path, worker=PRETENDER, trials=TRIALS)
    sitting.await_line("ended")
    other = sqlite3.connect(where(tmp_path), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    acknowledged = len(load(tmp_path).trials)
    time.sleep(LOCKED_SECONDS)
    assert len(load(tmp_path).trials) == acknowledged
    other.execute("COMMIT")
    other.close()
    waited = time.monotonic() - began
    assert sitting.wait() == 0, sitting.errors()
    assert sitting.errors() == ""
    ended = [line["number"] for line in sitting.lines if line["kind"] == "ended"]
    record = load(tmp_path)
    assert record.state == "FINISHED"
    assert ended == [trial.number for trial in record.trials] == list(range(len(record.trials)))
    assert {trial.state for trial in record.trials} == {"COMPLETE"}
    print(f"locked for {waited:.1f} s after {acknowledged} trials: {len(ended)} trials, none lost")


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of its own, of SPACE_BYTES. Skips where none may be mounted."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SPACE_BYTES}", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_ends_the_sitting_in_one_line_and_nothing_else(small: Path) -> None:
    sitting = Sitting("run", small, worker=PRETENDER, trials=200)
    for _ in range(3):
        sitting.await_line("ended")
    fill(small / "filler")
    assert sitting.wait() == NO_STORE
    check_stopped(small, sitting, "disk is full")
    (small / "filler").unlink()
    check_goes_on(small, sitting)


def test_a_file_that_may_not_grow_ends_the_sitting_in_one_line_and_nothing_else(tmp_path: Path) -> None:
    sitting = Sitting("run", tmp_path, worker=PRETENDER, trials=200, file_bytes=2**19)
    assert sitting.wait() == NO_STORE
    check_stopped(tmp_path, sitting, "store sqlite:///")
    check_goes_on(tmp_path, sitting)


def fill(path: Path) -> None:
    """To the last byte."""
    with path.open("wb", buffering=0) as file:
        for size in (2**16, 2**12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


def check_stopped(folder: Path, sitting: Sitting, word: str) -> None:
    (line,) = sitting.errors().splitlines()
    assert word in line
    record = load(folder)
    assert record.state == "INTERRUPTED"
    check_kept(folder, sitting)


def check_goes_on(folder: Path, sitting: Sitting) -> None:
    ended = len(load(folder).trials)
    again = Sitting("resume", folder, worker=PRETENDER)
    for _ in range(3):
        again.await_line("ended")
    again.kill()
    check_kept(folder, sitting)
    check_kept(folder, again)
    print(f"{ended} trials acknowledged and kept, the next is trial {again.lines[0]['number']}")


def check_kept(folder: Path, sitting: Sitting) -> None:
    """All that the sitting has acknowledged is in the store, and the file is sound."""
    trials = {trial.number: trial.value for trial in load(folder).trials}
    for line in sitting.lines:
        assert line["kind"] != "ended" or trials[line["number"]] == line["value"]
    with sqlite3.connect(where(folder)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_of_two_coordinators_one_refuses_and_names_the_other(tmp_path: Path) -> None:
    first = Sitting("run", tmp_path, worker=PRETENDER, trials=200)
    first.await_line("started")
    second = Sitting("resume", tmp_path, worker=PRETENDER)
    assert second.wait() == CONFLICT
    owner = f"process {first.pid} on {socket.gethostname()}"
    assert second.errors() == f"study '{NAME}' is being run by {owner}\n"
    with pytest.raises(ConflictError, match=owner):
        studies.resume(NAME, store=where(tmp_path))
    first.await_line("ended")
    first.kill()
