"""Batches of token windows: random ones to train on, the same ones every time to validate on.

Shape suffixes: B batch, T sequence, W = T + 1 (a window: T inputs and their targets, one further).
"""

import torch
from torch import Tensor

from advisor.errors import InputError
from advisor.spec import Decoder, Model, Plan
from studies.trial.text import VOCABULARY, Text


class Batches:
    """Draws (ids_BT, targets_BT). The generator's position is all the state there is."""

    def __init__(self, text: Text, model: Decoder, plan: Plan, device: torch.device, seed: int) -> None:
        _check(text, model, plan)
        self.batch, self.sequence = int(plan.batch), int(plan.sequence)
        self.generator = torch.Generator().manual_seed(seed)  # on the CPU: the same draws on every device
        self._train = _tokens(text.train, device)
        self._validation = _tokens(text.validation, device)
        self._offsets_W = torch.arange(self.sequence + 1, device=device)

    def draw(self) -> tuple[Tensor, Tensor]:
        """The next training batch: windows that start anywhere in the training part."""
        starts_B = torch.randint(len(self._train) - self.sequence, (self.batch,), generator=self.generator)
        return self._windows(self._train, starts_B)

    def validation(self, count: int) -> list[tuple[Tensor, Tensor]]:
        """`count` batches of windows spread evenly over the validation part; no random number is drawn."""
        last = len(self._validation) - self.sequence - 1
        starts_N = torch.linspace(0, last, count * self.batch, dtype=torch.float64).long()
        return [self._windows(self._validation, starts_B) for starts_B in torch.split(starts_N, self.batch)]

    def _windows(self, tokens: Tensor, starts_B: Tensor) -> tuple[Tensor, Tensor]:
        windows_BW = tokens[starts_B.to(tokens.device)[:, None] + self._offsets_W].long()
        return windows_BW[:, :-1].contiguous(), windows_BW[:, 1:].contiguous()


def _tokens(content: bytes, device: torch.device) -> Tensor:
    """Bytes as a uint8 tensor: an eighth of the memory of the int64 that an embedding wants."""
    return torch.frombuffer(bytearray(content), dtype=torch.uint8).to(device)


def _check(text: Text, model: Model, plan: Plan) -> None:
    """Raises InputError: an index out of range inside a CUDA kernel would take the whole process down."""
    if not isinstance(model, Decoder):
        raise InputError("model", expected="a decoder: trials learn the next token", got=type(model).__name__)
    plan.check_against(model)
    text.check_fits(int(plan.sequence))
    vocab = int(model.embedding.vocab)
    if vocab < VOCABULARY:
        raise InputError("model.embedding.vocab", expected=f"at least {VOCABULARY}, one per byte", got=vocab)
