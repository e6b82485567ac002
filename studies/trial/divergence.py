"""When a run has failed to train: its loss is no number, or far above where it began. No torch here."""

import math
from typing import Literal

# A run begins at about ln(vocab), the loss of a uniform guess (initialize() makes logits near zero). Warm-up spikes of
# runs that recover have been seen at 1.57 times that; a model twice as bad is confidently wrong and does not come back
# within a short trial.
LIMIT = 2.0


def diagnose(loss: float, vocab: float) -> Literal["", "nan", "diverged"]:
    """`nan` for NaN or infinity, `diverged` above 2 * ln(vocab), else "". `loss`: a mean over steps [nats/token].

    >>> diagnose(5.6, 256), diagnose(11.2, 256), diagnose(float("inf"), 256)
    ('', 'diverged', 'nan')
    """
    if not math.isfinite(loss):
        return "nan"
    return "diverged" if loss > LIMIT * math.log(vocab) else ""


def explain(loss: float, vocab: float, step: int) -> str:
    """One line for the trial's message.

    >>> explain(12.31, 256, 40)
    'the loss of 12.31 at step 40 is above 11.09 = 2.0 ln(256): far worse than guessing'
    """
    if not math.isfinite(loss):
        return f"the loss is {loss} at step {step}"
    limit = f"{LIMIT * math.log(vocab):.2f} = {LIMIT} ln({vocab})"
    return f"the loss of {loss:.2f} at step {step} is above {limit}: far worse than guessing"
