"""The textbook's count of parameters beside the exact one."""

import dataclasses

import pytest

from advisor.errors import InputError
from advisor.ledger import estimate
from advisor.ledger.textbook import PRINTED_EXAMPLE, textbook, textbook_parameters
from advisor.spec import BDH, Decoder, Plan
from advisor.spec.text import find_model, preset_names

TRANSFORMERS = [name for name in preset_names() if not isinstance(find_model(name).model, BDH)]


def test_the_example_of_the_textbook() -> None:
    parts = textbook_parameters(vocab=30_000, d_model=512, blocks=12)
    assert list(parts.values()) == [15_360_000, 12_582_912, 12 * (8 * 512**2 + 5 * 512), 15_360_000]
    slip = 2_101_760 - 8 * 512**2  # what the book prints for 8 x 512^2, in each block
    assert sum(parts.values()) + 12 * slip == PRINTED_EXAMPLE


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_the_exact_parts_are_all_parameters(name: str) -> None:
    model = find_model(name).model
    parts = textbook(model)
    assert sum(p.exact for p in parts) == estimate(model, Plan(batch=1, sequence=1)).parameters.total


def test_what_it_leaves_out_of_a_decoder() -> None:
    model = Decoder.gpt(vocab=30_000, context=64, d_model=512, depth=12, heads=8, tied=False)
    left_out = {p.name: p.exact - p.textbook for p in textbook(model)}
    assert left_out == {
        "embedding": 0, "positions": 64 * 512, "self-attention": 0, "attention biases": 12 * 4 * 512,
        "feed-forward": 0, "norms": 25 * 2 * 512, "output": 0,
    }  # fmt: skip
    assert sum(p.textbook for p in textbook(model)) == 68_499_456


def test_what_it_leaves_out_of_an_encoder_decoder() -> None:
    """Cross-attention, first of all: as much as self-attention, in each block of the decoder."""
    left_out = {p.name: p.exact - p.textbook for p in textbook(find_model("transformer-base").model)}
    assert left_out == {
        "embedding": 0, "self-attention": 0, "cross-attention": 6 * 4 * 512**2, "feed-forward": 0,
        "norms": (2 * 6 + 3 * 6) * 2 * 512, "output": -37_000 * 512,
    }  # fmt: skip


def test_a_tied_head_is_counted_twice() -> None:
    model = Decoder.gpt(vocab=30_000, context=64, d_model=512, depth=12, heads=8)
    output = {p.name: p for p in textbook(model)}["output"]
    assert (output.textbook, output.exact) == (30_000 * 512, 0)


def test_there_is_none_for_bdh() -> None:
    with pytest.raises(InputError, match="textbook count: expected a transformer, got 'BDH'"):
        textbook(dataclasses.replace(find_model("bdh-25m").model))
