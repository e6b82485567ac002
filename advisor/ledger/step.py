"""One steady-state training step on the machine: forward, loss, backward, optimizer step."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from advisor.errors import InputError
from advisor.ledger.autograd import run_backward
from advisor.ledger.branch import branch
from advisor.ledger.implementations import forward_of
from advisor.ledger.machine import Machine, Parameter, parameter_bytes
from advisor.ledger.moves import joints
from advisor.ledger.optimizers import run_optimizer, shared_states, state_sizes
from advisor.ledger.scaler import GradScaler
from advisor.ledger.share import share_of
from advisor.ledger.tape import Segment
from advisor.ledger.tensor import Tensor, total
from advisor.spec import Model, Plan


class Saved(NamedTuple):
    """One storage that an op of the forward pass keeps for the backward pass."""

    segment: Segment
    path: str
    size: Any  # [bytes], unrounded
    storage: int  # its serial number
    dtype: str


@dataclass(frozen=True)
class Step:
    """What a step left on the tape, and the bytes that live through all of it."""

    segments: list[Segment]
    parameters: list[Parameter]
    kept: list[Saved]  # for the backward pass, each storage once
    given: list[Any]  # the batch and the buffers [bytes]
    held: list[Parameter]  # the weights, or what this GPU has of them
    kinds: dict[int, str]  # serial number of a storage -> gathered, gradient, autocast or saved; others are temporary
    owned: list[Parameter] = field(default_factory=list)  # what this GPU updates
    state_sizes: list[tuple[Any, ...]] = field(default_factory=list)  # of each [bytes], in the order of their making
    shared_states: tuple[Any, ...] = ()  # of the optimizer [bytes], made once for all weights
    gradients: Any = 0  # that the optimizer reads [bytes]
    arrived: list[Parameter] = field(default_factory=list)  # in the order of their gradients
    buckets: list[Any] = field(default_factory=list)  # [bytes] of copies of the gradients, to be sent to other GPUs
    averaged: list[Any] | None = None  # [bytes] of the buffers that an averaged copy holds beside the weights

    @cached_property
    def weights(self) -> Any:
        """Bytes of the weights, each rounded up to 512."""
        return parameter_bytes(self.held)

    @cached_property
    def states(self) -> Any:
        """Bytes of all optimizer states."""
        pairs = zip(self.owned, self.state_sizes, strict=True)
        return sum(self.shared_states) + total((size, p.repeat) for p, sizes in pairs for size in sizes)

    @property
    def ema(self) -> Any:
        """Bytes of the averaged copy of the module."""
        return 0 if self.averaged is None else self.weights + sum(self.averaged, 0)

    @cached_property
    def base(self) -> Any:
        """Bytes live before, during and after the step."""
        return sum(self.given, 0) + sum(self.buckets, 0) + self.weights + self.states + self.ema

    @cached_property
    def joints(self) -> dict[int, int]:
        """What leaves a repeated block -> what enters it."""
        return joints(self.segments)

    def flops(self, phase: str | None = None) -> Any:
        """FLOPs of one phase or, by default, of the whole step."""
        return sum((flops for name, flops in self._flops if phase in (None, name)), 0.0)

    @cached_property
    def _flops(self) -> list[tuple[str, Any]]:
        """Of each segment, with its phase."""
        return [(s.phase, s.flops * s.runs) for s in self.segments]

    @property
    def written(self) -> Any:
        """Bytes of all tensors that the step makes."""
        return sum((s.written() * s.runs for s in self.segments), 0)

    @cached_property
    def updated(self) -> Any:
        """Bytes that the update moves: trained weights, states and averages are read and written, gradients read."""
        average = 0 if self.averaged is None else 3 * self.weights
        return 3 * parameter_bytes(self.owned) + 2 * self.states + average

    @property
    def saved(self) -> Any:
        """Unique storages saved for backward [bytes], unrounded."""
        return total((s.size, s.segment.repeat) for s in self.kept)

    @property
    def launches(self) -> Any:
        """Kernels that the step launches, about one per tensor made."""
        return sum((sum(e.sign > 0 for e in s.events) * s.runs for s in self.segments), 0)


def run_step(spec: Model, plan: Plan) -> Step:
    """Runs the step; the spec and plan may hold columns. Raises branch.Split when columns must be run in parts."""
    precision = plan.computed
    m = Machine(precision.weights, precision.autocast, lora=plan.lora)
    scaler = GradScaler(m) if precision.scaled else None
    kept, loss = _forward(m, spec, plan)
    saved = [Saved(home, path, s.size, s.serial, dtype) for s, (home, path, dtype) in m.saved.items()]
    _backward(m, loss, scaler)
    first = len(m.tape.segments)
    if branch(plan.accumulation > 1):
        m.next_micro_batch(keep_gradients=not plan.fully_sharded)
        kept, loss = _forward(m, spec, plan)
        _backward(m, loss, scaler)
        for segment in m.tape.segments[first:]:
            segment.micro_batches = plan.accumulation - 1
    share = share_of(m, plan, first)
    run_optimizer(m, plan, share.owned, share.reduced, scaler)
    del kept
    return Step(
        segments=m.tape.segments,
        parameters=m.parameters,
        kept=saved,
        given=m.given_sizes,
        held=share.held,
        owned=share.owned,
        state_sizes=[state_sizes(p, plan) for p in share.owned],
        shared_states=shared_states(share.owned, plan),
        gradients=share.gradients,
        kinds=m.kinds,
        arrived=m.arrived,
        averaged=m.buffer_sizes if plan.ema else None,
    )


def _forward(m: Machine, spec: Model, plan: Plan) -> tuple[Tensor | None, Tensor]:
    earlier, m.leaves = m.leaves, []  # the last loss goes when this one is there
    with m.autocast() if m.autocast_dtype else nullcontext():
        logits, loss = forward_of(spec, plan)(m, spec, plan)
        assert loss is not None
        if plan.loss == "chunked" and logits is not None:
            raise InputError("plan.loss", expected="full: no other is known of this model's code", got=plan.loss)
        kept = logits if plan.keep_logits else None
        del logits
    del earlier
    return kept, loss


def _backward(m: Machine, loss: Tensor, scaler: GradScaler | None) -> None:
    m.saved.clear()
    m.tape.path = "loss"
    m.tape.begin(Segment("backward", ""))
    scaled = scaler.scale(loss) if scaler else loss
    assert scaled.edge is not None
    run_backward(m, scaled.edge, m.empty((), scaled.dtype, "ones_like"))
    scaled.edge = loss.edge = None
