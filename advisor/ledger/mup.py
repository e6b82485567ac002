"""The maximal update parametrization: what goes with the width, so that one learning rate serves every width.

Yang et al. 2022, "Tensor Programs V" (arXiv:2203.03466), table 8, for Adam: the form of its rules that allows tied
embeddings. With n = d_model / base_width:

| weight (its role in the ledger)                     | initial std | learning rate | multiplier          |
|-----------------------------------------------------|-------------|---------------|---------------------|
| matrix, experts: both sides grow with the width     | 1 / sqrt(n) | 1 / n         | 1                   |
| gate: from the width to a fixed number (table 3)    | 1 / n       | 1 / n         | 1                   |
| embedding, position, norm, bias: one side grows     | 1           | 1             | 1                   |
| head, and an embedding that is tied to it           | 1           | 1             | 1 / n of the logits |

A tied table learns as an embedding does; only its use as the head is multiplied. Where heads grow with the width (the
plan's `base_head_size`), scores of attention are divided by the head size, not by its root; where there are more of
them instead, nothing changes. Weight decay of what learns 1/n as fast is n times as strong, so that a step takes as
much of the weight at every width, as in the authors' own MuAdam (microsoft/mup 1.0, mup/optim.py).

Every inner width (of the MLP, of all heads, of BDH's neurons) is taken to grow with d_model. BDH's attention needs no
scale of its own: a norm follows it.

Compared rule by rule with the authors' code, and the same: microsoft/mup (mup/optim.py: MuAdam; mup/layer.py: MuReadout
and MuSharedReadout divide the input by the width's factor, the weights keep their std) and microsoft/mutransformers
(models/gpt2/modeling_gpt2.py: embeddings of one std at every width, matrices by mup's `normal_`, GPT-2's
1 / sqrt(2 depth) into the residual stream). How we differ: at the base width nothing changes, so attention's scale is
1 / sqrt(head size) there, and neither queries nor the head begin at zero, which both leave open.

The base's initial weights are carried too: GPT-2's std of 0.02 suits widths of hundreds, and a narrow base keeps wide
models at what is too little for it (docs/benchmarks.md: base widths of 32 and 256).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from advisor.ledger.scalar import parameter_roles
from advisor.spec import Model, Plan
from advisor.spec.check import Size


class WidthScale(NamedTuple):
    """Of one weight: factors of the standard initial std, learning rate and weight decay."""

    initial: float = 1.0
    learning_rate: float = 1.0
    weight_decay: float = 1.0


STANDARD: Mapping[str, WidthScale] = {}  # of the standard parametrization


def width_scales(model: Model, plan: Plan) -> Mapping[str, WidthScale]:
    """Of each weight by its path; STANDARD without mup.

    >>> from advisor.spec import Decoder
    >>> model = Decoder.gpt(vocab=256, context=64, d_model=128, depth=1, heads=2)
    >>> width_scales(model, Plan(sequence=64, parametrization="mup", base_width=32))["blocks.0.mlp.up.weight"]
    WidthScale(initial=0.5, learning_rate=0.25, weight_decay=4.0)
    """
    if plan.parametrization == "standard":
        return STANDARD
    n = int(model.d_model) / plan.base_width
    hidden, gate = WidthScale(n**-0.5, 1 / n, n), WidthScale(1 / n, 1 / n, n)
    by_role = {"matrix": hidden, "experts": hidden, "gate": gate}
    return {path: by_role.get(role, WidthScale()) for path, role in parameter_roles(model).items()}


def attention_scale(head_size: int, plan: Plan, standard: float | None = None) -> float | None:
    """What scores are multiplied by; `standard`, where None is 1/sqrt(head_size), without mup."""
    if plan.parametrization == "standard" or plan.base_head_size is None:
        return standard
    at_base = plan.base_head_size**-0.5 if standard is None else standard
    return at_base * plan.base_head_size / head_size


def output_scale(d_model: int, plan: Plan, rooted: bool = False) -> float | None:
    """What the head's input is multiplied by; None: nothing. `rooted`: by d_model^-0.5 without mup, as T5 does."""
    if plan.parametrization == "standard":
        return d_model**-0.5 if rooted else None
    return plan.base_width / d_model * (plan.base_width**-0.5 if rooted else 1.0)


def steady_width(d_model: Size, plan: Plan) -> Size:
    """The width whose root multiplies an embedding that is scaled: with mup the same at every width."""
    return d_model if plan.parametrization == "standard" else plan.base_width
