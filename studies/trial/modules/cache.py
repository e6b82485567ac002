"""What a decoder keeps of the tokens that it has read, so that the next one costs a single position.

Shape suffixes: B batch, S tokens seen, T tokens new, G key-value heads, K head size, D model.
"""

import torch
from torch import Tensor


class BlockCache:
    """Of one block: keys and values after all that is done to them, and what a token shift moves on."""

    def __init__(self) -> None:
        self._keys: Tensor | None = None
        self._values: Tensor | None = None
        self._last: dict[str, Tensor] = {}

    def extended(self, k_BTGK: Tensor, v_BTGK: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of all tokens, the new ones last; they are kept."""
        if self._keys is not None and self._values is not None:
            k_BTGK, v_BTGK = torch.cat((self._keys, k_BTGK), 1), torch.cat((self._values, v_BTGK), 1)
        self._keys, self._values = k_BTGK, v_BTGK
        return k_BTGK, v_BTGK

    def shifted(self, branch: str, x_BTD: Tensor) -> Tensor:
        """x one token further on: the first place is that of the last token before."""
        before_B1D = self._last.get(branch, torch.zeros_like(x_BTD[:, :1]))
        self._last[branch] = x_BTD[:, -1:]
        return torch.cat((before_B1D, x_BTD[:, :-1]), dim=1)


class Cache:
    """Of all blocks; `length` tokens have been read."""

    def __init__(self, depth: int) -> None:
        self.length = 0
        self.blocks = [BlockCache() for _ in range(depth)]
