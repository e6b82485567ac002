"""What a config needs, whoever says so: the ledger, or a real step."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Needs:
    """Of a model, and of one training step of it."""

    parameters: int
    flops: float  # of the step: matrix products, convolutions and attention; at least 1, for times are divided by it
    memory_bytes: int  # allocated at the peak of the step


UNKNOWN = Needs(parameters=0, flops=1.0, memory_bytes=0)  # of a config whose step runs out of memory
