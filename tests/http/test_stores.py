"""What the service keeps in the store, on each database that a store can be: tokens, keys, the queue, live states."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from advisor.http.app import create_app
from advisor.http.config import Config
from advisor.http.tokens import Tokens
from studies import Settings
from studies.store import open_store
from studies.store.lease import Holder, drop, take
from studies.store.logbook import Logbook
from studies.store.queue import Entry, Queue
from tests.http.pages.test_study_pages import live
from tests.reports.sample import provenance

API = "/api/v1"
ASKED = {"name": "one", "budget_seconds": 60}
KEY = {"Idempotency-Key": "monday-1"}


@pytest.fixture(params=["sqlite", "postgresql"])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Config:
    """Of a service whose one device is taken, by a process that lives: what is asked for waits."""
    kind: str = request.param
    store = str(tmp_path / "store.db") if kind == "sqlite" else request.getfixturevalue("postgresql")
    with open_store(store, create=True) as opened:
        queue = Queue(opened)
        queue.add(Entry(name="taken", devices=("cpu",), arguments=(), state="STARTED", process=Holder.here()))
    return Config(store=store, data_folder=tmp_path / "data", reports_folder=tmp_path / "runs")


@pytest.fixture
def running(config: Config) -> Iterator[None]:
    """A study that this process holds, and that has said what it does."""
    with open_store(config.store) as store:
        store.create(Settings(name="study", budget_seconds=180.0, store=config.store), {}, provenance())
        mine = Holder.here()
        take(store.engine, store.study_id("study"), "study", mine)
        logbook = Logbook(store, "study")
        logbook.save(state="RUNNING")
        for written in (1.0, 2.0):
            logbook.show(replace(live(), written=written).to_json())
        yield
        drop(store.engine, store.study_id("study"), mine)


def test_tokens_keys_queue_live_state_and_report(config: Config, running: None) -> None:
    with TestClient(create_app(config), base_url="http://localhost") as client:
        answers = [client.post(f"{API}/studies", json=ASKED, headers=KEY) for _ in range(2)]
        assert [(answer.status_code, answer.json()["state"]) for answer in answers] == [(202, "WAITING")] * 2
        assert client.post(f"{API}/studies", json=ASKED | {"name": "two"}, headers=KEY).status_code == 422
        assert [entry["name"] for entry in client.get(f"{API}/queue").json()] == ["taken", "one"]
        shown = client.get(f"{API}/studies/study/live").json()
        assert [trial["number"] for trial in shown["running"]] == [16, 17]
        assert "Trial 16" in client.get("/studies/study", headers={"Accept": "text/html"}).text
        made = client.post(f"{API}/reports", json={"studies": ["study"]})
        assert made.status_code == 201, made.text
        assert "This study is running" in client.get(f"{API}/reports/study").text
        with open_store(config.store) as store:
            token = Tokens(store).new("ada")
    with TestClient(create_app(config), base_url="http://localhost") as after:  # another process of the service
        assert after.get(f"{API}/queue").status_code == 401
        after.headers["Authorization"] = f"Bearer {token}"
        assert after.post(f"{API}/studies", json=ASKED, headers=KEY).json() == answers[0].json()
        assert after.post(f"{API}/studies/one/stop").status_code == 202
        assert [entry["name"] for entry in after.get(f"{API}/queue").json()] == ["taken"]
