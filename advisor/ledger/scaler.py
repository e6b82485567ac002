"""torch.amp.GradScaler (torch/amp/grad_scaler.py, 2.13): single numbers, each of which takes a block of 512 bytes."""

from __future__ import annotations

from advisor.ledger import ops
from advisor.ledger.machine import Machine
from advisor.ledger.tensor import Tensor


class GradScaler:
    """Scales the loss, and divides the gradients of each optimizer by the scale, where they are not finite skips it."""

    def __init__(self, m: Machine) -> None:
        self.m = m
        self._scale = m.given((), "fp32")
        m.given((), "int32")  # the growth tracker
        self._found: dict[int, Tensor] = {}  # optimizer -> whether its gradients are finite; kept until the update

    def scale(self, loss: Tensor) -> Tensor:
        """The loss times the scale."""
        return ops.scale(self.m, "loss", loss, self._scale)

    def unscale(self, optimizer: int) -> None:
        """unscale_: the optimizer's gradients divided by the scale, in place."""
        double = self.m.empty((), "fp64", "_to_copy")
        reciprocal = self.m.empty((), "fp64", "reciprocal")
        del double
        inverse = self.m.empty((), "fp32", "_to_copy")
        del reciprocal
        self._check(optimizer, inverse)

    def step(self, optimizer: int, fused: bool) -> list[Tensor]:
        """What scaler.step(optimizer) makes before the optimizer's own step; the caller keeps it until its end.

        A fused kernel divides by the scale itself.
        """
        ready = optimizer not in self._found
        if not fused:
            if ready:
                self.unscale(optimizer)
            return []
        if ready:
            self._check(optimizer, self.m.empty((), "fp32", "full"))
        made = [self.m.empty((), "fp32", "add")]
        return [*made, self.m.empty((), "fp32", "mul")] if ready else made

    def update(self) -> None:
        """The scale and the growth tracker change in place."""
        self._found.clear()

    def _check(self, optimizer: int, inverse: Tensor) -> None:
        """_unscale_grads_: both numbers are copied for each device; the copy of the finding stays."""
        finding = self.m.empty((), "fp32", "full")
        self._found[optimizer] = self.m.empty((), "fp32", "_to_copy")
        self.m.empty((), "fp32", "_to_copy")
        del finding
