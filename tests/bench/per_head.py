"""A character model as tutorials write it, with a module per head: what the benchmarks compare with.

d 64, 4 heads, 4 blocks, context 32: scores are scaled by the root of the embedding's width, as the tutorial does, not
of the head's. Shape suffixes: B batch, T tokens, D width, K head size, V vocab.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Head(nn.Module):
    """One head of attention, x_BTD -> BTK."""

    def __init__(self, width: int, size: int, context: int) -> None:
        super().__init__()
        self.key = nn.Linear(width, size, bias=False)
        self.query = nn.Linear(width, size, bias=False)
        self.value = nn.Linear(width, size, bias=False)
        self.visible: Tensor
        self.register_buffer("visible", torch.tril(torch.ones(context, context)))
        self.dropout = nn.Dropout(0.0)

    def forward(self, x_BTD: Tensor) -> Tensor:
        _, T, D = x_BTD.shape
        k_BTK, q_BTK, v_BTK = self.key(x_BTD), self.query(x_BTD), self.value(x_BTD)
        scores_BTT = q_BTK @ k_BTK.transpose(-2, -1) * D**-0.5
        scores_BTT = scores_BTT.masked_fill(self.visible[:T, :T] == 0, float("-inf"))
        return self.dropout(F.softmax(scores_BTT, dim=-1)) @ v_BTK


class Block(nn.Module):
    """Heads side by side, then an MLP of four times the width, each added to its input."""

    def __init__(self, width: int, heads: int, context: int) -> None:
        super().__init__()
        self.heads = nn.ModuleList(Head(width, width // heads, context) for _ in range(heads))
        self.out = nn.Sequential(nn.Linear(width, width), nn.Dropout(0.0))
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.ReLU(), nn.Linear(4 * width, width), nn.Dropout(0.0)
        )  # fmt: skip
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x_BTD: Tensor) -> Tensor:
        normed_BTD = self.norm1(x_BTD)
        x_BTD = x_BTD + self.out(torch.cat([head(normed_BTD) for head in self.heads], dim=-1))
        mixed: Tensor = x_BTD + self.mlp(self.norm2(x_BTD))
        return mixed


class PerHead(nn.Module):
    """ids_BT, targets_BT -> the mean cross-entropy [nats/token]."""

    def __init__(self, vocab: int, width: int = 64, heads: int = 4, blocks: int = 4, context: int = 32) -> None:
        super().__init__()
        self.token, self.position = nn.Embedding(vocab, width), nn.Embedding(context, width)
        self.blocks = nn.Sequential(*(Block(width, heads, context) for _ in range(blocks)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocab)

    def forward(self, ids_BT: Tensor, targets_BT: Tensor) -> Tensor:
        x_BTD = self.token(ids_BT) + self.position(torch.arange(ids_BT.size(1)))
        logits_BTV: Tensor = self.head(self.norm(self.blocks(x_BTD)))
        return F.cross_entropy(logits_BTV.view(-1, logits_BTV.size(-1)), targets_BT.view(-1))


def batch(tokens_N: Tensor, size: int, context: int) -> tuple[Tensor, Tensor]:
    """Random windows, one slice after the other."""
    starts = torch.randint(0, len(tokens_N) - context, (size,))
    ids_BT = torch.stack([tokens_N[i : i + context] for i in starts])
    return ids_BT, torch.stack([tokens_N[i + 1 : i + context + 1] for i in starts])
