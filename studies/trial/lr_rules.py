"""What can be read off an LR range test: the smoothed curve, several rules side by side. No torch here.

The learning rates of a ramp are equidistant in log, so smoothing and slopes are in octaves of LR. What the rules say
together is in lr_answer.py.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

DROPS = (50, 70)  # shares of the whole drop [%]
SMOOTHING_OCTAVES = 1.0
NO_DROP = 0.05  # a smoothed loss that falls by less than this share has not learnt: batch noise alone is near 1 %
FIRST_FALL = 0.07  # of the loss at the beginning: what a model learns first, such as how frequent tokens are
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
    """The learning rate that each rule names."""
    minimum = int(np.argmin(smoothed))
    drop = smoothed[0] - smoothed[minimum]
    slope = np.gradient(smoothed, np.log2(learning_rates))[: minimum + 1]
    named = {
        "fall7": np.argmax(smoothed <= max((1 - FIRST_FALL) * smoothed[0], smoothed[minimum])),
        **{f"drop{share}": np.argmax(smoothed <= smoothed[0] - share / 100 * drop) for share in DROPS},
        "steepest": np.argmin(slope),
        "valley": valley(smoothed),
        "edge": np.flatnonzero(smoothed <= smoothed[minimum] + TURNED_UP * drop)[-1],
    }
    rules = {rule: float(learning_rates[index]) for rule, index in named.items()}
    return rules | {"minimum/10": float(learning_rates[minimum]) / 10}


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
