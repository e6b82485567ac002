"""The answer in words: what to set, what it gains, and how far that can be trusted."""

from collections import Counter
from dataclasses import dataclass

from reports import words
from studies.records import StudyRecord, TrialRecord


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One number that a reader came for."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`tuned` won the search; `measured` is the run whose loss is quoted: its re-run where there is one."""

    record: StudyRecord
    tuned: TrialRecord | None
    measured: TrialRecord | None
    default: TrialRecord | None

    @property
    def headline(self) -> str:
        """One sentence: the tuned hyperparameters."""
        if self.tuned is None:
            return "No trial of the search ran to its end, so there is no tuned config."
        point = self.tuned.point
        return (
            f"Train with a learning rate of {words.rate(point.get('learning_rate'))},"
            f" dropout {words.decimal(point.get('dropout'))}, depth {words.whole(point.get('depth'))}"
            f" and width {words.whole(point.get('d_model'))}."
        )

    @property
    def gain(self) -> float | None:
        """How much lower the loss is than the untuned default's [nats/token]; None where either is missing."""
        if self.measured is None or self.default is None:
            return None
        if self.measured.value is None or self.default.value is None:
            return None
        return self.default.value - self.measured.value

    @property
    def comparison(self) -> str:
        """One or two sentences: against the untuned default, under the same token budget."""
        if self.measured is None:
            return self._what_happened()
        reached = f"This reaches a validation loss of {words.loss(self.measured.value)} nats/token"
        if self.gain is None or self.default is None or self.default.value is None:
            return f"{reached}. The untuned default did not run to its end, so there is nothing to compare with."
        tokens = _same_tokens(self.measured.tokens, self.default.tokens)
        share = words.percent(abs(self.gain) / self.default.value)
        how = f"{share} below" if self.gain > 0 else f"{share} above" if self.gain < 0 else "the same as"
        lost = " The search did not beat the default." if self.gain <= 0 else ""
        return f"{reached}, {how} the untuned default's {words.loss(self.default.value)}{tokens}.{lost}"

    @property
    def rerun(self) -> str:
        """Where the quoted loss comes from: a re-run, or the winner itself."""
        if self.tuned is None or self.measured is None:
            return ""
        if self.measured.number == self.tuned.number:
            return "No re-run of the winner finished, so this includes the luck of being picked."
        seed = "another seed" if self.measured.seed != self.tuned.seed else "the same seed"
        return (
            f"That is a re-run with {seed}; the winning trial {self.tuned.number} itself had"
            f" {words.loss(self.tuned.value)}, which includes the luck of being picked."
        )

    @property
    def scale(self) -> str:
        """What was tuned, and what was not."""
        device = self.record.provenance.device.get("name", "an unnamed device")
        size = words.count(self.tuned.parameters if self.tuned else None)
        tokens = words.count(self.record.tokens_per_trial)
        proxy = f"a small proxy of {size} parameters, {tokens} tokens per trial"
        return f"Tuned on {proxy}, on {words.text(device)}.{self._not_the_target()}"

    @property
    def tiles(self) -> tuple[Tile, ...]:
        """The numbers of the answer; none without a tuned config."""
        if self.tuned is None or self.measured is None:
            return ()
        point = self.tuned.point
        against = "nats/token"
        if self.default is not None:
            against = f"default {words.loss(self.default.value)}"
        return (
            Tile(label="Learning rate", value=words.rate(point.get("learning_rate"))),
            Tile(label="Dropout", value=words.decimal(point.get("dropout"))),
            Tile(label="Depth", value=words.whole(point.get("depth")), note="layers"),
            Tile(label="Width", value=words.whole(point.get("d_model")), note="d_model"),
            Tile(label="Validation loss", value=words.loss(self.measured.value), note=against),
        )

    def _not_the_target(self) -> str:
        gpu = self.record.target.get("gpu")
        if not isinstance(gpu, dict):
            return " A larger model, or a longer run, needs its learning rate checked again."
        return (
            f" This is not a model proposed for the {words.text(gpu.get('name'))}: those were sized, not trained."
            " A learning rate does not carry over unchanged to a wider model, it usually has to fall;"
            " run the LR sweep again on the model you train."
        )

    def _what_happened(self) -> str:
        trials = self.record.trials
        if not trials:
            return "No trial has run."
        ended = Counter(t.reason or t.state.lower() for t in trials)
        how = words.listed([f"{n} {reason}" for reason, n in sorted(ended.items())])
        return f"Of {words.many(len(trials), 'trial')}: {how}."


def _same_tokens(mine: int, theirs: int) -> str:
    if mine == theirs:
        return f", each after the same {words.count(mine)} tokens"
    return f", but after {words.count(mine)} tokens against {words.count(theirs)}: not a fair comparison"


def answer(record: StudyRecord) -> Answer:
    """Read the answer off a record."""
    return Answer(record=record, tuned=record.best, measured=record.measured, default=record.default)
