"""An answer as a person sees it: a card for each proposal, and the front that they were picked from."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.gpus import GPU
from advisor.http.pages.links import size_link
from advisor.http.pages.pareto import Front, front
from advisor.ledger.words import tool
from advisor.propose import Answer, Proposal
from advisor.propose.words import beginning, headline, loss, notes, plan, ranking, shape, summary
from advisor.units import format_bytes, format_count, format_seconds


@dataclass(frozen=True, kw_only=True)
class Card:
    """One proposal."""

    rank: int
    name: str
    reason: str
    facts: tuple[tuple[str, str], ...]
    loss: str
    interval: str
    limit: str
    ahead: str
    link: str  # to the Size page


@dataclass(frozen=True, kw_only=True)
class ProposeView:
    """All that the template shows."""

    headline: str
    cards: tuple[Card, ...]
    front: Front
    rule: str
    notes: tuple[str, ...]


def view(answer: Answer) -> ProposeView:
    """The view of an answer."""
    return ProposeView(
        headline=headline(answer),
        cards=tuple(_card(rank, p, answer.question.gpu) for rank, p in enumerate(answer.proposals, 1)),
        front=front(answer),
        rule=ranking(answer),
        notes=tuple(notes(answer)),
    )


def _card(rank: int, p: Proposal, gpu: GPU) -> Card:
    tokens = f"{format_count(p.tokens)} tokens" + (f" ({p.epochs:.1f} epochs)" if p.epochs > 1 else "")
    time = f" in {format_seconds(p.hours * 3600)}" if p.hours else ""
    device = p.estimate.memory.device
    facts = (
        ("Shape", f"{p.estimate.parameters.total:,} parameters, {shape(p.model)}"),
        ("Plan", f"{plan(p.plan)}, {tokens}{time}"),
        ("Memory", f"{format_bytes(p.estimate.memory.allocated.bytes)} allocated at the peak, "
                   f"{format_bytes(device.low)} to {format_bytes(device.high)} in {tool(gpu)}"),
        ("Start", beginning(p.recipe).removeprefix("start at ")),
    )  # fmt: skip
    return Card(
        rank=rank,
        name=p.name,
        reason=p.reason,
        facts=facts,
        loss=loss(p),
        interval=f"{p.loss_low:.3f} to {p.loss_high:.3f}",
        limit=summary(p)[3],
        ahead=f"ahead of {p.runner_up.name}: {p.runner_up.why}" if p.runner_up else "",
        link=size_link(p.model, p.plan, gpu.name),
    )
