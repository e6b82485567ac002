"""What names a learning rate on a sweep: the advisor's answer, its rules one by one, other finders' rules, none."""

import math
import statistics
from collections.abc import Callable, Iterator, Sequence

from tests.bench.lr import calibration
from tests.bench.lr.results import RAMP, Ramp, Results
from tests.bench.lr.rivals import RIVALS
from tests.bench.lr.rows import Swept
from tests.bench.lr.shapes import Shape

OURS = "ours: mean of the calibrated rules"
ELSEWHERE = "ours, calibrated without the shape"
CONSTANT = "no sweep: the best rate of the median shape"
Named = Callable[[Results, Shape, Swept], float | None]  # the learning rate that a rule names on a sweep of a shape


def ours(results: Results, shape: Shape, sweep: Swept) -> float | None:
    """The advisor's answer, or None."""
    return answered(shape, [sweep])


def answered(shape: Shape, sweeps: Sequence[Swept]) -> float | None:
    """The advisor's answer to several seeds, or None."""
    return calibration.record(shape, sweeps).centre


def elsewhere(results: Results, shape: Shape, sweep: Swept) -> float:
    """The same rules by constants of the shapes of its kind that are not held out, but this one."""
    return _by_others(results, shape, sweep, lambda other: other.kind == shape.kind)


def alike(results: Results, shape: Shape, sweep: Swept) -> float:
    """By constants of all the others, whatever their blocks."""
    return _by_others(results, shape, sweep, lambda other: True)


def _by_others(results: Results, shape: Shape, sweep: Swept, counts: Callable[[Shape], bool]) -> float:
    others = [other for other in results.shapes if other is not shape and not other.held_out and counts(other)]
    return calibration.answer(sweep, calibration.reads_low(others, results.truths, results.sweeps[RAMP]))


def constant(results: Results, shape: Shape, sweep: Swept) -> float:
    """One rate for all: the median of the other shapes' best."""
    return float(2 ** statistics.median(results.truths[s.name].best for s in results.shapes if s is not shape))


def ours_by(rule: str) -> Named:
    """One of the rules as it reads, uncalibrated."""
    return lambda results, shape, sweep: calibration.rules(sweep).get(rule)


def rival(rule: Callable[..., float]) -> Named:
    """Another finder's rule."""
    return lambda results, shape, sweep: rule(*sweep.curve)


RULES: dict[str, Named] = {
    OURS: ours,
    ELSEWHERE: elsewhere,
    "... whatever the kind of block": alike,
    **{
        f"our {name}": ours_by(name)
        for name in ("drop30", "drop50", "drop70", "steepest", "valley", "minimum/10", "edge")
    },
    **{name: rival(rule) for name, rule in RIVALS.items()},
    CONSTANT: constant,
}


def errors(rule: Named, results: Results, shapes: Sequence[Shape], ramp: Ramp = RAMP) -> Iterator[tuple[float, float]]:
    """Octaves and regret of what single sweeps say, without those that give no answer."""
    for shape in shapes:
        truth = results.truths[shape.name]
        for sweep in results.sweeps[ramp][shape.name]:
            if (rate := rule(results, shape, sweep)) is not None:
                yield math.log2(rate) - truth.best, truth.regret(rate)


def one_seed(results: Results, shapes: Sequence[Shape]) -> Iterator[tuple[float, float]]:
    """Of the best rate by all the runs of one seed, beside that of the mean over the seeds."""
    for shape in shapes:
        truth = results.truths[shape.name]
        yield from ((one.best - truth.best, truth.regret(one.best_rate)) for one in truth.of_seeds())
