"""A model of the user's own: the contract, and how the file that keeps it is read."""

import contextlib
import copy
import importlib.util
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from advisor.errors import AdvisorError, ObjectiveError
from advisor.spec.own import Own


class Objective(Protocol):
    """What `make(point, device)` returns: a model, its data and its loss.

    `make` is called once per trial, after torch has been seeded; `point` has the value of each knob of the space by
    name. The advisor trains `module` with the optimizer, schedule and precision of the space.
    """

    module: nn.Module

    def draw(self, generator: torch.Generator) -> Any:
        """A batch to train on. All that is random in it comes from `generator`: trials see the same batches."""
        ...

    def validation(self) -> Sequence[Any]:
        """Batches to validate on, the same ones every time."""
        ...

    def loss(self, module: nn.Module, batch: Any) -> Tensor:
        """The mean loss of a batch, a scalar; `module` is the one above, or an average of it."""
        ...


MEMBERS = ("module", "draw", "validation", "loss")


class OwnModule(nn.Module):
    """The user's module with its loss, as ours have it: batch -> (None, loss)."""

    def __init__(self, objective: Objective, file: Path, model: nn.Module) -> None:
        super().__init__()
        self.model, self._objective, self._file = model, objective, file

    def forward(self, batch: Any) -> tuple[None, Tensor]:
        with blamed(self._file):
            return None, self._objective.loss(self.model, batch)

    def __deepcopy__(self, memo: dict[int, Any]) -> "OwnModule":
        """An average has weights of its own, not data of its own."""
        return OwnModule(self._objective, self._file, copy.deepcopy(self.model, memo))


class OwnBatches:
    """An objective's batches, with the generator whose position is all of their state."""

    def __init__(self, objective: Objective, file: Path, seed: int) -> None:
        self._objective, self._file = objective, file
        self.generator = torch.Generator().manual_seed(seed)

    def draw(self) -> tuple[Any]:
        """The next training batch."""
        with blamed(self._file):
            return (self._objective.draw(self.generator),)

    def validation(self, count: int) -> list[tuple[Any]]:
        """The first `count`, or all."""
        with blamed(self._file):
            return [(batch,) for batch in list(self._objective.validation())[:count]]


def make(own: Own, device: torch.device, seed: int) -> tuple[OwnModule, OwnBatches]:
    """The user's module on the device, and its batches. Raises ObjectiveError for what does not keep the contract."""
    name, _, function = own.objective.rpartition(":")
    file = Path(name).resolve()
    with blamed(file):
        objective = _function(file, function, own.objective)(dict(own.values), device)
    for member in MEMBERS:
        if not hasattr(objective, member):
            raise ObjectiveError(f"{file.name}: {function}() returned {type(objective).__name__} without `{member}`")
    return OwnModule(objective, file, objective.module.to(device)), OwnBatches(objective, file, seed)


def _function(file: Path, function: str, reference: str) -> Callable[[Mapping[str, Any], torch.device], Objective]:
    spec = importlib.util.spec_from_file_location(f"objective_{file.stem}", file)
    if not function or spec is None or spec.loader is None or not file.is_file():
        raise ObjectiveError(f"objective {reference!r}: expected FILE.py:FUNCTION, the file being there")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = getattr(module, function, None)
    if not callable(found):
        raise ObjectiveError(f"{file.name}: expected a function {function}(point, device), got none")
    return found  # type: ignore[no-any-return]


@contextlib.contextmanager
def blamed(file: Path) -> Iterator[None]:
    """An exception out of the user's code becomes one line with the last line of the file that it went through.

    Memory that runs out stays what it is: the trial's end says so.
    """
    try:
        yield
    except (AdvisorError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
        if isinstance(error, SyntaxError):
            lines = [error.lineno]
        where = f"{file.name}, line {lines[-1]}" if lines else file.name
        raise ObjectiveError(f"{where}: {type(error).__name__}: {' '.join(str(error).split())}") from error
