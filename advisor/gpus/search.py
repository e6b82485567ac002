"""GPUs as one types: by any part of their names, those that are known best first."""

from functools import cache

from advisor.errors import fold
from advisor.gpus import GPU, catalogue
from advisor.gpus.lookup import listed


@cache
def _all() -> tuple[tuple[tuple[str, ...], GPU], ...]:
    """Every GPU with its folded names: the catalogue's before others, then the shorter name, then the newer card."""
    groups = (catalogue(), (entry.gpu for entry in listed().entries))
    by_name = {fold(gpu.name): gpu for group in reversed(groups) for gpu in group}  # the catalogue's hides the list's
    known = {gpu.name for gpu in catalogue()}
    rows = sorted(by_name.values(), key=lambda gpu: (gpu.name not in known, len(gpu.name), -(gpu.released or 0)))
    return tuple((tuple(fold(text) for text in (g.name, f"{g.brand} {g.name}", *g.aliases)), g) for g in rows)


def found(text: str) -> list[GPU]:
    """The GPUs of which a name, with its brand or without, holds every word of `text`; where it begins with it first.

    Without a text the catalogue, in its order.

    >>> [gpu.name for gpu in found("rtx4090")][:2], [gpu.name for gpu in found("a100 80")]
    (['RTX 4090', 'RTX 4090 D'], ['A100 SXM4 80GB', 'A100 PCIe 80GB'])
    """
    whole, words = fold(text), [fold(word) for word in text.split()]
    if not whole:
        return list(catalogue())
    hits = [(_rank(whole, names), gpu) for names, gpu in _all() if any(all(w in n for w in words) for n in names)]
    return [gpu for _, gpu in sorted(hits, key=lambda hit: hit[0])]


def _rank(whole: str, names: tuple[str, ...]) -> int:
    return 0 if whole in names else 1 if any(name.startswith(whole) for name in names) else 2
