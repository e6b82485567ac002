"""25 payloads in every place that keeps text: shown by the service they run nowhere, and nothing falls over.

Sinks: the study's name, a parameter's name, a category, the text of an error, the name of a file; answers of the API,
the CSV, the report in its sandbox, what a terminal prints.
"""

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

from advisor.cli.main import cli
from advisor.http.app import create_app
from advisor.http.config import Config
from advisor.http.segments import segment
from advisor.http.table import trials_csv
from studies.records import StudyRecord
from studies.store.queue import Entry
from tests.reports.sample import study

PAYLOADS = (
    "<script>alert(1)</script>", "</script><img src=x onerror=alert(1)>", '"><svg onload=alert(1)>', "'-alert(1)-'",
    "javascript:alert(1)", "<!--<script>", "]]><x>", "{{7*7}}", "${7*7}", "{%import os%}", "#{7*7}", "%s%n%x",
    "{0.__class__}", "'; DROP TABLE advisor_studies; --", "' OR '1'='1", "' UNION SELECT digest FROM advisor_tokens --",
    "$(touch pwned)", "`touch pwned`", "; touch pwned", "| touch pwned", "=cmd|'/C calc'!A1",
    '=HYPERLINK("//evil.example","x")', "@SUM(1)", "+1+cmd()", "-2+3+cmd()", "\x1b]0;pwned\x07", "\x1b[2J\x1b[31m",
    "a\r\nSet-Cookie: pwned=1", "\u202egnp.exe", "\ufeff\u0000",
)  # fmt: skip
MARKS = ("<script>alert", "<img src=x", "<svg onload")
PRINTABLE = [text for text in PAYLOADS if text.isprintable()]


def spoiled(text: str) -> StudyRecord:
    """The sample study with the text wherever a record holds one."""
    record = study(importances={text: 1.0}, space={text: [text]})
    first, *others = record.trials
    point: dict[str, Any] = first.point | {"optimizer": text, text: 1.0}
    first = replace(first, message=text, state="FAIL", reason="crash", point=point, params={text: -1.5})
    return replace(record, name=text, trials=(first, *others))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("injection")


@pytest.fixture(scope="module")
def target(folder: Path) -> Iterator[TestClient]:
    config = Config(store=str(folder / "s.db"), data_folder=folder / "data", reports_folder=folder / "runs")
    with TestClient(create_app(config), base_url="http://localhost", raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize("text", PAYLOADS)
def test_what_a_request_says_is_data(target: TestClient, folder: Path, text: str) -> None:
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("size", {"model": text}), ("size", {"model": "gpt2", "gpu": text}), ("size", {"model": "gpt2", text: 1}),
        ("size", {"model": "gpt2", "plan": {text: 1}}), ("size", {"model": "gpt2", "plan": {"optimizer": text}}),
        ("size", {"hf": {"model_type": text}}), ("propose", {"gpu": "T4", "pins": [text]}),
        ("propose", {"gpu": "T4", "parameters": text}), ("studies", {"name": text, "budget_seconds": 60}),
        ("studies", {"name": "a", "budget_seconds": 60, "data": text}), ("reports", {"studies": [text]}),
        ("studies", {"name": "a", "budget_seconds": 60, "space": text}),
        ("studies", {"name": "a", "budget_seconds": 60, "tokenizer": text}),
    ]  # fmt: skip
    for path, body in bodies:
        answer = target.post(f"/api/v1/{path}", json=body)
        assert 400 <= answer.status_code < 500, (path, body, answer.text[:200])
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"].isprintable()
        assert "pwned" not in answer.headers.get("set-cookie", "")
    assert target.get("/api/v1/gpus", params={"search": text[:80], "limit": 1}).status_code == 200
    assert target.get("/api/v1/studies").json() == []
    assert not (folder / "pwned").exists()
    assert not Path("pwned").exists()


@pytest.mark.parametrize("text", PAYLOADS)
def test_no_cell_is_a_formula(text: str) -> None:
    rows = list(csv.reader(io.StringIO(trials_csv(spoiled(text)))))
    cells = [cell for row in rows for cell in row]
    assert {len(row) for row in rows} == {len(rows[0])}
    assert any(text.strip("\x00") in cell for cell in cells)
    for cell in cells:
        is_number = cell.lstrip("+-")[:1].isdigit() and "(" not in cell
        assert is_number or not cell.lstrip().startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize("text", PRINTABLE)
def test_what_the_queue_holds_is_shown_as_it_is(target: TestClient, folder: Path, text: str) -> None:
    queue = target.app.state.service.launcher.queue  # type: ignore[attr-defined]
    queue.add(Entry(name=text, devices=("none",), arguments=("--help",), state="FAILED", message=text))
    entry = target.get("/api/v1/queue").json()[0]
    assert (entry["name"], entry["message"]) == (text, text)
    for page in ("/studies", "/queue", f"/studies/{segment(text)}"):
        shown = target.get(page, headers={"Accept": "text/html"})
        assert shown.status_code in (200, 404)
        if shown.headers["content-type"].startswith("text/html"):
            assert not any(mark in shown.text for mark in MARKS)
    assert target.post(f"/api/v1/studies/{segment(text)}/stop").status_code == 202
    assert target.get("/api/v1/queue").json() == []


def test_a_terminal_obeys_no_stored_name(tmp_path: Path) -> None:
    store = str(tmp_path / "s.db")
    CliRunner().invoke(cli, ["token", "new", "a", "--store", store])
    with sqlite3.connect(store) as connection:  # as a tool of somebody else's could
        for text in PAYLOADS:
            connection.execute("INSERT INTO advisor_tokens VALUES (?, '', '')", (text,))
    connection.close()
    printed = CliRunner().invoke(cli, ["token", "list", "--store", store]).output
    assert all(line.isprintable() for line in printed.split("\n"))
    as_json = CliRunner().invoke(cli, ["token", "list", "--store", store, "--json"]).output
    assert as_json.strip().isprintable()
    assert {token["name"] for token in json.loads(as_json)} >= set(PAYLOADS)
