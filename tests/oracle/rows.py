"""The recorded steps as specs and plans."""

import csv
from dataclasses import dataclass
from pathlib import Path

from advisor.spec import Decoder, Plan

PRECISION = {"bf16": "bf16", "fp32": "fp32", "pure_bf16": "pure-bf16"}


@dataclass(frozen=True)
class Row:
    """One recorded step."""

    id: str
    model: Decoder
    plan: Plan
    truth: dict[str, str]

    def number(self, name: str) -> int:
        return int(self.truth[name])


def recorded_steps() -> list[Row]:
    """All rows of decoder-steps.csv."""
    with Path(__file__).with_name("decoder-steps.csv").open(newline="") as file:
        return [_row(values) for values in csv.DictReader(file)]


def _row(r: dict[str, str]) -> Row:
    model = Decoder.gpt(
        vocab=int(r["V"]), context=int(r["T"]), d_model=int(r["C"]), depth=int(r["L"]), heads=int(r["H"]),
        hidden=int(r["C"]) * int(r["ff"]), dropout=float(r["drop"]), bias=r["bias"] == "True", tied=r["tied"] == "True",
    )  # fmt: skip
    plan = Plan(
        batch=int(r["B"]),
        sequence=int(r["T"]),
        precision=PRECISION[r["amp"]],  # type: ignore[arg-type]
        optimizer_implementation=r["opt"],  # type: ignore[arg-type]
        checkpointing="block" if r["ckpt"] == "True" else "none",
        keep_logits=r["keep_logits"] == "True",
    )
    return Row(r["id"], model, plan, r)
