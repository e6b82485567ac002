"""What is tuned: three tasks, one space of learning rate, dropout, weight decay, depth and width."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import search_spaces
from search_spaces import Space
from studies import data
from studies.data import text
from studies.job import Data, Device
from studies.jobs import Jobs

SHAKESPEARE = "tinyshakespeare.txt"
HERE = Path(__file__).resolve()
LIMIT_BYTES = 2**40  # of memory: none; the parameters are limited


@dataclass(frozen=True, kw_only=True)
class Task:
    """A space, its data, and how long a full trial trains."""

    name: str
    family: str
    source: str
    tokenizer: str
    max_parameters: int
    steps: int
    sequence: int
    batch: int
    limit_bytes: int = LIMIT_BYTES

    def jobs(self, schedule: str = "wsd") -> Jobs:
        """Makes the jobs of this task's trials."""
        space = search_spaces.parse(self._document(schedule), self.name)
        if not space.vocab:
            space = space.with_vocabulary(data.read(self.source, self.tokenizer).needs(self.family))
        return Jobs(space=space, data=Data(source=self.source, tokenizer=self.tokenizer), device=Device(threads=1))

    @property
    def tokens(self) -> int:
        """Training tokens of a full trial, as the plan counts them."""
        return self.steps * int(self.jobs().space.example()[1].tokens)

    def _document(self, schedule: str) -> dict[str, Any]:
        fixed = {"context": self.sequence, "sequence": self.sequence, "precision": "fp32"}
        recipe = {"schedule": schedule, "warmup_ratio": 0.06, "max_parameters": self.max_parameters}
        sizes = {"max_depth": 6, "head_size": 16, "ffn_ratio": 4, "batch": self.batch, "eval_batches": 16}
        vary = {
            "learning_rate": {"low": 1e-5, "high": 1e-1, "log": True, "default": 1e-3},
            "dropout": {"low": 0.0, "high": 0.4, "default": 0.1},
            "weight_decay": {"low": 0.0, "high": 0.3, "default": 0.1},
            "d_model": {"low": 32, "high": 160, "step": 16, "default": 64},
            "depth_fraction": {"low": 0.0, "high": 1.0, "default": 0.5},
        }
        return {"family": self.family, "fixed": fixed | sizes | recipe, "vary": vary}


def widest(space: Space, depth: int, limit_bytes: int) -> dict[int, float]:
    """The widths that fit with this depth, each with its `depth_fraction`."""
    found = {}
    for width in space.fitting(limit_bytes).knobs["d_model"].values:
        most = int(space.point({"d_model": width, "depth_fraction": 1.0}, limit_bytes)["depth"])
        if most >= depth:
            found[int(width)] = depth / most
    return found


def shakespeare() -> str:
    """Tiny Shakespeare: $TINYSHAKESPEARE, or beside the repository; else the text that ships with Python."""
    given = os.environ.get("TINYSHAKESPEARE")
    places = [Path(given)] if given else [parent / "shared" / "data" / SHAKESPEARE for parent in HERE.parents[2:]]
    return next((str(path) for path in places if path.is_file()), text.PYDOC)


def tasks() -> dict[str, Task]:
    """By name."""
    language = {"family": "decoder", "source": shakespeare(), "tokenizer": "characters", "sequence": 32, "batch": 4}
    found = [
        Task(name="characters-200k", max_parameters=200_000, steps=240, **language),  # type: ignore[arg-type]
        Task(name="characters-60k", max_parameters=60_000, steps=480, **language),  # type: ignore[arg-type]
        Task(
            name="sort-200k", family="seq2seq", source="sort", tokenizer="bytes", max_parameters=200_000, steps=240,
            sequence=11, batch=8,
        ),
    ]  # fmt: skip
    return {task.name: task for task in found}
