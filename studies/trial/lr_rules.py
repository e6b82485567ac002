"""What can be read off an LR range test: the smoothed curve, several rules side by side. No torch here.

The learning rates of a ramp are equidistant in log, so smoothing and slopes are in octaves of LR. What the rules say
together is in lr_answer.py.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

DROPS = (30, 50, 70)  # shares of the whole drop [%]
SMOOTHING_OCTAVES = 1.0
NO_DROP = 0.05  # a smoothed loss that falls by less than this share has not learnt: batch noise alone is near 1 %
TURNED_UP = 0.1  # of the drop, given back for good: beyond the edge


def smooth(learning_rates: Floats, losses: Floats) -> Floats:
    """Gaussian mean in log-LR, an octave wide.

    Centred, so that a fall is not moved to the right: an EMA over n steps moves it by a share of the ramp that depends
    on how many steps the ramp has.
    """
    octaves = np.log2(learning_rates)
    weights = np.exp(-0.5 * ((octaves[:, None] - octaves) / SMOOTHING_OCTAVES) ** 2)
    return np.asarray(weights @ losses / weights.sum(axis=1), dtype=np.float64)


def read(learning_rates: Floats, smoothed: Floats) -> dict[str, float]:
    """The learning rate that each rule names; where the loss crosses a line, between the steps of the ramp.

    There is no edge where the loss has not turned up for good before the ramp ends.
    """
    minimum = int(np.argmin(smoothed))
    lowest, drop = smoothed[minimum], smoothed[0] - smoothed[minimum]
    slope = np.gradient(smoothed, np.log2(learning_rates))[: minimum + 1]
    lines = {f"drop{share}": smoothed[0] - share / 100 * drop for share in DROPS}
    steps = {"steepest": int(np.argmin(slope)), "valley": valley(smoothed)}
    edge = int(np.flatnonzero(smoothed <= lowest + TURNED_UP * drop)[-1])
    if edge < len(smoothed) - 1:
        steps["edge"] = edge
    return {
        **{rule: falls_to(learning_rates, smoothed, line) for rule, line in lines.items()},
        **{rule: float(learning_rates[step]) for rule, step in steps.items()},
        "minimum/10": float(learning_rates[minimum]) / 10,
    }


def falls_to(learning_rates: Floats, smoothed: Floats, line: float) -> float:
    """The learning rate at which the curve first comes down to a line that it does come down to, in log-LR.

    >>> round(falls_to(np.array([1.0, 4.0, 16.0]), np.array([3.0, 3.0, 1.0]), 2.0), 6)
    8.0
    """
    after = int(np.argmax(smoothed <= line))
    around = slice(max(after - 1, 0), after + 1)
    return float(np.exp(np.interp(-line, -smoothed[around], np.log(learning_rates[around]))))


def valley(smoothed: Floats) -> int:
    """The middle of the longest decreasing subsequence, as an index (fastai's `valley`, from ESRI's arcgis.learn)."""
    lengths = np.ones(len(smoothed), dtype=np.int64)
    for i in range(1, len(smoothed)):
        lengths[i] += np.max(lengths[:i], initial=0, where=smoothed[:i] > smoothed[i])
    end = int(np.argmax(lengths))
    return end - (int(lengths[end]) - 1) // 2


def fell(smoothed: Floats) -> bool:
    """Whether the loss fell enough for a rule to mean anything."""
    return bool(smoothed.min() < (1 - NO_DROP) * smoothed[0])
