"""--law-from: from trials in a store to a law."""

import dataclasses
from pathlib import Path

import pytest
from optuna.trial import TrialState, create_trial

from advisor.cli.law_from import chosen_law
from advisor.errors import InputError, UnknownError
from advisor.gpus import find
from advisor.law import BESIROGLU
from advisor.propose import Question, propose
from advisor.propose.pins import parse_pins
from studies.records import Provenance
from studies.settings import Settings
from studies.store import open_store
from studies.store.codec import RUN
from studies.store.logbook import Logbook

DATA = {
    "name": "pydoc", "sha256": "9f" * 32, "training tokens": "1000000000", "vocabulary": "256", "tokenizer": "bytes"
}  # fmt: skip
SIZES = (100_000, 200_000, 400_000, 800_000)


def law(parameters: float, tokens: float) -> float:
    return 1.2 + 60 / parameters**0.35 + 200 / tokens**0.37


def keep(url: str, name: str, tokens: int, sizes: tuple[int, ...] = SIZES) -> None:
    """A study of one completed trial of each size."""
    provenance = Provenance(command="", created="2026-11-01T00:00:00Z", versions={}, device={}, data=DATA, seed=0)
    with open_store(url, create=True) as store:
        space = {"family": "decoder"}
        store.create(Settings(name=name, budget_seconds=60.0), space, provenance)
        for number, size in enumerate(sizes):
            run = {
                "role": "search", "reason": "", "message": "", "point": {}, "parameters": size, "flops": 0.0,
                "memory_bytes": 0, "measured_memory_bytes": None, "tokens": tokens, "seconds": 1.0, "started": 0.0,
                "seed": 0,
            }  # fmt: skip
            trial = create_trial(value=law(size, tokens), state=TrialState.COMPLETE, user_attrs={RUN: run})
            trial.number = number
            Logbook(store, name).finish(trial, (), spent_seconds=1.0)


@pytest.fixture
def url(tmp_path: Path) -> str:
    keep(str(tmp_path / "s.db"), "short", 1_000_000)
    keep(str(tmp_path / "s.db"), "long", 4_000_000)
    keep(str(tmp_path / "s.db"), "few", 1_000_000, SIZES[:3])
    return str(tmp_path / "s.db")


def test_two_studies_of_two_lengths_tell_both_terms(url: str) -> None:
    found = chosen_law(["short", "long"], url)
    assert (found.name, found.vocab) == ("short + long", (256, 256))
    irreducible = found.E
    assert irreducible == pytest.approx(1.2, rel=0.05)
    assert found.loss(3e6, 1.5e7) == pytest.approx(law(3e6, 1.5e7), rel=found.half_width(3e6, 1.5e7))
    assert found.covers(3e6, 1.5e7)
    assert not found.covers(3e9, 6e10)


def test_one_study_holds_for_its_own_length(url: str) -> None:
    found = chosen_law(["short"], url)
    assert found.covers(3e6, 1e6)
    assert not found.covers(3e6, 2e6)


def test_without_a_study_the_published_law_counts(tmp_path: Path) -> None:
    assert chosen_law([], str(tmp_path / "none.db")) is BESIROGLU


def test_too_few_trials_and_an_unknown_study_are_one_line(url: str) -> None:
    with pytest.raises(
        InputError, match=r"--law-from: .* expected 4 or more of different size or length.*'3 of 100.0k"
    ):
        chosen_law(["few"], url)
    with pytest.raises(UnknownError, match="near: short"):
        chosen_law(["shorts"], url)


def test_it_ranks_proposals_within_its_range_and_says_where_it_does_not(url: str) -> None:
    law = chosen_law(["short", "long"], url)
    asked = Question(gpu=find("RTX 4090"), seconds=20.0, context=128, tokens_available=1e6, law=law)
    narrow = parse_pins(["d_model=128..192", "depth=2..4", "precision=bf16", "optimizer=adamw"], asked.grid)
    for vocab, basis in ((256, "law"), (8192, "compute-optimal ratio")):
        first = propose(dataclasses.replace(asked, vocab=vocab, pins=narrow)).proposals[0]
        assert first.basis == basis
        assert ("vocabulary of 256, not of 8,192 tokens" in first.outside) == (vocab == 8192)
        assert first.loss_low < first.predicted_loss < first.loss_high
