"""Tokenizers: bytes, characters, or byte pairs that are learned from the text itself."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from advisor.errors import InputError
from studies.data import cache
from studies.data.tokens import Tokens, smallest

if TYPE_CHECKING:
    import tokenizers

NAMES = ("bytes", "characters", "bpe:SIZE")
BYTES = 256
MAX_BPE = 2**20  # tokens
PIECE = 2**20  # [bytes] of text that are encoded at once


class Tokenizer(Protocol):
    """Turns UTF-8 text into tokens below `vocabulary`, and back."""

    name: str
    vocabulary: int

    def encode(self, content: bytes) -> Tokens:
        """The tokens, in the smallest type that holds the vocabulary."""
        ...

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of the tokens; bytes that are no character become U+FFFD."""
        ...


def learn(name: str, content: bytes) -> Tokenizer:
    """The tokenizer of that name; what it has to learn, it learns from this text. Raises InputError.

    >>> learn("characters", b"abcab").encode(b"cab").tolist()
    [2, 0, 1]
    """
    if name == "bytes":
        return Bytes()
    if name == "characters":
        return Characters(content)
    kind, _, size = name.partition(":")
    if kind == "bpe" and size.isascii() and size.isdigit() and BYTES <= int(size) <= MAX_BPE:
        return BytePairs(int(size), content)
    raise InputError("tokenizer", expected=f"{', '.join(NAMES)} with SIZE from {BYTES} to {MAX_BPE}", got=name)


class Bytes:
    """One token per byte value."""

    name, vocabulary = "bytes", BYTES

    def encode(self, content: bytes) -> Tokens:
        return np.frombuffer(content, np.uint8)

    def decode(self, tokens: Sequence[int]) -> str:
        return bytes(tokens).decode(errors="replace")


class Characters:
    """One token per character that the text has, in the order of their code points."""

    name = "characters"

    def __init__(self, content: bytes) -> None:
        self._alphabet = np.flatnonzero(np.bincount(_code_points(content)))
        self.vocabulary = len(self._alphabet)

    def encode(self, content: bytes) -> Tokens:
        """Raises InputError for a character that the text had not."""
        points = _code_points(content)
        rank = np.zeros(int(max(self._alphabet[-1], points.max(initial=0))) + 1, smallest(self.vocabulary))
        rank[self._alphabet] = np.arange(self.vocabulary)
        found: Tokens = rank[points]
        if unknown := set(points[self._alphabet[found] != points].tolist()):
            raise InputError("text", expected="characters of the training text", got=chr(min(unknown)))
        return found

    def decode(self, tokens: Sequence[int]) -> str:
        return "".join(chr(self._alphabet[token]) for token in tokens)


class Numbers:
    """Tokens that stand for no text, spelled as numbers with spaces between them."""

    name = "numbers"

    def __init__(self, vocabulary: int) -> None:
        self.vocabulary = vocabulary

    def encode(self, content: bytes) -> Tokens:
        """Raises InputError for anything else than such numbers below the vocabulary."""
        words = content.split()
        for word in words:
            if not (word.isdigit() and len(word) < 10 and int(word) < self.vocabulary):
                expected = f"whole numbers from 0 to {self.vocabulary - 1} with spaces between them"
                raise InputError("tokens", expected=expected, got=word.decode(errors="replace"))
        return np.array([int(word) for word in words], smallest(self.vocabulary))

    def decode(self, tokens: Sequence[int]) -> str:
        return " ".join(f"{token}" for token in tokens)


class BytePairs:
    """Byte-level byte-pair encoding, as GPT-2's (Radford et al. 2019), of at most `size` tokens.

    What it has learned is kept for other processes.
    """

    def __init__(self, size: int, content: bytes) -> None:
        import tokenizers

        self.name = f"bpe:{size}"
        self._key = f"{_digest(content)}-bpe-{size}"
        learned = cache.text(f"{self._key}.json", lambda: _learned(size, content).to_str())
        self._pairs = tokenizers.Tokenizer.from_str(learned)
        self.vocabulary = self._pairs.get_vocab_size()

    def encode(self, content: bytes) -> Tokens:
        dtype = smallest(self.vocabulary)
        pieces = [np.array(e.ids, dtype) for e in self._pairs.encode_batch_fast(_pieces(content))]
        return np.concatenate(pieces or [np.empty(0, dtype)])

    def encode_once(self, content: bytes) -> Tokens:
        """As `encode`; kept for other processes, which map it into memory."""
        return cache.tokens(f"{self._key}-{_digest(content)}", lambda: self.encode(content))

    def decode(self, tokens: Sequence[int]) -> str:
        text: str = self._pairs.decode(list(tokens))
        return text


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _code_points(content: bytes) -> npt.NDArray[np.uint32]:
    return np.frombuffer(content.decode().encode("utf-32-le"), np.uint32)


def _learned(size: int, content: bytes) -> tokenizers.Tokenizer:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(_pieces(content), trainer)
    return tokenizer


def _pieces(content: bytes) -> list[str]:
    """The text in pieces of about PIECE that end with a line; together they are the text."""
    pieces, start = [], 0
    while start < len(content):
        end = content.find(b"\n", start + PIECE) + 1 or len(content)
        pieces.append(content[start:end].decode())
        start = end
    return pieces
