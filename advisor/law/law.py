"""A scaling law: loss as a function of parameters and tokens, with its interval and the range that it was fitted on."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from advisor.elementwise import log

Span = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Law:
    """L(N, D) = E + A / N**alpha + B / D**beta [nats/token]: Hoffmann et al. 2022, eq. 10. Scalars or columns.

    N: all parameters, embeddings included. D: tokens, each seen once (advisor.law.repetition: what repeated ones are
    worth). The loss is that of the fit's own text and tokenizer after a full schedule: it ranks candidates; the loss
    that other data will show is another number.

    `spread`: relative half-width of the interval that holds 90 % of runs like those fitted.
    `covariance`: of (E, ln A, ln B, alpha, beta) relative to spread**2, where it is known; the interval then widens
    with the distance from the points.
    """

    name: str
    source: str
    E: float
    A: float
    alpha: float
    B: float
    beta: float
    spread: float
    covariance: tuple[tuple[float, ...], ...] = ()
    parameters: Span  # range of N
    tokens: Span  # range of D
    ratios: Span  # range of D / N
    families: tuple[str, ...] = ("decoder",)
    vocab: Span = (0, math.inf)  # entries of the tokenizer: a loss per character is another quantity

    def loss(self, parameters: Any, tokens: Any) -> Any:
        """Loss [nats/token] of N parameters after D fresh tokens.

        >>> round(BESIROGLU.loss(70e9, 1.4e12), 3), round(HOFFMANN.loss(70e9, 1.4e12), 3)
        (1.974, 1.921)
        """
        return self.E + self.A / parameters**self.alpha + self.B / tokens**self.beta

    def half_width(self, parameters: Any, tokens: Any) -> Any:
        """Half of the 90 % interval, relative to the loss: the spread of runs and, where known, the fit's own doubt."""
        if not self.covariance:
            return self.spread
        directions = self.directions(parameters, tokens)
        doubt = sum(
            covariance * g * h
            for g, row in zip(directions, self.covariance, strict=True)
            for h, covariance in zip(directions, row, strict=True)
        )
        return self.spread * (1 + doubt) ** 0.5

    def directions(self, parameters: Any, tokens: Any) -> list[Any]:
        """Derivatives of ln L in E, ln A, ln B, alpha and beta."""
        loss = self.loss(parameters, tokens)
        of_n, of_d = self.A / parameters**self.alpha / loss, self.B / tokens**self.beta / loss
        return [1 / loss, of_n, of_d, -of_n * log(parameters), -of_d * log(tokens)]

    def covers(self, parameters: Any, tokens: Any) -> Any:
        """Whether N, D and their ratio lie in the range of the fit."""
        seen = _within(parameters, self.parameters) & _within(tokens, self.tokens)
        return seen & _within(tokens / parameters, self.ratios)


def _within(value: Any, span: Span) -> Any:
    return (value >= span[0]) & (value <= span[1])


# The range is that of the 240 of 245 runs of Hoffmann et al. (their figure 4) that the replication fits; it leaves out
# the five of the highest loss, which have fewer than half a token per parameter (tests/law/chinchilla-loss.csv).
BESIROGLU = Law(
    name="besiroglu",
    source='Besiroglu et al. 2024, "Chinchilla Scaling: A replication attempt" (arXiv:2404.10102)',
    E=1.8172, A=482.01, alpha=0.3478, B=2085.43, beta=0.3658,
    # A fit to the runs below 3e19, 1e20, 3e20 or 1e21 FLOP is off by less on 90 % of those above (tests/law).
    spread=0.022,
    parameters=(57.3e6, 16.2e9), tokens=(0.818e9, 318e9), ratios=(0.456, 342.0),
    vocab=(4096, math.inf),  # sub-words: the runs' tokenizer has 32,000, characters and bytes lie far below
)  # fmt: skip
HOFFMANN = dataclasses.replace(
    BESIROGLU,
    name="hoffmann",
    source='Hoffmann et al. 2022, "Training Compute-Optimal Large Language Models", approach 3 (arXiv:2203.15556)',
    # before rounding, from the paper's TeX source as the replication quotes it
    E=math.exp(0.5267228), A=math.exp(6.0073404), alpha=0.33917084, B=math.exp(6.0179186), beta=0.2849083,
)  # fmt: skip
LAWS = {law.name: law for law in (BESIROGLU, HOFFMANN)}
