"""A stream of tokens: one part to train on, another to validate on, so that neither has seen the other."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from advisor.errors import InputError
from advisor.spec import Encoder, Model, Plan, Seq2Seq
from studies.data import text, token_files, tokenizer
from studies.data.tokens import Tokens, check_vocabulary

TRAIN_SHARE = 0.9
MASK = 1  # tokens beyond the text's own that an encoder needs: the one that masks


@dataclass(frozen=True, kw_only=True, eq=False)
class Corpus:
    """Tokens of one text or token file; they may lie in a file that is mapped into memory."""

    name: str
    train: Tokens
    validation: Tokens
    vocabulary: int  # every token is below it
    tokenizer: str
    sha256: str  # of the file's bytes

    def train_tokens(self, plan: Plan) -> int:
        """Tokens of one epoch."""
        return len(self.train)

    @property
    def facts(self) -> dict[str, str]:
        """What provenance keeps."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "training tokens": f"{len(self.train)}",
            "validation tokens": f"{len(self.validation)}",
            "vocabulary": f"{self.vocabulary}",
            "tokenizer": self.tokenizer,
        }

    def needs(self, family: str) -> int:
        """Rows that the token table of a model must have: an encoder's one more, for the mask."""
        return self.vocabulary + (MASK if family == "encoder" else 0)

    def check(self, model: Model, plan: Plan) -> None:
        """Raises InputError unless the model can be trained on windows of this stream."""
        if isinstance(model, Seq2Seq):
            raise InputError(
                "model.family", expected=f"decoder, bdh or encoder: {self.name} holds no pairs", got="seq2seq"
            )
        if isinstance(model, Encoder) and model.head is None:
            raise InputError("model.head", expected="a head, which fills in masked tokens", got=None)
        check_vocabulary(self.name, model, self.needs("encoder" if isinstance(model, Encoder) else "decoder"))
        self._check_length(int(plan.sequence))

    def _check_length(self, sequence: int) -> None:
        """The validation part must hold one window and the token after it."""
        have = len(self.validation)
        if have <= sequence:
            raise InputError(
                f"data {self.name}",
                expected=f"at least {sequence + 1} tokens in its validation part, one sequence and a target",
                got=have,
                nearest=f"plan.sequence = {have - 1}" if have > 1 else "",
            )


def from_text(source: str, tokenizer_name: str) -> Corpus:
    """The corpus behind `pydoc` or the path of a UTF-8 file. Raises InputError.

    Byte pairs are learned from the part to train on, an alphabet from all of the text.
    """
    content = text.read(source)
    cut, spelled = _cut(content), learned(source, tokenizer_name)
    return Corpus(
        name=source if source == text.PYDOC else Path(source).name,
        train=_encoded(spelled, content[:cut]),
        validation=_encoded(spelled, content[cut:]),
        vocabulary=spelled.vocabulary,
        tokenizer=spelled.name,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def learned(source: str, tokenizer_name: str) -> tokenizer.Tokenizer:
    """The tokenizer of a text. Raises InputError."""
    content = text.read(source)
    return tokenizer.learn(tokenizer_name, content if tokenizer_name == "characters" else content[: _cut(content)])


def _cut(content: bytes) -> int:
    """Where the part for validation begins, which is not inside of a character."""
    cut = int(len(content) * TRAIN_SHARE)
    while cut and content[cut] & 0xC0 == 0x80:
        cut -= 1
    return cut


def _encoded(spelled: tokenizer.Tokenizer, content: bytes) -> Tokens:
    """Byte pairs take long to find: once is enough."""
    return spelled.encode_once(content) if isinstance(spelled, tokenizer.BytePairs) else spelled.encode(content)


def from_tokens(path: Path) -> Corpus:
    """The corpus of a token file (.bin, .npy), or of a folder's train.bin and val.bin. Raises InputError."""
    found = token_files.read(path)
    tokens = found.train
    cut = len(tokens) if found.validation is not None else int(len(tokens) * TRAIN_SHARE)
    validation = tokens[cut:] if found.validation is None else found.validation
    return Corpus(
        name=path.name,
        train=tokens[:cut],
        validation=validation,
        vocabulary=found.vocabulary,
        tokenizer="the file's",
        sha256=found.sha256,
    )
