"""Logits with cached keys and values are those of the whole sequence read at once."""

import dataclasses
import random
from collections.abc import Callable

import pytest
import torch

from advisor.spec import Attention, Decoder, MoE, Plan, Rotary
from studies.trial.build import build, initialize
from studies.trial.modules.cache import Cache
from tests.oracle.specs import random_model, random_moe, random_positions, random_windows

LENGTH = 24
KINDS = {"plain": random_model, "positions": random_positions, "windows": random_windows, "experts": random_moe}
GPT = Decoder.gpt(vocab=65, context=32, d_model=32, depth=2, heads=4)


def attending(**changes: object) -> Decoder:
    """A decoder without learned positions and with this attention."""
    embedding = dataclasses.replace(GPT.embedding, positions="none")
    attention = Attention(heads=4, head_size=8, projections="separate", **changes)  # type: ignore[arg-type]
    return dataclasses.replace(GPT, embedding=embedding, attention=attention)


NAMED = {
    "learned": GPT,
    "none": attending(),
    "rotary": attending(rotary=Rotary()),
    "half rotary": attending(rotary=Rotary(fraction=0.5)),
    "xpos": attending(rotary=Rotary(xpos=True)),
    "alibi": attending(alibi_heads=4),
    "alibi of some heads": attending(alibi_heads=1),
    "alibi, 2 key-value heads": attending(alibi_heads=4, kv_heads=2),
    "2 key-value heads": attending(kv_heads=2, rotary=Rotary()),
    "1 key-value head, q/k norm": attending(kv_heads=1, qk_norm=True, rotary=Rotary()),
    "window": attending(window=5, rotary=Rotary()),
    "window, every 2nd global": attending(window=5, global_every=2, rotary=Rotary(), local_rotary=Rotary(base=1000.0)),
    "soft cap": attending(soft_cap=5.0, rotary=Rotary()),
    "token shift": dataclasses.replace(GPT, token_shift=True),
}


@torch.no_grad()
def check(model: Decoder, pieces: Callable[[int], list[int]]) -> None:
    """In fp64, where no rounding hides a mistake; in fp32 what computes in it: experts, soft caps."""
    module = build(model, Plan(precision="fp32", sequence=LENGTH)).eval()
    initialize(module, 0)
    exact = not isinstance(model.mlp, MoE) and model.attention.soft_cap is None
    if exact:
        module.double()
        for parameter in module.parameters():
            parameter.mul_(3)
    ids_BT = torch.randint(model.embedding.vocab, (2, LENGTH), generator=torch.Generator().manual_seed(1))
    whole, _ = module(ids_BT)
    cache, parts = Cache(model.depth), []
    for part in ids_BT.split(pieces(LENGTH), dim=1):
        logits, _ = module(part, cache=cache)
        parts.append(logits)
    cached = torch.cat(parts, dim=1)
    torch.testing.assert_close(cached, whole, rtol=1e-9 if exact else 1e-4, atol=1e-9 if exact else 1e-5)
    assert torch.equal(cached.argmax(-1), whole.argmax(-1))
    assert cache.length == LENGTH


@pytest.mark.parametrize("model", NAMED.values(), ids=NAMED)
def test_one_token_after_the_other(model: Decoder) -> None:
    check(model, lambda length: [1] * length)


@pytest.mark.parametrize("number", range(12))
@pytest.mark.parametrize("kind", KINDS)
def test_any_decoder_in_any_pieces(kind: str, number: int) -> None:
    pick = random.Random(number)
    cuts = sorted(pick.sample(range(1, LENGTH), 3))
    check(KINDS[kind](number), lambda length: [b - a for a, b in zip([0, *cuts], [*cuts, length], strict=True)])
