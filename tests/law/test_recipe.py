"""What a recipe says of where it comes from, and what it depends on."""

import dataclasses

import pytest

from advisor.law.recipe import Recipe, Training, recipe
from advisor.spec.recipe import Recipe as StudyRecipe

SMALL = Training(parameters=3e8, tokens=6e9, epochs=1, batch_tokens=250_000)


def changed(**fields: object) -> Recipe:
    return recipe(dataclasses.replace(SMALL, **fields))  # type: ignore[arg-type]


def test_a_study_can_train_with_it() -> None:
    values = recipe(SMALL).values
    names = {field.name for field in dataclasses.fields(StudyRecipe)} & set(values)
    assert {"learning_rate", "weight_decay", "beta1", "beta2", "eps", "grad_clip", "warmup_ratio"} < names
    assert StudyRecipe(**{name: values[name] for name in names}).schedule == "cosine"  # type: ignore[arg-type]


def test_each_value_is_a_prior_with_a_source() -> None:
    for field in dataclasses.fields(Recipe):
        traced = getattr(recipe(SMALL), field.name)
        assert traced.name == field.name
        assert traced.kind == "prior"
        assert "20" in traced.source  # a year
        assert bool(traced.inputs) == bool(traced.formula)


def test_dropout_only_where_data_repeats() -> None:
    assert [changed(epochs=e).dropout.value for e in (0.3, 1, 1.5, 30)] == [0.0, 0.0, 0.1, 0.1]


def test_warm_up_and_floor_of_a_short_and_a_long_training() -> None:
    assert changed(tokens=1e8).warmup_ratio.value == 0.1
    long = changed(tokens=1e11)
    assert long.warmup_ratio.value == pytest.approx(2000 / (1e11 / 250_000))
    assert float(long.min_lr_ratio.value) * float(long.learning_rate.value) == pytest.approx(1e-5)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"family": "bdh"}, "not of the family bdh"),
        ({"optimizer": "muon"}, "not of muon"),
        ({"parameters": 1e6}, "falls with the width"),
        ({"tokens": 1e8}, "checked on 107.0M to 2.1B parameters and 2.0B to 200.0B tokens only"),
        ({}, ""),
    ],
)
def test_beyond_the_grid_the_interval_is_wider_and_says_so(fields: dict[str, object], said: str) -> None:
    rate = changed(**fields).learning_rate
    assert rate.low is not None
    assert said in rate.caveat
    assert float(rate.value) / rate.low == pytest.approx(4 if said else 2)


def test_lion_takes_smaller_steps_and_decays_more() -> None:
    adam, lion = recipe(SMALL), changed(optimizer="lion")
    assert float(adam.learning_rate.value) / float(lion.learning_rate.value) == pytest.approx(5)
    assert float(lion.weight_decay.value) / float(adam.weight_decay.value) == pytest.approx(5)
