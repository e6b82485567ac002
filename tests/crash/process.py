"""Starts, watches and kills sittings."""

import json
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from studies.records import StudyRecord
from studies.store import open_store
from tests.crash.sitting import NAME

GONE_SECONDS = 30.0  # a step, and the news that nobody listens
PRETENDER = "tests.crash.pretender:trains"


class Sitting:
    """A running `tests.crash.sitting`, in a session of its own as a terminal's job is."""

    def __init__(self, verb: str, folder: Path, *, store: str | None = None, **options: Any) -> None:
        # not -m: each worker would import the main module, and with it Optuna
        command = [sys.executable, "-W", "error", "-c", "from tests.crash.sitting import start; start()"]
        command += [verb, str(folder), store or where(folder), json.dumps(options)]
        self._errors = folder / f"{time.monotonic()}.stderr"
        with self._errors.open("w") as errors:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
            )
        self._unread: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.lines: list[dict[str, Any]] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                if line.endswith("\n"):  # half a line was not acknowledged
                    self._unread.put(json.loads(line))
        self._unread.put(None)

    def next_line(self, timeout: float = 60.0) -> dict[str, Any] | None:
        """The next line that the sitting prints; None at its end."""
        line = self._unread.get(timeout=timeout)
        if line is not None:
            self.lines.append(line)
        return line

    def await_line(self, kind: str) -> dict[str, Any]:
        """The next line of this kind."""
        while line := self.next_line():
            if line["kind"] == kind:
                return line
        raise AssertionError(f"the sitting ended: {self.errors()}")

    def wait(self) -> int:
        """Read to the end; the exit code."""
        while self.next_line():
            pass
        return self.process.wait()

    def kill(self) -> None:
        """kill -9, then wait until nothing that it started is left."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        self.wait()
        deadline = time.monotonic() + GONE_SECONDS
        while living := [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]:
            assert time.monotonic() < deadline, f"left behind: {living}"
            time.sleep(0.05)

    def errors(self) -> str:
        """What it has written to stderr."""
        return self._errors.read_text()

    @property
    def worker(self) -> psutil.Process | None:
        """The child of the fork server, if one runs."""
        for child in psutil.Process(self.process.pid).children():
            if "forkserver" in " ".join(child.cmdline()):
                return next(iter(child.children()), None)
        return None


def where(folder: Path) -> str:
    """The store of a sitting in this folder, if no other is named."""
    return str(folder / "store.db")


def load(folder: Path, store: str | None = None) -> StudyRecord:
    """The study as its store has it."""
    with open_store(store or where(folder)) as opened:
        return opened.load(NAME)
