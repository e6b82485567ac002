"""What the constants of the advisor's answer are by the runs: how far each rule reads below the best learning rate."""

import functools
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence

from studies.records import SweepRecord
from studies.trial import lr_answer
from studies.trial.lr_answer import READS_LOW, Curve
from tests.bench.lr.rows import Swept
from tests.bench.lr.shapes import Shape
from tests.bench.lr.truth import Truth

RULES = tuple(READS_LOW["plain"])


def record(shape: Shape, sweeps: Sequence[Swept]) -> SweepRecord:
    """What the advisor says of sweeps of one shape."""
    curves = [Curve(*sweep.curve) for sweep in sweeps]
    return lr_answer.read({}, curves, kind=shape.kind, restored=True, seconds=0.0)


@functools.cache
def rules(sweep: Swept) -> dict[str, float]:
    """What the rules read, uncorrected."""
    return lr_answer.read({}, [Curve(*sweep.curve)], kind="plain", restored=True, seconds=0.0).rules


def reads_low(
    shapes: Iterable[Shape], truths: Mapping[str, Truth], sweeps: Mapping[str, Sequence[Swept]]
) -> dict[str, float]:
    """Octaves that each rule reads low: of a shape the median over its sweeps, of all shapes the median."""
    by_shape = {shape.name: [rules(sweep) for sweep in sweeps[shape.name]] for shape in shapes}

    def of_shape(rule: str, shape: str) -> float:
        return statistics.median(truths[shape].best - math.log2(read[rule]) for read in by_shape[shape])

    return {rule: statistics.median(of_shape(rule, shape) for shape in by_shape) for rule in RULES}


def answer(sweep: Swept, constants: Mapping[str, float]) -> float:
    """The learning rate by other constants, also where rules disagree."""
    read = rules(sweep)
    named = lr_answer.centres(read, lr_answer.corrections(constants))
    return min(lr_answer.mean(list(named.values())), read.get("edge", sweep.high))
