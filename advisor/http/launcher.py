"""Starts what waits in the queue as processes of their own.

Each is in a session of its own: neither the end of the service nor its Ctrl-C reaches them, nor the other way round.
"""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from functools import partial
from pathlib import Path

from advisor.errors import ConflictError, StoreError
from advisor.files import unique_slug
from studies.address import STORE_VARIABLE
from studies.store import Store, lease
from studies.store.lease import Holder
from studies.store.queue import Entry, Queue

LOG_TAIL = 4096  # [bytes] that are looked at
ERROR, INTERRUPTED = "advisor: ", "advisor: interrupted"


class Launcher:
    """Works off the queue of a store: at most `per_device` studies at a time on each device."""

    def __init__(self, store: Store, logs: Path, per_device: int) -> None:
        self.store, self.queue, self.logs, self.per_device = store, Queue(store), logs, per_device
        self._children: list[subprocess.Popen[bytes]] = []
        self._url = store.url.render_as_string(hide_password=False)  # by the environment: arguments are for all to see
        self._turn = threading.Lock()

    def ask(self, entry: Entry) -> Entry:
        """Into the queue, and on its way if its device is free. Raises ConflictError when it is there already."""
        self.queue.add(entry)
        self.tick()
        return self.queue.find(entry.name)

    def tick(self) -> None:
        """Settle what has ended, start what fits. Raises StoreError.

        Whether this service has started a process or one before it is all the same: the queue knows them.
        """
        with self._turn:
            self._work()

    def _work(self) -> None:
        self._children = [child for child in self._children if child.poll() is None]
        entries = self.queue.entries()
        for entry in entries:
            if entry.process is not None and not entry.process.is_alive:
                self._settle(entry)
        waiting = [entry for entry in entries if entry.state == "WAITING"]
        if waiting:
            busy = self._busy()
            for entry in waiting:
                is_free = all(busy[device] < self.per_device for device in entry.devices)
                if is_free and self.queue.start(entry.name, partial(self._spawn, entry)):
                    busy.update(entry.devices)

    def stop(self, name: str) -> None:
        """Ask a study that runs to end as by Ctrl-C, or take one that waits from the queue.

        Raises UnknownError for one that there is not, ConflictError for one that does not run here.
        """
        if self.queue.remove(name, "WAITING", "FAILED"):
            return
        started = {entry.name: entry.process for entry in self.queue.entries()}
        process = started.get(name) or lease.holder(self.store.engine, self.store.study_id(name))
        if process is None or not process.is_alive:
            raise ConflictError(f"study {name!r} does not run")
        if not process.is_here:
            raise ConflictError(f"study {name!r} runs on {process.host}, not on this machine")
        os.kill(process.pid, signal.SIGINT)

    def _busy(self) -> Counter[str]:
        """How many studies run on each device, started from the queue or by hand."""
        queued = [entry for entry in self.queue.entries() if entry.state == "STARTED"]
        names = {entry.name for entry in queued}
        by_hand = [name for name in self.store.running() if name not in names]
        used = [{slot.name for slot in self.store.settings(name).devices} for name in by_hand]
        return Counter(device for devices in (*(entry.devices for entry in queued), *used) for device in devices)

    def _spawn(self, entry: Entry) -> Holder:
        path = self.log_of(entry.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "advisor", *entry.arguments],
                env=os.environ | {STORE_VARIABLE: self._url}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self._children.append(child)
        return Holder.of(child.pid)

    def _settle(self, entry: Entry) -> None:
        """What becomes of an entry whose process has ended: the study itself tells the rest, if it began."""
        last = self._last_line(entry.name)
        if last.startswith(ERROR) and not last.startswith(INTERRUPTED):
            self.queue.failed(entry.name, last.removeprefix(ERROR))
        elif entry.name in self.store.names():
            self.queue.remove(entry.name, "STARTED")
        else:
            self.queue.failed(entry.name, "its process ended before it began")

    def log_of(self, name: str) -> Path:
        """Where the process of a study writes."""
        return self.logs / f"{unique_slug(name)}.log"

    def _last_line(self, name: str) -> str:
        try:
            with self.log_of(name).open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - LOG_TAIL))
                lines = log.read().decode("utf-8", "replace").strip().splitlines()
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise StoreError(f"cannot read the log of {name!r}: {error.strerror}") from error
        return lines[-1] if lines else ""
