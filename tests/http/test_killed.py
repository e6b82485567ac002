"""A service that is killed and started again, many times, while a study runs: the study does not notice."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from studies.store import open_store
from studies.store.lease import holder
from tests.http.process import Nursery, Server, commanded, interrupt, kill

KILLS = 20
STUDY = {"name": "long", "budget_seconds": 600, "trials": 300, "seed": 3}  # short ones, so that some end soon
TIMEOUT = 60.0


def until(server: Server, state: str, name: str = "long") -> dict[str, Any]:
    """The study's summary once it is in this state."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        found = {study["name"]: study for study in server.get("/studies")}
        if found.get(name, {}).get("state") == state:
            return dict(found[name])
        assert time.monotonic() < deadline, (found, server.get("/queue"))
        time.sleep(0.1)


def test_a_study_does_not_notice_that_the_service_is_killed(tmp_path: Path) -> None:
    nursery = Nursery()
    server = commanded(tmp_path)
    assert server.client.post("/api/v1/studies", json=STUDY).status_code == 202
    assert server.client.post("/api/v1/studies", json=STUDY | {"name": "next"}).json()["state"] == "WAITING"
    until(server, "RUNNING")
    with open_store(str(tmp_path / "store.db")) as store:
        process = holder(store.engine, store.study_id("long"))
    queue, settled = server.get("/queue"), server.get("/studies/long")
    for _ in range(KILLS):
        kill(server)
        server = nursery.start(tmp_path)
        now = server.get("/studies/long")
        assert {key: now[key] for key in ("study", "state")} == {key: settled[key] for key in ("study", "state")}
        assert now["spent_seconds"] >= settled["spent_seconds"]
        assert server.get("/queue") == queue
        settled = now
    with open_store(str(tmp_path / "store.db")) as store:
        assert holder(store.engine, store.study_id("long")) == process
    assert process is not None
    assert process.is_alive
    before = len(server.get("/studies/long/record")["trials"])
    deadline = time.monotonic() + TIMEOUT
    while len(server.get("/studies/long/record")["trials"]) == before:
        assert time.monotonic() < deadline
        time.sleep(0.1)

    server.client.post("/api/v1/studies/next/stop")
    assert server.client.post("/api/v1/studies/long/stop").status_code == 202
    until(server, "INTERRUPTED")
    kill(server)


def test_ctrl_c_ends_the_service_and_no_study(tmp_path: Path) -> None:
    server = commanded(tmp_path)
    server.client.post("/api/v1/studies", json=STUDY)
    study = until(server, "RUNNING")
    assert interrupt(server) == 0
    with open_store(str(tmp_path / "store.db")) as store:
        assert store.running() == [study["name"]]
        process = holder(store.engine, store.study_id("long"))
    assert process is not None
    os.kill(process.pid, signal.SIGINT)
    while process.is_alive:
        time.sleep(0.1)
