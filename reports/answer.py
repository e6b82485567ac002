"""The answer in words: what to set, what it gains, and how far that can be trusted."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reports import words
from studies.answer import Answer


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One number that a reader came for."""

    label: str
    value: str
    note: str = ""


class WordedAnswer(Answer):
    """The answer, and what a report says about it."""

    @property
    def headline(self) -> str:
        """One sentence: the tuned hyperparameters."""
        if self.tuned is None:
            return "No trial of the search ran to its end, so there is no tuned config."
        point = self.tuned.point
        return (
            f"Train with a learning rate of {words.rate(point.get('learning_rate'))},"
            f" dropout {words.rate(point.get('dropout'))}, depth {words.whole(point.get('depth'))}"
            f" and width {words.whole(point.get('d_model'))}{_on_schedule(point)}."
        )

    @property
    def comparison(self) -> str:
        """One or two sentences: against the untuned default."""
        if self.tuned is None or self.loss is None:
            return self._what_happened()
        reached = f"This reaches a validation loss of {words.loss(self.loss.mean)} nats/token"
        gain = self.ahead_of(self.default)
        if gain is None or self.default is None or self.default.value is None:
            return f"{reached}. The untuned default did not run to its end, so there is nothing to compare with."
        tokens = self._tokens(self.tuned.tokens, self.default.tokens)
        share = words.fine_percent(abs(gain.mean) / self.default.value)
        same = abs(gain.mean) < words.EQUAL
        how = "the same as" if same else f"{share} below" if gain.mean > 0 else f"{share} above"
        lost = " The search did not beat the default." if gain.mean <= 0 else ""
        return f"{reached}, {how} the untuned default's {words.loss(self.default.value)}{tokens}.{lost}"

    @property
    def rerun(self) -> str:
        """Where the quoted loss comes from: re-runs, or the winner itself."""
        if self.tuned is None:
            return ""
        if not self.reruns:
            return f"No re-run of the winner finished, so this includes the luck of being picked.{self._luck()}"
        own = f"the winning trial {self.tuned.number} itself had {words.loss(self.tuned.value)}"
        if len(self.reruns) == 1:
            return f"That is a re-run with another seed; {own}, which includes the luck of being picked.{self._luck()}"
        runs = f"That is the mean of {len(self.reruns)} re-runs with other seeds"
        return f"{runs}; {own}, which includes the luck of being picked.{self._luck()}"

    def _luck(self) -> str:
        """What was lower once, and not again."""
        return "".join(
            f" Trial {trial.number} had {words.loss(trial.value)} once, but"
            f" {words.listed([words.loss(loss) if math.isfinite(loss) else 'diverged' for loss in again])}"
            f" with {'another seed' if len(again) == 1 else 'other seeds'}: it was set aside."
            for trial, again in self.set_aside
        )

    @property
    def scale(self) -> str:
        """What was tuned, and what was not."""
        device = self.record.provenance.device.get("name", "an unnamed device")
        size = words.count(self.tuned.parameters if self.tuned else None)
        tokens = words.count(self.tuned.tokens if self.tuned else self.record.tokens_per_trial)
        proxy = f"a small proxy of {size} parameters, {tokens} tokens per trial"
        return f"Tuned on {proxy}, on {words.text(device)}.{self._not_the_target()}"

    @property
    def tiles(self) -> tuple[Tile, ...]:
        """The numbers of the answer; none without a tuned config."""
        if self.tuned is None or self.loss is None:
            return ()
        point = self.tuned.point
        against = f"default {words.loss(self.default.value)}" if self.default is not None else "nats/token"
        return (
            Tile(label="Learning rate", value=words.rate(point.get("learning_rate"))),
            Tile(label="Dropout", value=words.rate(point.get("dropout"))),
            Tile(label="Depth", value=words.whole(point.get("depth")), note="layers"),
            Tile(label="Width", value=words.whole(point.get("d_model")), note="d_model"),
            Tile(label="Validation loss", value=words.loss(self.loss.mean), note=against),
        )

    def _tokens(self, mine: int, theirs: int) -> str:
        if mine == theirs:
            return f", each after the same {words.count(mine)} tokens"
        return f", {self.duration}: on {words.count(mine)} tokens, the default on {words.count(theirs)}"

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


def _on_schedule(point: Mapping[str, Any]) -> str:
    """Where it varied."""
    return f", on the {point['schedule']} schedule" if "schedule" in point else ""
