"""make oracle-rows: records steps of transformers' own classes and of nanoGPT (see generate.py).

The classes run as they are, on a configuration that says what the spec says: labels given, no cache, sdpa.
"""

from tests.oracle import generate  # isort: skip  (before torch)

import random
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import masking_utils

from advisor.spec import MLP, Attention, Decoder, Embedding, Head, Norm, Plan, Rotary
from advisor.spec.implementations import hf_class
from tests.oracle import nanogpt
from tests.oracle.fakecuda import live_bytes

# A fake tensor looks to it like a model that is being traced, for which it makes a mask; it finds none in a real step.
masking_utils.find_packed_sequence_indices = lambda position_ids: None
FOLDER = Path(__file__).parent
ROWS = 40  # of each class


def random_plan(pick: random.Random, sequence: int, implementation: str) -> Plan:
    """nanoGPT's script keeps the logits, and knows no checkpointing."""
    hf = implementation == "hf"
    return Plan(
        batch=pick.choice([1, 2, 3]), sequence=sequence, precision=pick.choice(["fp32", "bf16", "pure-bf16"]),
        optimizer_implementation=pick.choice(["fused", "foreach"]), keep_logits=pick.random() < 0.5,
        checkpointing=pick.choice(["none", "none", "block"]) if hf else "none", implementation=implementation,
    )  # fmt: skip


def gpt2(pick: random.Random, sequence: int) -> Decoder:
    heads, size, drop = pick.choice([2, 4, 6]), pick.choice([8, 12, 32, 64]), pick.choice([0.0, 0.1])
    return Decoder.gpt(
        vocab=pick.choice([65, 1000, 4099]), context=sequence + pick.choice([0, 5]), d_model=heads * size,
        depth=pick.choice([1, 2, 3, 5]), heads=heads, hidden=heads * size * 4 + pick.choice([0, 5]), dropout=drop,
        tied=pick.random() < 0.5,
    )  # fmt: skip


def nano(pick: random.Random, sequence: int) -> Decoder:
    heads, size, drop = pick.choice([2, 4, 6]), pick.choice([8, 12, 32, 64]), pick.choice([0.0, 0.1])
    return Decoder.gpt(
        vocab=pick.choice([65, 1000, 4099]), context=sequence + pick.choice([0, 5]), d_model=heads * size,
        depth=pick.choice([1, 2, 3, 5]), heads=heads, dropout=drop, bias=pick.random() < 0.5,
    )  # fmt: skip


def llama(pick: random.Random, sequence: int) -> Decoder:
    """Biases on all projections of the attention, or none."""
    bias = pick.random() < 0.3
    return _gated(pick, sequence, qkv_bias=bias, out_bias=bias, mlp_bias=pick.random() < 0.3)


def qwen2(pick: random.Random, sequence: int) -> Decoder:
    return _gated(pick, sequence, qkv_bias=True, out_bias=False, mlp_bias=False)


def _gated(pick: random.Random, sequence: int, *, qkv_bias: bool, out_bias: bool, mlp_bias: bool) -> Decoder:
    heads, size = pick.choice([2, 4, 6]), pick.choice([8, 16, 32, 64])
    attention = Attention(
        heads=heads, kv_heads=pick.choice([heads, heads // 2, 1]), head_size=size, projections="separate",
        qkv_bias=qkv_bias, out_bias=out_bias, rotary=Rotary(),
    )  # fmt: skip
    return Decoder(
        context=sequence + pick.choice([0, 5]), d_model=heads * size, depth=pick.choice([1, 2, 3, 5]),
        embedding=Embedding(vocab=pick.choice([65, 1000, 4099]), positions="none"), attention=attention,
        mlp=MLP(hidden=heads * size * 3 + pick.choice([0, 5]), activation="silu", gated=True, bias=mlp_bias),
        norm=Norm(kind="rms", bias=False), head=Head(tied=pick.random() < 0.5),
    )  # fmt: skip


def config(model: Decoder) -> Any:
    """The configuration of transformers that says what the spec says."""
    name = hf_class(model)
    common = {
        "vocab_size": model.embedding.vocab, "tie_word_embeddings": model.head.tied, "use_cache": False,
        "attn_implementation": "sdpa", "bos_token_id": None, "eos_token_id": None,
    }  # fmt: skip
    if name == "GPT2LMHeadModel":
        return transformers.GPT2Config(
            n_positions=model.context, n_embd=model.d_model, n_layer=model.depth, n_head=model.attention.heads,
            n_inner=model.mlp.hidden, embd_pdrop=model.embedding.dropout, attn_pdrop=model.attention.dropout,
            resid_pdrop=model.mlp.dropout, **common,
        )  # fmt: skip
    sizes = {
        "max_position_embeddings": model.context, "hidden_size": model.d_model, "num_hidden_layers": model.depth,
        "num_attention_heads": model.attention.heads, "num_key_value_heads": model.kv_heads,
        "intermediate_size": model.mlp.hidden,
    }  # fmt: skip
    if name == "Qwen2ForCausalLM":
        return transformers.Qwen2Config(**sizes, **common)
    return transformers.LlamaConfig(
        head_dim=model.head_size, attention_bias=model.attention.qkv_bias, mlp_bias=model.mlp.bias, **sizes, **common
    )


def build(model: Decoder, plan: Plan) -> Any:
    """What live_bytes.step_peaks calls: module, optimizer, inputs, loss."""
    default = torch.get_default_dtype()
    if plan.precision == "pure-bf16":  # fake parameters cannot be converted afterwards
        torch.set_default_dtype(torch.bfloat16)
    module: Any = nanogpt.GPT(model) if plan.implementation == "nanogpt" else build_hf(model, plan)
    torch.set_default_dtype(default)
    fused = plan.optimizer_implementation == "fused"
    groups = nanogpt.optimizer_groups(module) if plan.implementation == "nanogpt" else module.parameters()
    optimizer = torch.optim.AdamW(groups, lr=1e-3, fused=fused, foreach=not fused)
    batch = [torch.zeros(plan.batch, plan.sequence, dtype=torch.long) for _ in range(2)]

    def loss_of(module: Any, ids: torch.Tensor, targets: torch.Tensor) -> tuple[Any, Any]:
        if plan.implementation == "nanogpt":
            logits, loss = module(ids, targets)
            return loss, logits if plan.keep_logits else None
        out = module(ids, labels=targets)
        return out.loss, out.logits if plan.keep_logits else None

    return module, optimizer, batch, loss_of


def build_hf(model: Decoder, plan: Plan) -> Any:
    """The genuine class, in training."""
    module = getattr(transformers, hf_class(model))(config(model)).train()
    if plan.checkpointing == "block":
        # the fake device has no random state to keep
        module.gradient_checkpointing_enable({"use_reentrant": False, "preserve_rng_state": False})
    return module


def record(model: Decoder, plan: Plan) -> dict[str, Any]:
    """One row."""
    autocast = torch.bfloat16 if plan.precision == "bf16" else None
    peaks = live_bytes.step_peaks(lambda: build(model, plan), autocast=autocast)
    return generate.row(model, plan, peaks) | {"transformers": transformers.__version__}


KINDS = {"gpt2": (gpt2, "hf"), "nanogpt": (nano, "nanogpt"), "llama": (llama, "hf"), "qwen2": (qwen2, "hf")}


def random_step(kind: str, number: int) -> tuple[Decoder, Plan]:
    """A model that the class expresses, and a plan."""
    make, implementation = KINDS[kind]
    pick = random.Random(number)
    sequence = pick.choice([7, 16, 33, 64, 100])
    return make(pick, sequence), random_plan(pick, sequence, implementation)


if __name__ == "__main__":
    for kind in KINDS:
        steps = [random_step(kind, number) for number in range(ROWS)]
        generate.write(FOLDER / f"{kind}-steps.csv", [record(*step) for step in steps])
