"""The guides' claims beside what is computed."""

import pytest

from advisor.explain import Check, Point, check_claims, check_rankings, elasticities
from advisor.explain.claims import BDH_GUIDE, CLAIMS
from tests.explain.points import plain, preset


def checks(point: Point) -> list[Check]:
    return check_claims(elasticities(point), point.model)


def computed(text: str, **plan: str) -> tuple[float, bool]:
    (check,) = (c for c in checks(preset("gpt2", **plan)) if text in c.claim.text)
    return check.computed, check.holds


@pytest.mark.parametrize("name", ["gpt2", "bdh-14gb"])
def test_every_guide_speaks_of_its_family(name: str) -> None:
    bdh = name.startswith("bdh")
    found = [c.claim for c in checks(preset(name, batch=8))]
    assert found == [c for c in CLAIMS if (c.source == BDH_GUIDE) == bdh]
    assert all(c.source for c in found)


def test_width_is_quadratic_where_embeddings_are_few() -> None:
    elasticity, holds = computed("doubling D_MODEL")
    assert elasticity == pytest.approx(1.683, abs=0.001)
    assert not holds
    point = plain(vocab=100, d_model=1024, hidden=4096, depth=12)
    wide = {c.claim.text: c for c in checks(point)}["doubling D_MODEL is 4x parameters"]
    assert wide.holds


def test_heads_cost_memory_only_where_scores_are_stored() -> None:
    assert not computed("fewer NHEAD")[1]
    assert computed("fewer NHEAD", attention_kernel="math")[1]
    assert computed("more NHEAD, more computation") == (0.0, False)


def test_claims_about_knobs_that_are_not_there_are_left_out() -> None:
    point = preset("tiny")
    found = [e for e in elasticities(point) if e.knob != "model.attention.heads"]
    known = {c.claim.knobs for c in check_claims(found, point.model)}
    assert known == {c.knobs for c in CLAIMS if c.source != BDH_GUIDE} - {("heads",)}


def test_what_the_bdh_guide_says_at_its_own_example() -> None:
    """Its block size is not quadratic at 384 tokens, and neither is its vocabulary linear."""
    held = {c.claim.text: c.holds for c in checks(preset("bdh-14gb", batch=16))}
    assert held["VRAM is linear in BATCH_SIZE"]
    assert held["n_layer adds no parameters"]
    assert held["parameters are quadratic in n_embd"]
    assert not held["VRAM is quadratic in BLOCK_SIZE"]
    assert not held["VRAM is linear in vocab_size"]


def test_the_bdh_guides_ranking_beside_the_computed_one() -> None:
    point = preset("bdh-14gb", batch=16)
    vram, parameters, speed = check_rankings(elasticities(point), point.model)
    assert [p.knob for p in vram.places][:3] == ["batch", "sequence", "d_model"]
    assert [p.claimed for p in vram.places] == list(range(1, 8))
    assert {p.knob: p.computed for p in vram.places} == {
        "d_model": 1, "batch": 2, "multiplier": 2, "depth": 4, "sequence": 5, "heads": 6, "vocab": 7,
    }  # fmt: skip
    assert parameters.agreement == 1.0
    assert vram.agreement < 1.0
    assert speed.places[0].computed == 2  # after d_model
    assert check_rankings([], point.model)[0].agreement == 1.0


def test_no_guide_ranks_the_knobs_of_a_decoder() -> None:
    assert check_rankings(elasticities(preset("tiny")), preset("tiny").model) == []
