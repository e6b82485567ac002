from dataclasses import replace

from advisor.cli.answer import lines
from reports.answer import WordedAnswer
from studies.records import StudyRecord
from tests.reports.sample import study


def changed(record: StudyRecord, role: str, **changes: object) -> StudyRecord:
    """The same study with fields of the trials of one role replaced."""
    trials = (replace(t, **changes) if t.role == role else t for t in record.trials)  # type: ignore[arg-type]
    return replace(record, trials=tuple(trials))


def test_the_loss_quoted_is_that_of_the_rerun_against_the_default() -> None:
    record = changed(changed(study(), "final", value=1.9), "default", value=2.5)
    found = WordedAnswer.of(record)
    assert [run.role for run in found.reruns] == ["final"]
    assert "validation loss of 1.900 nats/token, 24 % below the untuned default's 2.500" in found.comparison
    assert "each after the same 1.0M tokens" in found.comparison
    assert "re-run with another seed" in found.rerun
    assert [tile.value for tile in found.tiles[-1:]] == ["1.900"]


def test_the_headline_names_the_tuned_four() -> None:
    record = study()
    assert record.best is not None
    best = record.best.point
    expected = (
        f"{best['learning_rate']:.3g}, dropout {best['dropout']:.4g}, depth {best['depth']} and width {best['d_model']}"
    )
    assert WordedAnswer.of(record).headline == f"Train with a learning rate of {expected}."


def test_a_search_that_lost_says_so() -> None:
    record = changed(changed(changed(study(), "search", value=2.6), "final", value=2.6), "default", value=2.5)
    assert "4 % above" in WordedAnswer.of(record).comparison
    assert WordedAnswer.of(record).comparison.endswith("The search did not beat the default.")


def test_what_a_smaller_default_saw_in_the_same_time_is_told() -> None:
    record = changed(study(), "default", tokens=2_000_000)
    assert "trained as long: on 1.0M tokens, the default on 2.0M" in WordedAnswer.of(record).comparison


def test_a_default_that_ended_before_its_time_is_told() -> None:
    record = replace(changed(study(), "default", tokens=2_000_000), most_tokens=2_000_300)  # no whole step more
    as_long = "trained as long, but for no more than 4 epochs: on 1.0M tokens, the default on 2.0M"
    assert as_long in WordedAnswer.of(record).comparison
    assert any(line.endswith(as_long.partition(":")[0]) for line in lines(record))
    assert "epochs" not in WordedAnswer.of(replace(record, most_tokens=4_000_000)).comparison


def test_a_rerun_that_was_shorter_is_not_quoted() -> None:
    found = WordedAnswer.of(changed(study(), "final", length=0.5))
    assert found.reruns == ()
    assert found.losses == (found.tuned and found.tuned.value,)
    assert found.rerun == "No re-run of the winner finished, so this includes the luck of being picked."


def test_a_default_that_failed_leaves_nothing_to_compare_with() -> None:
    found = WordedAnswer.of(changed(study(), "default", state="FAIL", reason="oom"))
    assert found.ahead_of(found.default) is None
    assert "nothing to compare with" in found.comparison


def test_scale_says_that_the_proxy_is_not_the_target() -> None:
    scale = WordedAnswer.of(study()).scale
    assert "small proxy of 1.9M parameters, 1.0M tokens per trial, on Intel Xeon, 2 cores" in scale
    assert "not a model proposed for the RTX 4090" in scale
    assert "proposed" not in WordedAnswer.of(study(target={})).scale


def test_without_finished_trials_there_is_no_config() -> None:
    record = study()
    record = replace(record, trials=tuple(replace(t, state="FAIL", reason="crash", value=None) for t in record.trials))
    found = WordedAnswer.of(record)
    assert found.headline == "No trial of the search ran to its end, so there is no tuned config."
    assert found.comparison == "Of 17 trials: 17 crash."
    assert found.tiles == ()
    assert WordedAnswer.of(replace(record, trials=())).comparison == "No trial has run."
