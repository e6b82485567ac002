"""For this host, from this site, under a strict policy, not too often, not too long."""

import itertools
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from advisor.http.app import create_app
from advisor.http.config import MAX_BODY, Config

SIZE = "/api/v1/size"


@pytest.mark.parametrize("host", ["localhost", "localhost:8765", "127.0.0.1:1", "[::1]:8765", "10.1.2.3"])
def test_addresses_and_localhost_are_answered(shared: TestClient, host: str) -> None:
    assert shared.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil@localhost:x", "", "[::1", "a b"]
)
def test_a_name_that_somebody_made_lead_here_is_refused(shared: TestClient, host: str) -> None:
    answer = shared.get("/healthz", headers={"Host": host})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


def test_a_name_that_was_given_is_answered(tmp_path: Path) -> None:
    with TestClient(
        create_app(Config(store=str(tmp_path / "s.db"), names=("Box.lan",))), base_url="http://box.lan"
    ) as it:
        assert it.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Origin": "http://localhost.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_what_another_sites_page_sends_is_refused(shared: TestClient, headers: dict[str, str]) -> None:
    assert shared.post(SIZE, json={"model": "tiny"}, headers=headers).status_code == 403


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}])
def test_what_programs_and_own_pages_send_is_answered(shared: TestClient, headers: dict[str, str]) -> None:
    assert shared.post(SIZE, json={"model": "tiny"}, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/nothing", SIZE])
def test_every_answer_has_the_policy(shared: TestClient, path: str) -> None:
    headers = shared.get(path).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "server" not in headers


def test_long_bodies_are_refused_unread(shared: TestClient) -> None:
    said = shared.post(SIZE, content=b" " * (10 * MAX_BODY), headers={"Content-Type": "application/json"})
    assert said.status_code == 413
    chunks = itertools.repeat(b" " * 2**16, 10 * MAX_BODY // 2**16)  # says no length
    streamed = shared.post(SIZE, content=chunks, headers={"Content-Type": "application/json"})
    assert (streamed.status_code, streamed.json()["status"]) == (413, 413)


def test_a_client_that_asks_too_often_waits(tmp_path: Path) -> None:
    config = Config(store=str(tmp_path / "s.db"), requests_per_second=2.0)
    with TestClient(create_app(config), base_url="http://localhost") as client:
        answers = [client.get("/healthz") for _ in range(20)]
    assert answers[0].status_code == 200
    assert answers[-1].status_code == 429
    assert answers[-1].headers["retry-after"] == "1"


def test_what_nobody_foresaw_is_logged_and_says_nothing(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("advisor.gpus.search.found", lambda text: 1 / 0)
    answer = client.get("/api/v1/gpus")
    assert answer.status_code == 500
    assert "ZeroDivision" not in answer.text
    assert "ZeroDivisionError" in caplog.text
