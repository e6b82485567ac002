"""What a reader asks next: what the tuned config is worth, what it needs, how sure that is, what to try."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from advisor.ledger import estimate
from reports import words
from reports.advice import Finding
from reports.answer import WordedAnswer
from reports.card import MissingError
from reports.proposed import Proposed, proposed
from reports.tradeoffs import tradeoffs
from reports.winner import winner
from studies.records import StudyRecord, TrialRecord
from studies.seeds import LEVEL, Interval

STEPS = 3  # that are advised at the top; the diagnosis has all


@dataclass(frozen=True, kw_only=True)
class Part:
    """A question of the reader's, and sentences that answer it; more than one are a list."""

    question: str
    says: tuple[str, ...]


def verdict(answer: WordedAnswer, findings: Sequence[Finding]) -> tuple[Part, ...]:
    """The parts of the answer; none without a tuned config."""
    if answer.tuned is None:
        return ()
    cheaper = tradeoffs(answer.record, answer.tuned)
    return (
        Part(question="What it is worth", says=tuple(_worth(answer))),
        Part(question="What it needs", says=tuple(_needs(answer.record, answer.tuned))),
        *((Part(question="What cheaper models give up", says=cheaper),) if cheaper else ()),
        Part(question="How sure this is", says=tuple(_sure(answer, findings))),
        Part(question="What to try next", says=tuple(_next(findings))),
    )


def _worth(answer: WordedAnswer) -> Iterable[str]:
    default, second = answer.ahead_of(answer.default), answer.ahead_of(answer.runner_up)
    if default is not None:
        yield f"Against the untuned default: {_lead(default)}."
    if second is not None and answer.runner_up is not None:
        other = answer.runner_up
        yield f"Against the runner-up, trial {other.number} ({_difference(answer.tuned, other)}): {_lead(second)}."
    if second is None:
        yield "No other trial of the search ran to its end, so there is no runner-up."


def _lead(found: Interval) -> str:
    """'0.424 nats/token lower (0.380 to 0.468)'."""
    way = "lower" if found.mean >= 0 else "higher"
    gap = f"{words.loss(abs(found.mean))} nats/token {way}"
    if found.low is None or found.high is None:
        return f"{gap}, without an interval: it takes two re-runs with other seeds to know one"
    ends = sorted((found.low, found.high)) if found.mean >= 0 else sorted((-found.high, -found.low))
    luck = "" if found.is_clear else ", so the two cannot be told apart"
    return f"{gap} ({words.signed_loss(ends[0])} to {words.signed_loss(ends[1])} with {LEVEL:.0%} confidence{luck})"


def _difference(tuned: TrialRecord | None, other: TrialRecord) -> str:
    """In what the other's hyperparameters differ: 'learning rate 2e-03, width 96'."""
    names: dict[str, tuple[str, words.Show]] = {
        "learning_rate": ("learning rate", words.rate), "dropout": ("dropout", words.rate),
        "depth": ("depth", words.whole), "d_model": ("width", words.whole), "schedule": ("schedule", words.text),
    }  # fmt: skip
    mine = tuned.point if tuned else {}
    shown = [
        f"{name} {show(other.point[key])}"
        for key, (name, show) in names.items()
        if key in other.point and other.point[key] != mine.get(key)
    ]
    return ", ".join(shown) or "the same in these"


def _needs(record: StudyRecord, tuned: TrialRecord) -> Iterable[str]:
    device = words.text(record.provenance.device.get("name"))
    measured = f", {words.size(tuned.measured_memory_bytes)} measured" if tuned.measured_memory_bytes else ""
    yield (
        f"The tuned model: {words.count(tuned.parameters)} parameters, {words.size(tuned.memory_bytes)} of memory at"
        f" the peak of a step{measured}, {words.flops(tuned.flops)} and {words.seconds(tuned.seconds)} for a whole"
        f" training on {device}{_on_target(record)}."
    )
    yield from (_proposed(row) for row in proposed(record.target)[:1])


def _on_target(record: StudyRecord) -> str:
    """What the tuned model would take of the GPU that was asked about."""
    try:
        found = winner(record)
    except MissingError:
        return ""
    if found.gpu is None:
        return ""
    memory = estimate(found.config.model, found.config.plan, found.gpu).memory
    return f"; on the {found.gpu.name} {words.size(memory.device.bytes)} of its {words.size(found.gpu.memory_bytes)}"


def _proposed(row: Proposed) -> str:
    hours = f", {words.hours(row.hours)} of training" if row.hours is not None else ""
    return (
        f"For the {row.gpu}, sized and not trained: {row.name} with {words.count(row.parameters)} parameters,"
        f" {words.size(row.memory_bytes)} at the peak, {words.percent(row.share)} of its memory{hours},"
        f" predicted loss {words.loss(row.predicted_loss)}{_span(row)}."
    )


def _span(row: Proposed) -> str:
    if row.loss_low is None or row.loss_high is None:
        return ""
    return f" ({words.loss(row.loss_low)} to {words.loss(row.loss_high)})"


def _sure(answer: WordedAnswer, findings: Sequence[Finding]) -> Iterable[str]:
    found = answer.loss
    if found is not None and found.half is not None and answer.tuned is not None:
        runs = words.listed([words.loss(loss) for loss in answer.losses])
        yield (
            f"{found.runs} runs of this config with other seeds reached {runs}: {words.loss(found.mean)} ±"
            f" {words.loss(found.half)} with {LEVEL:.0%} confidence."
        )
    else:
        whose = "one re-run" if answer.reruns else "the winning run alone"
        yield f"The loss is that of {whose}: luck is not ruled out."
    second = answer.ahead_of(answer.runner_up)
    if second is not None and not second.is_clear:
        yield "The runner-up may be as good: take whichever is cheaper."
    acting = [f.name.lower() for f in findings if f.acts]
    if acting:
        yield f"The curves raise {words.many(len(acting), 'doubt')}: {words.listed(acting)}."
    yield answer.scale


def _next(findings: Sequence[Finding]) -> Iterable[str]:
    advice = [f"{f.advice} ({f.name.lower()}: {_cited(f.trials)})" for f in findings if f.acts]
    yield from advice[:STEPS]
    if not advice:
        yield "Nothing in the curves asks for a change: spend what is left on a longer training of this config."


def _cited(trials: Sequence[int]) -> str:
    if not trials:
        return "all trials"
    shown = words.listed([str(n) for n in trials[:5]])
    more = f" and {len(trials) - 5} more" if len(trials) > 5 else ""
    return f"trial{'s' if len(trials) > 1 else ''} {shown}{more}"
