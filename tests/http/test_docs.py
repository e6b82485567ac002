"""docs/service.md: its Python runs against a service, its operations and options are those that there are."""

import re
from pathlib import Path

import pytest
import yaml
from fastapi.testclient import TestClient

from tests.http.process import commanded, kill

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "service.md").read_text()
SERVED = "http://127.0.0.1:8765"


def test_the_python_of_the_page_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert len(blocks) == 4
    server = commanded(tmp_path)
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block.replace(SERVED, server.url), "docs/service.md", "exec"), names)  # noqa: S102
    names["api"].close()  # type: ignore[attr-defined]
    kill(server)
    printed = capsys.readouterr().out
    assert re.search(r"^\d{10} True\n\['RTX 4090'", printed)
    assert "404 unknown GPU 'RTX 4900'" in printed
    assert re.search(r"\nSTARTED\n202\n", printed)


def test_the_operations_of_the_page_are_those_of_the_service(shared: TestClient) -> None:
    paths = shared.get("/api/v1/openapi.json").json()["paths"]
    known = {path.removeprefix("/api/v1").replace("{name}", "NAME") for path in paths}
    named = set(re.findall(r"(?<![\w.:*])(/[a-z]+(?:/NAME)?(?:/[a-z]+)?(?:\.csv)?)`", PAGE))
    assert {path for path in named if not path.startswith(("/trials", "/api"))} <= {*known, "/metrics"}
    assert {path.split("/")[1] for path in known} <= {path.split("/")[1] for path in named} | {"size", "propose"}


def test_the_compose_file_runs_the_dockerfile_with_a_database() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert services["advisor"]["environment"]["ADVISOR_STORE"].startswith("postgresql://")
    assert services["advisor"]["ports"] == ["127.0.0.1:8765:8765"]
    copied = re.findall(r"^COPY (\w+) \1$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()} - {"tests"} == set(copied)
