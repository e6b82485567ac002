"""A service in a process of its own: as `advisor serve` runs it, or forked from one that has imported it already."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx

from advisor.http.config import Config

START = "listening on "
ROOT = Path(__file__).parents[2]
TIMEOUT = 60.0


class Server:
    """A running service."""

    def __init__(self, process: Any, url: str) -> None:
        self.process, self.url = process, url
        self.client = httpx.Client(base_url=url, timeout=TIMEOUT)

    def get(self, path: str) -> Any:
        """The JSON of an operation."""
        answer = self.client.get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()


def commanded(folder: Path, *options: str) -> Server:
    """`advisor serve`, with what it needs in `folder`; its log is in serve.log."""
    folders = [f"--reports-folder={folder / 'runs'}", f"--data-folder={folder / 'data'}"]
    command = [
        sys.executable,
        "-m",
        "advisor",
        "serve",
        "--port=0",
        f"--store={folder / 'store.db'}",
        *folders,
        *options,
    ]
    log = folder / "serve.log"
    with log.open("w") as file:
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, stderr=file, cwd=folder, env=environment)
    while (
        not (lines := [text for text in log.read_text().splitlines(True) if text.startswith(START)])
        or lines[0][-1] != "\n"
    ):
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
    return Server(process, lines[0].removeprefix(START).strip())


def kill(server: Server) -> None:
    """kill -9."""
    server.process.kill()
    server.process.wait() if isinstance(server.process, subprocess.Popen) else server.process.join()
    server.client.close()


def interrupt(server: Server) -> int:
    """Ctrl-C; the exit code of a commanded one."""
    server.process.send_signal(signal.SIGINT)
    server.client.close()
    return int(server.process.wait(TIMEOUT))


class Nursery:
    """Starts services in a moment: forks them from a process that has imported all they need."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["advisor.http.server", "tests.http.process"])

    def start(self, folder: Path) -> Server:
        """A service, with what it needs in `folder`."""
        config = Config(
            port=0, store=str(folder / "store.db"), data_folder=folder / "data", reports_folder=folder / "runs"
        )
        here, there = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_serve, args=(config, there))
        process.start()
        there.close()
        assert here.poll(TIMEOUT), "the service did not start"
        with here:
            return Server(process, here.recv())


def _serve(config: Config, announced: Connection) -> None:
    from advisor.http.server import serve

    signal.signal(signal.SIGINT, signal.default_int_handler)
    serve(config, announced.send)
