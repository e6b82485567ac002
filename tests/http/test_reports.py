"""Reports over HTTP: made of one study or of several, shown cut off from the service, deleted."""

from fastapi.testclient import TestClient

from studies import Settings
from studies.records import Provenance
from studies.store import open_store

REPORTS = "/api/v1/reports"


def studies(store: str, *names: str) -> None:
    """Studies that nobody has run yet."""
    facts = Provenance(command="", created="2026-11-21T12:00:00+00:00", versions={}, device={}, data={}, seed=0)
    with open_store(store) as opened:
        for name in names:
            opened.create(Settings(name=name, budget_seconds=60, store=store), {}, facts)


def test_a_report_is_made_listed_shown_and_deleted(client: TestClient) -> None:
    studies(client.app.state.service.config.store, "one", "two")  # type: ignore[attr-defined]
    made = client.post(REPORTS, json={"studies": ["one"]})
    assert made.status_code == 201, made.text
    assert made.json()["name"] == "one"
    both = client.post(REPORTS, json={"studies": ["one", "two"]})
    assert both.status_code == 201, both.text
    name = both.json()["name"]
    assert name.startswith("one-and-two-")
    assert {report["name"] for report in client.get(REPORTS).json()} == {"one", name}
    page = client.get(f"{REPORTS}/{name}", params={"download": True})
    assert page.headers["content-disposition"] == f'attachment; filename="{name}.html"'
    assert page.headers["content-security-policy"].startswith("sandbox ")
    assert "allow-same-origin" not in page.headers["content-security-policy"]
    assert "two" in page.text
    assert client.delete(f"{REPORTS}/one").status_code == 200
    assert client.get(f"{REPORTS}/one").status_code == 404


def test_studies_whose_names_look_alike_have_reports_of_their_own(client: TestClient) -> None:
    names = ("a rate", "a/rate", "a-rate")
    studies(client.app.state.service.config.store, *names)  # type: ignore[attr-defined]
    made = [client.post(REPORTS, json={"studies": [name]}).json()["name"] for name in names]
    assert {report["name"] for report in client.get(REPORTS).json()} == set(made)
    assert len(set(made)) == 3
    assert made[-1] == "a-rate"


def test_of_a_study_that_there_is_not(client: TestClient) -> None:
    answer = client.post(REPORTS, json={"studies": ["none"]})
    assert (answer.status_code, answer.json()["detail"]) == (404, "unknown study 'none'")
    assert client.get(REPORTS).json() == []
