"""POST /size answers as `advisor size --json` does."""

import json
from dataclasses import fields
from typing import Any

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

from advisor.cli.size import size
from advisor.spec import Plan
from advisor.spec.plan import PRECISIONS
from advisor.spec.text import FAMILIES, find_model, model_to_data

QUESTIONS: list[tuple[dict[str, Any], list[str]]] = [
    ({"model": "gpt2", "gpu": "RTX 4090"}, ["gpt2", "--gpu", "RTX 4090"]),
    ({"model": "tiny"}, ["tiny"]),
    (
        {"model": "gpt2", "plan": {"batch": 4, "sequence": 512, "checkpointing": "block"}, "gpu_memory": 2**34},
        ["gpt2", "--batch", "4", "--seq", "512", "--checkpointing", "block", "--gpu-memory", "16GiB"],
    ),
    (
        {"model": "gpt2", "plan": {"sharding": "zero3"}, "gpu": "8x H100 SXM", "rows": True, "textbook": True},
        ["gpt2", "--sharding", "zero3", "--gpu", "8x H100 SXM", "--rows", "--textbook"],
    ),
    ({"model": "gpt2", "gpu": "T4", "inference": True}, ["gpt2", "--gpu", "T4", "--inference"]),
    ({"model": "tiny", "gpu": "H100 SXM", "fraction": "1/7"}, ["tiny", "--gpu", "H100 SXM", "--fraction", "1/7"]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "arguments"), QUESTIONS, ids=lambda value: " ".join(map(str, value)))
def test_the_service_answers_as_the_command_does(
    shared: TestClient, body: dict[str, Any], arguments: list[str]
) -> None:
    answer = shared.post("/api/v1/size", json=body)
    assert answer.status_code == 200
    assert answer.json() == json.loads(CliRunner().invoke(size, [*arguments, "--json"]).stdout)


def test_a_spec_in_the_body_is_the_preset_that_it_spells(shared: TestClient) -> None:
    spec = json.loads(json.dumps(model_to_data(find_model("llama-3.2-1b").model)))
    by_spec, by_name = (shared.post("/api/v1/size", json={"model": m}).json() for m in (spec, "llama-3.2-1b"))
    assert by_spec == by_name


def test_a_hugging_face_config_in_the_body(shared: TestClient) -> None:
    config = {
        "model_type": "gpt2",
        "n_embd": 768,
        "n_layer": 12,
        "n_head": 12,
        "n_positions": 1024,
        "vocab_size": 50257,
    }
    answer = shared.post("/api/v1/size", json={"hf": config, "plan": {"batch": 8}, "gpu": "RTX 4090"}).json()
    ours = shared.post("/api/v1/size", json={"model": "gpt2", "gpu": "RTX 4090"}).json()
    assert answer["parameters"]["total"] == ours["parameters"]["total"]
    assert answer["memory"]["allocated"]["bytes"] > ours["memory"]["allocated"]["bytes"]  # transformers' own class


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"model": "gpt2", "plan": {"btach": 8}}, 404, "near: batch"),
        ({"model": "gtp2"}, 404, "near: gpt2"),
        ({"model": "gpt2", "gpu": "RTX 4990"}, 404, "RTX 4090"),
        ({"model": "gpt2", "plan": {"batch": True}}, 422, "plan.batch: expected a whole number"),
        ({"model": "gpt2", "gup": "T4"}, 422, "gup"),
        ({"model": "/etc/passwd.json"}, 404, "unknown model"),
        ({}, 422, "either model or hf"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_was_expected(
    shared: TestClient, body: dict[str, Any], status: int, words: str
) -> None:
    answer = shared.post("/api/v1/size", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert words in answer.json()["detail"]
    assert "\n" not in answer.json()["detail"]


def test_the_document_describes_plans_and_models_as_specs_have_them(shared: TestClient) -> None:
    schemas = shared.get("/api/v1/openapi.json").json()["components"]["schemas"]
    body = schemas["SizeBody"]["properties"]
    assert body["plan"]["$ref"].endswith("/Plan")
    named = [one["$ref"].rpartition("/")[2] for one in body["model"]["anyOf"] if "$ref" in one]
    assert named == [kind.__name__ for kind in FAMILIES.values()]
    for kind in (Plan, *FAMILIES.values()):
        known = set(schemas[kind.__name__]["properties"])
        assert known - {"family"} == {field.name for field in fields(kind)}
    assert schemas["Plan"]["properties"]["precision"]["enum"] == list(PRECISIONS)
    assert {one.get("$ref", "")[-4:] for one in schemas["Decoder"]["properties"]["mlp"]["anyOf"]} == {"/MLP", "/MoE"}
