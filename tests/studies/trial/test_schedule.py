import pytest

from advisor.spec.recipe import SCHEDULES, Recipe
from studies.trial.schedule import learning_rate


def rates(steps: int = 100, **changes: object) -> list[float]:
    recipe = Recipe(learning_rate=1.0, **changes)  # type: ignore[arg-type]
    return [learning_rate(recipe, step, steps) for step in range(steps)]


def test_warmup_is_linear_and_reaches_the_peak() -> None:
    assert rates(warmup_ratio=0.1)[:10] == pytest.approx([(i + 1) / 10 for i in range(10)])


def test_a_warmup_may_be_named_in_steps() -> None:
    assert rates(warmup_steps=4)[:5] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0], abs=1e-3)
    assert rates(steps=2, warmup_steps=4) == [0.5, 1.0]


def test_the_lowest_rate_may_be_named_as_it_is() -> None:
    assert rates(schedule="linear", min_lr=0.2, min_lr_ratio=0.1)[-1] == pytest.approx(0.2)
    assert rates(schedule="linear", min_lr=0.05, min_lr_ratio=0.1)[-1] == pytest.approx(0.1)
    assert max(rates(schedule="linear", min_lr=2.0)) == 1.0


def test_constant_stays_at_the_peak() -> None:
    assert set(rates(warmup_ratio=0.1, schedule="constant")[9:]) == {1.0}


def test_stairs_are_two() -> None:
    step = rates(schedule="step")
    assert (step[79], step[80], step[89], step[90], step[-1]) == (1.0, 0.316, 0.316, 0.1, 0.1)


def test_wsd_is_constant_up_to_its_last_fifth() -> None:
    wsd = rates(schedule="wsd", warmup_ratio=0.0, min_lr_ratio=0.0)
    assert wsd[:80] == pytest.approx([1.0] * 80)
    assert wsd[84] == pytest.approx(1 - 0.5)  # 1 - sqrt(1/4): a quarter of the way through the decay
    assert wsd[-1] == pytest.approx(0.0)


def test_inverse_sqrt_is_halved_by_four_times_the_steps_and_keeps_the_floor() -> None:
    rate = rates(steps=1000, schedule="inverse-sqrt", warmup_ratio=0.01, min_lr_ratio=0.2)
    assert rate[39] == pytest.approx(0.5)  # 40 steps, a warm-up of 10
    assert rate[-1] == 0.2


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_decay_falls_from_the_peak_to_the_floor_on_the_last_step(schedule: str) -> None:
    decay = rates(warmup_ratio=0.1, schedule=schedule, min_lr_ratio=0.1)[9:]
    assert decay[0] == 1.0
    assert decay[-1] == pytest.approx(0.1)
    assert decay == sorted(decay, reverse=True)
    assert decay[45] == pytest.approx(0.55)  # halfway, both are halfway


def test_cosine_leaves_the_peak_slower_than_linear() -> None:
    linear, cosine = rates(schedule="linear"), rates(schedule="cosine")
    assert all(c > li for c, li in zip(cosine[10:50], linear[10:50], strict=True))


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize("warmup_ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_short_runs_never_step_at_zero_or_above_the_peak(steps: int, warmup_ratio: float, schedule: str) -> None:
    assert all(0 < rate <= 1 for rate in rates(steps, warmup_ratio=warmup_ratio, schedule=schedule))
