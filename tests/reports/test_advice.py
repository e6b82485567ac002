"""Each rule on curves that show what it looks for, and on curves that do not."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from reports.advice import RULES, Finding, diagnose
from reports.advice.failures import lost_trials, out_of_memory
from reports.advice.fit import overfitting, too_short, underfitting
from reports.advice.knobs import dropout_too_high, learning_rate_border, searched
from reports.advice.stability import diverging, flat
from studies.records import CurvePoint, StudyRecord, TrialRecord
from tests.reports.sample import TOKENS, study

START = 5.545  # ln(256)


def point(share: float, train: float, validation: float) -> CurvePoint:
    return CurvePoint(
        step=round(100 * share), tokens=round(TOKENS * share), flops=share, seconds=share, train_loss=train,
        validation_loss=validation, learning_rate=1e-3,
    )  # fmt: skip


def trial(number: int, train: list[float], validation: list[float], **changes: Any) -> TrialRecord:
    shares = [(i + 1) / len(train) for i in range(len(train))]
    curve = tuple(map(point, shares, train, validation))
    values: dict[str, Any] = {"learning_rate": 3e-3, "dropout": 0.0, "depth": 4, "d_model": 128} | changes.pop(
        "point", {}
    )
    base = replace(
        study().trials[1], number=number, role="search", state="COMPLETE", reason="", curve=curve, point=values,
        value=validation[-1], tokens=TOKENS,
    )  # fmt: skip
    return replace(base, **changes)


FALLING = [3.0, 2.6, 2.4, 2.3, 2.27, 2.26, 2.255, 2.25]
WORSE = [3.4, 3.2, 3.1, 3.05, 3.0, 2.99, 2.98, 2.97]


def of(*trials: TrialRecord, **changes: Any) -> StudyRecord:
    return replace(study(**changes), trials=trials)


def found(rule: Callable[[StudyRecord], Finding | None], record: StudyRecord) -> Finding:
    finding = rule(record)
    assert finding is not None
    return finding


def test_a_gap_that_grows_is_overfitting() -> None:
    memorizing = trial(3, [3.0, 2.4, 2.0, 1.7, 1.5, 1.3, 1.2, 1.1], [3.0, 2.6, 2.4, 2.3, 2.25, 2.25, 2.26, 2.28])
    finding = found(overfitting, of(memorizing))
    assert finding.acts
    assert finding.trials == (3,)
    assert "from +0.200 to +1.180" not in finding.says  # from the end of the first quarter on
    assert "from +0.400 to +1.180" in finding.says


def test_a_gap_that_was_there_from_the_start_is_harder_text() -> None:
    harder = trial(3, FALLING, [x + 0.5 for x in FALLING])
    assert not found(overfitting, of(harder)).acts


def test_a_training_loss_that_lags_is_no_overfitting() -> None:
    lagging = trial(
        3, [x + d for x, d in zip(FALLING, [0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.1, 0.05], strict=True)], FALLING
    )
    assert not found(overfitting, of(lagging)).acts


def test_what_is_seen_once_is_not_learnt_by_heart() -> None:
    memorizing = trial(3, [3.0, 2.4, 2.0, 1.7, 1.5, 1.3, 1.2, 1.1], [3.0, 2.6, 2.4, 2.3, 2.25, 2.25, 2.26, 2.28])
    assert not found(overfitting, of(replace(memorizing, tokens=400_000))).acts


def test_the_largest_model_that_wins_asks_for_a_larger_one() -> None:
    small = trial(1, WORSE, WORSE, parameters=10_000)
    large = trial(2, FALLING, FALLING, parameters=90_000)
    assert found(underfitting, of(small, large)).trials == (2,)
    assert found(underfitting, of(small, large)).acts
    other = found(underfitting, of(replace(small, parameters=95_000), large))
    assert not other.acts
    assert other.trials == (1,)


def test_short_runs_do_not_speak_for_full_ones() -> None:
    short = trial(1, WORSE, WORSE, parameters=10_000, role="shape", length=0.1)
    assert underfitting(of(short, trial(2, FALLING, FALLING))) is None


def test_a_loss_that_still_falls_asks_for_longer_training() -> None:
    steady = [3.0, 2.9, 2.8, 2.7, 2.6, 2.5, 2.4, 2.3]
    finding = found(too_short, of(trial(5, steady, steady)))
    assert finding.acts
    assert "took off 29 % of its whole fall" in finding.says
    assert "2.5 epochs" in finding.says  # 1,048,576 tokens of 418,625
    assert not found(too_short, of(trial(5, FALLING, FALLING))).acts


@pytest.mark.parametrize(("rate", "end"), [(3.9e-4, "lower"), (3e-3, ""), (1.6e-2, "upper")])
def test_a_learning_rate_at_an_end_of_the_search(rate: float, end: str) -> None:
    record = of(trial(1, FALLING, FALLING, point={"learning_rate": rate}))
    low, high = searched(record) or (0.0, 0.0)
    assert (low, high) == (5.2e-4, 1.7e-2)  # the sweep's
    finding = found(learning_rate_border, record)
    assert finding.acts == bool(end)
    assert end in finding.says


def test_without_a_sweep_the_space_bounds_the_search() -> None:
    assert searched(study(sweeps=())) == (1e-4, 3e-2)
    assert searched(study(space={"vary": {}})) is None
    assert searched(study(space={})) is None


def test_dropout_without_overfitting_is_too_high() -> None:
    wet = trial(1, FALLING, FALLING, point={"dropout": 0.2})
    dry = trial(2, WORSE, WORSE, point={"dropout": 0.0})
    finding = found(dropout_too_high, of(wet, dry))
    assert finding.acts
    assert finding.trials == (1, 2)
    assert not found(dropout_too_high, of(trial(1, FALLING, FALLING), dry)).acts


def test_diverging_trials_near_the_winner_say_where_the_cliff_is() -> None:
    winner = trial(1, FALLING, FALLING, point={"learning_rate": 3e-3})
    lost = trial(2, WORSE, WORSE, state="PRUNED", reason="nan", point={"learning_rate": 9e-3})
    finding = found(diverging, of(winner, lost))
    assert finding.trials == (2,)
    assert "3.0 times the best trial's" in finding.says
    assert "below 0.0045" in finding.advice
    far = replace(lost, point={"learning_rate": 9e-2})
    assert not found(diverging, of(winner, far)).acts
    assert not found(diverging, of(winner)).acts


def test_a_trial_that_ends_at_a_guess_is_flat() -> None:
    stuck = trial(2, [START - 0.01 * i for i in range(8)], [START] * 8)
    finding = found(flat, of(trial(1, FALLING, FALLING), stuck))
    assert finding.acts
    assert finding.trials == (2,)
    assert not found(flat, of(trial(1, FALLING, FALLING))).acts
    assert flat(replace(of(stuck), provenance=replace(study().provenance, data={}))) is None


def test_lost_trials_are_named_with_their_reasons() -> None:
    lost = [
        trial(i, [], [0.0], state="FAIL", reason=reason, curve=()) for i, reason in enumerate(("oom", "crash", "crash"))
    ]
    assert found(out_of_memory, of(*lost)).trials == (0,)
    assert "2 by crash" in found(lost_trials, of(*lost)).says
    assert lost_trials(of(trial(1, FALLING, FALLING))) is None


@pytest.mark.parametrize("record", [study(), replace(study(), trials=()), study(trials=0)])
def test_what_is_to_be_done_comes_first(record: StudyRecord) -> None:
    findings = diagnose(record)
    assert [f.acts for f in findings] == sorted((f.acts for f in findings), reverse=True)
    assert len({f.name for f in findings}) == len(findings) <= len(RULES)


def test_every_trial_that_is_cited_exists() -> None:
    record = study(trials=40)
    numbers = {t.number for t in record.trials}
    assert all(set(f.trials) <= numbers for f in diagnose(record))
