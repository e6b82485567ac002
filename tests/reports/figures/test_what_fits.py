import pytest

from reports.card import MissingError
from reports.figures import what_fits
from reports.frames import frames
from tests.reports.sample import GPU_BYTES, study, target_values


def info(**changes: object) -> what_fits.WhatFits:
    found = frames(study(trials=0, target=target_values() | changes))
    return what_fits.info(found.candidates, found.proposals, found.target)


def test_the_title_names_the_largest_that_fits() -> None:
    found = info()
    largest = max(
        (c for c in found.candidates + found.proposals if c.memory_bytes < 0.9 * GPU_BYTES), key=lambda c: c.parameters
    )
    assert found.fitting[-1] == largest
    assert "the RTX 4090 has 709.3M parameters and takes 19.94 GiB" in found.title
    assert found.caption.startswith(f"Of the 65 configs shown {len(found.fitting)} fit")


def test_every_candidate_is_drawn_once_and_the_gpu_is_a_line() -> None:
    found = info()
    figure = found.draw()
    drawn = {trace.name: len(trace.x) for trace in figure.data}
    assert drawn["too large for the memory"] == 65 - len(found.fitting)
    assert drawn["limited by time"] + drawn["fits"] == len(found.fitting) - 3
    assert drawn["proposed"] == 3
    assert figure.layout.shapes[0].y0 == 24.0


def test_the_table_lists_the_largest_first() -> None:
    parameters = [row[4] for row in info().table.rows]
    assert parameters == sorted(parameters, reverse=True)
    assert len(parameters) == what_fits.MAX_ROWS
    assert info().table.hidden == len(info().fitting) - what_fits.MAX_ROWS


def test_nothing_fits() -> None:
    candidates = target_values()["candidates"]
    assert isinstance(candidates, list)
    none = [c | {"fits": False} for c in candidates]
    assert info(candidates=none, proposals=[]).title == "None of 65 configs fits the RTX 4090"


def test_a_proposal_outside_the_sample_is_shown_and_counted() -> None:
    proposals = target_values()["proposals"]
    assert isinstance(proposals, list)
    other = proposals[0] | {"name": "12x2304", "parameters": 900_000_000}
    found = info(proposals=[other])
    assert found.fitting[-1].name == "12x2304"
    assert (found.shown, len(found.proposals)) == (66, 1)


def test_without_candidates_there_is_none() -> None:
    with pytest.raises(MissingError, match="no target GPU"):
        info(candidates=[])
