"""Once there is a token, pages are for those who have shown it."""

from fastapi.testclient import TestClient

from advisor.http.service import Service
from advisor.http.tokens import Tokens

PAGE = {"Accept": "text/html"}


def test_without_a_token_every_page_is_open(client: TestClient) -> None:
    assert client.get("/", headers=PAGE).status_code == 200
    assert "asks for no token" in client.get("/login", headers=PAGE).text


def test_a_browser_signs_in_and_out(client: TestClient) -> None:
    at: Service = client.app.state.service  # type: ignore[attr-defined]
    token = Tokens(at.store).new("test")
    at.door.forget()
    for path in ("/", "/propose"):
        turned_away = client.get(path, headers=PAGE, follow_redirects=False)
        assert (turned_away.status_code, turned_away.headers["location"]) == (303, "/login")
        assert client.get(path).status_code == 401
    assert client.get("/size/answer").status_code == 401
    assert client.get("/static/style.css").status_code == 200
    wrong = client.post("/login", data={"token": "guess"}, headers=PAGE)
    assert "no token of this service" in wrong.text
    inside = client.post("/login", data={"token": token}, headers=PAGE)
    assert "What one training step needs" in inside.text
    assert "Sign out" in client.get("/login", headers=PAGE).text
    client.post("/logout", headers=PAGE)
    assert client.get("/", headers=PAGE, follow_redirects=False).status_code == 303
