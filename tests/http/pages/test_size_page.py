"""The Size page without a browser: what is asked is in the address, what is wrong stands beside its field."""

import dataclasses
import html
import json
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from advisor.gpus import find
from advisor.http.pages.gpu_names import name_of, suggestions
from advisor.http.pages.shape import reshaped, shape
from advisor.http.pages.size_form import asked
from advisor.http.pages.stops import stops
from advisor.http.pages.timeline import draw
from advisor.ledger.readings import Moment
from advisor.spec import Plan
from advisor.spec.text import find_model, model_to_data, preset_names
from advisor.timing import estimate
from advisor.units import GIB, format_bytes

MARKUP = "<img src=x onerror=alert(1)>"


def test_the_answer_is_that_of_the_command(shared: TestClient) -> None:
    page = shared.get("/", params={"model": "gpt2", "gpu": "RTX 4090", "batch": "4", "precision": "fp32"}).text
    model = find_model("gpt2").model
    e = estimate(model, Plan(batch=4, sequence=1024, precision="fp32"), find("RTX 4090"))
    assert f"{e.memory.allocated.bytes:,} bytes" in page
    assert format_bytes(e.memory.device.bytes) in page
    assert e.memory.allocated.op in page
    assert "advisor size gpt2 --gpu &#39;RTX 4090&#39; --batch 4 --precision fp32" in page


@pytest.mark.parametrize(
    ("sent", "field", "says"),
    [
        ({"gpu": "RTX4900"}, "gpu", "RTX 4090"),
        ({"heads": "13"}, "heads", "12 or 16"),
        ({"sequence": "4096"}, "sequence", "1024"),
        ({"depth": "many"}, "depth", "a whole number"),
        ({"depth": "9" * 4000}, "depth", "a whole number"),
        ({"batch": "0"}, "batch", "nearest: 1"),
        ({"model": "gpt3"}, "model", "gpt3-175b"),
        ({"precision": "fp12"}, "precision", "fp16"),
        ({"sharding": "zero3"}, "gpu", "2 or more"),
        ({"fraction": "1/7"}, "fraction", "MIG"),
        ({"model": "config.json", "config": "{"}, "config", "config.json"),
        ({"model": "config.json", "config": '{"model_type": "gpt9"}'}, "config", "gpt2"),
        ({"gpu": MARKUP}, "gpu", MARKUP),
    ],
)
def test_an_error_stands_beside_its_field(shared: TestClient, sent: dict[str, str], field: str, says: str) -> None:
    errors = shared.get("/size/answer", params=sent).json()["errors"]
    assert list(errors) == [field]
    assert says in errors[field]
    page = shared.get("/", params=sent)
    assert page.status_code == 200
    assert f'id="error-{field}">{html.escape(errors[field], quote=False)[:30]}' in page.text.replace("&#39;", "'")
    assert MARKUP not in page.text


def test_a_pasted_config_is_sized_as_transformers_runs_it() -> None:
    config = {
        "model_type": "gpt2",
        "n_embd": 768,
        "n_layer": 12,
        "n_head": 12,
        "n_positions": 1024,
        "vocab_size": 50257,
    }
    _, sized = asked({"model": "config.json", "config": json.dumps(config)})
    assert sized is not None
    assert sized.plan.implementation == "hf"
    assert sized.estimate.parameters.total == 124_439_808


def test_a_model_of_this_project_can_be_pasted_too() -> None:
    model = find_model("qwen3-0.6b").model
    _, sized = asked({"model": "config.json", "config": json.dumps(model_to_data(model)), "sequence": "512"})
    assert sized is not None
    assert sized.model == model


def test_an_amount_of_memory_is_a_gpu() -> None:
    _, sized = asked({"gpu": "14 GiB"})
    assert sized is not None
    assert (sized.gpu.memory_bytes, sized.estimate.time) == (14 * GIB, None)


@pytest.mark.parametrize("name", preset_names())
def test_every_stop_of_every_slider_can_be_built(name: str) -> None:
    model = find_model(name).model
    found = stops(model, Plan(sequence=int(model.context)))
    for dimension, value in shape(model).items():
        for stop in found.get(dimension, ()):
            assert shape(reshaped(model, {dimension: stop}))[dimension] == stop
        assert dimension == "hidden" or value in found[dimension]
    assert reshaped(model, {}) == model


def test_what_is_not_named_stays_in_proportion() -> None:
    wide = reshaped(find_model("llama-3-8b").model, {"d_model": 2048})
    assert shape(wide) == {"depth": 32, "d_model": 2048, "heads": 16, "hidden": 7168}
    assert wide.attention.kv_heads == 4  # type: ignore[union-attr]


def test_suggestions_are_names_that_the_form_takes() -> None:
    for typed in ("rtx 40", "a100 80", "k620", "h100", "radeon", "m2"):
        for suggestion in suggestions(typed):
            gpu = find(suggestion.name)
            assert name_of(gpu) == suggestion.name
            assert format_bytes(gpu.memory_bytes) in suggestion.detail


def test_suggestions_over_http(shared: TestClient) -> None:
    found = shared.get("/gpus/suggestions", params={"q": "rtx 409"}).json()
    assert found[0] == dataclasses.asdict(suggestions("rtx 409")[0])
    assert shared.get(f"/gpus/suggestions?q={quote(MARKUP)}").json() == []


def test_the_drawing_is_to_scale() -> None:
    moments = [Moment(phase=p, op=o, bytes=b) for p, o, b in (("forward", "a", 2 * GIB), ("backward", "b", 4 * GIB))]
    drawn = draw(moments, 8 * GIB, "a card")
    assert drawn.finding == "Memory peaks at 4.00 GiB, in backward at b"
    assert drawn.limit is not None
    assert 100 - drawn.peak.y == pytest.approx((100 - drawn.limit.y) / 2)
    assert [(b.name, b.x, b.width) for b in drawn.bands] == [("forward", 0, 50), ("backward", 50, 50)]
    assert draw(moments, 800 * GIB, "a card").limit is None  # out of sight
