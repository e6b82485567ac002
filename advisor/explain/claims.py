"""What guides say of a knob, beside what is computed at a point."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from advisor.explain.elasticity import Elasticity

GUIDE = "Transformer hyperparameter guide"
TOLERANCE = 0.1  # between a claimed and a computed elasticity


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Knobs, turned together in proportion, change a reading by the `claimed` elasticity; None: it grows at all."""

    source: str
    text: str
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
    Claim(source=GUIDE, text=text, knobs=knobs, reading=reading, claimed=claimed)
    for text, knobs, reading, claimed in (
        ("doubling D_MODEL is 4x parameters", ("d_model", "hidden"), "parameters", 2.0),
        ("feedforward is 2/3 of all parameters", ("hidden",), "parameters", 2 / 3),
        ("memory is O(SEQ_LEN^2)", ("sequence",), "memory", 2.0),
        ("memory = BATCH_SIZE x ...", ("batch",), "memory", 1.0),
        ("memory = ... x SEQ_LEN x ...", ("sequence",), "memory", 1.0),
        ("memory = ... x D_MODEL x ...", ("d_model", "hidden"), "memory", 1.0),
        ("memory = ... x num_layers", ("depth",), "memory", 1.0),
        ("more NHEAD, more computation", ("heads",), "flops", None),
        ("out of memory: fewer NHEAD", ("heads",), "memory", None),
    )
)


def check_claims(found: Iterable[Elasticity]) -> list[Check]:
    """Each claim about knobs that are there."""
    by_name: dict[str, list[Elasticity]] = {}
    for elasticity in found:
        by_name.setdefault(elasticity.knob.rpartition(".")[2], []).append(elasticity)
    return [
        _check(claim, [e for name in claim.knobs for e in by_name.get(name, ())])
        for claim in CLAIMS
        if claim.knobs[0] in by_name
    ]


def _check(claim: Claim, turned: list[Elasticity]) -> Check:
    computed = sum(getattr(e, claim.reading) for e in turned)
    agrees = computed > TOLERANCE if claim.claimed is None else abs(computed - claim.claimed) <= TOLERANCE
    return Check(claim=claim, computed=computed, holds=agrees)
