"""What one training step allocates and frees, in order, and the peak that it reaches.

A tape is a list of segments; a segment is a stretch of the step (the embedding, one block, the head, the optimizer)
that runs `repeat` times in a row with the same bytes each time. Identical blocks are recorded once and repeated by a
linear jump: after r runs the level has moved by r times the segment's change, and the peak lies in the first run or
in the last. Sizes are ints, or numpy int64 columns of candidates.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from advisor.ledger.products import Product, Sizes, flops

ALIGNMENT = 512  # [bytes] the caching allocator's block size; every allocation is rounded up to it


def aligned(size: Any) -> Any:
    """Bytes that an allocation of `size` takes, rounded up to 512.

    >>> aligned(1), aligned(512), aligned(513)
    (512, 512, 1024)
    """
    return (size + (ALIGNMENT - 1)) & -ALIGNMENT


@contextmanager
def unrounded() -> Iterator[None]:
    """Allocations take what they ask for, as they do on a CPU; in the whole process, so not for several threads."""
    global ALIGNMENT  # noqa: PLW0603
    before, ALIGNMENT = ALIGNMENT, 1
    try:
        yield
    finally:
        ALIGNMENT = before


class Event(NamedTuple):
    """An allocation (`sign` 1) or a release (-1) of `size` bytes, by `op` at `path` inside the segment."""

    sign: int
    size: Any
    path: str
    op: str
    storage: int  # serial number of what is allocated or released


class Segment:
    """A stretch of one phase, run `repeat` times; `first` and `step` number the runs of a repeated block.

    A run may hold several blocks: '{k}' in a name or a path stands for the number of the run's k-th block. `stacked`
    segments hold blocks. `micro_batches` that do the same, one after the other, are recorded once.
    """

    __slots__ = ("_peak", "events", "first", "micro_batches", "name", "phase", "products", "repeat", "stacked", "step")

    def __init__(
        self, phase: str, name: str, repeat: Any = 1, first: Any = 0, step: int = 1, stacked: bool = False
    ) -> None:
        self.phase, self.name, self.repeat, self.first, self.step = phase, name, repeat, first, step
        self.stacked = stacked
        self.events: list[Event] = []
        self.products: list[Product] = []
        self.micro_batches: Any = 1
        self._peak: tuple[int, str, int] | None = None

    @property
    def peak(self) -> tuple[int, str, int]:
        """Of ints, all of them recorded: (highest level above the start, op that reached it, change over one run)."""
        self._peak = self._peak or _peak(self.events)
        return self._peak

    def label(self, run: int, text: str | None = None) -> str:
        """`text`, by default the name, of the run-th repetition: 'blocks.3' for 'blocks.{}'."""
        number = self.first + self.step * run
        return (self.name if text is None else text).format(*range(number, number + abs(self.step)))

    @property
    def runs(self) -> Any:
        """How often it runs in the whole step."""
        return self.repeat * self.micro_batches

    @property
    def flops(self) -> Any:
        """FLOPs of one run."""
        return flops(self.products)

    def written(self) -> Any:
        """Bytes of all tensors that one run makes."""
        sizes = Counter(id(e.size) for e in self.events if e.sign > 0)  # of a column of candidates, many are one object
        known = {id(e.size): e.size for e in self.events}
        return sum((known[size] * count for size, count in sizes.items()), 0)


class Tape:
    """Records into its current segment; `path` is where the op that runs now stands, below `prefix`."""

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.prefix = ""  # of the block that runs now, in a segment of several blocks
        self._path = ""
        self._storages = 0

    @property
    def path(self) -> str:
        """With the prefix."""
        return self._path

    @path.setter
    def path(self, path: str) -> None:
        self._path = self.prefix + path if self.prefix else path

    def begin(self, segment: Segment) -> None:
        """All that follows belongs to `segment`."""
        self.segments.append(segment)

    def allocate(self, size: Any, op: str) -> int:
        """`size` bytes, already aligned; returns the storage's serial number."""
        storage = self.number()
        self.segments[-1].events.append(Event(1, size, self._path, op, storage))
        return storage

    def number(self) -> int:
        """The serial number of a new storage."""
        self._storages += 1
        return self._storages

    def free(self, size: Any, storage: int) -> None:
        """The bytes of a storage back."""
        self.segments[-1].events.append(Event(-1, size, self._path, "", storage))

    def multiply(
        self, rows: Sizes, columns: Sizes, depth: Sizes, dtype: str, batch: Sizes = (), times: int = 1,
        kernel: str = "gemm", causal: bool = False,
    ) -> None:  # fmt: skip
        """Matrix products of the op that runs now."""
        product = Product(self._path, rows, columns, depth, dtype, batch, times, kernel, causal)
        self.segments[-1].products.append(product)


@dataclass(frozen=True)
class Peak:
    """Highest level [bytes] of a stretch of the step, and the op that reached it."""

    phase: str
    segment: str
    op: str
    bytes: int


def _peak(events: list[Event]) -> tuple[int, str, int]:
    level, peak, at = 0, 0, "start"
    for sign, size, path, op, _ in events:
        level += sign * size
        if level > peak:
            peak, at = level, f"{path}: {op}" if path else op
    return peak, at, level


def timeline(segments: list[Segment], base: int, most_runs: int = 64) -> Iterator[Peak]:
    """The highest point of each run of each segment of a scalar tape, `base` bytes being live before the first.

    Of a segment that repeats more often than `most_runs`, evenly spaced runs, the first and the last among them.
    """
    level = base
    for segment in segments:
        if segment.repeat == 0:
            continue
        height, op, change = segment.peak
        for run in _spaced(segment.repeat, most_runs):
            where = _where(segment.label(run), segment.label(run, op))
            yield Peak(segment.phase, segment.label(run), where, level + run * change + height)
        level += segment.repeat * change


def _spaced(count: int, most: int) -> list[int]:
    if count <= most:
        return list(range(count))
    return sorted({round(i * (count - 1) / (most - 1)) for i in range(most)})


def _where(segment: str, op: str) -> str:
    """'blocks.3.mlp.up: addmm' from the segment's name and the op's place in it."""
    joint = "." if ": " in op else ": "
    return f"{segment}{joint}{op}".removeprefix(".").removeprefix(": ")


def phase_peaks(segments: list[Segment], base: int) -> dict[str, Peak]:
    """The highest point of each phase of a scalar tape; it lies in the first or the last run of a segment."""
    peaks: dict[str, Peak] = {}
    for peak in timeline(segments, base, most_runs=2):
        if peak.phase not in peaks or peak.bytes > peaks[peak.phase].bytes:
            peaks[peak.phase] = peak
    return peaks


def column_peaks(segments: list[Segment], base: Any) -> dict[str, Any]:
    """The highest level of each phase, for columns of candidates; arrays of the shape of `base`."""
    import numpy as np

    now: Any = base.copy()
    peaks: dict[str, Any] = {}
    level, height = np.empty_like(base), np.empty_like(base)
    for segment in segments:
        level[:], height[:] = 0, 0
        climbing = False
        for sign, size, *_ in segment.events:
            if sign > 0:
                level += size
                climbing = True
            else:
                if climbing:  # the peak can only lie where a release follows an allocation
                    np.maximum(height, level, out=height)
                    climbing = False
                level -= size
        if climbing:
            np.maximum(height, level, out=height)
        top = now + np.maximum(level * (segment.repeat - 1), 0) + height
        top = np.where(np.greater(segment.repeat, 0), top, 0)  # a model of depth 1 has no second block
        known = peaks.get(segment.phase)
        peaks[segment.phase] = top if known is None else np.maximum(known, top)
        now += level * segment.repeat
    return peaks
