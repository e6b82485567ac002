"""A GPU by name: forgives spelling, order and what goes without saying; never guesses between two cards.

A name is a set of words: "A100-SXM4-80GB", "a100 80 GB sxm" and "a100sxm80g" are one set. A name must hold every word
that tells its card from others ("4090", "Ti", "Laptop", the 80GB of an A100) and may hold what is true of the card
anyway: vendor, brand, architecture, memory. Where some data sheets drop a word, the row has an alias.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import NoReturn

from advisor.errors import InputError, UnknownError, near_names
from advisor.gpus.gpu import GPU
from advisor.gpus.table import catalogue
from advisor.units import GIB

Words = frozenset[str]

SERIES = ("rtx", "gtx", "rx", "arc")  # first words of a name that people leave out: "4090"
FILLERS = ("gpu", "graphics", "card", "generation")  # said of any card
SYNONYMS = {"mobile": "laptop", "sxm2": "sxm", "sxm3": "sxm", "sxm4": "sxm", "sxm5": "sxm"}
WORD = re.compile(r"[a-z0-9]+")
MAX_NAME = 80  # [characters]; longer is no name of a GPU
MAX_CANDIDATES = 6


@dataclass(frozen=True)
class Entry:
    """A GPU, the sets of words that each name it, and the words that may come along."""

    gpu: GPU
    names: tuple[Words, ...]
    allowed: Words

    def matches(self, words: Words) -> int:
        """How many words of `words` name this GPU; 0 when they do not, or say something that is not true of it."""
        if not words <= self.allowed:
            return 0
        return max((len(name) for name in self.names if name <= words), default=0)


def find(name: str) -> GPU:
    """The GPU of the catalogue with this name.

    Raises InputError, which lists the candidates, when several cards go by it, and UnknownError when none does.

    >>> find("nvidia geforce rtx4090").name, find("a100-sxm4-80gb").name, find("7900xtx").name
    ('RTX 4090', 'A100 SXM4 80GB', 'RX 7900 XTX')
    """
    found = exact(name)
    return found if found else _refuse(name)


def exact(name: str) -> GPU | None:
    """The GPU that `name` names in full, or None."""
    words = split(name)
    best = max(entries(), key=lambda entry: entry.matches(words))
    return best.gpu if best.matches(words) else None


def candidates(name: str) -> list[GPU]:
    """The GPUs for which `name` is true but not enough, those that miss the fewest words first."""
    words = split(name)
    close = [entry for entry in entries() if words and words <= entry.allowed]
    return [entry.gpu for entry in sorted(close, key=lambda e: min(len(n - words) for n in e.names))]


def identify(name: str, total_bytes: int) -> GPU | None:
    """The GPU that a driver calls `name` and that has about `total_bytes` of memory; None when that is not one row.

    Drivers call both RTX 3080 the same: their memory tells them apart. With ECC on, a total is 1/16 below nominal.
    """
    nominal = {gpu.nominal_memory_bytes for gpu in candidates(name)}
    sizes = sorted(size // GIB for size in nominal if 0.9 * size <= total_bytes <= size)
    return exact(name) or next((gpu for size in sizes if (gpu := exact(f"{name} {size}GB"))), None)


def split(name: str) -> Words:
    """The words of a name; a run such as "rtx4090" is cut into words that the catalogue knows.

    >>> sorted(split("RTX-4070tisuper 12 GB"))
    ['12gb', '4070', 'rtx', 'super', 'ti']
    """
    if len(name) > MAX_NAME:
        return frozenset({name})
    joined = re.sub(r"(\d)\s+(g|gb|gib)\b", r"\1\2", name.lower())
    return frozenset(word for run in _words(joined) for word in _cut(run, vocabulary()) or (run,))


def _cut(run: str, known: dict[str, str]) -> tuple[str, ...] | None:
    """`run` as known words, the longest first; None when it cannot be cut."""
    if not run:
        return ()
    for end in range(len(run), 0, -1):
        if run[:end] in known and (rest := _cut(run[end:], known)) is not None:
            return (known[run[:end]], *rest)
    return None


@cache
def vocabulary() -> dict[str, str]:
    """Every word of the catalogue and its spellings -> the word."""
    words = {*SERIES, *FILLERS, *(word for gpu in catalogue() for word in _facts(gpu))}
    sizes = {word for word in words if word[:-2].isdigit() and word.endswith("gb")}
    spelled = {size[:-1]: size for size in sizes} | {size[:-1] + "ib": size for size in sizes}
    return {word: word for word in words} | spelled | SYNONYMS


@cache
def entries() -> tuple[Entry, ...]:
    """One entry per row of the catalogue."""
    return tuple(_entry(gpu) for gpu in catalogue())


def _entry(gpu: GPU) -> Entry:
    known = vocabulary()
    names = [[known[word] for word in _words(text)] for text in (gpu.name, *gpu.aliases)]
    needed = tuple(frozenset(name[1:] if name[0] in SERIES else name) for name in names)
    return Entry(gpu, needed, frozenset(known[word] for word in _facts(gpu)).union(FILLERS))


def _facts(gpu: GPU) -> list[str]:
    """The words that are true of a GPU."""
    size = f"{gpu.nominal_memory_bytes // GIB}gb"
    return _words(" ".join((gpu.name, *gpu.aliases, gpu.brand, gpu.architecture, gpu.memory_type, size)))


def _words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def _refuse(name: str) -> NoReturn:
    near = [gpu.name for gpu in candidates(name)]
    if near:
        more = f" or {len(near) - MAX_CANDIDATES} more" if len(near) > MAX_CANDIDATES else ""
        raise InputError("GPU", expected="one of " + ", ".join(near[:MAX_CANDIDATES]) + more, got=name)
    names = [gpu.name for gpu in catalogue()]
    full = [f"{gpu.brand} {gpu.name}" for gpu in catalogue()]
    raise UnknownError("GPU", name, names if near_names(name, names) else full)
