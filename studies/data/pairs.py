"""Pairs of sequences, a source and what it is to become: lines of a file with a tab in each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from advisor.errors import InputError
from advisor.spec import Encoder, Model, Plan, Seq2Seq
from studies.data import text, tokenizer
from studies.data.tokens import Tokens, check_vocabulary, smallest

PAD, BEGIN, END = 0, 1, 2  # fills up; stands before a target; stands after it
SPECIAL = 3  # the tokens of source and target come after these
TRAIN_SHARE = 0.9

Pair = tuple[Tokens, Tokens]


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Sources and targets, without PAD, BEGIN and END; each token is at least SPECIAL."""

    name: str
    train: Sequence[Pair]
    validation: Sequence[Pair]
    vocabulary: int  # every token is below it
    tokenizer: str
    sha256: str

    @cached_property
    def longest(self) -> tuple[int, int]:
        """Tokens of the longest source, and of the longest target."""
        pairs = [*self.train, *self.validation]
        return max(len(source) for source, _ in pairs), max(len(target) for _, target in pairs)

    @property
    def facts(self) -> dict[str, str]:
        """What provenance keeps."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "pairs": f"{len(self.train) + len(self.validation)}",
            "training tokens": f"{sum(len(target) for _, target in self.train)}",
            "vocabulary": f"{self.vocabulary}",
            "tokenizer": self.tokenizer,
        }

    def train_tokens(self, plan: Plan) -> int:
        """Tokens of one epoch, padding included, as the plan counts them."""
        return len(self.train) * int(plan.target)

    def needs(self, family: str) -> int:
        """Rows that the token table of a model must have."""
        return self.vocabulary

    def check(self, model: Model, plan: Plan) -> None:
        """Raises InputError unless the model can be trained on these pairs, none of them cut short.

        A decoder reads a source, BEGIN and the target as one sequence.
        """
        if isinstance(model, Encoder):
            raise InputError("model.family", expected=f"seq2seq, decoder or bdh for pairs ({self.name})", got="encoder")
        if plan.loss == "chunked":
            raise InputError("plan.loss", expected="full: in chunks it is a mean of all tokens", got="chunked")
        check_vocabulary(self.name, model, self.vocabulary)
        source, target = self.longest
        if isinstance(model, Seq2Seq):
            _check_length("plan.sequence", source, int(plan.sequence), "source")
            _check_length("plan.target_sequence", target + 1, int(plan.target), "target and its end")
        else:
            _check_length("plan.sequence", source + 1 + target, int(plan.sequence), "pair")


def _check_length(path: str, need: int, got: int, what: str) -> None:
    if got < need:
        raise InputError(path, expected=f"at least {need}, the longest {what}", got=got, nearest=f"{need}")


def from_file(path: Path, tokenizer_name: str) -> Pairs:
    """The pairs of a UTF-8 file, source and target of each line separated by a tab. Raises InputError."""
    content = text.read(str(path))
    lines = content.removesuffix(b"\n").split(b"\n")
    halves = [line.split(b"\t") for line in lines]
    for number, parts in enumerate(halves, 1):
        if len(parts) != 2 or not all(parts):
            raise InputError(f"{path}, line {number}", expected="a source, one tab, a target", got=parts[0].decode())
    spelled = tokenizer.learn(tokenizer_name, content)
    pairs = [(spelled.encode(source), spelled.encode(target)) for source, target in halves]
    return of(pairs, spelled.vocabulary, path.name, spelled.name, hashlib.sha256(content).hexdigest())


def learned(path: Path, tokenizer_name: str) -> tokenizer.Tokenizer:
    """The tokenizer of a file of pairs. Raises InputError."""
    return tokenizer.learn(tokenizer_name, text.read(str(path)))


def of(pairs: Sequence[Pair], vocabulary: int, name: str, tokenizer: str, sha256: str) -> Pairs:
    """Pairs of tokens below `vocabulary`, which make room for the special ones; the last tenth is for validation."""
    dtype = smallest(vocabulary + SPECIAL)
    moved = [(source.astype(dtype) + SPECIAL, target.astype(dtype) + SPECIAL) for source, target in pairs]
    cut = int(len(moved) * TRAIN_SHARE)
    if not cut:
        raise InputError(f"data {name}", expected="at least 2 pairs", got=len(moved))
    return Pairs(
        name=name,
        train=moved[:cut],
        validation=moved[cut:],
        vocabulary=vocabulary + SPECIAL,
        tokenizer=tokenizer,
        sha256=sha256,
    )
