"""What guides say of a knob, beside what is computed at a point."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from advisor.explain.elasticity import Elasticity
from advisor.spec import BDH, Model

GUIDE = "Transformer hyperparameter guide"
DEEP_DIVE = "Transformer deep dive"
WRAPPER_GUIDE = "x-transformers configuration guide"
BDH_GUIDE = "BDH configuration guide"
TOLERANCE = 0.1  # between a claimed and a computed elasticity


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Knobs, turned together in proportion, change a reading by the `claimed` elasticity; None: it grows at all."""

    source: str
    text: str
    bdh: bool  # the guide speaks of BDH, or else of transformers
    knobs: tuple[str, ...]  # names of fields
    reading: str
    claimed: float | None


@dataclass(frozen=True, kw_only=True)
class Check:
    """A claim, the elasticity at a point, and whether the two agree there."""

    claim: Claim
    computed: float
    holds: bool


# The guide keeps the feed-forward width at 4 times d_model, so the two are turned together where it speaks of d_model.
CLAIMS = tuple(
    Claim(source=source, text=text, bdh=source == BDH_GUIDE, knobs=knobs, reading=reading, claimed=claimed)
    for source, text, knobs, reading, claimed in (
        (GUIDE, "doubling D_MODEL is 4x parameters", ("d_model", "hidden"), "parameters", 2.0),
        (GUIDE, "feedforward is 2/3 of all parameters", ("hidden",), "parameters", 2 / 3),
        (GUIDE, "memory is O(SEQ_LEN^2)", ("sequence",), "memory", 2.0),
        (GUIDE, "memory = BATCH_SIZE x ...", ("batch",), "memory", 1.0),
        (GUIDE, "memory = ... x SEQ_LEN x ...", ("sequence",), "memory", 1.0),
        (GUIDE, "memory = ... x D_MODEL x ...", ("d_model", "hidden"), "memory", 1.0),
        (GUIDE, "memory = ... x num_layers", ("depth",), "memory", 1.0),
        (GUIDE, "more NHEAD, more computation", ("heads",), "flops", None),
        (GUIDE, "out of memory: fewer NHEAD", ("heads",), "memory", None),
        (DEEP_DIVE, "attention has 4 d_model^2 x h parameters", ("heads",), "parameters", 1.0),
        (WRAPPER_GUIDE, "increasing dim, more computation", ("d_model", "hidden"), "flops", None),
        (WRAPPER_GUIDE, "increasing dim, more memory", ("d_model", "hidden"), "memory", None),
        (WRAPPER_GUIDE, "increasing depth, more computation", ("depth",), "flops", None),
        (WRAPPER_GUIDE, "increasing depth, more memory", ("depth",), "memory", None),
        (WRAPPER_GUIDE, "increasing heads, more computation", ("heads",), "flops", None),
        (WRAPPER_GUIDE, "increasing heads, more memory", ("heads",), "memory", None),
        (BDH_GUIDE, "VRAM is linear in BATCH_SIZE", ("batch",), "memory", 1.0),
        (BDH_GUIDE, "VRAM is quadratic in BLOCK_SIZE", ("sequence",), "memory", 2.0),
        (BDH_GUIDE, "VRAM is quadratic in n_embd", ("d_model",), "memory", 2.0),
        (BDH_GUIDE, "VRAM is linear in the multiplier", ("multiplier",), "memory", 1.0),
        (BDH_GUIDE, "VRAM is linear in n_layer", ("depth",), "memory", 1.0),
        (BDH_GUIDE, "VRAM is linear in vocab_size", ("vocab",), "memory", 1.0),
        (BDH_GUIDE, "parameters are quadratic in n_embd", ("d_model",), "parameters", 2.0),
        (BDH_GUIDE, "n_layer adds no parameters", ("depth",), "parameters", 0.0),
        (BDH_GUIDE, "training time is quadratic in BLOCK_SIZE", ("sequence",), "flops", 2.0),
        (BDH_GUIDE, "computation is quadratic in n_embd", ("d_model",), "flops", 2.0),
        (BDH_GUIDE, "training time is linear in n_layer", ("depth",), "flops", 1.0),
    )
)


def check_claims(found: Iterable[Elasticity], model: Model) -> list[Check]:
    """Each claim about models of this family and knobs that are there."""
    known = by_field(found)
    return [
        _check(claim, [e for name in claim.knobs for e in known.get(name, ())])
        for claim in CLAIMS
        if claim.bdh == isinstance(model, BDH) and claim.knobs[0] in known
    ]


def by_field(found: Iterable[Elasticity]) -> dict[str, list[Elasticity]]:
    """The elasticities by the name of the field, without the blocks that it stands in."""
    known: dict[str, list[Elasticity]] = {}
    for elasticity in found:
        known.setdefault(elasticity.knob.rpartition(".")[2], []).append(elasticity)
    return known


def _check(claim: Claim, turned: list[Elasticity]) -> Check:
    computed = sum(getattr(e, claim.reading) for e in turned)
    agrees = computed > TOLERANCE if claim.claimed is None else abs(computed - claim.claimed) <= TOLERANCE
    return Check(claim=claim, computed=computed, holds=agrees)
