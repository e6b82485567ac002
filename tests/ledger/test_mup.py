"""What goes with the width under mup, beside the weights that learn (tests/studies/trial/test_mup.py)."""

from typing import Any

import pytest

from advisor.errors import InputError
from advisor.ledger.mup import WidthScale, attention_scale, output_scale, steady_width, width_scales
from advisor.spec import Decoder, LoRA, Plan
from tests.oracle.specs import random_moe

MODEL = Decoder.gpt(vocab=256, context=64, d_model=128, depth=2, heads=2)
STANDARD, MUP = Plan(sequence=64), Plan(sequence=64, parametrization="mup", base_width=32)


def test_nothing_changes_without_it() -> None:
    assert width_scales(MODEL, STANDARD) == {}
    assert attention_scale(64, STANDARD) is output_scale(128, STANDARD) is None
    assert attention_scale(64, STANDARD, 1.0) == 1.0  # T5's scores are not scaled
    assert output_scale(64, STANDARD, rooted=True) == 64**-0.5
    assert steady_width(128, STANDARD) == 128


def test_what_is_multiplied_falls_with_the_width() -> None:
    growing = Plan(sequence=64, parametrization="mup", base_width=32, base_head_size=64)
    assert attention_scale(64, growing) == 64**-0.5
    assert attention_scale(128, growing) == 8 / 128
    assert attention_scale(128, growing, 1.0) == 0.5
    assert attention_scale(128, MUP) is None  # there are more heads, not wider ones
    assert output_scale(128, MUP) == 1 / 4
    assert output_scale(32, MUP, rooted=True) == output_scale(32, STANDARD, rooted=True)
    assert output_scale(128, MUP, rooted=True) == 32**-0.5 / 4
    assert steady_width(128, MUP) == 32


def test_what_routes_to_experts_starts_as_an_output_does() -> None:
    model = random_moe(0)
    n = model.d_model / 32
    scales = width_scales(model, MUP)
    assert {scales[path] for path in scales if path.endswith("router.weight")} == {WidthScale(1 / n, 1 / n, n)}
    assert {scales[path] for path in scales if ".experts." in path} == {WidthScale(n**-0.5, 1 / n, n)}


@pytest.mark.parametrize(
    "values", [{"optimizer": "lion"}, {"lora": LoRA(targets="qkv")}, {"implementation": "nanogpt"}], ids=str
)
def test_rules_that_are_not_known_are_refused(values: dict[str, Any]) -> None:
    plan = Plan(sequence=64, parametrization="mup", **{"optimizer_implementation": "foreach", **values})
    with pytest.raises(InputError, match=r"plan\.parametrization: expected standard"):
        plan.check_against(MODEL)
