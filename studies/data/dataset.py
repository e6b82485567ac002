"""The data that a name stands for."""

import functools
from pathlib import Path
from typing import TypeAlias

from advisor.errors import InputError
from studies.data import corpus, pairs, sequences, token_files
from studies.data.corpus import Corpus
from studies.data.pairs import Pairs
from studies.data.tokenizer import Numbers, Tokenizer

Dataset: TypeAlias = Corpus | Pairs
PAIRS = ".tsv"


@functools.cache
def read(source: str, tokenizer: str) -> Dataset:
    """The data behind `source`; files of tokens and made-up sequences need no tokenizer.

    `pydoc`, `reverse`, `copy`, `sort`, or a path: a .tsv of pairs, a .bin or .npy of tokens, a folder of train.bin and
    val.bin, or else UTF-8 text. Raises InputError.
    """
    path = Path(source)
    if sequences.is_one(source):
        return sequences.make(source)
    if path.suffix == PAIRS:
        return pairs.from_file(path, tokenizer)
    if token_files.is_one(path):
        return corpus.from_tokens(path)
    return corpus.from_text(source, tokenizer)


def read_same(source: str, tokenizer: str, sha256: str) -> Dataset:
    """The data behind `source` as they were when `sha256` was taken of them; "" takes them as they are.

    Raises InputError for other ones, too: losses on them could not be compared.
    """
    dataset = read(source, tokenizer)
    if sha256 not in ("", dataset.sha256):
        raise InputError(f"data {source}", expected="what the study began with", got="another content")
    return dataset


def tokenizer_of(source: str, tokenizer: str) -> Tokenizer:
    """What made the tokens of `read`; files of tokens and made-up sequences are spelled as numbers. Raises InputError.

    Of pairs: without the tokens that stand for no text.
    """
    path = Path(source)
    if sequences.is_one(source) or (path.suffix != PAIRS and token_files.is_one(path)):
        return Numbers(read(source, tokenizer).vocabulary)
    return pairs.learned(path, tokenizer) if path.suffix == PAIRS else corpus.learned(source, tokenizer)
