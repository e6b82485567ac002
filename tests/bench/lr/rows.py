"""What was trained: final losses at each learning rate of a grid, and the curves of sweeps, kept as CSV."""

import csv
import dataclasses
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from studies import data as datasets
from studies.job import Data, Device, SweepJob, TrialJob
from tests.bench.lr.shapes import STEPS, Shape

SWEEP_SEEDS = (1, 2, 3)
EVAL_BATCHES = 64
FOLDER = Path(__file__).parent
SHARED = Path(__file__).parents[3] / "shared/data/tinyshakespeare.txt"


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A full trial. `loss` [nats/token] on the validation part; that of a guess where the run diverged."""

    shape: str
    seed: int
    learning_rate: float
    loss: float


@dataclass(frozen=True, kw_only=True)
class Swept:
    """A sweep from `low` to `high` on batches of `batch` sequences; `losses` up to where it diverged."""

    shape: str
    seed: int
    steps: int
    batch: int
    low: float
    high: float
    losses: str  # joined by spaces [nats/token]

    @property
    def curve(self) -> tuple[np.ndarray, np.ndarray]:
        """Learning rates and losses."""
        losses = np.array([float(loss) for loss in self.losses.split()])
        return np.geomspace(self.low, self.high, self.steps)[: len(losses)], losses


def source() -> Data:
    """Characters of Tiny Shakespeare: $TINYSHAKESPEARE, shared/data beside the repository, else the embedded text."""
    path = Path(os.environ.get("TINYSHAKESPEARE", SHARED))
    return Data(source=str(path) if path.exists() else "pydoc", tokenizer="characters")


def train(shape: Shape, seed: int, learning_rate: float) -> Trained:
    """Runs one."""
    from advisor.spec.recipe import Recipe
    from studies.trial import loop
    from studies.trial.trainer import Trainer

    job = TrialJob(
        model=_model(shape), plan=shape.plan, recipe=Recipe(learning_rate=learning_rate), data=source(),
        device=Device(), seed=seed, steps=STEPS, eval_every=STEPS, eval_batches=EVAL_BATCHES, flops_per_step=0.0,
    )  # fmt: skip
    outcome = loop.train(Trainer(job), job, report=lambda point: None, stopped=lambda: False)
    guess = float(np.log(vocabulary()))
    return Trained(
        shape=shape.name, seed=seed, learning_rate=learning_rate,
        loss=round(guess if outcome.state != "COMPLETE" or outcome.value is None else outcome.value, 5),
    )  # fmt: skip


def sweep(shape: Shape, seed: int, steps: int, batch: int, low: float, high: float) -> Swept:
    """Runs one."""
    from advisor.spec.recipe import Recipe
    from studies.trial import lr_finder
    from studies.trial.trainer import Trainer

    job = SweepJob(
        model=_model(shape), plan=dataclasses.replace(shape.plan, batch=batch), recipe=Recipe(learning_rate=low),
        data=source(), device=Device(), seed=seed, steps=steps, low=low, high=high,
    )  # fmt: skip
    record = lr_finder.run(Trainer(job), job, stopped=lambda: False).sweep
    assert record is not None
    losses = " ".join(f"{loss:.4f}" for loss in record.losses)
    return Swept(shape=shape.name, seed=seed, steps=steps, batch=batch, low=low, high=high, losses=losses)


def vocabulary() -> int:
    """Characters of the text."""
    data = source()
    return int(datasets.read(data.source, data.tokenizer).vocabulary)  # type: ignore[union-attr]


def _model(shape: Shape) -> Any:
    return shape.model(vocabulary())


class Table:
    """Rows of one kind in a CSV file, written as soon as they are known: what is there is not run again."""

    def __init__(self, path: Path, kind: type) -> None:
        self.path, self.kind = path, kind
        self.rows: list[Any] = []
        if path.exists():
            with path.open(newline="") as file:
                self.rows = [self._read(row) for row in csv.DictReader(file)]

    def _read(self, row: dict[str, str]) -> Any:
        return self.kind(**{f.name: f.type(row[f.name]) for f in fields(self.kind)})  # type: ignore[operator]

    def fill(self, wanted: Iterable[tuple[dict[str, Any], Callable[[], Any]]]) -> None:
        """Runs what is wanted and not there yet; wanted by the values of a row."""
        for values, run in wanted:
            if not any(values.items() <= asdict(row).items() for row in self.rows):
                self._append(run())

    def _append(self, row: Any) -> None:
        begins = not self.path.exists()
        with self.path.open("a", newline="") as file:
            writer = csv.DictWriter(file, [f.name for f in fields(self.kind)])
            if begins:
                writer.writeheader()
            writer.writerow(asdict(row))
        self.rows.append(row)
