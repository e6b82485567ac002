"""What was proposed for a GPU, without a study: one page."""

from dataclasses import dataclass, field
from typing import Any

from advisor.files import slug
from reports import words
from reports.exports import guarded_blocks
from reports.frames import frames_of
from reports.island import PROPOSALS
from reports.numbers import plain
from reports.page import target_cards
from reports.proposed import Proposed, chosen, proposed
from reports.sheet import sheet


@dataclass(frozen=True, kw_only=True)
class Proposals:
    """`target` is what advisor.propose.target makes of an answer; `command` and `versions` are provenance."""

    target: dict[str, Any]
    command: str = ""
    versions: dict[str, str] = field(default_factory=dict)


def sizing(asked: Proposals) -> str:
    """The whole page. The same proposals give the same text."""
    target = plain(asked.target)
    found = frames_of(target)
    cards = target_cards(found, target)
    listed = proposed(target)
    return sheet(
        "proposals.html",
        data={"schema": PROPOSALS, "target": target, "command": asked.command, "versions": asked.versions},
        cards=cards,
        filename=slug(f"{found.target.gpu} proposals"),
        gpu=found.target.gpu,
        headline=headline(listed),
        details=[detail(row) for row in listed[:1]],
        rule=found.target.rule,
        target_cards=cards,
        exports=guarded_blocks(lambda: chosen(target).stored),
        facts=[(words.text(k), words.text(v)) for k, v in {"Command": asked.command, **asked.versions}.items()],
    )


def headline(listed: list[Proposed]) -> str:
    """One sentence: what to train."""
    if not listed:
        return "Nothing was proposed."
    first = listed[0]
    return f"On the {first.gpu}, train {first.name}: {words.count(first.parameters)} parameters."


def detail(row: Proposed) -> str:
    """What it takes and what it is predicted to reach."""
    hours = f", {words.hours(row.hours)} of training" if row.hours is not None else ""
    low, high = words.loss(row.loss_low), words.loss(row.loss_high)
    span = f" ({low} to {high})" if row.loss_low is not None else ""
    return (
        f"It takes {words.size(row.memory_bytes)} at the peak of a step, {words.percent(row.share)} of the GPU's"
        f" memory{hours}, and is predicted to reach a loss of {words.loss(row.predicted_loss)} nats/token{span}."
        " Sized, not trained."
    )
