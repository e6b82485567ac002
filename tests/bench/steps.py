"""make bench-step: steps per second of our trainer beside those of a module per head, on one core.

The same architecture, batch and optimizer on the same text; rounds of both in turn, so that a busy machine slows both.
"""

import statistics
import time
from collections.abc import Callable

import torch
from rich.console import Console
from rich.table import Table

from advisor.gpus.processor import cpu
from advisor.spec import MLP, Attention, Decoder, Embedding, Head, Plan
from advisor.spec.recipe import Recipe
from studies import data
from studies.job import Data, Device, TrialJob
from studies.trial.trainer import Trainer
from tests.bench import per_head

SHAPES = ((32, 2, 4), (64, 4, 4), (64, 4, 2), (48, 3, 3))  # width, heads, blocks; the second is the tutorial's
BATCH, CONTEXT, RATE = 16, 32, 1e-3
ROUNDS, STEPS = 15, 20
TARGET = 1.5
Step = Callable[[], object]


def spec(width: int, heads: int, blocks: int, vocab: int, context: int = CONTEXT) -> Decoder:
    """The declaration of what tests.bench.per_head builds by hand."""
    return Decoder(
        context=context,
        d_model=width,
        depth=blocks,
        embedding=Embedding(vocab=vocab),
        attention=Attention(heads=heads, qkv_bias=False),
        mlp=MLP(hidden=4 * width, activation="relu"),
        head=Head(tied=False, bias=True),
    )


def ours(model: Decoder) -> Step:
    """A step of a trial."""
    job = TrialJob(
        model=model,
        plan=Plan(batch=BATCH, sequence=CONTEXT, precision="fp32"),
        recipe=Recipe(learning_rate=RATE, weight_decay=0.01, grad_clip=0.0),
        data=Data(tokenizer="characters"),
        device=Device(),
        seed=0,
        steps=1,
        eval_every=1,
        eval_batches=1,
        flops_per_step=0.0,
    )
    trainer = Trainer(job)
    return lambda: trainer.step(RATE)


def theirs(model: torch.nn.Module, tokens_N: torch.Tensor) -> Step:
    """A step of the tutorial's loop."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)

    def step() -> None:
        loss = model(*per_head.batch(tokens_N, BATCH, CONTEXT))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def rates(steps: list[Step]) -> list[list[float]]:
    """Steps per second of each, by round."""
    for step in steps:
        for _ in range(STEPS):
            step()
    found: list[list[float]] = [[] for _ in steps]
    for _ in range(ROUNDS):
        for step, mine in zip(steps, found, strict=True):
            began = time.perf_counter()
            for _ in range(STEPS):
                step()
            mine.append(STEPS / (time.perf_counter() - began))
    return found


def main() -> None:
    """Prints a table; the exit code does not depend on it."""
    torch.set_num_threads(1)
    corpus = data.read("pydoc", "characters")
    assert isinstance(corpus, data.Corpus)
    tokens_N = torch.from_numpy(corpus.train.astype("int64"))
    table = Table(title=f"training steps per second on one core of {cpu().name}, medians of {ROUNDS} rounds")
    for column in ("width x heads x blocks", "parameters", "per head", "ours", "ratio"):
        table.add_column(column, justify="right")
    for width, heads, blocks in SHAPES:
        naive = per_head.PerHead(corpus.vocabulary, width, heads, blocks, CONTEXT)
        slow, fast = rates([theirs(naive, tokens_N), ours(spec(width, heads, blocks, corpus.vocabulary))])
        ratio = statistics.median(b / a for a, b in zip(slow, fast, strict=True))
        count = sum(p.numel() for p in naive.parameters())
        medians = [f"{statistics.median(r):.1f}" for r in (slow, fast)]
        table.add_row(f"{width} x {heads} x {blocks}", f"{count:,}", *medians, f"{ratio:.2f}")
    Console().print(table)
    print(f"target {TARGET} at every width up to 64")


if __name__ == "__main__":
    main()
