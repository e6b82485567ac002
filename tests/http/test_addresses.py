"""Every study has an address, whatever a command line has called it; and what is no address is a page to a person."""

import html
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from advisor.errors import InputError
from advisor.http.segments import segment
from advisor.http.service import Service
from studies.settings import Settings
from tests.reports.sample import provenance

PERSON = {"Accept": "text/html,application/xhtml+xml"}
NAMES = ("rate/2e-3", "a/record", "a", "/", "50%", "a%2Fb", "..%2F..", "new", "events", "a b?c#d&e=f", "Größe/ü", "...")


@pytest.fixture
def created(client: TestClient) -> TestClient:
    """A store that holds studies of all these names."""
    at: Service = client.app.state.service  # type: ignore[attr-defined]
    settings = Settings(name="x", budget_seconds=60.0)
    for name in NAMES:
        at.store.create(replace(settings, name=name), {}, provenance())
    return client


def test_a_study_of_any_name_is_found_by_its_percent_encoded_name(created: TestClient) -> None:
    assert {study["name"] for study in created.get("/api/v1/studies").json()} == set(NAMES)
    for name in NAMES:
        address = f"/api/v1/studies/{segment(name)}"
        assert created.get(address).json()["study"] == name
        assert created.get(f"{address}/record").json()["name"] == name
        assert created.get(f"{address}/trials.csv").status_code == 200
        page = created.get(f"/studies/{segment(name)}", headers=PERSON).text
        assert f"<h1>{html.escape(name)}" in page
        assert f'data-events="/studies/{segment(name)}/events"' in page
        assert created.post(f"{address}/stop").json()["detail"] == f"study {name!r} does not run"
        assert created.delete(address).json() == {"deleted": name}
    assert created.get("/api/v1/studies").json() == []


@pytest.mark.parametrize("name", [".", ".."])
def test_a_name_that_browsers_take_out_of_an_address_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"not \. or \.\."):
        Settings(name=name, budget_seconds=60.0)


def test_an_unknown_address_is_a_page_to_a_person_and_json_to_a_program(shared: TestClient) -> None:
    for address in ("/nowhere", "/studies/a/b/c", "/static/none.css", "/reports/UP", "/studies/none"):
        page = shared.get(address, headers=PERSON)
        assert page.status_code in (404, 422)
        assert page.headers["content-type"].startswith("text/html")
        assert 'role="alert"' in page.text
        assert shared.get(address).headers["content-type"] == "application/problem+json"
    for address in ("/api/v1/nowhere", "/api/v1/studies/none"):
        assert shared.get(address, headers=PERSON).headers["content-type"] == "application/problem+json"
