"""One rule per optimizer: the states that it keeps for a weight, and what its step makes and drops.

The rules are written in the shape of torch/optim/{adam,sgd,_adafactor,_muon}.py (2.13), of lion_pytorch (0.2.5) and of
bitsandbytes/optim/optimizer.py (0.50): a local variable there outlives
the turn of its loop, and so does the local variable here. Options are torch's defaults, but for `fused` and `foreach`,
and for Adafactor and SGD no weight decay. A step count stays on the CPU except under `fused`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from advisor.ledger.branch import branch
from advisor.ledger.machine import Machine, Parameter
from advisor.ledger.scaler import GradScaler
from advisor.ledger.tape import Segment, aligned
from advisor.ledger.tensor import ITEM_SIZE, Tensor, numel
from advisor.spec import Plan

STEP_COUNT = 4  # [bytes] of fused Adam, one number for each weight

SMALLEST_8BIT = 4096  # elements; bitsandbytes keeps the states of smaller weights in fp32
BLOCK_8BIT = 256  # elements that share a scale
NEWTON_SCHULZ_STEPS = 5  # torch.optim.Muon's default

Sizes = tuple[Any, ...]
Weights = list[Parameter]


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
        return self.implementation == "fused" and self.step in (_adam, _in_place)


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
        _clip(m, reduced, plan.fully_sharded)
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
    hidden, rest = [w for w in weights if _is_hidden(w)], [w for w in weights if not _is_hidden(w)]
    both = Optimizer(_muon, hidden, "for-loop"), Optimizer(_adam, rest, plan.optimizer_implementation)
    return [optimizer for optimizer in both if optimizer.weights]


def state_sizes(weight: Parameter, plan: Plan) -> Sizes:
    """Bytes of the states of one weight, each rounded up to 512, in the order in which they are made."""
    return RULES[plan.optimizer].states(weight, plan.optimizer_implementation)


def shared_states(weights: Weights, plan: Plan) -> Sizes:
    """Bytes of the states that all weights share: the two quantization maps of 8-bit states, if any weight has them."""
    if plan.optimizer != "adamw-8bit" or not any(branch(w.numel >= SMALLEST_8BIT) for w in weights):
        return ()
    return (aligned(4 * 2**8),) * 2


# loops over weights


def _each(m: Machine, weights: Weights, name: str | None = None) -> Iterator[Parameter]:
    """The weights one by one, each block's in a segment of its own, or all under one name."""
    for home, block in groupby(weights, key=lambda w: w.segment):
        m.tape.begin(Segment("optimizer", home.name if name is None else name, home.repeat, home.first, home.step))
        for weight in block:
            m.tape.path = weight.path.removeprefix(f"{home.name}.") if name is None else ""
            yield weight
    m.tape.path = ""
    m.tape.begin(Segment("optimizer", "end of loop"))  # what the loop's variables hold is dropped once


def _list(m: Machine, weights: Weights, op: str, shape: Callable[[Parameter], Sizes]) -> list[Tensor]:
    """What a foreach function returns: a tensor for each weight."""
    return [m.empty(shape(w), w.dtype, op) for w in _each(m, weights, op)]


def _drop(m: Machine, weights: Weights, tensors: list[Tensor]) -> None:
    """`del` of such a list: each block's tensors are dropped as often as they were made."""
    for _ in _each(m, weights, "del"):
        del tensors[0]


def _shape(weight: Parameter) -> Sizes:
    return weight.shape


def _scalar(weight: Parameter) -> Sizes:
    return ()


def _rows(weight: Parameter) -> Sizes:
    return (*weight.shape[:-1], 1)


def _columns(weight: Parameter) -> Sizes:
    return (*weight.shape[:-2], 1, weight.shape[-1])


def _corner(weight: Parameter) -> Sizes:
    return (*weight.shape[:-2], 1, 1)


def _bytes(weight: Parameter, shape: Sizes) -> Any:
    if shape is weight.shape:
        return weight.storage.rounded
    return aligned(numel(shape) * ITEM_SIZE[weight.dtype])


# torch.nn.utils.clip_grad_norm_


def _clip(m: Machine, weights: Weights, sharded: bool) -> None:
    """The foreach implementation, as on every CUDA device: a norm for each gradient, then the norm of the norms.

    Norms of shards are squared, added up over all GPUs and rooted first.
    """
    dtype = weights[0].dtype
    norms = _list(m, weights, "_foreach_norm", _scalar)
    count = sum((w.repeat for w in weights), 0)
    stacked = m.empty((count,), dtype, "stack")
    if sharded:
        squares = m.empty((count,), dtype, "pow")
        sums = m.empty((count,), dtype, "all_reduce")
        waited = m.empty((count,), dtype, "wait_tensor")
        del squares, sums, waited
    total = m.empty((), dtype, "linalg_vector_norm")
    del stacked
    _drop(m, weights, norms)
    padded = m.empty((), dtype, "add")
    inverse = m.empty((), dtype, "reciprocal")
    coefficient = m.empty((), dtype, "mul")
    del padded, inverse
    clamped = m.empty((), dtype, "clamp")
    del clamped, coefficient, total


# Adam and AdamW


def _adam_states(weight: Parameter, implementation: str) -> Sizes:
    """Two moments in the weight's dtype; the fused kernel keeps the step count on the device."""
    moment = _bytes(weight, weight.shape)
    return (aligned(STEP_COUNT), moment, moment) if implementation == "fused" else (moment, moment)


def _adam(m: Machine, weights: Weights, implementation: str) -> None:
    """Fused, nothing is made; `foreach` takes the root of all second moments at once."""
    if implementation == "foreach":
        _drop(m, weights, _list(m, weights, "_foreach_sqrt", _shape))
    if implementation != "for-loop":
        return
    denominator = None
    for w in _each(m, weights):
        root = m.empty(w.shape, w.dtype, "sqrt")
        denominator = m.empty(w.shape, w.dtype, "div")
        del root
    del denominator


# SGD


def _no_states(weight: Parameter, implementation: str) -> Sizes:
    return ()


def _momentum(weight: Parameter, implementation: str) -> Sizes:
    return (_bytes(weight, weight.shape),)


def _in_place(m: Machine, weights: Weights, implementation: str) -> None:
    """All implementations of SGD update in place."""


# Adafactor (Shazeer & Stern 2018)


def _adafactor_states(weight: Parameter, implementation: str) -> Sizes:
    """A row and a column factor of a matrix's second moment, the whole of a vector's."""
    if len(weight.shape) == 1:
        return (_bytes(weight, weight.shape),)
    return (_bytes(weight, _rows(weight)), _bytes(weight, _columns(weight)))


def _adafactor(m: Machine, weights: Weights, implementation: str) -> None:
    if implementation == "foreach":
        _adafactor_foreach(m, weights)
        return
    row_mean = column_mean = squared = estimate = update = None
    for w in _each(m, weights):
        _norm(m, w)
        if len(w.shape) > 1:
            row_mean = m.empty(_rows(w), w.dtype, "linalg_vector_norm")
            column_mean = m.empty(_columns(w), w.dtype, "linalg_vector_norm")
            estimate = m.empty(w.shape, w.dtype, "mm")
            m.empty(_corner(w), w.dtype, "mean")
        else:
            squared = m.empty(w.shape, w.dtype, "mul")
            estimate = m.empty(w.shape, w.dtype, "clone")
        update = estimate
        _norm(m, w)
    del row_mean, column_mean, squared, estimate, update


def _norm(m: Machine, weight: Parameter) -> None:
    """tensor.norm(2).item()."""
    m.empty((), weight.dtype, "linalg_vector_norm")


def _adafactor_foreach(m: Machine, weights: Weights) -> None:
    """All matrices at once, then all vectors; the matrices' updates live until the vectors' take their name."""
    matrices = [w for w in weights if len(w.shape) > 1]
    vectors = [w for w in weights if len(w.shape) == 1]
    for w in _each(m, matrices, "norm"):
        _norm(m, w)
    _drop(m, matrices, _list(m, matrices, "linalg_vector_norm", _rows))
    _drop(m, matrices, _list(m, matrices, "linalg_vector_norm", _columns))
    updates = _list(m, matrices, "mm", _shape)
    _drop(m, matrices, _list(m, matrices, "mean", _corner))
    for w in _each(m, [*matrices, *vectors], "norm"):
        _norm(m, w)
    _drop(m, vectors, _list(m, vectors, "_foreach_mul", _shape))
    estimates = _list(m, vectors, "clone", _shape)
    _drop(m, matrices, updates)
    for w in _each(m, vectors, "norm"):
        _norm(m, w)
    _drop(m, vectors, estimates)


# Muon (Jordan 2024) for the matrices of the blocks, AdamW for all other weights


def _is_hidden(weight: Parameter) -> bool:
    return weight.role in ("matrix", "gate", "adapter") and len(weight.shape) == 2


def _muon_states(weight: Parameter, implementation: str) -> Sizes:
    return (_momentum if _is_hidden(weight) else _adam_states)(weight, implementation)


def _muon(m: Machine, weights: Weights, implementation: str) -> None:
    """A loop over weights."""
    update = None
    for w in _each(m, weights):
        update = m.empty(w.shape, w.dtype, "lerp")
        update = _orthogonal(m, update)
    del update


def _orthogonal(m: Machine, gradient: Tensor) -> Tensor:
    """_zeropower_via_newtonschulz: in bf16, on whichever of G and its transpose is wide."""
    rows, columns = gradient.shape
    small = columns if branch(rows > columns) else rows
    x = gradient if gradient.dtype == "bf16" else m.empty(gradient.shape, "bf16", "_to_copy")
    norm = m.empty((), "bf16", "linalg_vector_norm")
    clamped = m.empty((), "bf16", "clamp")
    del norm, clamped
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = m.empty((small, small), "bf16", "mm")
        gram_update = m.empty((small, small), "bf16", "addmm")
        x = m.empty(gradient.shape, "bf16", "addmm")
    del gram, gram_update
    return x


# Lion (Chen et al. 2023)


def _lion(m: Machine, weights: Weights, implementation: str) -> None:
    if implementation == "foreach":
        _drop(m, weights, _list(m, weights, "clone", _shape))
        return
    for w in _each(m, weights):
        momentum = m.empty(w.shape, w.dtype, "clone")
        update = m.empty(w.shape, w.dtype, "add")
        del momentum
        del update


# AdamW with 8-bit states (Dettmers et al. 2022)


def _8bit_states(weight: Parameter, implementation: str) -> Sizes:
    """Two moments of a byte per element and an fp32 scale per block of each, whatever the weight's dtype."""
    if not branch(weight.numel >= SMALLEST_8BIT):
        return (aligned(4 * weight.numel),) * 2
    scales = aligned(4 * ((weight.numel + BLOCK_8BIT - 1) // BLOCK_8BIT))
    return (aligned(weight.numel), aligned(weight.numel), scales, scales)


def _adamw_8bit(m: Machine, weights: Weights, implementation: str) -> None:
    """Weights and states change in place."""


RULES: dict[str, Rule] = {
    "adamw": Rule(_adam_states, _adam),
    "adam": Rule(_adam_states, _adam),
    "sgd": Rule(_no_states, _in_place),
    "sgd-momentum": Rule(_momentum, _in_place),
    "adafactor": Rule(_adafactor_states, _adafactor),
    "muon": Rule(_muon_states, _muon),
    "lion": Rule(_momentum, _lion),
    "adamw-8bit": Rule(_8bit_states, _adamw_8bit),
}
