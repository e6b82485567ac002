"""Small jobs, settings and listeners that the tests of studies share."""

from pathlib import Path
from typing import Any

from advisor.spec import Decoder, Plan
from advisor.spec.recipe import Recipe
from studies import Settings
from studies.events import Event
from studies.job import Data, Device, TrialJob

TINY = str(Path(__file__).with_name("tiny.toml"))
CPU = Device(name="cpu", threads=1)
GIB = 2**30


def settings(folder: Path, **changes: Any) -> Settings:
    """A study of the tiny space in a store of its own."""
    values: dict[str, Any] = {
        "name": "study",
        "budget_seconds": 60.0,
        "store": str(folder / "store.db"),
        "space": TINY,
        "devices": (CPU,),
        "memory_bytes": GIB,
        "sampler": "tpe",
    }
    return Settings(**{**values, **changes})


def trial_job(**changes: Any) -> TrialJob:
    """Twenty steps of a tiny decoder."""
    values: dict[str, Any] = {
        "model": Decoder.gpt(vocab=256, context=32, d_model=16, depth=1, heads=1),
        "plan": Plan(batch=4, sequence=32, precision="fp32"),
        "recipe": Recipe(learning_rate=1e-3),
        "data": Data(),
        "device": CPU,
        "seed": 0,
        "steps": 20,
        "eval_every": 5,
        "eval_batches": 1,
        "flops_per_step": 1e6,
    }
    return TrialJob(**{**values, **changes})


class Listener:
    """Keeps the events of a study."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type) -> list[Any]:
        """The events of one class."""
        return [event for event in self.events if isinstance(event, kind)]
