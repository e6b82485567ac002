"""The loss computed chunk by chunk of tokens. Shape suffix N: all tokens of the batch."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from studies.trial.modules.recompute import recompute


def chunked_cross_entropy(head: Callable[[Tensor], Tensor], x_BTD: Tensor, targets_BT: Tensor, chunks: int) -> Tensor:
    """Mean cross-entropy [nats/token] of head(x); the logits of a chunk are computed again in the backward pass.

    How we differ: torch.nn.functional.linear_cross_entropy (2.13) keeps the gradients of x and of the head's weight
    instead, in the dtype of x, and Liger's kernel does too.
    """

    def loss_sum(x_ND: Tensor, targets_N: Tensor) -> Tensor:
        return F.cross_entropy(head(x_ND), targets_N, reduction="sum")

    x_ND, targets_N = x_BTD.reshape(-1, x_BTD.size(-1)), targets_BT.reshape(-1)
    parts = zip(x_ND.chunk(chunks), targets_N.chunk(chunks), strict=True)
    losses = [recompute(loss_sum, *part) for part in parts]
    return torch.stack(losses).sum() / targets_N.numel()
