"""A service without a socket, with a store and folders of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from advisor.http.app import create_app
from advisor.http.config import Config
from tests.studies.conftest import postgresql

__all__ = ["postgresql"]  # a fixture


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(store=str(tmp_path / "store.db"), data_folder=tmp_path / "data", reports_folder=tmp_path / "runs")


@pytest.fixture
def client(config: Config) -> Iterator[TestClient]:
    with TestClient(create_app(config), base_url="http://localhost", raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One service for all tests that only ask."""
    folder = tmp_path_factory.mktemp("service")
    config = Config(store=str(folder / "store.db"), data_folder=folder / "data", reports_folder=folder / "runs")
    with TestClient(create_app(config), base_url="http://localhost", raise_server_exceptions=False) as client:
        yield client
