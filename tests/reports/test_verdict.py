from dataclasses import replace

import pytest

from reports.advice import diagnose
from reports.answer import WordedAnswer
from reports.verdict import verdict
from studies.front import front
from studies.records import StudyRecord, TrialRecord
from tests.reports.sample import study, study_with_front


def parts(record: StudyRecord) -> dict[str, str]:
    return {part.question: " ".join(part.says) for part in verdict(WordedAnswer.of(record), diagnose(record))}


def with_reruns(*losses: float, runner_up: float = 2.5, default: float = 2.9) -> StudyRecord:
    """A winner at 2.2, its re-runs, a runner-up and a default."""
    record = study()
    first, second = (t for t in record.trials if t.state == "COMPLETE" and t.role == "search" and t.number in (1, 2))
    (final,) = record.trials_of("final")
    (untuned,) = record.trials_of("default")
    winner = replace(first, value=2.2)
    reruns: list[TrialRecord] = [
        replace(final, number=100 + i, seed=50 + i, value=loss, point=winner.point) for i, loss in enumerate(losses)
    ]
    return replace(
        record, trials=(replace(untuned, value=default), winner, replace(second, value=runner_up), *reruns)
    )  # fmt: skip


def test_three_seeds_give_an_interval() -> None:
    # s**2 = (2 * 0.01**2 + (0.006 * 2.3)**2) / 3, t(0.975; 3) = 3.1824: 3.1824 * s / sqrt(3) = 0.0209, * 2 = 0.0419
    said = parts(with_reruns(2.31, 2.30, 2.29))
    assert "reached 2.310, 2.300 and 2.290: 2.300 ± 0.021 with 95% confidence" in said["How sure this is"]
    assert "Against the untuned default: 0.600 nats/token lower (+0.558 to +0.642" in said["What it is worth"]
    assert "runner-up, trial 2" in said["What it is worth"]
    assert "cannot be told apart" not in said["What it is worth"]


def test_cheaper_models_of_the_front_say_what_they_give_up() -> None:
    record = study_with_front()
    best, others = record.best, [t for t in front(record) if t != record.best]
    said = parts(record)["What cheaper models give up"]
    assert best is not None
    for trial in others[:6]:
        share = f"{100 * trial.parameters / best.parameters:.0f} % of the winner's"
        assert f"Trial {trial.number} (depth {trial.point['depth']:g}," in said
        assert share in said
    assert "What cheaper models give up" not in parts(study())


def test_a_lead_within_the_seeds_scatter_is_called_none() -> None:
    said = parts(with_reruns(2.31, 2.30, 2.29, runner_up=2.32))
    assert "so the two cannot be told apart" in said["What it is worth"]
    assert "The runner-up may be as good" in said["How sure this is"]


@pytest.mark.parametrize("losses", [(), (2.3,)])
def test_without_several_runs_there_is_no_interval(losses: tuple[float, ...]) -> None:
    said = parts(with_reruns(*losses))
    assert "without an interval" in said["What it is worth"]
    assert "luck is not ruled out" in said["How sure this is"]


def test_what_it_needs_names_the_tuned_model_and_the_proposal() -> None:
    said = parts(study())["What it needs"]
    assert "on the RTX 4090" in said
    assert "For the RTX 4090, sized and not trained: gpt-" in said
    assert "RTX" not in parts(study(target={}))["What it needs"]


def test_what_to_try_next_is_the_diagnosis() -> None:
    record = study()
    acting = [f.advice for f in diagnose(record) if f.acts]
    assert acting
    assert acting[0] in parts(record)["What to try next"]


def test_without_a_tuned_config_there_is_nothing_to_say() -> None:
    assert parts(replace(study(), trials=())) == {}
