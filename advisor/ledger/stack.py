"""A stack of blocks on the tape: many blocks that are alike, or alike in a cycle, are recorded once and repeated."""

from __future__ import annotations

from collections.abc import Iterator

from advisor.ledger.branch import branch
from advisor.ledger.machine import Machine
from advisor.ledger.tape import Segment
from advisor.spec.check import Size


def stack(m: Machine, name: str, depth: Size, period: int = 1) -> Iterator[int]:
    """Begins the segments of blocks `name`.0 to `name`.(depth - 1), and yields for each block to run its kind.

    Kinds recur: block i is of kind i % period. The first block stands alone, because what comes before it is no block;
    then one cycle, of kinds 1, 2, ..., 0, is repeated; then come the blocks that do not fill a cycle.
    """
    m.tape.begin(Segment("forward", f"{name}.0", stacked=True))
    yield 0
    cycles, left = (depth - 1) // period, (depth - 1) % period
    yield from _cycle(m, name, cycles, period)
    for k in range(1, period):
        if branch(left >= k):
            number = period * cycles + k
            last = number if isinstance(number, int) else f"last_{k}"  # a column has no one number
            m.tape.begin(Segment("forward", f"{name}.{last}", stacked=True))
            yield k


def _cycle(m: Machine, name: str, cycles: Size, period: int) -> Iterator[int]:
    """Kinds 1, 2, ..., 0; nothing where not even one cycle is full."""
    if period == 1:
        m.tape.begin(Segment("forward", f"{name}.{{}}", cycles, first=1, stacked=True))
        yield 0
        return
    if not branch(cycles > 0):
        return
    m.tape.begin(Segment("forward", name, cycles, first=1, step=period, stacked=True))
    for k in range(period):
        m.tape.prefix = f"{{{k}}}."
        yield (k + 1) % period
    m.tape.prefix = ""
