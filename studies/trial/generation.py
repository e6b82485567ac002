"""New tokens from a trained model, one after the other. Shape suffixes: B batch, T tokens, V vocab."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from advisor.errors import InputError
from advisor.spec import Decoder, Encoder, Model, Plan, Seq2Seq
from studies.data.pairs import PAD
from studies.job import Sampling
from studies.trial.modules.cache import Cache


class Reader(Protocol):
    """A model that reads tokens and says how likely each next one is."""

    def read(self, ids: Sequence[int]) -> Tensor:
        """The logits [V] after these tokens, which come after those read before."""
        ...


def reader(module: Any, model: Model, plan: Plan, device: torch.device, source: Sequence[int]) -> Reader:
    """How this model is read. `source`: what an encoder-decoder translates. Raises InputError for an encoder."""
    if isinstance(model, Encoder):
        raise InputError("model.family", expected="decoder, bdh or seq2seq: an encoder fills in masks", got="encoder")
    if isinstance(model, Seq2Seq):
        return Translating(module, plan, device, source)
    if isinstance(model, Decoder):
        return Remembering(module, model, plan, device)
    return Recomputing(module, plan, device)


class Remembering:
    """A decoder, which keeps keys and values. Beyond the length that it has learned, it goes on from the last half."""

    def __init__(self, module: Any, model: Decoder, plan: Plan, device: torch.device) -> None:
        self._module, self._depth, self._length, self._device = module, int(model.depth), int(plan.sequence), device
        self._seen: list[int] = []
        self._cache = Cache(self._depth)

    def read(self, ids: Sequence[int]) -> Tensor:
        self._seen += ids
        new = list(ids)
        if self._cache.length + len(new) > self._length:
            self._cache = Cache(self._depth)
            new = self._seen = self._seen[-max(1, self._length // 2) :]
        logits_BTV, _ = self._module(torch.tensor([new], device=self._device), cache=self._cache)
        return logits_BTV[0, -1]  # type: ignore[no-any-return]


class Recomputing:
    """Any model that reads one sequence: all of it again for each token, as far back as it has learned."""

    def __init__(self, module: Any, plan: Plan, device: torch.device) -> None:
        self._module, self._length, self._device = module, int(plan.sequence), device
        self._seen: list[int] = []

    def read(self, ids: Sequence[int]) -> Tensor:
        self._seen = [*self._seen, *ids][-self._length :]
        logits_BTV, _ = self._module(torch.tensor([self._seen], device=self._device))
        return logits_BTV[0, -1]  # type: ignore[no-any-return]


class Translating:
    """An encoder-decoder. Raises InputError for a source that is longer than it has learned."""

    def __init__(self, module: Any, plan: Plan, device: torch.device, source: Sequence[int]) -> None:
        if len(source) > plan.sequence:
            raise InputError("prompt", expected=f"at most {plan.sequence} tokens, the plan's source", got=len(source))
        filled = [*source, *[PAD] * (int(plan.sequence) - len(source))]  # with PAD, as in training
        self._module, self._length, self._device = module, int(plan.target), device
        self._source_BS = torch.tensor([filled], device=device)
        self._seen: list[int] = []

    def read(self, ids: Sequence[int]) -> Tensor:
        self._seen = [*self._seen, *ids][-self._length :]
        logits_BTV, _ = self._module(self._source_BS, torch.tensor([self._seen], device=self._device))
        return logits_BTV[0, -1]  # type: ignore[no-any-return]


@torch.no_grad()
def tokens(read_by: Reader, prompt: Sequence[int], sampling: Sampling) -> Iterator[int]:
    """The tokens after the prompt, which has at least one, at most `sampling.tokens` of them, up to `sampling.end`."""
    generator = torch.Generator().manual_seed(sampling.seed)
    new = prompt
    for _ in range(sampling.tokens):
        token = draw(read_by.read(new), sampling, generator)
        if token == sampling.end:
            return
        yield token
        new = [token]


def draw(logits_V: Tensor, sampling: Sampling, generator: torch.Generator) -> int:
    """A token by chance among the `top_k` likeliest, and of these among the fewest that together have `top_p`.

    At temperature 0 the likeliest. top_p: nucleus sampling (Holtzman et al. 2020, arXiv:1904.09751, section 3.1).
    """
    logits_V = logits_V.double().cpu()
    if sampling.temperature == 0:
        return int(logits_V.argmax())
    ordered_V, order_V = (logits_V / sampling.temperature).sort(descending=True, stable=True)
    probabilities_V = ordered_V.softmax(-1)
    if sampling.top_k is not None:
        probabilities_V[sampling.top_k :] = 0
    if sampling.top_p is not None:
        share_V = probabilities_V / probabilities_V.sum()
        before_V = share_V.cumsum(-1) - share_V  # what the likelier ones have together
        probabilities_V[before_V >= sampling.top_p] = 0
    return int(order_V[torch.multinomial(probabilities_V, 1, generator=generator)])
