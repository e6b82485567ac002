"""Declarations are read, and refused with the path of the key."""

from pathlib import Path
from typing import Any

import pytest

import search_spaces
from advisor.errors import InputError, UnknownError
from search_spaces.knob import Choices, Fixed, Range
from tests.search_spaces.declared import document


def test_packaged_spaces_load() -> None:
    assert "decoder-small" in search_spaces.names()
    for name in search_spaces.names():
        space = search_spaces.load(name)
        assert space.name == name
        assert space.document["summary"]


def test_knobs_are_of_the_declared_kind() -> None:
    knobs = search_spaces.parse(document(), "test").knobs
    assert knobs["learning_rate"] == Range(low=1e-4, high=1e-1, log=True, default=1e-3)
    assert knobs["batch"] == Choices(values=(2, 4, 8), default=4)
    assert knobs["head_size"] == Fixed(default=16)
    assert knobs["d_model"].values == (16, 32, 48, 64)


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    source = Path(search_spaces.__file__).parent / "decoder-small.toml"
    path = tmp_path / "mine.toml"
    path.write_bytes(source.read_bytes())
    space = search_spaces.load(path)
    assert space.name == "mine"
    assert space.knobs == search_spaces.load("decoder-small").knobs


def test_an_unknown_name_names_its_neighbour() -> None:
    with pytest.raises(UnknownError, match="near: decoder-small"):
        search_spaces.load("decoder-smal")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a = ", b"", b"[" * 100_000, b"#" * 2_000_000])
def test_a_file_that_is_no_space_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(InputError):
        search_spaces.load(path)


@pytest.mark.parametrize("path", ["missing.toml", ".", "/", "nul\0byte.toml"])
def test_a_path_that_cannot_be_read_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(InputError, match="file"):
        search_spaces.load(f"{tmp_path}/{path}")


SCHEDULE = {"choices": ["wsd", "cosine"], "default": "wsd"}


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"family": "decodr"}, "space.family"),
        ({"famly": "decoder"}, "key space.*famly"),
        ({"fixed.contxt": 3}, "key space.fixed"),
        ({"fixed.context": None}, "space.fixed.context"),
        ({"fixed.context": 10**30}, "space.fixed.context"),
        ({"fixed.context": 31.5}, "space.fixed.context"),
        ({"fixed.sequence": 33}, "space.fixed.sequence"),
        ({"fixed.max_depth": 0}, "space.fixed.max_depth"),
        ({"fixed.precision": "fp23"}, "space.fixed.precision"),
        ({"fixed.optimizer": "adamx"}, "plan.optimizer.*adamx"),
        ({"fixed.optimizer_implementation": "quick"}, "space.fixed.optimizer_implementation"),
        ({"fixed.accumulation": 0}, "space.fixed.accumulation"),
        ({"fixed.ema": 1}, "space.fixed.ema"),
        ({"fixed.gpus": 2}, "key space.fixed"),
        ({"fixed.schedule": "cosinus"}, "recipe.schedule.*cosinus"),
        ({"fixed.beta2": 1.0}, "space.fixed.beta2"),
        ({"fixed.eps": 0}, "space.fixed.eps"),
        ({"fixed.grad_clip": -1}, "space.fixed.grad_clip"),
        ({"fixed.warmup_ratio": 1.1}, "space.fixed.warmup_ratio"),
        ({"fixed.warmup_steps": 2.5}, "space.fixed.warmup_steps"),
        ({"fixed.min_lr": float("nan")}, "space.fixed.min_lr"),
        ({"fixed.patience": -1}, "space.fixed.patience"),
        ({"fixed.eval_every": 0}, "space.fixed.eval_every"),
        ({"fixed.eval_batches": "20"}, "space.fixed.eval_batches"),
        ({"vary.beta2": {"low": 0.9, "high": 1.0, "default": 0.99}}, "space.vary.beta2.high"),
        ({"vary.beta2": {"low": 0.9, "high": 0.99, "default": 0.95}, "fixed.beta2": 0.95}, "beta2.*either"),
        ({"fixed.weight_decay": float("nan")}, "space.fixed.weight_decay"),
        ({"fixed.weight_decay": -1}, "space.fixed.weight_decay"),
        ({"fixed.weight_decay": None}, "weight_decay"),
        ({"fixed.dropout": 0.1}, "dropout.*either"),
        ({"fixed": 3}, "space.fixed"),
        ({"vary": []}, "space.vary"),
        ({"vary.dropout": 0.1}, "space.vary.dropout"),
        ({"vary.droput": {}}, "key space.vary"),
        ({"vary.dropout.hihg": 1}, "key space.vary.dropout"),
        ({"vary.dropout.high": 1.0}, "space.vary.dropout.high"),
        ({"vary.dropout.high": True}, "space.vary.dropout.high"),
        ({"vary.dropout.low": 0.3}, "space.vary.dropout"),
        ({"vary.dropout.default": 0.31}, "space.vary.dropout.default"),
        ({"vary.dropout.default": None}, "space.vary.dropout.default"),
        ({"vary.dropout.log": True}, "space.vary.dropout.low"),
        ({"vary.dropout.log": "yes"}, "space.vary.dropout.log"),
        ({"vary.dropout.step": 0.07}, "space.vary.dropout.step"),
        ({"vary.dropout.step": 0}, "space.vary.dropout.step"),
        ({"vary.dropout.step": 1e-9}, "space.vary.dropout.step"),
        ({"vary.learning_rate.low": float("nan")}, "space.vary.learning_rate.low"),
        ({"vary.learning_rate.high": float("inf")}, "space.vary.learning_rate.high"),
        ({"vary.learning_rate.high": "0.1"}, "space.vary.learning_rate.high"),
        ({"vary.learning_rate.low": 0.5}, "space.vary.learning_rate"),
        ({"vary.learning_rate.step": 0.1}, "space.vary.learning_rate.step"),
        ({"vary.d_model.step": None}, "space.vary.d_model"),
        ({"vary.d_model.step": 8.0}, "space.vary.d_model.step"),
        ({"vary.d_model.high": 10**30}, "space.vary.d_model.high"),
        ({"vary.d_model.default": 33}, "space.vary.d_model.default"),
        ({"vary.d_model.high": 72, "vary.d_model.step": 8}, "head_size"),
        ({"vary.batch.choices": []}, "space.vary.batch.choices"),
        ({"vary.batch.choices": [4]}, "space.vary.batch.choices"),
        ({"vary.batch.choices": [4, 2]}, "space.vary.batch.choices"),
        ({"vary.batch.choices": [2, 2]}, "space.vary.batch.choices"),
        ({"vary.batch.choices": [2, "4"]}, "space.vary.batch.choices.1"),
        ({"vary.batch.default": 3}, "space.vary.batch.default"),
        ({"vary.batch.choices": list(range(1, 1000)), "vary.batch.default": 1}, "combinations"),
        ({"vary.depth_fraction.high": 1.01}, "space.vary.depth_fraction.high"),
        ({"vary.schedule": {"choices": ["wsd", "cosinus"], "default": "wsd"}}, "space.vary.schedule.choices.*cosinus"),
        ({"vary.schedule": {"choices": ["wsd"], "default": "wsd"}}, "space.vary.schedule.choices.*names"),
        ({"vary.schedule": {"choices": ["wsd", "wsd"], "default": "wsd"}}, "space.vary.schedule.choices"),
        ({"vary.schedule": {"choices": [1, 2], "default": 1}}, "space.vary.schedule.choices"),
        ({"vary.schedule": {"choices": ["wsd", "cosine"], "default": "linear"}}, "space.vary.schedule.default"),
        ({"vary.schedule": {"low": 0, "high": 1, "default": 0}}, "space.vary.schedule"),
        ({"vary.schedule": SCHEDULE, "fixed.schedule": "wsd"}, "schedule.*either"),
    ],
)
def test_a_bad_value_is_refused_with_its_path(changes: dict[str, Any], path: str) -> None:
    with pytest.raises((InputError, UnknownError), match=path) as caught:
        search_spaces.parse(document(changes), "space")
    assert "\n" not in str(caught.value)


def test_errors_name_the_nearest_key() -> None:
    with pytest.raises(UnknownError, match="near: learning_rate"):
        search_spaces.parse(document({"vary.lerning_rate": {}}), "space")
