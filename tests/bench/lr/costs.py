"""What a sweep takes beside a full trial: both run as a worker runs them, start-up of the process left out."""

import functools
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import search_spaces
from tests.bench.lr import rows
from tests.bench.lr.results import RAMP
from tests.bench.lr.shapes import SHAPES, Shape

COSTED = ("2 x 16", "2 x 64", "6 x 64")
TIMES = 3  # so many of each in turn, and the median: other work on the machine slows all alike
SPACE = "decoder-small"
GIB = 2**30
RATE = 3e-3  # any at which nothing diverges


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Wall clock of each [s], and of a sweep as a share of the trial just after it."""

    shape: str
    trial: float
    sweep: float
    share: float


def measured() -> Iterator[Cost]:
    """Of small shapes, and of what a study sweeps: the middle model of a space."""
    rows.vocabulary()  # the text is read before a clock runs
    for shape in (*(shape for shape in SHAPES if shape.name in COSTED), middle()):
        yield _cost(shape)


def _cost(shape: Shape) -> Cost:
    sweep = functools.partial(rows.sweep, shape, 1, **RAMP.of(shape))
    trial = functools.partial(rows.train, shape, 1, RATE)
    sweep()  # what only the first steps of a process take
    sweeps, trials = zip(*((_seconds(sweep), _seconds(trial)) for _ in range(TIMES)), strict=True)
    shares = [of_sweep / of_trial for of_sweep, of_trial in zip(sweeps, trials, strict=True)]
    return Cost(
        shape=shape.name, trial=statistics.median(trials), sweep=statistics.median(sweeps),
        share=statistics.median(shares),
    )  # fmt: skip


def middle() -> Shape:
    """With its own plan."""
    space = search_spaces.load(SPACE).with_precision("fp32")
    point = space.point({**space.middle(GIB), "learning_rate": RATE}, GIB)
    model, plan, _ = space.resolve(point)
    return Shape(name=f"the middle of {SPACE}", model=lambda vocab: model, plan=plan, around=(0, 0))


def _seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began
