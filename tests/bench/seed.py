"""make bench-seed: a tutorial's character model, as it is trained there, beside a tuned one of the same training FLOPs.

The tutorial: d 64, 4 heads, 4 blocks, context 32, batch 16, AdamW at 1e-3 with ReduceLROnPlateau (factor 0.5, patience
5) on the mean of 200 random validation batches every 200 steps. Ours: no more parameters, the same context; a study
finds the configuration, then one run of it takes as many FLOPs as the tutorial's, both counted by the ledger. Losses
are those of the whole validation part, in the same windows.

Tiny Shakespeare is read from $ADVISOR_SHAKESPEARE or from ../shared/data; without it the text that ships with Python.
"""

import argparse
import os
import tempfile
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

import search_spaces
import studies
from advisor import ledger
from advisor.gpus.processor import cpu
from advisor.spec import Plan
from advisor.units import format_count, format_flops, format_seconds
from studies import data
from studies.job import Data, Device, TrialJob
from studies.records import StudyRecord
from studies.trial import loop
from studies.trial.trainer import Trainer
from tests.bench import per_head
from tests.bench.steps import BATCH, CONTEXT, RATE, spec

SPACE = Path(__file__).with_name("seed.toml")
ITERATIONS, EVERY, EVALUATED = 30_000, 200, 200  # of the tutorial
BUDGET = 600.0  # [s] of the study
CPU = Device(name="cpu", threads=1)
PIECE = 256  # windows that are evaluated at once


def text() -> str:
    """Path of Tiny Shakespeare, or the name of the text that is always there."""
    beside = Path(__file__).parents[3] / "shared" / "data" / "tinyshakespeare.txt"
    path = Path(os.environ.get("ADVISOR_SHAKESPEARE", beside))
    return str(path) if path.exists() else "pydoc"


@torch.no_grad()
def whole_loss(model: torch.nn.Module, tokens_N: torch.Tensor) -> float:
    """Mean loss [nats/token] of the windows side by side, all but the rest of the last one."""
    count = (len(tokens_N) - 1) // CONTEXT
    ids_NT = tokens_N[: count * CONTEXT].view(count, CONTEXT)
    targets_NT = tokens_N[1 : count * CONTEXT + 1].view(count, CONTEXT)
    model.eval()
    total = 0.0
    for ids_BT, targets_BT in zip(ids_NT.split(PIECE), targets_NT.split(PIECE), strict=True):
        told = model(ids_BT, targets_BT)
        total += (told[1] if isinstance(told, tuple) else told).item() * len(ids_BT)
    model.train()
    return total / count


class Tutorial:
    """The tutorial's model, and its training."""

    def __init__(self, corpus: data.Corpus, seed: int) -> None:
        torch.manual_seed(seed)
        self.model = per_head.PerHead(corpus.vocabulary)
        self._train_N = torch.from_numpy(corpus.train.astype("int64"))
        self.validation_N = torch.from_numpy(corpus.validation.astype("int64"))

    def train(self, iterations: int, console: Console) -> float:
        """The loss of the whole validation part: at the end, or where the samples were lowest if that is lower."""
        optimizer = torch.optim.AdamW(self.model.parameters(), lr=RATE)
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="min", factor=0.5, patience=5)
        lowest = at_lowest = float("inf")
        for step in track(range(iterations), "the tutorial's", console=console):
            if step % EVERY == 0 or step == iterations - 1:
                sampled = self._sampled()
                scheduler.step(sampled)
                if sampled < lowest:
                    lowest, at_lowest = sampled, whole_loss(self.model, self.validation_N)
            loss = self.model(*per_head.batch(self._train_N, BATCH, CONTEXT))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return min(at_lowest, whole_loss(self.model, self.validation_N))

    @torch.no_grad()
    def _sampled(self) -> float:
        self.model.eval()
        losses = [self.model(*per_head.batch(self.validation_N, BATCH, CONTEXT)) for _ in range(EVALUATED)]
        self.model.train()
        return torch.stack(losses).mean().item()


def tuned(source: str, budget: float, folder: str) -> StudyRecord:
    """A study as a user would run it."""
    return studies.run(
        studies.Settings(
            name="seed",
            budget_seconds=budget,
            store=f"{folder}/advisor.db",
            space=str(SPACE),
            data=source,
            tokenizer="characters",
            devices=(CPU,),
        )
    )


def final_job(record: StudyRecord, source: str, flops: float, seed: int) -> TrialJob:
    """The winner of the study for so many FLOPs."""
    assert record.best is not None
    model, plan, recipe = search_spaces.parse(dict(record.space), "seed").resolve(record.best.point)
    per_step = ledger.estimate(model, plan).flops.step
    steps = int(flops / per_step)
    return TrialJob(
        model=model, plan=plan, recipe=recipe, data=Data(source=source, tokenizer="characters"), device=CPU, seed=seed,
        steps=steps, eval_every=max(1, steps // 20), eval_batches=8, flops_per_step=per_step,
    )  # fmt: skip


def main() -> None:
    """Trains both and prints a table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--iterations", type=int, default=ITERATIONS, help="of the tutorial")
    options.add_argument("--budget", type=float, default=BUDGET, help="of the study [s]")
    options.add_argument("--seed", type=int, default=1337)
    asked = options.parse_args()
    torch.set_num_threads(1)
    source = text()
    corpus = data.read(source, "characters")
    assert isinstance(corpus, data.Corpus)
    with tempfile.TemporaryDirectory() as folder:
        record = tuned(source, asked.budget, folder)
    plan = Plan(batch=BATCH, sequence=CONTEXT, precision="fp32")
    flops = asked.iterations * ledger.estimate(spec(64, 4, 4, corpus.vocabulary), plan).flops.step
    tutorial = Tutorial(corpus, asked.seed)
    theirs = tutorial.train(asked.iterations, Console(stderr=True))
    job = final_job(record, source, flops, asked.seed)
    trainer = Trainer(job)
    outcome = loop.train(trainer, job, report=lambda point: None, stopped=lambda: False)
    assert outcome.state == "COMPLETE", outcome.message
    ours = whole_loss(trainer.module, tutorial.validation_N)
    table = Table(title=f"{corpus.name}, context {CONTEXT}: loss of the whole validation part [nats/character]")
    for column in ("", "loss", "parameters", "training FLOPs", "steps x batch", "configuration"):
        table.add_column(column)
    row = [_count(tutorial.model), format_flops(flops), f"{asked.iterations:,} x {BATCH}"]
    table.add_row("tutorial", f"{theirs:.4f}", *row, "4 x 64, learning rate 1.00e-03, plateau")
    row = [_count(trainer.module), format_flops(job.steps * job.flops_per_step), f"{job.steps:,} x {job.plan.batch}"]
    table.add_row("tuned", f"{ours:.4f}", *row, _words(job))
    Console(width=150).print(table)
    trials, tokens = len(record.trials), format_count(record.tokens_per_trial)
    print(f"the study: {trials} trials of {tokens} tokens in {format_seconds(record.spent_seconds)} on {cpu().name}")


def _count(module: torch.nn.Module) -> str:
    return f"{sum(p.numel() for p in module.parameters()):,}"


def _words(job: TrialJob) -> str:
    model, recipe = job.model, job.recipe
    return f"{model.depth} x {model.d_model}, learning rate {recipe.learning_rate:.2e}, {recipe.schedule}"  # type: ignore[union-attr]


if __name__ == "__main__":
    main()
