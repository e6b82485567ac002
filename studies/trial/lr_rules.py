"""What can be read off an LR range test: the smoothed curve, several rules side by side, bounds. No torch here.

The learning rates of a ramp are equidistant in log, so smoothing, slopes and agreement are all in octaves of LR.

Measured on five byte decoders (d_model 32-128, depth 1-3; 3 seeds each) against the best of ten runs of 250 steps:
drop70 reads 0.3 to 1.5 octaves low, steepest 0.6 to 1.7, and each moves by at most 0.2 octaves from seed to seed.
valley moves by up to 2.2 from seed to seed, minimum/10 by 2.8: the one follows the ramp's lower end, the other the
noise on a flat bottom. So the first two name the centre, and the others are shown beside them.
"""

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

CENTRES = ("drop70", "steepest")
SMOOTHING_OCTAVES = 0.5
NO_DROP = 0.05  # a smoothed loss that falls by less than this share has not learnt: batch noise alone is near 1 %
TURNED_UP = 0.1  # of the drop, given back for good: beyond the edge
# On 1,911 pretraining runs (Step Law, Li et al. 2025) two octaves too low cost 1.3 % of the loss, three too high 9.1 %,
# and a quarter of those diverged: low is cheap, high is a cliff. The centres above read about one octave low.
BELOW, ABOVE = 4.0, 8.0


def smooth(learning_rates: Floats, losses: Floats) -> Floats:
    """Gaussian mean in log-LR, half an octave wide.

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
        "drop70": np.argmax(smoothed <= smoothed[0] - 0.7 * drop),
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


def spread(rules: dict[str, float]) -> float:
    """Octaves between the rules that name the centre."""
    centres = [rules[name] for name in CENTRES]
    return math.log2(max(centres) / min(centres))


def bounds(rules: dict[str, float]) -> tuple[float, float]:
    """Lowest and highest learning rate worth a search: around both centres, never beyond the edge.

    >>> bounds({"drop70": 0.002, "steepest": 0.004, "edge": 0.01})
    (0.0005, 0.01)
    """
    centres = [rules[name] for name in CENTRES]
    return min(centres) / BELOW, min(rules["edge"], max(centres) * ABOVE)


def verdict(rules: dict[str, float], smoothed: Floats) -> str:
    """One sentence for a person."""
    if not fell(smoothed):
        return "The loss did not fall along the ramp, so no rule can be read off; the search keeps the whole ramp."
    named = "The rules " + " and ".join(f"{name} ({rules[name]:.2g})" for name in CENTRES)
    low, high = bounds(rules)
    span = f"the search goes from {low:.2g} to {high:.2g}"
    if spread(rules) > 1:
        return f"{named} disagree by {spread(rules):.1f} octaves, so neither is to be trusted; {span} to cover both."
    return f"{named} agree within an octave; {span}, and the loss turns up for good beyond {rules['edge']:.2g}."
