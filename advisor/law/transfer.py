"""A learning rate that was found on one run, carried to a longer run or another width: each factor with its source."""

from dataclasses import dataclass

from advisor.spec import check

HORIZON_EXPONENT = -0.32
HORIZON_SOURCE = (
    "Bjorck et al. 2025, Scaling Optimal LR Across Token Horizons (arXiv:2409.19913): the best rate goes with"
    f" tokens^{HORIZON_EXPONENT} at one batch size"
)
WIDTH_SOURCE = (
    "Yang et al. 2022, Tensor Programs V (arXiv:2203.03466), table 3: Adam's rate of a matrix goes with 1/width"
)
MUP_SOURCE = "mup: the rates of its weights go with the width already (advisor/ledger/mup.py)"


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """One step of it: the rate is multiplied by `factor`. `of`: steps or d_model."""

    of: str
    source_value: int
    target_value: int
    factor: float
    source: str

    def __str__(self) -> str:
        return f"x {self.factor:.3g} from {self.of} {self.source_value:,} to {self.target_value:,} ({self.source})"


def to_steps(steps: int, target: int) -> Transfer:
    """From the best rate of a run of `steps` to that of one of `target` steps of the same batch.

    >>> round(to_steps(500, 5000).factor, 3)
    0.479
    """
    check.whole("steps of the run", target, 2**40)
    factor = float((target / steps) ** HORIZON_EXPONENT)
    return Transfer(of="steps", source_value=steps, target_value=target, factor=factor, source=HORIZON_SOURCE)


def to_width(d_model: int, target: int, parametrization: str) -> Transfer:
    """From the best rate at one width to that at another, of models alike in all else.

    >>> to_width(64, 256, "standard").factor, to_width(64, 256, "mup").factor
    (0.25, 1.0)
    """
    check.whole("width", target, check.MAX_WIDTH)
    is_mup = parametrization == "mup"
    factor, source = (1.0, MUP_SOURCE) if is_mup else (d_model / target, WIDTH_SOURCE)
    return Transfer(of="d_model", source_value=d_model, target_value=target, factor=factor, source=source)
