"""The pages beside that of a study: a comparison of several, and proposals without a study."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import reports
from reports.comparison import caveats, comparison, headline
from reports.sizing import Proposals, sizing
from studies.answer import Answer
from studies.records import StudyRecord, reruns_of
from tests.reports.hostile import MARKUP, hostile
from tests.reports.sample import study, target_values
from tests.reports.test_page import Elements, cards


def named(name: str, loss: float, **changes: object) -> StudyRecord:
    """The sample study whose winner and its re-run have this loss, and the others a higher one."""
    record = study(name=name, target={})
    assert record.best is not None
    won = (record.best.number, *(t.number for t in reruns_of(record.best, record.trials)))
    trials = tuple(replace(t, value=loss if t.number in won else t.value and t.value + loss) for t in record.trials)
    return replace(record, trials=trials, **changes)  # type: ignore[arg-type]


def test_the_study_of_the_lowest_loss_is_named_first() -> None:
    answers = [Answer.of(named("one", 2.1)), Answer.of(named("two", 2.3))]
    assert headline(answers) == (
        "one reaches the lowest validation loss, 2.100 nats/token, 0.200 below two, without an interval."
    )
    assert headline([Answer.of(named("one", 2.1)), Answer.of(named("two", 2.1))]) == (
        "one reaches the lowest validation loss, 2.100 nats/token, as low as two, without an interval."
    )
    text = comparison([named("two", 2.3), named("one", 2.1)])
    assert "one reaches the lowest validation loss" in text
    assert set(cards(text)) == {"studies", "race"}
    assert [study["name"] for study in (d["study"] for d in Elements(text).data("study-data")["studies"])] == [
        "two",
        "one",
    ]


def test_studies_without_an_answer_are_compared_too() -> None:
    none = replace(named("none", 1.0), trials=())
    assert headline([Answer.of(none), Answer.of(none)]) == "None of these studies has a tuned config."
    assert "no other has a tuned config" in comparison([none, named("one", 2.1)])
    assert cards(comparison([none, none]))["race"] == "Best so far: nothing to show"


def test_other_data_make_losses_incomparable() -> None:
    one = named("one", 2.1)
    other = replace(one, provenance=replace(one.provenance, data={"name": "poems", "sha256": "ab" * 32}))
    assert caveats([Answer.of(one), Answer.of(one)]) == []
    (said,) = caveats([Answer.of(one), Answer.of(other)])
    assert "poems abababab" in said
    assert said.endswith("Losses cannot be compared.")


@cache
def proposals() -> Proposals:
    return Proposals(target=target_values(), command="advisor propose --gpu 'RTX 4090'", versions={"advisor": "1"})


def test_a_page_of_proposals_has_the_sizing_and_no_study() -> None:
    text = sizing(proposals())
    assert set(Elements(text).data("figure-data")["figures"]) == {
        "what-fits", "front", "memory", "growth", "elasticity-target",
    }  # fmt: skip
    assert "On the RTX 4090, train gpt-" in text
    assert "Download train.py" not in text
    assert "-train.py</button>" in text


def test_both_are_made_again_from_their_data(tmp_path: Path) -> None:
    for content in ([named("one", 2.1), named("two", 2.3)], proposals()):
        first = reports.write(content, tmp_path / "first.html")
        assert reports.write_again(first, tmp_path / "again.html").read_bytes() == first.read_bytes()


def test_hostile_text_adds_no_handler_to_them() -> None:
    for text in (comparison([hostile(), hostile()]), sizing(Proposals(target=dict(hostile().target), command=MARKUP))):
        page = Elements(text)
        assert page.tags["img"] == 0
        assert not [key for key, _ in page.attributes if key.startswith("on")]
        assert all(value is None or value.startswith("#") for key, value in page.attributes if key == "href")
