"""The optimizer's part of a step, whichever it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from advisor.ledger.branch import branch
from advisor.ledger.machine import Machine, Parameter
from advisor.ledger.optimizers.adafactor import adafactor, adafactor_states
from advisor.ledger.optimizers.adam import SMALLEST_8BIT, adam, adam_states, adamw_8bit, adamw_8bit_states
from advisor.ledger.optimizers.clip import clip
from advisor.ledger.optimizers.lion import lion
from advisor.ledger.optimizers.muon import is_hidden, muon, muon_states
from advisor.ledger.optimizers.sgd import in_place, momentum, no_states
from advisor.ledger.optimizers.weights import Sizes, Weights
from advisor.ledger.scaler import GradScaler
from advisor.ledger.tape import Segment, aligned
from advisor.spec import Plan


@dataclass(frozen=True)
class Rule:
    """`states`: (weight, implementation) -> bytes of each state; `step`: (machine, weights, implementation) runs it."""

    states: Callable[[Parameter, str], Sizes]
    step: Callable[[Machine, Weights, str], None]


class Optimizer(NamedTuple):
    """An instance of an optimizer's class: its step, its weights, its implementation."""

    step: Callable[[Machine, Weights, str], None]
    weights: Weights
    implementation: str

    @property
    def takes_scale(self) -> bool:
        """Torch's fused kernels divide the gradients by a GradScaler's scale themselves."""
        return self.implementation == "fused" and self.step in (adam, in_place)


def run_optimizer(m: Machine, plan: Plan, owned: Weights, reduced: Weights, scaler: GradScaler | None = None) -> None:
    """clip_grad_norm_ where the plan wants it, then optimizer.step(), with a scaler as torch's examples use one.

    `owned`: the weights that this GPU updates, `reduced`: those whose gradients it has.
    """
    m.tape.path = ""
    m.tape.begin(Segment("optimizer", plan.optimizer))
    optimizers = _optimizers(owned, plan)
    if plan.grad_clip:
        if scaler:
            for i in range(len(optimizers)):
                scaler.unscale(i)
        clip(m, reduced, plan.fully_sharded)
    for i, optimizer in enumerate(optimizers):
        made = scaler.step(i, optimizer.takes_scale) if scaler else []
        for group in _groups(optimizer.weights, plan):
            optimizer.step(m, group, optimizer.implementation)
        del made
    if scaler:
        scaler.update()
    if plan.ema:
        m.empty((), "int64", "_to_copy")  # the count of updates, copied to the device; the average changes in place


def _groups(weights: Weights, plan: Plan) -> list[Weights]:
    """All weights in one group; nanoGPT has one for matrices, which decay, and one for biases and norms."""
    if plan.implementation != "nanogpt":
        return [weights]
    return [[w for w in weights if (len(w.shape) > 1) == decays] for decays in (True, False)]


def _optimizers(weights: Weights, plan: Plan) -> list[Optimizer]:
    if plan.optimizer != "muon":
        return [Optimizer(RULES[plan.optimizer].step, weights, plan.optimizer_implementation)]
    hidden, rest = [w for w in weights if is_hidden(w)], [w for w in weights if not is_hidden(w)]
    both = Optimizer(muon, hidden, "for-loop"), Optimizer(adam, rest, plan.optimizer_implementation)
    return [optimizer for optimizer in both if optimizer.weights]


def state_sizes(weight: Parameter, plan: Plan) -> Sizes:
    """Bytes of the states of one weight, each rounded up to 512, in the order in which they are made."""
    return RULES[plan.optimizer].states(weight, plan.optimizer_implementation)


def shared_states(weights: Weights, plan: Plan) -> Sizes:
    """Bytes of the states that all weights share: the two quantization maps of 8-bit states, if any weight has them."""
    if plan.optimizer != "adamw-8bit" or not any(branch(w.numel >= SMALLEST_8BIT) for w in weights):
        return ()
    return (aligned(4 * 2**8),) * 2


RULES: dict[str, Rule] = {
    "adamw": Rule(adam_states, adam),
    "adam": Rule(adam_states, adam),
    "sgd": Rule(no_states, in_place),
    "sgd-momentum": Rule(momentum, in_place),
    "adafactor": Rule(adafactor_states, adafactor),
    "muon": Rule(muon_states, muon),
    "lion": Rule(momentum, lion),
    "adamw-8bit": Rule(adamw_8bit_states, adamw_8bit),
}
