import hashlib
from pathlib import Path

import numpy as np
import pytest

from advisor.errors import InputError
from advisor.spec import Decoder, Plan
from advisor.spec.text import find_model
from studies import data
from studies.data import Corpus, text

TINY = Decoder.gpt(vocab=256, context=32, d_model=32, depth=1, heads=2)


def of(folder: Path, content: bytes, tokenizer: str = "bytes") -> Corpus:
    (folder / "a.txt").write_bytes(content)
    corpus = data.read.__wrapped__(str(folder / "a.txt"), tokenizer)
    assert isinstance(corpus, Corpus)
    return corpus


def test_the_split_is_by_position_and_loses_nothing(tmp_path: Path) -> None:
    corpus = of(tmp_path, b"0123456789" * 10)
    assert (corpus.train.tobytes(), corpus.validation.tobytes()) == (b"0123456789" * 9, b"0123456789")


def test_the_split_does_not_cut_a_character(tmp_path: Path) -> None:
    corpus = of(tmp_path, ("é" * 11).encode(), "characters")  # 22 bytes, the 19th inside of a character
    assert (len(corpus.train), len(corpus.validation)) == (9, 2)


def test_facts_identify_the_bytes(tmp_path: Path) -> None:
    assert of(tmp_path, b"some text").facts == {
        "name": "a.txt",
        "sha256": hashlib.sha256(b"some text").hexdigest(),
        "training tokens": "8",
        "validation tokens": "1",
        "vocabulary": "256",
        "tokenizer": "bytes",
    }


def test_a_text_too_short_for_the_sequence_names_the_longest_that_fits(tmp_path: Path) -> None:
    corpus = of(tmp_path, b"x" * 320)
    corpus.check(TINY, Plan(sequence=31))
    with pytest.raises(InputError, match=r"at least 33 tokens in its validation part.*nearest: plan.sequence = 31"):
        corpus.check(TINY, Plan(sequence=32))


def test_an_encoder_needs_a_token_more_and_a_head(tmp_path: Path) -> None:
    corpus = of(tmp_path, b"some text " * 100)
    assert (corpus.needs("decoder"), corpus.needs("encoder")) == (256, 257)
    with pytest.raises(InputError, match="holds no pairs"):
        corpus.check(find_model("seq2seq-toy").model, Plan(sequence=8))


def test_token_files_are_mapped_and_keep_their_parts(tmp_path: Path) -> None:
    tokens = np.arange(500, dtype="<u2")
    tokens.tofile(tmp_path / "all.bin")
    np.save(tmp_path / "all.npy", tokens.astype(np.int64))
    (tmp_path / "both").mkdir()
    tokens[:300].tofile(tmp_path / "both" / "train.bin")
    tokens[300:].tofile(tmp_path / "both" / "val.bin")
    for name, cut in (("all.bin", 450), ("all.npy", 450), ("both", 300)):
        corpus = data.read(str(tmp_path / name), "bytes")
        assert isinstance(corpus, Corpus)
        assert isinstance(corpus.train, np.memmap)
        assert corpus.train.tolist() == list(range(cut))
        assert corpus.validation.tolist() == list(range(cut, 500))
        assert corpus.vocabulary == 500


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("odd.bin", b"abc", "an even number of bytes, not 0, got 3"),
        ("empty.bin", b"", "an even number of bytes, not 0, got 0"),
        ("not.npy", b"no array", "an array of whole numbers"),
        ("empty.npy", b"", "an array of whole numbers"),
    ],
)
def test_bad_token_files_are_one_clear_line(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        data.read(str(tmp_path / name), "bytes")


def test_objects_floats_and_negative_tokens_are_refused(tmp_path: Path) -> None:
    for array, message in (
        (np.array([{}]), "Python objects in dtype"),
        (np.array([0.5]), "a row of whole numbers"),
        (np.array([[1]]), "a row of whole numbers"),
        (np.array([1, -1]), "no token below 0, got -1"),
    ):
        np.save(tmp_path / "x.npy", array)
        with pytest.raises(InputError, match=message):
            data.read.__wrapped__(str(tmp_path / "x.npy"), "bytes")


def test_pydoc_has_a_name_of_its_own() -> None:
    assert data.read("pydoc", "bytes").facts["name"] == "pydoc"
    facts = data.read("pydoc", "bytes").facts
    assert int(facts["training tokens"]) + int(facts["validation tokens"]) == len(text.read("pydoc"))
