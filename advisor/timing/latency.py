"""How long a model takes to read one sequence: the forward pass that generation begins with, timed for a GPU."""

from __future__ import annotations

import dataclasses

from advisor.gpus import GPU
from advisor.ledger.inference import run_prefill
from advisor.spec import Model, Plan
from advisor.timing import profiles
from advisor.timing.clock import Span
from advisor.timing.estimate import step_span
from advisor.timing.profile import Profile


def latency(model: Model, plan: Plan, gpu: GPU, profile: Profile | None = None) -> Span | None:
    """One forward pass of one sequence, without gradients [s]; None where the device's rates are not known.

    Of the plan, the lengths, the precision and the attention kernel count; weights are in the compute dtype. The rates
    are chosen as `estimate` does.
    """
    one = dataclasses.replace(plan, batch=1, accumulation=1, compile=False)
    return step_span(run_prefill(model, one), one, gpu, profiles.chosen(gpu, profile))
