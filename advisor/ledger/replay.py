"""A training run on the caching allocator: the tape of one step, run on it from the model's construction on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby, repeat

from advisor.ledger.allocator import ADDRESS_BITS, SMALL_REQUEST, Block, Live, Move, Pool
from advisor.ledger.machine import Parameter
from advisor.ledger.moves import YOUNGEST, Deed, Parts
from advisor.ledger.step import Step
from advisor.ledger.tape import Segment, aligned

MATRIX_PRODUCTS = ("mm", "addmm", "bmm")
MOST_RUNS = 96  # of a block; GPT-3 175B has 96

State = tuple[list[tuple[int, int]], dict[int, tuple[Block, ...]]]
Moment = tuple[int, Segment, State]  # after so many segments of a step, and this one


def reserved_bytes(step: Step, workspace: int) -> int:
    """Bytes reserved by a training run; from MOST_RUNS blocks on, taken to grow linearly."""
    held = _replayed(step, workspace, MOST_RUNS)
    beyond: int = max(s.repeat for s in step.segments) - MOST_RUNS
    if beyond <= 0:
        return held
    half = MOST_RUNS // 2
    return held + (held - _replayed(step, workspace, half)) * beyond // (MOST_RUNS - half)


def _replayed(step: Step, workspace: int, most_runs: int) -> int:
    parts, pools = Parts(step.segments, step.joints, most_runs), (Pool(small=True), Pool(small=False))
    return sum(Replay(step, workspace, pool, parts).run() for pool in pools)


class Replay:
    """The first steps of a training run, on one pool; `workspace` is the size of one cuBLAS workspace [bytes]."""

    def __init__(self, step: Step, workspace: int, pool: Pool, parts: Parts) -> None:
        self.pool = pool
        self._step, self._workspace, self._parts = step, aligned(workspace), parts
        self._live: dict[int, Live] = defaultdict(list)
        self._moves = {segment: self._moves_of(deeds) for segment, deeds in parts.deeds.items()}
        self._threads: set[str] = set()  # phases whose thread has a cuBLAS handle
        self._last: Moment | None = None

    def run(self) -> int:
        """Bytes reserved when the steps ask the driver for nothing any more.

        The optimizer makes its states in the first step, after the backward pass. All later steps begin with the same
        live blocks: one that asks for nothing ends as it began, and so will all others.
        """
        step, reserved = self._step, 0
        weights = [(aligned(p.storage.size),) for p in step.held]
        self._make(step.held, weights)
        self._allocate((*step.given, *step.buckets, *(step.averaged or ())))
        if step.averaged is not None:
            self._make(step.held, weights)
        self._pass([s for s in step.segments if s.phase != "optimizer"])
        self._allocate(step.shared_states)
        self._make(step.owned, step.state_sizes)
        self._pass([s for s in step.segments if s.phase == "optimizer"])
        while self.pool.reserved > reserved:
            reserved = self.pool.reserved
            self.clear_gradients()
            self._again()
        return reserved

    def clear_gradients(self) -> None:
        """optimizer.zero_grad(): releases all that a step has left."""
        self.pool.perform([(0, live, YOUNGEST) for live in self._live.values() for _ in live])

    def _pass(self, segments: list[Segment]) -> None:
        for segment in self._order(segments):
            self._once(segment)

    def _again(self) -> None:
        """A whole step, up to where it goes on as the step before did from its last request to the driver on."""
        for place, segment in enumerate(self._order(self._step.segments)):
            reserved = self.pool.reserved
            self._once(segment)
            if self.pool.reserved > reserved:
                self._last = place, segment, self._state()
            elif self._last and self._last[:2] == (place, segment) and self._last[2] == self._state():
                return

    def _order(self, segments: list[Segment]) -> Iterator[Segment]:
        """The segments as they run; to be followed, since what they ask for decides how many micro-batches differ."""
        for micro_batches, group in groupby(segments, key=lambda s: s.micro_batches):
            alike = list(group)
            for _ in range(micro_batches):
                reserved = self.pool.reserved
                yield from alike
                if self.pool.reserved == reserved:  # it will be the same for those that follow
                    break

    def _once(self, segment: Segment) -> None:
        """All runs of a segment."""
        moves, runs = self._moves[segment], self._parts.runs(segment)
        if runs and segment.phase not in self._threads and (product := _first_product(segment)):
            self._threads.add(segment.phase)
            before = sum(self.pool.serves(event.size) for event in segment.events[:product])
            self.pool.perform(moves[:before])
            self._allocate([self._workspace])
            self.pool.perform(moves[before:])
            runs -= 1
        self.pool.perform(chain.from_iterable(repeat(moves, runs)))

    def _moves_of(self, deeds: list[Deed]) -> list[Move]:
        """Those of a segment's deeds that concern the pool."""
        small, live = self.pool.small, self._live
        return [(least, live[part], which) for size, least, part, which in deeds if (size <= SMALL_REQUEST) is small]

    def _state(self) -> State:
        """All free blocks, and those in use that a step may release."""
        return self.pool.free, {part: tuple(live) for part, live in self._live.items()}

    def _make(self, weights: list[Parameter], sizes: Sequence[tuple[int, ...]]) -> None:
        """Tensors that live on, `sizes` of each weight; those of repeated blocks block by block."""
        for times, block in groupby(zip(weights, sizes, strict=True), key=lambda pair: pair[0].repeat):
            tensors = [size for _, of_weight in block for size in of_weight]
            self._allocate(tensors * min(times, self._parts.most_runs))

    def _allocate(self, sizes: Iterable[int]) -> None:
        """Tensors that nothing of a step releases."""
        small, kept = self.pool.small, list[Block]()
        self.pool.perform([(s << ADDRESS_BITS, kept, YOUNGEST) for s in sizes if (s <= SMALL_REQUEST) is small])


def _first_product(segment: Segment) -> int:
    """How many events it takes to the first matrix product, it included; 0 where there is none."""
    return next((i for i, event in enumerate(segment.events, 1) if event.op in MATRIX_PRODUCTS), 0)
