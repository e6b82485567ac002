"""The dimensions that models of all families share: read off a spec, and changed with the rest in proportion."""

from __future__ import annotations

import dataclasses
from typing import Any

from advisor.spec import BDH, Decoder, Encoder, Model, Seq2Seq
from advisor.spec.model import with_depth
from advisor.spec.paths import replaced

NAMES = ("depth", "d_model", "heads", "hidden")
MULTIPLE = 8  # of a width that is derived


def shape(model: Model) -> dict[str, int]:
    """depth (of each stack), d_model, heads and, but for BDH, hidden: the width of an MLP or of one expert."""
    depth = model.decoder_depth if isinstance(model, Seq2Seq) else model.depth
    if isinstance(model, BDH):
        return {"depth": depth, "d_model": model.d_model, "heads": model.heads}
    return {"depth": depth, "d_model": model.d_model, "heads": model.attention.heads, "hidden": model.mlp.hidden}


def reshaped(model: Model, changes: dict[str, int]) -> Model:
    """The model with these dimensions; those not named keep the size of a head, the groups of heads, hidden / d_model.

    Raises InputError, with the field's path, for what cannot be built.
    """
    deep = with_depth(model, changes["depth"]) if "depth" in changes else model
    wanted = {name: value for name, value in changes.items() if name != "depth"}
    if not wanted:
        return deep
    return (
        dataclasses.replace(deep, **wanted) if isinstance(deep, BDH) else replaced(deep, _in_proportion(deep, wanted))
    )


def _in_proportion(model: Decoder | Encoder | Seq2Seq, wanted: dict[str, int]) -> dict[str, Any]:
    width = wanted.get("d_model", model.d_model)
    own = model.attention.head_size is not None  # heads then do not follow the width
    following: int = model.attention.heads if own else max(1, width // model.head_size)
    heads = wanted.get("heads", following)
    scaled = -(-model.mlp.hidden * width // model.d_model // MULTIPLE) * MULTIPLE
    hidden = wanted.get("hidden", model.mlp.hidden if width == model.d_model else scaled)
    found: dict[str, Any] = {"d_model": width, "attention.heads": heads, "mlp.hidden": hidden}
    if isinstance(model, Seq2Seq) or heads == model.attention.heads:
        return found
    if (kv_heads := model.attention.kv_heads) is not None:
        most = max(1, heads * kv_heads // model.attention.heads)
        found["attention.kv_heads"] = next(n for n in range(most, 0, -1) if heads % n == 0)
    return found | {"attention.alibi_heads": min(heads, model.attention.alibi_heads)}
