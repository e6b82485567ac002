"""Learning rates: from one width to another, and from a few short runs to the best."""

import math
from collections.abc import Mapping

OCTAVE = 2.0


def scaled(rate: float, width: float, other: float) -> float:
    """The learning rate for a model `other` wide, if `rate` is right for `width`: their product stays.

    Of the standard parametrization, with Adam (Yang et al. 2022, arXiv:2203.03466, table 3: hidden weights).

    >>> scaled(0.004, 64, 128)
    0.002
    """
    return rate * width / other


def next_rate(losses: Mapping[float, float]) -> float | None:
    """The learning rate, an octave from the best one, that has still to be tried; None if the best lies between two.

    `losses` by learning rate; infinite for a run that diverged. Lower first: too low costs little, too high all.

    >>> next_rate({1.0: 2.0}), next_rate({1.0: 2.0, 0.5: 2.2}), next_rate({1.0: 2.0, 0.5: 2.2, 2.0: 2.1})
    (0.5, 2.0, None)
    """
    best = min(losses, key=lambda rate: (losses[rate], rate))
    return next((rate for rate in (best / OCTAVE, best * OCTAVE) if not _has(losses, rate)), None)


def vertex(losses: Mapping[float, float]) -> float:
    """The learning rate at the bottom of the parabola through the best and its two neighbours, in log-log terms.

    The best one itself where a neighbour is missing or has diverged.

    >>> vertex({0.5: 1.0, 1.0: 0.5, 2.0: 1.0}), vertex({1.0: 0.5, 2.0: 1.0})
    (1.0, 1.0)
    """
    best = min(losses, key=lambda rate: (losses[rate], rate))
    below, above = (next((losses[r] for r in losses if _same(r, best * f)), math.inf) for f in (1 / OCTAVE, OCTAVE))
    curvature = below - 2 * losses[best] + above
    if not math.isfinite(curvature) or curvature <= 0:
        return best
    return float(best * OCTAVE ** (0.5 * (below - above) / curvature))


def _has(losses: Mapping[float, float], rate: float) -> bool:
    return any(_same(known, rate) for known in losses)


def _same(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-6)
