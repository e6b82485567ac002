"""The plan: how a model is trained, as far as it costs memory or time."""

from advisor.spec.plan.optimizers import (
    FULLY_SHARDED_OPTIMIZERS,
    OPTIMIZER_IMPLEMENTATIONS,
    OPTIMIZERS,
)
from advisor.spec.plan.plan import (
    ATTENTION_KERNELS,
    CHECKPOINTING,
    LOSSES,
    MAX_CHUNKS,
    MAX_GPUS,
    PARAMETRIZATIONS,
    SHARDINGS,
    Plan,
)
from advisor.spec.plan.precision import DTYPES, PRECISIONS, Precision

__all__ = [
    "ATTENTION_KERNELS",
    "CHECKPOINTING",
    "DTYPES",
    "FULLY_SHARDED_OPTIMIZERS",
    "LOSSES",
    "MAX_CHUNKS",
    "MAX_GPUS",
    "OPTIMIZERS",
    "OPTIMIZER_IMPLEMENTATIONS",
    "PARAMETRIZATIONS",
    "PRECISIONS",
    "SHARDINGS",
    "Plan",
    "Precision",
]
