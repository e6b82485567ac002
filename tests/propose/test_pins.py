"""What can be pinned, and what is said when it cannot."""

import pytest

from advisor.errors import AdvisorError, InfeasibleError, InputError, UnknownError
from advisor.propose import propose
from advisor.propose.axes import Limits
from tests.propose.questions import pins, question


def test_names_paths_ranges_and_words() -> None:
    found = pins("d_model=768", "model.depth=4..12", "mlp=swiglu", "optimizer=lion", "plan.ema=true", "norm.kind=rms")
    assert found.limits == {"d_model": Limits(low=768, high=768), "depth": Limits(low=4, high=12)}
    assert found.choices == {"mlp": "swiglu", "optimizer": "lion"}
    assert found.fields == {"plan.ema": True, "model.norm.kind": "rms"}


@pytest.mark.parametrize(
    ("texts", "kind", "says"),
    [
        (["depht=4"], UnknownError, "near: depth"),
        (["depth"], InputError, "FIELD=VALUE"),
        (["depth=12..4"], InputError, "nearest: 4..12"),
        (["depth=0"], InputError, "from 1 to"),
        (["depth=1e9999"], InputError, "whole number"),
        (["depth=" + "9" * 5000], InputError, "whole number"),
        (["depth=4", "depth=6"], InputError, "got 'two'"),
        (["optimizer=adamm"], UnknownError, "near: adam"),
        (["mlp=tanh"], AdvisorError, "gelu, swiglu"),
        (["dropout=0.1"], InputError, "model.mlp.dropout"),
        (["vocab=1000"], InputError, "the option --vocab"),
        (["gpus=4"], InputError, "the option --gpu"),
        (["rotary=1"], InputError, "holds one value"),
        (["mlp.dropout=0.1..0.2"], InputError, "one value"),
    ],
)
def test_what_cannot_be_read(texts: list[str], kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        pins(*texts)


@pytest.mark.parametrize(
    ("texts", "fields", "says"),
    [
        (
            ["heads=7", "d_model=768"],
            {},
            "no decoder has heads = 7, d_model = 768; nearest: heads = 6, or d_model = 896",
        ),
        (["d_model=4096"], {"parameters": Limits(low=10**6, high=10**7)}, "nearest: 2x4096"),
        (["depth=4"], {"tokens_per_second": 1e9}, "no candidate with depth = 4 that fits .* nearest: 4x128"),
        ([], {"seconds": 1e-6}, "100 optimizer steps"),
        (["depth=4"], {"tokens_available": 3}, "3 tokens are not enough"),
    ],
)
def test_contradictions_name_the_nearest(texts: list[str], fields: dict[str, object], says: str) -> None:
    with pytest.raises(InfeasibleError, match=says):
        propose(question(*texts, **fields))


def test_what_does_not_fit_names_what_does() -> None:
    with pytest.raises(InfeasibleError, match=r"what fits: d_model = .*; (cheapest changes: 1\. |no change)"):
        propose(question("d_model=8192", gpu="RTX 3060 12GB"))


def test_a_value_that_the_spec_refuses() -> None:
    with pytest.raises(InputError, match=r"model.mlp.dropout: .* got 7"):
        propose(question("mlp.dropout=7"))


def test_bounds_are_kept() -> None:
    found = propose(
        question(parameters=Limits(low=100_000_000, high=120_000_000), tokens_per_second=30_000, gpu="RTX 3080 10GB")
    )
    for p in found.proposals:
        assert 100_000_000 <= p.estimate.parameters.total <= 120_000_000
        assert p.estimate.time is not None
        assert p.estimate.time.tokens_per_second >= 30_000
