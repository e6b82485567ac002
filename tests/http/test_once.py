"""Requests that start something are done once, whatever becomes of the first answer."""

import sqlite3
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from advisor.http.app import create_app
from advisor.http.config import Config
from studies.store.lease import Holder
from studies.store.queue import Entry

STUDIES = "/api/v1/studies"
ASKED = {"name": "one", "budget_seconds": 60}


@pytest.fixture
def busy(client: TestClient) -> TestClient:
    """A service whose device is taken, by a process that lives: what is asked for waits."""
    queue = client.app.state.service.launcher.queue  # type: ignore[attr-defined]
    queue.add(Entry(name="taken", devices=("cpu",), arguments=(), state="STARTED", process=Holder.here()))
    return client


def names(client: TestClient) -> list[str]:
    return [entry["name"] for entry in client.get("/api/v1/queue").json()]


def test_the_same_again_gets_the_same_answer(busy: TestClient) -> None:
    answers = [busy.post(STUDIES, json=ASKED, headers={"Idempotency-Key": "k"}) for _ in range(3)]
    assert [(answer.status_code, answer.json()["state"]) for answer in answers] == [(202, "WAITING")] * 3
    assert names(busy) == ["taken", "one"]
    assert busy.post(STUDIES, json=ASKED).status_code == 409  # without a key it is another request


def test_a_refusal_is_remembered_too(busy: TestClient) -> None:
    wrong = ASKED | {"space": "no-such"}
    answers = [busy.post(STUDIES, json=wrong, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()


def test_a_key_is_for_one_request(busy: TestClient) -> None:
    busy.post(STUDIES, json=ASKED, headers={"Idempotency-Key": "k"})
    other = busy.post(STUDIES, json=ASKED | {"name": "two"}, headers={"Idempotency-Key": "k"})
    assert (other.status_code, names(busy)) == (422, ["taken", "one"])


def test_while_the_first_is_being_answered_the_second_waits(busy: TestClient, config: Config) -> None:
    busy.post(STUDIES, json=ASKED, headers={"Idempotency-Key": "k"})
    with sqlite3.connect(config.store) as connection:
        connection.execute("UPDATE advisor_requests SET status = NULL")
    assert busy.post(STUDIES, json=ASKED, headers={"Idempotency-Key": "k"}).status_code == 409
    with sqlite3.connect(config.store) as connection:  # its service died a while ago
        connection.execute("UPDATE advisor_requests SET created = created - 100")
        connection.execute("DELETE FROM advisor_queue WHERE name = 'one'")
    connection.close()
    assert busy.post(STUDIES, json=ASKED, headers={"Idempotency-Key": "k"}).status_code == 202


def test_the_next_service_remembers(busy: TestClient, config: Config, tmp_path: Path) -> None:
    busy.post(STUDIES, json=ASKED, headers={"Idempotency-Key": "k"})
    with TestClient(create_app(config), base_url="http://localhost") as after:
        assert after.post(STUDIES, json=ASKED, headers={"Idempotency-Key": "k"}).status_code == 202
        assert names(after) == ["taken", "one"]
