"""What a study is asked to do."""

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

from advisor.errors import InputError
from studies.address import DEFAULT_STORE
from studies.job import Device
from studies.objectives import LOSS, check_objectives

MAX_NAME = 200
MAX_BUDGET_SECONDS = 366 * 86400.0
MAX_TRIALS = 100_000


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A study: what to search, for how long, where, and where to keep it. Raises InputError for what cannot be used.

    `target` is kept with the study as it is: plain JSON values.
    """

    name: str
    budget_seconds: float  # wall-clock, all phases and start-up included
    store: str = DEFAULT_STORE  # path of an SQLite file, or a database URL
    space: str = "decoder-small"  # name of a search space, or the path of its TOML file
    data: str = "pydoc"  # what studies.data.read takes
    tokenizer: str = "bytes"  # how text becomes tokens: bytes, characters or bpe:SIZE
    objective: str = ""  # FILE.py:FUNCTION of a model of the user's own; `space` is then a file of its knobs
    seed: int = 0
    devices: tuple[Device, ...] = ()  # one trial at a time on each; (): the local GPU, or each core of the CPU
    memory_bytes: int | None = None  # that a training step may allocate on a device; None: all that is usable
    max_trials: int | None = None  # of the search; None: as many as the budget holds
    sampler: str = "shapes-first"  # our own strategy; or one of Optuna's samplers: tpe, random, gp, ...
    objectives: tuple[str, ...] = (
        LOSS,
    )  # and what a model costs, of studies.objectives.OBJECTIVES: then for the front
    latency_on: str = ""  # the GPU whose latency is an objective; "": the device of the study
    pruner: str = "median"  # of Optuna's; beside our own strategy, only of what TPE suggests after it
    target: dict[str, Any] = field(default_factory=dict)
    tracker: str = ""  # told of each trial that ends: tensorboard, mlflow or wandb
    command: str = ""  # the command line, for provenance

    def __post_init__(self) -> None:
        is_text = isinstance(self.name, str) and 0 < len(self.name) <= MAX_NAME and self.name.isprintable()
        if not is_text or self.name in (".", ".."):  # a browser takes these out of an address
            raise InputError("study name", expected=f"1 to {MAX_NAME} printable characters, not . or ..", got=self.name)
        _number("budget_seconds", self.budget_seconds, MAX_BUDGET_SECONDS)
        _whole("seed", self.seed, 0, 2**32 - 1)
        if self.memory_bytes is not None:
            _whole("memory_bytes", self.memory_bytes, 1, 2**62)
        if self.max_trials is not None:
            _whole("max_trials", self.max_trials, 1, MAX_TRIALS)
        _check_json("target", self.target)
        check_objectives(self.objectives)

    def to_json(self) -> str:
        """As text for the store."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Settings":
        """What to_json wrote."""
        values = json.loads(text)
        if "device" in values:  # of a study from before there could be several
            values["devices"] = filter(None, [values.pop("device")])
        values["devices"] = tuple(Device(**device) for device in values["devices"])
        values["objectives"] = tuple(values.get("objectives", (LOSS,)))
        return cls(**values)


def _number(path: str, value: Any, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= high:
        raise InputError(path, expected=f"a positive number of seconds up to {high:g}", got=value)


def _whole(path: str, value: Any, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InputError(path, expected=f"a whole number from {low} to {high}", got=value)


def _check_json(path: str, value: Any) -> None:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(path, expected="plain JSON values", got=str(error)) from None
