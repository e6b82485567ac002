"""Several studies beside each other: one page."""

from collections.abc import Sequence
from typing import Any

from reports import words
from reports.card import Card, figure_card, guarded
from reports.figures import race
from reports.island import COMPARISON, study
from reports.reading import rounded
from reports.sheet import sheet
from reports.table import Column, Table
from studies.answer import Answer
from studies.records import StudyRecord

COLUMNS = (
    Column(name="study", numeric=False),
    Column(name="loss", hint="nats/token", show=words.loss),
    Column(name="±", hint="of its re-runs", show=words.loss),
    Column(name="default", hint="nats/token", show=words.loss),
    Column(name="learning rate", show=words.column_rate),
    Column(name="dropout", show=words.fraction),
    Column(name="depth", show=words.whole),
    Column(name="width", show=words.whole),
    Column(name="parameters", show=words.count),
    Column(name="memory", hint="predicted peak", show=words.size),
    Column(name="tokens", hint="per trial", show=words.count),
    Column(name="trials", show=words.whole),
    Column(name="time", show=words.seconds),
    Column(name="device", numeric=False),
    Column(name="data", numeric=False),
)


def comparison(records: Sequence[StudyRecord]) -> str:
    """The whole page. The same records in the same order give the same text."""
    records = [rounded(record) for record in records]
    answers = sorted(map(Answer.of, records), key=_loss)
    cards = [figure_card("race", "Best so far", lambda: race.info(answers))]
    return sheet(
        "comparison.html",
        data={"schema": COMPARISON, "studies": [study(record) for record in records]},
        cards=cards,
        filename="comparison",
        names=[record.name for record in records],
        headline=headline(answers),
        caveats=caveats(answers),
        table=guarded("studies", "Studies", lambda: studies(answers)),
        evidence=cards,
    )


def headline(answers: Sequence[Answer]) -> str:
    """Which study has the lowest loss, and by how much; `answers` in order of their losses."""
    best, *others = answers
    if best.loss is None:
        return "None of these studies has a tuned config."
    first = (
        f"{words.text(best.record.name)} reaches the lowest validation loss, {words.loss(best.loss.mean)} nats/token"
    )
    second = next((other for other in others if other.loss is not None), None)
    if second is None or second.loss is None:
        return f"{first}; no other has a tuned config."
    gap = second.loss.mean - best.loss.mean
    other = f"{words.gap(gap, 'below', 'above', 'as low as')} {words.text(second.record.name)}"
    return f"{first}, {other}{_luck(best, second, gap)}."


def _luck(best: Answer, second: Answer, gap: float) -> str:
    """That two intervals overlap, where both are known."""
    halves = [a.loss.half for a in (best, second) if a.loss is not None]
    known = [half for half in halves if half is not None]
    if len(known) < 2:
        return ", without an interval"
    return ", which their seeds alone may explain" if gap < sum(known) else ""


def caveats(answers: Sequence[Answer]) -> list[str]:
    """In what the studies differ beside their answer, so that their losses are not those of one question."""
    facts = {
        "data": {_data(a.record) for a in answers},
        "tokens per trial": {words.count(_tokens(a)) for a in answers},
        "device": {_device(a.record) for a in answers},
    }
    unlike = {"data": " Losses cannot be compared."}
    return [
        f"They differ in {fact}: {words.listed(sorted(values))}.{unlike.get(fact, '')}"
        for fact, values in facts.items()
        if len(values) > 1
    ]


def studies(answers: Sequence[Answer]) -> Card:
    """All of them, the lowest loss first."""
    return Card(
        anchor="studies",
        title=f"{len(answers)} studies, the lowest loss first",
        caption="The loss is that of the winner's re-runs where there are any. Press a heading to sort.",
        table=Table.of(COLUMNS, (_row(a) for a in answers)),
    )


def _row(a: Answer) -> tuple[Any, ...]:
    record, tuned = a.record, a.tuned
    point = tuned.point if tuned else {}
    return (
        record.name,
        a.loss.mean if a.loss else None,
        a.loss.half if a.loss else None,
        a.default.value if a.default else None,
        *(point.get(name) for name in ("learning_rate", "dropout", "depth", "d_model")),
        tuned.parameters if tuned else None,
        tuned.memory_bytes if tuned else None,
        _tokens(a),
        len(record.trials),
        record.spent_seconds,
        _device(record),
        _data(record),
    )


def _tokens(a: Answer) -> int:
    """That the winner has trained on."""
    return a.tuned.tokens if a.tuned else a.record.tokens_per_trial


def _loss(a: Answer) -> tuple[bool, float, str]:
    return a.loss is None, a.loss.mean if a.loss else 0.0, a.record.name


def _data(record: StudyRecord) -> str:
    data = record.provenance.data
    digest = data.get("sha256", "")[:8]
    return words.text(" ".join(filter(None, (data.get("name"), digest, data.get("tokenizer")))))


def _device(record: StudyRecord) -> str:
    return words.text(record.provenance.device.get("name"))
