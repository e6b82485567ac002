"""Loss as a function of parameters and tokens: L(N, D) = E + A / N**alpha + B / D**beta.

Coefficients: Besiroglu et al. 2024, "Chinchilla Scaling: A replication attempt", a refit of approach 3 of Hoffmann et
al. 2022. Fitted on decoders of 44M to 16B parameters, web text of one tokenizer and less than one epoch of it: it ranks
candidates; the loss that another data set will show is another number.

Data that is seen again: Muennighoff et al. 2023, "Scaling Data-Constrained Language Models", eq. 5. Their like
correction of N (eq. 6) is left out: it holds at one epoch too, where it contradicts the law above. Scalars or columns.
"""

import math
from typing import Any

IRREDUCIBLE = 1.8172  # E [nats/token]
PARAMETER_FACTOR, PARAMETER_EXPONENT = 482.01, 0.3478  # A, alpha
TOKEN_FACTOR, TOKEN_EXPONENT = 2085.43, 0.3658  # B, beta
FITTED_PARAMETERS = (44e6, 16e9)  # range of N in the fit
SPREAD = 0.015  # 90 % of the fit's own runs lie closer than this, relative to the prediction
MOST_EPOCHS = 40  # beyond these the data teaches next to nothing (their figure 3)
TOKEN_DECAY = 15.387756  # R*_D of Muennighoff et al.


def predicted_loss(parameters: Any, tokens: Any, unique: float | None = None) -> Any:
    """Loss [nats/token] of N parameters after D tokens, of which `unique` are not repetitions (None: all of them).

    >>> round(predicted_loss(70e9, 1.4e12), 3)
    1.974
    >>> round(predicted_loss(70e9, 1.4e12, unique=100e9), 3)
    1.984
    """
    worthy = tokens if unique is None else worth(tokens, unique)
    return IRREDUCIBLE + PARAMETER_FACTOR / parameters**PARAMETER_EXPONENT + TOKEN_FACTOR / worthy**TOKEN_EXPONENT


def worth(tokens: Any, unique: float) -> Any:
    """How many fresh tokens so many tokens are worth when only `unique` differ: four epochs nearly four times as many.

    >>> round(worth(4e9, 1e9) / 1e9, 2)
    3.73
    """
    if not hasattr(tokens, "dtype"):
        return (
            tokens
            if tokens <= unique
            else unique * (1 + TOKEN_DECAY * -math.expm1((1 - tokens / unique) / TOKEN_DECAY))
        )
    import numpy as np

    fresh = np.minimum(tokens, unique)
    return fresh + unique * TOKEN_DECAY * -np.expm1(-np.maximum(tokens / unique - 1, 0) / TOKEN_DECAY)
