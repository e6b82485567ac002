"""What the constants of the advisor's answer are by the runs: how far each rule reads below the best learning rate."""

import functools
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence

from studies.trial import lr_answer
from studies.trial.lr_answer import READS_LOW, Curve
from tests.bench.lr.rows import Swept
from tests.bench.lr.truth import Truth


@functools.cache
def rules(sweep: Swept) -> dict[str, float]:
    """What the rules read, uncalibrated."""
    return lr_answer.read({}, [Curve(*sweep.curve)], restored=True, seconds=0.0).rules


def reads_low(
    shapes: Iterable[str], truths: Mapping[str, Truth], sweeps: Mapping[str, Sequence[Swept]]
) -> dict[str, float]:
    """Octaves that each rule reads low: of a shape the median over its sweeps, of all shapes the median."""
    by_shape = {shape: [rules(sweep) for sweep in sweeps[shape]] for shape in shapes}

    def of_shape(rule: str, shape: str) -> float:
        return statistics.median(truths[shape].best - math.log2(read[rule]) for read in by_shape[shape])

    return {rule: statistics.median(of_shape(rule, shape) for shape in by_shape) for rule in READS_LOW}


def answer(sweep: Swept, constants: Mapping[str, float]) -> float:
    """The learning rate by other constants, also where rules disagree."""
    read = rules(sweep)
    return min(lr_answer.mean(list(lr_answer.centres(read, constants).values())), read["edge"])
