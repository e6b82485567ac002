"""The ramp of a learning-rate sweep: how many steps, on which part of a batch, between which rates. No torch here.

What is read is read on the way down: steps at rates that move nothing yet add nothing, nor do those far beyond the
lowest loss. What counts is how many there are per octave of the fall (`make bench-lr`).
"""

from dataclasses import replace

from advisor.spec import Model, Plan
from advisor.spec.own import Own

STEPS = 50
LOW, HIGH = 2e-4, 0.1  # of models up to WIDTH wide
WIDTH = 128  # the widest that `make bench-lr` reads sweeps of


def plan_of(plan: Plan) -> Plan:
    """The plan of a sweep for runs of this one: half the micro-batch, so that twice the steps cost the same.

    Steps per octave say more of the best learning rate than tokens per step do (`make bench-lr`).
    """
    return replace(plan, batch=max(1, int(plan.batch) // 2))


def ends_of(model: Model | Own, plan: Plan) -> tuple[float, float]:
    """The first and the last learning rate.

    Wider models fall earlier: beyond WIDTH the product of rate and width stays (Yang et al. 2022, arXiv:2203.03466,
    table 3: hidden weights). With mup rates are those of the base width. Nobody knows the width of a user's own model.

    >>> from advisor.spec import Decoder
    >>> ends_of(Decoder.gpt(vocab=64, context=32, d_model=256, depth=2, heads=4), Plan(sequence=32))
    (0.0001, 0.05)
    """
    factor = min(1.0, WIDTH / _width(model, plan))
    return factor * LOW, factor * HIGH


def _width(model: Model | Own, plan: Plan) -> int:
    if isinstance(model, Own):
        return WIDTH
    return int(model.d_model) if plan.parametrization == "standard" else int(plan.base_width)
