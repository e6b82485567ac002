"""Units and how people write them: the only file that knows 1024 and 1e9.

GiB = 2**30 bytes and GB = 1e9 bytes are never mixed. FLOPs count 2 per multiply-add.
"""

import math
import re

from advisor.errors import InputError

KIB, MIB, GIB = 2**10, 2**20, 2**30
GB = 10**9
TERA = 10**12

BYTE_UNITS = {
    "b": 1, "kib": KIB, "mib": MIB, "gib": GIB, "tib": 2**40,
    "kb": 10**3, "mb": 10**6, "gb": GB, "tb": 10**12,
}  # fmt: skip
SECOND_UNITS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
COUNT_UNITS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "t": 10**12}

_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?)\s*([a-z]*)\s*", re.IGNORECASE)
_PART = re.compile(r"(\d+\.?\d*|\.\d+)\s*([a-z]+)", re.IGNORECASE)


def _parse(text: str, units: dict[str, int], what: str, example: str) -> float:
    match = _NUMBER.fullmatch(text)
    if not match or match[2].lower() not in units:
        raise InputError(what, expected=f"a number and a unit, such as {example}", got=text)
    value = float(match[1]) * units[match[2].lower()]
    if not (math.isfinite(value) and 0 < value < 2**62):
        raise InputError(what, expected=f"a positive amount such as {example}, below 2**62", got=text)
    return value


def parse_bytes(text: str, what: str = "memory") -> int:
    """'14GiB' -> 15032385536 [bytes]. Raises InputError on anything else.

    >>> parse_bytes("14GiB"), parse_bytes("24 GB")
    (15032385536, 24000000000)
    """
    return int(_parse(text, BYTE_UNITS, what, "14GiB or 24GB"))


def parse_seconds(text: str, what: str = "budget") -> float:
    """'3m' -> 180.0 [s]; also '90s', '1h', '1h30m'. Raises InputError on anything else.

    >>> parse_seconds("3m"), parse_seconds("1h30m")
    (180.0, 5400.0)
    """
    parts = _PART.findall(text)
    if len(parts) > 1 and "".join(a + b for a, b in parts) == text.replace(" ", ""):
        return sum(_parse(a + b, SECOND_UNITS, what, "3m, 90s or 1h30m") for a, b in parts)
    return _parse(text, SECOND_UNITS, what, "3m, 90s or 1h30m")


def parse_count(text: str, what: str = "count") -> int:
    """'2B' -> 2000000000. Raises InputError on anything else.

    >>> parse_count("2B"), parse_count("1.5M"), parse_count("300")
    (2000000000, 1500000, 300)
    """
    return int(_parse(text, COUNT_UNITS, what, "300, 1.5M or 2B"))


def format_bytes(n: float) -> str:
    """Bytes for a person, in binary units.

    >>> format_bytes(9448175104), format_bytes(512)
    ('8.80 GiB', '512 B')
    """
    for unit, size in (("TiB", 2**40), ("GiB", GIB), ("MiB", MIB), ("KiB", KIB)):
        if abs(n) >= size:
            return f"{n / size:.2f} {unit}"
    return f"{n:.0f} B"


def format_count(n: float) -> str:
    """A count for a person.

    >>> format_count(124439808), format_count(950), format_count(2e9)
    ('124.4M', '950', '2.0B')
    """
    for unit, size in (("T", 1e12), ("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(n) >= size:
            return f"{n / size:.1f}{unit}"
    return f"{n:.0f}"


def format_flops(n: float) -> str:
    """FLOPs for a person.

    >>> format_flops(7155952386048)
    '7.16 TFLOP'
    """
    for unit, size in (("E", 1e18), ("P", 1e15), ("T", 1e12), ("G", 1e9), ("M", 1e6)):
        if abs(n) >= size:
            return f"{n / size:.2f} {unit}FLOP"
    return f"{n:.0f} FLOP"


def format_seconds(s: float) -> str:
    """A duration for a person.

    >>> format_seconds(0.0421), format_seconds(75), format_seconds(5400)
    ('42.1 ms', '1m15s', '1h30m')
    """
    if s < 1:
        return f"{s * 1000:.1f} ms"
    if s < 60:
        return f"{s:.1f} s"
    if s < 3600:
        return f"{int(s // 60)}m{round(s % 60):02d}s"
    if s < 86400:
        return f"{int(s // 3600)}h{int(s % 3600 // 60):02d}m"
    return f"{s / 86400:.1f} days"
