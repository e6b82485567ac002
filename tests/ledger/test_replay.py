"""A training run on the caching allocator: small tapes worked out by hand, and real ones with all blocks walked."""

import dataclasses
import json
from collections.abc import Iterable, Iterator
from statistics import median
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.gpus import custom
from advisor.ledger import bdh, decoder, estimate
from advisor.ledger.allocator import ADDRESS, Move, Pool
from advisor.ledger.machine import Machine, Parameter
from advisor.ledger.moves import Parts
from advisor.ledger.outside import HANDLES, WORKSPACE, needed, needed_bounds, workspace
from advisor.ledger.replay import MOST_RUNS, Replay, reserved_bytes
from advisor.ledger.step import Step, run_step
from advisor.ledger.tape import Segment, Tape
from advisor.spec import BDH, Decoder, Plan
from advisor.spec.text import find_model, model_from_data, plan_from_data
from advisor.units import GIB, MIB
from tests.ledger.test_laws import models, plans
from tests.oracle.rows import recorded_steps
from tests.oracle.specs import random_model, random_plan
from tests.oracle.test_random_steps import rows

BLOCK = 12 * MIB  # a segment of its own, whole


def step(*states: int) -> Step:
    """One weight of BLOCK bytes with these optimizer states; an activation, then a gradient that is left."""
    tape = Tape()
    tape.begin(Segment("forward", ""))
    weight = Parameter("weight", (3 * MIB,), "fp32", "matrix", tape.segments[0])
    activation = tape.allocate(BLOCK, "relu")
    tape.begin(Segment("backward", ""))
    tape.allocate(BLOCK, "relu_backward")
    tape.free(BLOCK, activation)
    tape.begin(Segment("optimizer", ""))
    return Step(
        tape.segments, [weight], kept=[], given=[], held=[weight], kinds={}, owned=[weight], state_sizes=[states]
    )


def test_a_step_without_states_settles_at_once() -> None:
    """Weight, activation and gradient: three segments, and the second step finds two of them free."""
    assert reserved_bytes(step(), WORKSPACE) == 3 * BLOCK


def test_a_state_takes_the_place_of_the_activation() -> None:
    """It fills the segment that the activation left; the next step's gradient needs a fourth."""
    assert reserved_bytes(step(BLOCK), WORKSPACE) == 4 * BLOCK


def test_a_small_state_can_cost_a_whole_segment() -> None:
    """3 of 12 MiB: the 9 that are left hold no gradient, and 39 MiB in use take 48."""
    assert reserved_bytes(step(3 * MIB), WORKSPACE) == 4 * BLOCK


def test_states_are_made_after_the_first_backward_pass() -> None:
    """Two states: one in the activation's place, one in a fourth segment. In the second step the activation takes the
    gradient's old place, and the gradient a fifth segment."""
    assert reserved_bytes(step(BLOCK, BLOCK), WORKSPACE) == 5 * BLOCK


def test_each_thread_has_a_workspace_of_its_own() -> None:
    """A product in the forward and one in the backward pass: with 32 MiB each, two more segments, made once."""
    one = step()
    one.segments[0].events[0] = one.segments[0].events[0]._replace(op="addmm")
    one.segments[1].events[0] = one.segments[1].events[0]._replace(op="mm")
    assert reserved_bytes(one, workspace("Hopper")) == 3 * BLOCK + HANDLES * 32 * MIB
    assert workspace("Ampere") == workspace("") == 8_519_680


def walked(monkeypatch: pytest.MonkeyPatch, model: Decoder | BDH, plan: Plan) -> Step:
    """The step with a segment for every block."""

    def levels(depth: int) -> list[Segment]:
        return [Segment("forward", f"levels.{i}", stacked=True) for i in range(depth)]

    def stack(m: Machine, name: str, depth: int, *_: int) -> Iterator[int]:
        for i in range(depth):
            m.tape.begin(Segment("forward", f"{name}.{i}", stacked=True))
            yield i

    with monkeypatch.context() as patch:
        patch.setattr(decoder, "stack", stack)
        patch.setattr(bdh, "_levels", levels)
        return run_step(model, plan)


class Noted(Pool):
    """Keeps the addresses of all that it has given out."""

    def __init__(self, *, small: bool) -> None:
        super().__init__(small=small)
        self.addresses: list[int] = []

    def perform(self, moves: Iterable[Move]) -> None:
        for move in moves:
            super().perform([move])
            if move[0]:
                self.addresses.append(move[1][-1] & ADDRESS)


class Whole(Replay):
    """Walks every step to its end, whatever the step before did."""

    def _again(self) -> None:
        self._pass(self._step.segments)


def addresses(one: Step) -> list[list[int]]:
    """Of all allocations of a replay, by pool."""
    pools = Noted(small=True), Noted(small=False)
    for pool in pools:
        replay(one, pool).run()
    return [pool.addresses for pool in pools]


def replay(one: Step, pool: Pool, most_runs: int = MOST_RUNS) -> Whole:
    return Whole(one, WORKSPACE, pool, Parts(one.segments, one.joints, most_runs))


OPTIMIZERS = (("adamw", "fused"), ("adamw", "foreach"), ("adamw", "for-loop"), ("muon", "foreach"), ("sgd", "fused"))


@pytest.mark.parametrize("number", range(30))
def test_one_recorded_block_replays_as_all_its_blocks(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same addresses, in the same order, as when every block has a record of its own."""
    model = dataclasses.replace(random_model(number), depth=4 + number % 5)
    optimizer, implementation = OPTIMIZERS[number % len(OPTIMIZERS)]
    plan = dataclasses.replace(
        random_plan(number, model),
        precision=("fp32", "bf16", "fp16", "pure-bf16")[number % 4],
        attention_kernel=("auto", "math")[number % 2],
        optimizer=optimizer,  # type: ignore[arg-type]
        optimizer_implementation=implementation,  # type: ignore[arg-type]
        accumulation=1 + number % 2,
    )
    recorded = addresses(run_step(model, plan))
    assert recorded == addresses(walked(monkeypatch, model, plan))


@pytest.mark.parametrize("number", range(16))
@pytest.mark.parametrize("sharding", ["zero2", "zero3"])
def test_one_recorded_block_replays_as_all_when_sharded(
    number: int, sharding: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = dataclasses.replace(random_model(number), depth=4 + number % 5)
    plan = dataclasses.replace(random_plan(number, model), optimizer="adamw", accumulation=1 + number % 3)
    plan = dataclasses.replace(plan, optimizer_implementation="fused", gpus=3, sharding=sharding, checkpoint_every=1)
    assert addresses(run_step(model, plan)) == addresses(walked(monkeypatch, model, plan))


@pytest.mark.parametrize("depth", [1, 2, 3, 5, 8])
def test_levels_with_shared_weights_replay_alike(depth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model = BDH(vocab=256, context=64, d_model=64, depth=depth, heads=4, multiplier=16, dropout=0.1)
    plan = Plan(batch=2, sequence=64, precision="fp32", checkpointing=("none", "block")[depth % 2])
    recorded = addresses(run_step(model, plan))
    assert recorded == addresses(walked(monkeypatch, model, plan))


@pytest.mark.parametrize("row", rows("zero1"))
def test_a_share_of_whole_weights_is_replayed(row: dict[str, str]) -> None:
    """Loops of an optimizer hold the temporaries of the weight before, which may be of another shape."""
    one = run_step(model_from_data(json.loads(row["model"])), plan_from_data(json.loads(row["plan"])))
    peak = max(int(row[f"peak_{phase}"]) for phase in ("forward", "backward", "optimizer"))
    assert reserved_bytes(one, WORKSPACE) >= peak + HANDLES * WORKSPACE


@given(models, plans)
@settings(max_examples=60, deadline=None)
def test_what_a_step_leaves_is_its_weights_and_states(model: Decoder, plan: Plan) -> None:
    """And the workspaces; in the large pool a block may keep up to 1 MiB beyond what was asked for."""
    one, kept = run_step(model, plan), -HANDLES * WORKSPACE
    for pool in (Pool(small=True), Pool(small=False)):
        run = replay(one, pool)
        assert run.run() == pool.reserved
        run.clear_gradients()
        kept += pool.reserved - sum(size for _, size in pool.free)
    kept -= one.base
    large = sum(p.repeat * (1 + len(sizes)) for p, sizes in zip(one.parameters, one.state_sizes, strict=True))
    assert 0 <= kept <= MIB * (large + HANDLES + len(one.given))


adamw_plans = plans.map(lambda plan: dataclasses.replace(plan, optimizer="adamw"))


@given(models, adamw_plans, st.sampled_from(["", "Hopper"]))
@settings(max_examples=100, deadline=None)
def test_the_intervals_hold_what_they_must(model: Decoder, plan: Plan, architecture: str) -> None:
    """Reserved covers allocated; the upper end of the device interval lies within the bounds that columns get."""
    gpu = dataclasses.replace(custom(24 * GIB), architecture=architecture)
    memory = estimate(model, plan, gpu).memory
    assert memory.allocated.bytes <= memory.reserved.low <= memory.reserved.bytes < memory.reserved.high
    for confidence in (0.5, 0.95, 0.999):
        least, most = needed_bounds(memory.allocated.bytes, memory.saved, architecture, confidence)
        assert least - MIB <= needed(memory.device, confidence) <= most + MIB
    assert needed(memory.device, 0.95) == memory.device.high


def whole(one: Step) -> int:
    """Bytes reserved by a replay that stops nowhere."""
    return sum(replay(one, Pool(small=small)).run() for small in (True, False))


@given(models, plans, st.integers(4, 12), st.integers(1, 4))
@settings(max_examples=80, deadline=None)
def test_a_step_that_goes_on_as_the_one_before_is_known(
    model: Decoder, plan: Plan, depth: int, accumulation: int
) -> None:
    one = run_step(dataclasses.replace(model, depth=depth), dataclasses.replace(plan, accumulation=accumulation))
    assert reserved_bytes(one, WORKSPACE) == whole(one)


@pytest.mark.parametrize("name", ["gpt2", "llama-3.2-1b", "bert-base", "t5-small"])
@pytest.mark.parametrize("batch", [1, 7, 30, 200])
def test_presets_need_what_a_replay_to_the_end_says(name: str, batch: int) -> None:
    one = run_step(find_model(name).model, Plan(batch=batch, sequence=65))
    assert reserved_bytes(one, WORKSPACE) == whole(one)


def test_the_last_step_stops_where_it_finds_what_the_one_before_found() -> None:
    """Of gpt2, after the loss: the blocks of the backward pass are not walked again."""
    one, pools = run_step(find_model("gpt2").model, Plan(batch=200, sequence=66)), [Noted(small=False) for _ in "ab"]
    parts = Parts(one.segments, one.joints, MOST_RUNS)
    held = [kind(one, WORKSPACE, pool, parts).run() for kind, pool in zip((Replay, Whole), pools, strict=True)]
    stopped, walked_on = (pool.addresses for pool in pools)
    assert held[0] == held[1]
    assert stopped == walked_on[: len(stopped)]
    assert len(walked_on) - len(stopped) > 12 * 20


def test_deeper_than_replayed_grows_linearly() -> None:
    """Three times as many blocks as are replayed, against a replay of them all."""
    model = Decoder.gpt(vocab=1000, context=128, d_model=256, depth=3 * MOST_RUNS, heads=4)
    one = run_step(model, Plan(batch=4, sequence=128, checkpointing="block"))
    assert reserved_bytes(one, WORKSPACE) == pytest.approx(
        sum(replay(one, Pool(small=small), 3 * MOST_RUNS).run() for small in (True, False)), rel=0.02
    )


def test_cycles_of_a_sharded_step_may_be_more_than_are_replayed() -> None:
    plan = Plan(batch=1, sequence=64, gpus=8, sharding="zero3", checkpointing="block", checkpoint_every=2)
    held = [
        estimate(Decoder.gpt(vocab=512, context=64, d_model=64, depth=depth, heads=2), plan).memory.reserved.bytes
        for depth in (2 * MOST_RUNS, 2 * MOST_RUNS + 4, 2 * MOST_RUNS + 8)
    ]
    assert held == sorted(held)


def test_reserved_over_allocated_on_the_recorded_steps() -> None:
    """The figures that docs/memory.md quotes."""
    ratios = [reserved_bytes(run_step(r.model, r.plan), WORKSPACE) / r.number("peak") for r in recorded_steps()]
    assert median(ratios) == pytest.approx(1.18, abs=0.005)
    assert max(ratios) == pytest.approx(1.94, abs=0.005)
