"""Numbers and names as a person reads them. Everything that cannot be shown is one dash."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from advisor import units
from reports.numbers import finite

MISSING = "\u2013"  # an en dash
SHORT = 160  # characters of a message that a table cell shows
EQUAL = 5e-4  # losses that differ by less are shown alike [nats/token]
LONG = 400  # of a sentence or two

Show = Callable[[Any], str]


def _numeric(show: Callable[[float], str]) -> Show:
    return lambda value: show(value) if finite(value) else (MISSING if value is None else text(value))


def _column_rate(value: float) -> str:
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def _rate(value: float) -> str:
    return f"{value:.3g}".replace("e-0", "e-")


def text(value: Any, most: int = SHORT) -> str:
    """Text of any origin, cut to `most` characters; nothing and NaN are a dash.

    Control characters, and halves of characters that came out of a broken decode, become U+FFFD.
    """
    if value is None or value == "" or value != value:
        return MISSING
    shown = "".join(c if c.isprintable() else " " if c in "\n\t" else "\ufffd" for c in str(value))
    return shown if len(shown) <= most else shown[: most - 1] + "…"


whole = _numeric(lambda v: f"{v:,.0f}")
loss = _numeric(lambda v: f"{v:.3f}")  # [nats/token]
column_rate = _numeric(_column_rate)  # a learning rate in a column: 4.20e-3
rate = _numeric(_rate)  # a learning rate in a sentence: 0.0042
decimal = _numeric(lambda v: f"{v:.4g}")
fraction = _numeric(lambda v: f"{v:.3f}")  # dropout, weight decay: aligned in a column
percent = _numeric(lambda v: f"{100 * v:.0f} %")  # of a share in 0..1
fine_percent = _numeric(lambda v: f"{100 * v:.2g} %" if v < 0.01 else f"{100 * v:.0f} %")  # of a small difference
size = _numeric(units.format_bytes)
count = _numeric(units.format_count)
flops = _numeric(units.format_flops)
seconds = _numeric(units.format_seconds)
milliseconds = _numeric(lambda v: f"{1e3 * v:.3g} ms")  # of a latency [s]
hours = _numeric(lambda v: f"{v:.3g} h")
signed = _numeric(lambda v: f"{v:+.1f}")
slope = _numeric(lambda v: f"{v:.2f}")
signed_loss = _numeric(lambda v: f"{v:+.3f}")  # a difference of losses [nats/token]


def sentence(value: Any) -> str:
    """Text of any origin, cut to a sentence or two."""
    return text(value, LONG)


def gap(difference: float, lower: str, higher: str, same: str) -> str:
    """How far apart two losses are [nats/token]: '0.120 below', '0.120 above', 'the same as' in the words given."""
    if abs(difference) < EQUAL:
        return same
    return f"{loss(abs(difference))} {lower if difference > 0 else higher}"


def compact(value: float, prefixes: Sequence[str]) -> str:
    """A round number with the prefix for its power of a thousand: 2e8 is '200M' with the prefixes '', 'k', 'M'."""
    power = min(max(math.floor(math.log10(value) / 3 + 1e-9), 0), len(prefixes) - 1)
    return f"{value / 1000**power:g}{prefixes[power]}"


def compact_rate(value: float) -> str:
    """A round learning rate on an axis: '5e-3'."""
    return f"{value:g}" if value >= 0.01 else f"{value:.0e}".replace("e-0", "e-")


def compact_count(value: float) -> str:
    """A round count on an axis: '200M'."""
    return compact(value, ("", "k", "M", "B", "T"))


def compact_bytes(value: float) -> str:
    """A round number of bytes on an axis: '20 MiB'."""
    return units.format_bytes(value).replace(".00 ", " ")


def compact_flops(value: float) -> str:
    """Round FLOPs on an axis, whose title has the unit: '20T'."""
    return compact(value, ("", "k", "M", "G", "T", "P", "E"))


def listed(items: Sequence[str]) -> str:
    """'a, b and c'."""
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1]))) if items else MISSING


def many(n: int, noun: str) -> str:
    """'1 trial', '3 trials'."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def shape(point: Mapping[str, float]) -> str:
    """'depth 4, width 128, heads 4' of a resolved point; what is absent is left out."""
    names = {"depth": "depth", "d_model": "width", "heads": "heads"}
    return ", ".join(f"{name} {point[key]:g}" for key, name in names.items() if finite(point.get(key)))
