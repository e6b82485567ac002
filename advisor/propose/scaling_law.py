"""Loss as a function of parameters and tokens: L(N, D) = E + A / N**alpha + B / D**beta.

Coefficients: Besiroglu et al. 2024, "Chinchilla Scaling: A replication attempt", a refit of approach 3 of Hoffmann et
al. 2022. Fitted on decoders of 44M to 16B parameters, web text of one tokenizer and less than one epoch of it: it ranks
candidates; the loss that another data set will show is another number.
"""

from typing import Any

IRREDUCIBLE = 1.8172  # E [nats/token]
PARAMETER_FACTOR, PARAMETER_EXPONENT = 482.01, 0.3478  # A, alpha
TOKEN_FACTOR, TOKEN_EXPONENT = 2085.43, 0.3658  # B, beta
FITTED_PARAMETERS = (44e6, 16e9)  # range of N in the fit


def predicted_loss(parameters: Any, tokens: Any) -> Any:
    """Loss [nats/token] of N parameters after D tokens; scalars or columns.

    >>> round(predicted_loss(70e9, 1.4e12), 3)
    1.974
    """
    return IRREDUCIBLE + PARAMETER_FACTOR / parameters**PARAMETER_EXPONENT + TOKEN_FACTOR / tokens**TOKEN_EXPONENT
