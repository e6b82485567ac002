"""Starts, watches and kills sittings: forked in a moment from a process that has imported what they need."""

import json
import multiprocessing
import os
import queue
import signal
import threading
import time
import warnings
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from studies.executors import local
from studies.records import StudyRecord
from studies.store import open_store
from tests.crash.sitting import NAME, start

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.crash.sitting", "studies.coordinator.sitting"])
GONE_SECONDS = 30.0  # a step, and the news that nobody listens
PRETENDER = "tests.crash.pretender:trains"


class Sitting:
    """A running `tests.crash.sitting`, in a session of its own as a terminal's job is."""

    def __init__(self, verb: str, folder: Path, *, store: str | None = None, **options: Any) -> None:
        arguments = (verb, str(folder), store or where(folder), json.dumps(options))
        self._errors = folder / f"{time.monotonic()}.stderr"
        self._errors.touch()
        here, there = FORKS.Pipe(duplex=False)
        self.process = FORKS.Process(target=begin, args=(arguments, there, self._errors, dict(os.environ)))
        with there, local._no_main_module():
            self.process.start()
        self.pid = self.process.pid or 0
        while os.getpgid(self.pid) != self.pid:
            time.sleep(0.001)
        self._unread: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.lines: list[dict[str, Any]] = []
        threading.Thread(target=self._read, args=(here,), daemon=True).start()

    def _read(self, here: Connection) -> None:
        with here, os.fdopen(os.dup(here.fileno())) as lines:
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
        self.process.join()
        return self.process.exitcode or 0

    def kill(self) -> None:
        """kill -9, then wait until nothing that it started is left."""
        family = psutil.Process(self.pid).children(recursive=True)
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
        for child in psutil.Process(self.pid).children():
            if "forkserver" in " ".join(child.cmdline()):
                return next(iter(child.children()), None)
        return None


def begin(arguments: tuple[str, ...], lines: Connection, errors: Path, environment: dict[str, str]) -> None:
    """In the forked process: a job of its own, as a terminal would have started it; every warning is an error."""
    os.setsid()
    os.dup2(lines.fileno(), 1)
    lines.close()
    with errors.open("a") as file:
        os.dup2(file.fileno(), 2)
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    warnings.simplefilter("error")
    start(*arguments)


def where(folder: Path) -> str:
    """The store of a sitting in this folder, if no other is named."""
    return str(folder / "store.db")


def load(folder: Path, store: str | None = None) -> StudyRecord:
    """The study as its store has it."""
    with open_store(store or where(folder)) as opened:
        return opened.load(NAME)
