"""Tokens: told once, hashed at rest, needed by everybody once there is one, never in a log."""

import json
import logging
from pathlib import Path

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

from advisor.cli.main import cli
from advisor.errors import ConflictError, InputError, UnknownError
from advisor.http.config import Config
from advisor.http.journal import Lines
from advisor.http.server import serve
from advisor.http.tokens import Tokens
from studies.store import open_store

GPUS = "/api/v1/gpus/T4"


@pytest.fixture
def token(config: Config) -> str:
    with open_store(config.store, create=True) as store:
        return Tokens(store).new("ada")


def test_without_a_token_this_machine_may_ask(client: TestClient) -> None:
    assert client.get(GPUS).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"}, {"Cookie": "advisor_session=x"}]
)
def test_once_there_is_a_token_it_is_needed(token: str, client: TestClient, headers: dict[str, str]) -> None:
    answer = client.get(GPUS, headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert client.get("/metrics", headers=headers).status_code == 401
    assert client.get("/healthz", headers=headers).status_code == 200
    assert client.get(GPUS, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert client.get(f"{GPUS}?token={token}&access_token={token}").status_code == 401


def test_a_browser_logs_in_and_out(token: str, client: TestClient) -> None:
    assert (
        client.post("/login", data={"token": "wrong"}, follow_redirects=False).headers["location"] == "/login?wrong=1"
    )
    answer = client.post("/login", data={"token": token}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    attributes = answer.headers["set-cookie"].lower()
    assert "httponly" in attributes
    assert "samesite=strict" in attributes
    assert token.lower() not in attributes
    assert client.get(GPUS).status_code == 200
    client.post("/logout", follow_redirects=False)
    assert client.get(GPUS).status_code == 401


def test_a_revoked_token_ends_its_sessions(config: Config, token: str, client: TestClient) -> None:
    client.post("/login", data={"token": token}, follow_redirects=False)
    with open_store(config.store) as store:
        Tokens(store).revoke("ada")
        Tokens(store).new("bob")
        with pytest.raises(UnknownError):
            Tokens(store).revoke("ada")
    client.app.state.service.door.forget()  # type: ignore[attr-defined]
    assert client.get(GPUS).status_code == 401


def test_the_store_keeps_no_secret(config: Config, token: str, client: TestClient) -> None:
    session = client.post("/login", data={"token": token}, follow_redirects=False).cookies["advisor_session"]
    kept = b"".join(path.read_bytes() for path in Path(config.store).parent.glob("store.db*"))
    assert token.encode() not in kept
    assert session.encode() not in kept


def test_logs_hold_no_secret_and_no_query(token: str, client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "advisor.http"):
        client.get(f"{GPUS}?secret={token}", headers={"Authorization": f"Bearer {token}", "Cookie": f"x={token}"})
        client.get("/api/v1/%1b[31m%0a%00")
    lines = [Lines().format(record) for record in caplog.records if record.name == "advisor.http"]
    assert token not in "".join(lines)
    assert all(line.isprintable() for line in lines)
    assert json.loads(lines[0])["path"] == GPUS


def test_other_addresses_are_refused_without_a_token(config: Config) -> None:
    with pytest.raises(InputError, match="advisor token new"):
        serve(Config(host="0.0.0.0", port=0, store=config.store), print)  # noqa: S104


def test_the_command(tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        return (
            CliRunner()
            .invoke(cli, ["token", *arguments, "--store", str(tmp_path / "s.db")], catch_exceptions=False)
            .output
        )

    token = run("new", "ada").strip()
    assert len(token) > 40
    assert token not in run("list")
    assert json.loads(run("list", "--json"))[0]["name"] == "ada"
    with pytest.raises(ConflictError):
        run("new", "ada")
    with pytest.raises(InputError):
        run("new", "Ada!")
    run("revoke", "ada")
    assert json.loads(run("list", "--json")) == []
