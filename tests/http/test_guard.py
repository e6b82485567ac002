"""For this host, from this site, under a strict policy, not too often, not too long."""

import itertools
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse

from advisor.http.app import create_app
from advisor.http.config import MAX_BODY, Config
from advisor.http.rate import Rate

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
    config = Config(store=str(tmp_path / "s.db"), requests_per_second=1e-4)
    with TestClient(create_app(config), base_url="http://localhost") as client:
        answers = [client.get("/healthz") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 429, 429]
    assert answers[-1].headers["retry-after"] == "1"


def test_a_bucket_fills_again_with_time() -> None:
    """At 2 requests/s: four at once, then two more for each second, and never more than four."""
    now = 0.0
    client = TestClient(Rate(PlainTextResponse("ok"), per_second=2.0, clock=lambda: now))
    granted = []
    for later in (0.0, 1.0, 0.25, 0.25, 3600.0):
        now += later
        granted.append([client.get("/").status_code for _ in range(6)].count(200))
    assert granted == [4, 2, 0, 1, 4]


def test_what_nobody_foresaw_is_logged_and_says_nothing(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("advisor.gpus.search.found", lambda text: 1 / 0)
    answer = client.get("/api/v1/gpus")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "ZeroDivision" not in answer.text
    assert "ZeroDivisionError" in caplog.text


def test_a_person_gets_a_page_that_says_so(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studies.store.store.Store.summaries", lambda store: 1 / 0)
    answer = client.get("/studies", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "Internal Server Error" in answer.text
    assert "its log says more" in answer.text
    assert "ZeroDivision" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
