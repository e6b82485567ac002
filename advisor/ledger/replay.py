"""A training run on the caching allocator: the tape of one step, run on it from the model's construction on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain, groupby, repeat

from advisor.ledger.allocator import Live, Move, Pool
from advisor.ledger.machine import Parameter
from advisor.ledger.moves import YOUNGEST, Parts
from advisor.ledger.step import Step
from advisor.ledger.tape import Event, Segment, aligned

MATRIX_PRODUCTS = ("mm", "addmm", "bmm")
MOST_RUNS = 96  # of a block; GPT-3 175B has 96


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
        self._moves = {segment: self._moves_of(segment, segment.events) for segment in step.segments}
        self._threads: set[str] = set()  # phases whose thread has a cuBLAS handle

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
            self._pass(step.segments)
        return reserved

    def clear_gradients(self) -> None:
        """optimizer.zero_grad(): releases all that a step has left."""
        self.pool.perform([(0, live, YOUNGEST) for live in self._live.values() for _ in live])

    def _pass(self, segments: list[Segment]) -> None:
        for micro_batches, group in groupby(segments, key=lambda s: s.micro_batches):
            alike = list(group)
            for _ in range(micro_batches):
                reserved = self.pool.reserved
                self._once(alike)
                if self.pool.reserved == reserved:  # it will be the same for those that follow
                    break

    def _once(self, segments: list[Segment]) -> None:
        for segment in segments:
            moves, runs = self._moves[segment], self._parts.runs(segment)
            if runs and segment.phase not in self._threads and (product := _first_product(segment)):
                self._threads.add(segment.phase)
                before = len(self._moves_of(segment, segment.events[:product]))
                self.pool.perform(moves[:before])
                self._allocate([self._workspace])
                self.pool.perform(moves[before:])
                runs -= 1
            self.pool.perform(chain.from_iterable(repeat(moves, runs)))

    def _moves_of(self, segment: Segment, events: list[Event]) -> list[Move]:
        """What these events of a run do to the pool."""
        serves, move, live = self.pool.serves, self._parts.move, self._live
        return [move(event, segment, live) for event in events if serves(event.size)]

    def _make(self, weights: list[Parameter], sizes: Sequence[tuple[int, ...]]) -> None:
        """Tensors that live on, `sizes` of each weight; those of repeated blocks block by block."""
        for times, block in groupby(zip(weights, sizes, strict=True), key=lambda pair: pair[0].repeat):
            tensors = [size for _, of_weight in block for size in of_weight]
            self._allocate(tensors * min(times, self._parts.most_runs))

    def _allocate(self, sizes: Iterable[int]) -> None:
        """Tensors that nothing of a step releases."""
        self.pool.perform([(size, [], 0) for size in sizes if self.pool.serves(size)])


def _first_product(segment: Segment) -> int:
    """How many events it takes to the first matrix product, it included; 0 where there is none."""
    return next((i for i, event in enumerate(segment.events, 1) if event.op in MATRIX_PRODUCTS), 0)
