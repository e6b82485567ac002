"""Elasticities against values derived by hand, and against what they predict."""

import pytest

from advisor.errors import InputError
from advisor.explain import Elasticity, Point, effects, elasticities, peak
from advisor.explain.elasticity import slope
from tests.explain.points import plain, preset

PRESETS = ("tiny", "char-lm", "transformer-lm", "gpt2", "gpt3-175b")


def by_knob(point: Point) -> dict[str, Elasticity]:
    return {e.knob: e for e in elasticities(point)}


def test_the_slope_of_a_parabola_is_its_derivative() -> None:
    points = [(x, 3.0 * x * x - 7 * x + 2) for x in (10, 9, 40)]
    assert slope(points) == pytest.approx(6 * 10 - 7)
    assert slope(points[:2]) == pytest.approx(3 * 19 - 7)  # of a line: the secant's


def test_parameters_to_depth_is_the_share_of_the_blocks() -> None:
    point = preset("gpt2")
    d = point.model.d_model
    blocks = point.model.depth * (12 * d * d + 13 * d)
    assert by_knob(point)["model.depth"].parameters == pytest.approx(blocks / 124439808, rel=1e-12)


def test_parameters_to_width_is_what_calculus_says() -> None:
    """N = V D + T D + L (4 D^2 + 2 D H + 2 D) + D, without biases."""
    e, d, hidden = by_knob(plain()), 512, 2048
    linear, quadratic = (1000 + 256 + 6 * (2 * hidden + 2) + 1) * d, 6 * 4 * d * d
    total = linear + quadratic
    assert e["model.d_model"].parameters == pytest.approx((linear + 2 * quadratic) / total, rel=1e-12)
    assert e["model.mlp.hidden"].parameters == pytest.approx(6 * 2 * d * hidden / total, rel=1e-12)
    assert e["model.embedding.vocab"].parameters == pytest.approx(1000 * d / total, rel=1e-12)
    assert e["model.context"].parameters == pytest.approx(256 * d / total, rel=1e-12)
    assert e["model.attention.heads"].parameters == 0


def test_flops_to_the_sequence_is_one_and_the_share_of_attention() -> None:
    """Matrix products cost 6 FLOP per weight and token, attention 14 T D per layer and token: 2 products, then 5."""
    matmul, attention = 6.0 * (6 * (4 * 512 * 512 + 2 * 512 * 2048) + 1000 * 512), 14.0 * 6 * 256 * 512
    expected = 1 + attention / (matmul + attention)
    assert by_knob(plain())["plan.sequence"].flops == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("batch", [1, 8])
def test_flops_are_linear_in_the_batch(name: str, batch: int) -> None:
    assert by_knob(preset(name, batch=batch))["plan.batch"].flops == pytest.approx(1, rel=1e-12)


def test_time_is_all_compute_where_compute_is_all() -> None:
    """A wide model at a large batch: the step's time follows its FLOPs."""
    e = by_knob(preset("gpt3-175b", "H100 SXM"))
    assert e["model.depth"].time == pytest.approx(e["model.depth"].flops, rel=0.02)


@pytest.mark.parametrize("knob", ["plan.batch", "model.depth", "model.mlp.hidden", "model.embedding.vocab"])
def test_an_elasticity_predicts_the_peak(knob: str) -> None:
    """The peak is linear in each of these, up to the rounding of tensors to 512 bytes."""
    point = preset("gpt2", batch=8)
    e = by_knob(point)[knob]
    larger = point.turned({knob: round(e.value * 1.25)})
    grown = larger.readings.memory / point.readings.memory - 1
    assert grown == pytest.approx(e.memory * (round(e.value * 1.25) / e.value - 1), rel=2e-3)


def test_stored_scores_make_memory_steeper_in_the_sequence() -> None:
    flash, math = (by_knob(preset("gpt2", attention_kernel=kernel))["plan.sequence"] for kernel in ("flash", "math"))
    assert flash.memory < 1 < math.memory < 2


@pytest.mark.parametrize("by", ["memory", "parameters", "flops", "time"])
def test_ranked(by: str) -> None:
    effect = [abs(getattr(e, by)) for e in elasticities(preset("gpt2", "RTX 4090"), by)]
    assert effect == sorted(effect, reverse=True)
    assert effect[0] > 0.5


def test_without_a_gpu_nothing_is_said_about_time() -> None:
    assert all(e.time is None for e in elasticities(preset("tiny")))
    with pytest.raises(InputError, match="speed is known"):
        elasticities(preset("tiny"), "time")


@pytest.mark.parametrize("name", PRESETS)
def test_neighbors_are_valid_and_run_the_same_kernels(name: str) -> None:
    point = preset(name)
    for e in elasticities(point):
        assert len(e.neighbors) == 2
        assert e.same_kernels
        for value in e.neighbors:
            turned = point.turned({e.knob: value})
            assert turned.model.head_size % 8 == point.model.head_size % 8 or e.knob == "model.attention.heads"


def test_a_jump_is_marked() -> None:
    """One sequence alone needs no copies before its batched matrix products, two do."""
    e = by_knob(preset("gpt2", batch=1, attention_kernel="math"))
    assert not e["plan.batch"].same_kernels
    assert e["model.depth"].same_kernels


def test_where_a_knob_cannot_go_down_or_up() -> None:
    e = by_knob(preset("gpt2", batch=1))
    assert e["plan.batch"].neighbors == (2, 3)
    assert e["plan.sequence"].neighbors == (992, 960)  # the context is 1024
    assert e["model.context"].neighbors == (1056, 1088)


def test_a_knob_without_neighbors_is_left_out() -> None:
    found = by_knob(plain(d_model=127, heads=1))
    assert "model.attention.heads" not in found
    assert "model.d_model" in found


@pytest.mark.parametrize("plan", [{}, {"precision": "fp32"}, {"checkpointing": "block"}, {"batch": 1}], ids=str)
def test_the_parts_of_the_peak(plan: dict[str, str]) -> None:
    point = preset("gpt2", **plan)
    p = peak(point, elasticities(point))
    assert p.bytes == point.estimate.memory.allocated.bytes
    assert p.parameters + p.optimizer + p.activations + p.rest == p.bytes
    larger = point.turned({"plan.batch": 2 * point.plan.batch})
    assert larger.readings.memory - p.bytes == pytest.approx(p.activations, rel=1e-3)


def test_the_slope_is_that_of_the_op_at_the_peak() -> None:
    """GPT-2 XL on one sequence: the gradients of all weights outweigh its logits, but not the logits of two.

    The tied table's two gradients are added out of place, so there are two tables more.
    """
    point = preset("gpt2-xl", batch=1)
    found = by_knob(point)
    batch, memory = found["plan.batch"], point.estimate.memory
    assert memory.allocated.phase == "backward"
    assert not batch.same_peak
    assert found["model.depth"].same_peak
    p = peak(point, found.values())
    assert p.rest == pytest.approx(memory.gradients + 2 * 4 * 50257 * 1600, rel=1e-4)
    assert batch.memory < 1e-4


def test_switches_say_what_estimates_say() -> None:
    point = preset("gpt2", "RTX 4090", precision="fp32")
    found = {(e.knob, e.other): e for e in effects(point)}
    half = point.turned({"plan.precision": "bf16"}).readings
    e = found["plan.precision", "bf16"]
    assert e.memory == half.memory / point.readings.memory - 1 < 0
    assert e.time is not None
    assert e.time < 0
    assert e.parameters == e.flops == 0
    assert list(found.values()) == sorted(found.values(), key=lambda e: e.memory)
    assert ("model.head.tied", False) in found
    assert ("model.attention.dropout", 0.0) in found
