"""A config of nanoGPT's train.py: read as its configurator does, its GPT has the same parameters."""

import pickle
from typing import Any

import pytest

from advisor.errors import InputError
from advisor.export import export
from advisor.ledger import estimate
from advisor.spec import Decoder, Plan
from advisor.spec.proposal import Stored, find_proposal
from advisor.spec.recipe import Recipe
from tests.oracle.nanogpt import GPT

DEFAULT_VOCAB = 50304


def read(text: str) -> dict[str, Any]:
    """The globals that `exec(open(config_file).read())` in configurator.py leaves."""
    values: dict[str, Any] = {}
    exec(compile(text, "train_config.py", "exec"), values)  # noqa: S102
    return values


def built(values: dict[str, Any], vocab: int) -> GPT:
    """As train.py makes its model_args, of the file's values and what meta.pkl says."""
    model = Decoder.gpt(
        vocab=vocab, context=values["block_size"], d_model=values["n_embd"], depth=values["n_layer"],
        heads=values["n_head"], dropout=values["dropout"], bias=values["bias"],
    )  # fmt: skip
    return GPT(model)


@pytest.mark.parametrize(("bias", "vocab"), [(True, DEFAULT_VOCAB), (False, 256)])
def test_parameters_and_plan(bias: bool, vocab: int) -> None:
    model = Decoder.gpt(vocab=vocab, context=64, d_model=96, depth=3, heads=4, dropout=0.1, bias=bias)
    plan = Plan(batch=5, sequence=64, accumulation=3, precision="fp16", grad_clip=True)
    made = export(Stored(name="it", model=model, plan=plan), "nanogpt")
    values = read(made.text)
    assert sum(p.numel() for p in built(values, vocab).parameters()) == estimate(model, plan).parameters.total
    assert (values["batch_size"], values["gradient_accumulation_steps"], values["dtype"]) == (5, 3, "float16")
    assert values["grad_clip"] == 1.0
    assert bool(made.notes) == (vocab != DEFAULT_VOCAB)


@pytest.mark.parametrize(
    ("schedule", "decays", "notes"), [("cosine", True, 0), ("constant", False, 0), ("wsd", True, 1)]
)
def test_what_a_study_found(schedule: Any, decays: bool, notes: int) -> None:
    model = Decoder.gpt(vocab=DEFAULT_VOCAB, context=64, d_model=96, depth=3, heads=4, bias=False)
    plan = Plan(batch=5, sequence=64, grad_clip=True)
    recipe = Recipe(learning_rate=2e-3, warmup_steps=30, min_lr_ratio=0.05, schedule=schedule, beta2=0.99, grad_clip=2)
    stored = Stored(name="it", model=model, plan=plan, tokens=500 * plan.tokens, recipe=recipe)
    made = export(stored, "nanogpt")
    values = read(made.text)
    assert [values[name] for name in ("max_iters", "lr_decay_iters", "warmup_iters")] == [500, 500, 30]
    assert [values[name] for name in ("learning_rate", "min_lr", "beta2", "grad_clip")] == [2e-3, 1e-4, 0.99, 2]
    assert (values["decay_lr"], len(made.notes)) == (decays, notes)


def test_the_vocabulary_is_written_as_the_file_says(tmp_path: Any) -> None:
    """The line of the comment makes the meta.pkl that train.py reads."""
    text = export(find_proposal("gpt2"), "nanogpt").text
    lines = [line.removeprefix("#").strip() for line in text.splitlines() if "pickle" in line]
    exec("\n".join(lines).replace("data/NAME", str(tmp_path)))  # noqa: S102
    assert pickle.loads((tmp_path / "meta.pkl").read_bytes()) == {"vocab_size": 50257}  # noqa: S301


@pytest.mark.parametrize(
    ("name", "plan", "field"),
    [
        ("llama-3-8b", {}, "model.norm.kind"), ("bdh-25m", {}, "model: Decoder there, BDH here"),
        ("gpt2", {"checkpointing": "block"}, "plan.checkpointing"), ("gpt2", {"sequence": 512}, "plan.sequence"),
        ("gpt2", {"precision": "pure-bf16"}, "plan.precision"), ("gpt2", {"optimizer": "muon"}, "plan.optimizer"),
    ],
)  # fmt: skip
def test_what_it_does_not_have_is_named(name: str, plan: dict[str, Any], field: str) -> None:
    stored = find_proposal(name)
    plan = {"sequence": stored.plan.sequence, **plan}
    with pytest.raises(InputError, match=r"nanoGPT's train\.py") as error:
        export(Stored(name=name, model=stored.model, plan=Plan(**plan)), "nanogpt")
    assert field in str(error.value) or "more" in str(error.value)
