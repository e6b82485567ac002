"""The Propose page without a browser."""

import html
from urllib.parse import parse_qsl, urlsplit

import pytest
from fastapi.testclient import TestClient

from advisor.gpus import find
from advisor.http.pages.axis import Axis
from advisor.http.pages.pareto import front
from advisor.http.pages.propose_form import read
from advisor.http.pages.propose_view import view
from advisor.http.pages.size_form import asked
from advisor.propose import Answer, Question, parse_pins, propose
from advisor.propose.grids import GRIDS
from advisor.units import format_count

PINS = ("d_model=256..512", "depth=4..6", "optimizer=adamw", "precision=bf16", "mlp=gelu")  # few candidates
SMALL = {"gpu": "T4", "hours": "2", "pinned": "\n".join(PINS)}


@pytest.fixture(scope="module")
def answer() -> Answer:
    return propose(Question(gpu=find("T4"), seconds=7200.0, pins=parse_pins(PINS, GRIDS["decoder"])))


def test_the_page_shows_the_answer_of_the_command(shared: TestClient, answer: Answer) -> None:
    page = shared.get("/propose", params=SMALL).text
    for proposal in answer.proposals:
        assert proposal.name in page
        assert f"{proposal.predicted_loss:.3f}" in page
    assert f"{answer.candidates.considered:,} candidates" in page


def test_without_a_question_nothing_is_computed(shared: TestClient) -> None:
    page = shared.get("/propose").text
    assert "Nothing asked yet" in page


def test_a_card_leads_to_the_size_of_its_proposal(answer: Answer) -> None:
    for card, proposal in zip(view(answer).cards, answer.proposals, strict=True):
        filled, sized = asked(dict(parse_qsl(urlsplit(card.link).query)))
        assert filled.errors == {}
        assert sized is not None
        assert (sized.model, sized.plan) == (proposal.model, proposal.plan)


def test_the_front_is_to_scale_and_holds_every_point(answer: Answer) -> None:
    drawn = front(answer)
    assert len(drawn.marks) == len(answer.front)
    lowest = min(answer.front, key=lambda p: p.loss)
    assert f"predicted loss {lowest.loss:.3f}" in drawn.marks[-1].text
    assert drawn.marks[-1].y == max(mark.y for mark in drawn.marks)
    assert [axis.name for axis in drawn.axes] == ["memory", "parameters", "hours"]
    assert {mark.share for mark in drawn.marks} >= {0, 4}
    assert any(mark.proposed for mark in drawn.marks)


def test_ticks_are_round_and_lie_where_their_values_do() -> None:
    axis = Axis(name="", label="", values=[3e6, 2e8, 5e9], show=format_count)
    assert [tick.text for tick in axis.ticks] == ["10.0M", "100.0M", "1.0B"]
    assert axis.ticks[1].at - axis.ticks[0].at == pytest.approx(axis.ticks[2].at - axis.ticks[1].at)
    loss = Axis(name="", label="", values=[3.0, 4.9], show="{:.1f}".format, log=False)
    assert [tick.text for tick in loss.ticks] == ["3.0", "3.5", "4.0", "4.5"]
    assert Axis(name="", label="", values=[2.0, 2.0], show=str).places == [50.0, 50.0]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"hours": "soon"}, "hours"),
        ({"hours": "-1"}, "hours"),
        ({"hours": "1e400"}, "hours"),
        ({"tokens_available": "2 apples"}, "tokens_available"),
        ({"parameters": "2B..1B"}, "parameters"),
        ({"confidence": "2"}, "confidence"),
        ({"gpu": "RTX4900"}, "gpu"),
        ({"pinned": "colour=red"}, "pinned"),
        ({"pinned": "depth"}, "pinned"),
        ({"family": "oracle"}, "family"),
        ({"vocab": "0"}, "vocab"),
    ],
)
def test_an_error_stands_beside_its_field(sent: dict[str, str], field: str) -> None:
    filled, question = read(sent)
    assert question is None
    assert list(filled.errors) == [field]


def test_where_nothing_fits_the_page_says_what_would(shared: TestClient) -> None:
    page = shared.get("/propose/answer", params={**SMALL, "gpu": "300 MiB"})
    assert page.status_code == 200
    assert "fit" in html.unescape(page.text)
