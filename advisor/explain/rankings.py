"""Guides that rank knobs, from the one that matters most to the one that matters least, beside the computed ranking."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from advisor.explain.claims import BDH_GUIDE, by_field
from advisor.explain.elasticity import Elasticity
from advisor.spec import BDH, Model

NOTICEABLE = 0.01  # elasticities that differ by less rank alike


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Names of fields, the one with the largest effect on a reading first."""

    source: str
    text: str
    reading: str
    order: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Place:
    """A knob: its place in the guide, its place by the size of the computed elasticity (equal ones share the best)."""

    knob: str
    claimed: int
    computed: int
    elasticity: float


@dataclass(frozen=True, kw_only=True)
class RankCheck:
    """A ranking beside the computed one; `agreement` is the share of pairs that stand in the computed order."""

    source: str
    text: str
    reading: str
    places: tuple[Place, ...]
    agreement: float


# "Quick Reference Tables" of the guide; what is no size (data type, iterations) is left out.
RANKINGS = tuple(
    Ranking(source=BDH_GUIDE, text=text, reading=reading, order=order)
    for text, reading, order in (
        ("VRAM", "memory", ("batch", "sequence", "d_model", "multiplier", "depth", "vocab", "heads")),
        ("parameters", "parameters", ("d_model", "multiplier", "vocab", "heads", "depth", "batch", "sequence")),
        ("training speed", "flops", ("sequence", "batch", "d_model", "multiplier", "depth")),
    )
)


def check_rankings(found: Iterable[Elasticity], model: Model) -> list[RankCheck]:
    """The rankings of guides to the model's family; only BDH's guide ranks."""
    known = by_field(found)
    return [_check(ranking, known) for ranking in RANKINGS] if isinstance(model, BDH) else []


def _check(ranking: Ranking, known: dict[str, list[Elasticity]]) -> RankCheck:
    """Only of knobs that can be turned at this point."""
    sizes = {name: abs(getattr(known[name][0], ranking.reading)) for name in ranking.order if name in known}
    pairs = list(combinations(sizes.values(), 2))
    places = (
        Place(
            knob=name,
            claimed=number,
            computed=1 + sum(other > size + NOTICEABLE for other in sizes.values()),
            elasticity=size,
        )
        for number, (name, size) in enumerate(sizes.items(), 1)
    )
    return RankCheck(
        source=ranking.source,
        text=ranking.text,
        reading=ranking.reading,
        places=tuple(places),
        agreement=sum(first > second - NOTICEABLE for first, second in pairs) / len(pairs) if pairs else 1.0,
    )
