"""The catalogue over HTTP."""

import json

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

from advisor.cli.gpus import gpus


def test_without_a_search_the_catalogue_as_the_command_prints_it(shared: TestClient) -> None:
    assert shared.get("/api/v1/gpus").json() == json.loads(CliRunner().invoke(gpus, ["--json"]).stdout)


@pytest.mark.parametrize(
    ("typed", "first"),
    [("409", "RTX 4090"), ("rtx 40", "RTX 4060"), ("geforce rtx 5090", "RTX 5090"), ("h100 sx", "H100 SXM5")],
)
def test_search_as_one_types(shared: TestClient, typed: str, first: str) -> None:
    found = shared.get("/api/v1/gpus", params={"search": typed, "limit": 5}).json()
    assert found[0]["name"] == first
    assert len(found) <= 5


def test_search_knows_cards_that_are_only_listed(shared: TestClient) -> None:
    assert "K620" in {g["name"] for g in shared.get("/api/v1/gpus", params={"search": "k620"}).json()}


def test_one_gpu_and_a_slice_of_it(shared: TestClient) -> None:
    whole = shared.get("/api/v1/gpus/A100 SXM4 80GB").json()
    part = shared.get("/api/v1/gpus/A100 SXM4 80GB", params={"fraction": "1/7"}).json()
    assert part["memory_bytes"] < whole["memory_bytes"] / 7
    assert shared.get("/api/v1/gpus/RTX 4990").status_code == 404
