"""The ramp of a sweep, by the model and its plan."""

import dataclasses

import pytest

from advisor.spec import Decoder, Plan
from advisor.spec.own import Own
from studies import ramp

PLAN = Plan(batch=9, sequence=32, precision="fp32")


def decoder(width: int) -> Decoder:
    return Decoder.gpt(vocab=64, context=32, d_model=width, depth=1, heads=2)


def test_a_ramp_has_half_of_the_batch_but_a_sequence() -> None:
    assert ramp.plan_of(PLAN).batch == 4
    assert ramp.plan_of(dataclasses.replace(PLAN, batch=1)).batch == 1


@pytest.mark.parametrize(("width", "factor"), [(16, 1.0), (128, 1.0), (256, 0.5), (1024, 0.125)])
def test_rates_times_width_stay_beyond_the_widest_that_was_measured(width: int, factor: float) -> None:
    assert ramp.ends_of(decoder(width), PLAN) == pytest.approx((factor * ramp.LOW, factor * ramp.HIGH))


def test_with_mup_rates_are_those_of_the_base_width() -> None:
    plan = dataclasses.replace(PLAN, parametrization="mup", base_width=256)
    assert ramp.ends_of(decoder(1024), plan) == ramp.ends_of(decoder(256), PLAN)


def test_the_width_of_a_model_of_the_users_own_is_not_known() -> None:
    assert ramp.ends_of(Own(objective="model.py:make", values={}), PLAN) == (ramp.LOW, ramp.HIGH)
