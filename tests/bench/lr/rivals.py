"""Rules of other learning-rate finders, written from their sources, with their own smoothing and trimming.

fastai (callback/schedule.py: LRFinder and the suggestion methods; learner.py: AvgSmoothLoss), Lightning
(pytorch/tuner/lr_finder.py), torch-lr-finder (torch_lr_finder/lr_finder.py). All read a ramp of 100 steps by
default, over ranges of their own; here they read the curve that ours reads. Of a curve of fewer steps the same share is
trimmed off. Each gets learning rates and raw losses up to a divergence and gives the rate that it suggests.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rule = Callable[[Floats, Floats], float]
DEFAULT_STEPS = 100


def debiased(losses: Floats, beta: float = 0.98) -> Floats:
    """Exponential mean, divided by the share of the weights that have been used: fastai's and Lightning's."""
    mean, smoothed = 0.0, []
    for step, loss in enumerate(losses, 1):
        mean = beta * mean + (1 - beta) * loss
        smoothed.append(mean / (1 - beta**step))
    return np.array(smoothed)


def trimmed(rates: Floats, losses: Floats, begin: int, end: int) -> tuple[Floats, Floats]:
    """Without so many of every 100 steps at the beginning and at the end."""
    first, last = (round(count * len(losses) / DEFAULT_STEPS) for count in (begin, end))
    kept = slice(first, len(losses) - max(last, 1))
    return rates[kept], losses[kept]


def fastai_valley(rates: Floats, losses: Floats) -> float:
    """In the middle of the longest decreasing subsequence."""
    rates, losses = trimmed(rates, debiased(losses), 10, 5)
    lengths = [1] * len(losses)
    start = end = 0
    for i in range(1, len(losses)):
        for j in range(i):
            if losses[i] < losses[j] and lengths[i] < lengths[j] + 1:
                lengths[i] = lengths[j] + 1
            if lengths[end] < lengths[i]:
                end, start = i, i - lengths[i]
    third = (end - start) / 3
    return float(rates[start + int(third) + int(third / 2)])


def fastai_steep(rates: Floats, losses: Floats) -> float:
    """Where the loss falls most for an e-fold of the rate."""
    rates, losses = trimmed(rates, debiased(losses), 10, 5)
    return float(rates[int(np.argmin(np.diff(losses) / np.diff(np.log(rates))))])


def fastai_minimum(rates: Floats, losses: Floats) -> float:
    """A tenth of where the loss is lowest."""
    rates, losses = trimmed(rates, debiased(losses), 10, 5)
    return float(rates[int(np.argmin(losses))]) / 10


def fastai_slide(rates: Floats, losses: Floats) -> float:
    """From the right, the first stretch of 15 steps between whose ends the slope is as good as the same."""
    rates, losses = trimmed(rates, debiased(losses), 10, 5)
    gradient, width = np.gradient(losses), round(15 * len(losses) / DEFAULT_STEPS)
    right, left = -1, -1 - width
    suggestion = rates[left]
    while left >= -len(losses) and abs(gradient[right] - gradient[left]) > 0.005:
        suggestion = rates[left]
        right, left = right - 1, left - 1
    return float(suggestion)


def lightning(rates: Floats, losses: Floats) -> float:
    """Where the loss falls most for a step of the rate, which is not taken as a logarithm."""
    rates, losses = trimmed(rates, debiased(losses), 10, 1)
    return float(rates[int(np.argmin(np.gradient(losses, rates)))])


def torch_lr_finder(rates: Floats, losses: Floats) -> float:
    """Where the loss falls most from step to step."""
    smoothed = [float(losses[0])]
    for loss in losses[1:]:
        smoothed.append(0.05 * float(loss) + 0.95 * smoothed[-1])
    rates, kept = trimmed(rates, np.array(smoothed), 10, 5)
    return float(rates[int(np.argmin(np.gradient(kept)))])


RIVALS: dict[str, Rule] = {
    "fastai valley": fastai_valley,
    "fastai steep": fastai_steep,
    "fastai minimum/10": fastai_minimum,
    "fastai slide": fastai_slide,
    "Lightning": lightning,
    "torch-lr-finder": torch_lr_finder,
}
