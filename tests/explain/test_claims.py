"""The guide's claims beside what is computed."""

import pytest

from advisor.explain import check_claims, elasticities
from advisor.explain.claims import CLAIMS, GUIDE
from tests.explain.points import plain, preset


def computed(text: str, **plan: str) -> tuple[float, bool]:
    (check,) = (c for c in check_claims(elasticities(preset("gpt2", **plan))) if text in c.claim.text)
    return check.computed, check.holds


def test_all_claims_are_about_knobs_of_a_decoder() -> None:
    found = check_claims(elasticities(preset("gpt2")))
    assert [c.claim for c in found] == list(CLAIMS)
    assert {c.claim.source for c in found} == {GUIDE}


def test_width_is_quadratic_where_embeddings_are_few() -> None:
    elasticity, holds = computed("doubling D_MODEL")
    assert elasticity == pytest.approx(1.683, abs=0.001)
    assert not holds
    point = plain(vocab=100, d_model=1024, hidden=4096, depth=12)
    wide = {c.claim.text: c for c in check_claims(elasticities(point))}["doubling D_MODEL is 4x parameters"]
    assert wide.holds


def test_heads_cost_memory_only_where_scores_are_stored() -> None:
    assert not computed("fewer NHEAD")[1]
    assert computed("fewer NHEAD", attention_kernel="math")[1]
    assert computed("more computation") == (0.0, False)


def test_claims_about_knobs_that_are_not_there_are_left_out() -> None:
    found = [e for e in elasticities(preset("tiny")) if e.knob != "model.attention.heads"]
    assert {c.claim.knobs for c in check_claims(found)} == {c.knobs for c in CLAIMS} - {("heads",)}
