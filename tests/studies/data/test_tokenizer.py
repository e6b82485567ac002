from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.errors import InputError
from studies.data import text, tokenizer

TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1)


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADVISOR_CACHE", str(tmp_path / "cache"))


@given(content=TEXTS.map(str.encode))
def test_bytes_and_characters_come_back_as_they_were(content: bytes) -> None:
    for name in ("bytes", "characters"):
        learned = tokenizer.learn(name, content)
        tokens = learned.encode(content).tolist()
        assert learned.decode(tokens).encode() == content
        assert max(tokens) < learned.vocabulary


def test_byte_pairs_come_back_as_they_were_and_are_fewer() -> None:
    content = text.read("pydoc")[:100_000]
    learned = tokenizer.learn("bpe:512", content)
    tokens = learned.encode(content)
    assert learned.vocabulary == 512
    assert learned.decode(tokens.tolist()).encode() == content
    assert len(tokens) < len(content) / 1.5
    unseen = "naïve → 日本".encode()
    assert learned.decode(learned.encode(unseen).tolist()).encode() == unseen


def test_byte_pairs_are_learned_and_found_once(tmp_path: Path) -> None:
    content = text.read("pydoc")[:20_000]
    first = tokenizer.BytePairs(300, content).encode_once(content)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").iterdir()}
    again = tokenizer.BytePairs(300, content).encode_once(content)
    assert again.tolist() == first.tolist()
    assert kept == {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").iterdir()}
    assert len(kept) == 2


def test_tokens_of_which_half_are_kept_are_made_again(tmp_path: Path) -> None:
    content = text.read("pydoc")[:20_000]
    first = tokenizer.BytePairs(300, content).encode_once(content).tolist()
    for path in (tmp_path / "cache").glob("*.npy"):
        for damaged in (b"", path.read_bytes()[:-9]):
            path.write_bytes(damaged)
            assert tokenizer.BytePairs(300, content).encode_once(content).tolist() == first


def test_a_character_that_the_text_has_not_is_refused() -> None:
    learned = tokenizer.learn("characters", b"abc")
    with pytest.raises(InputError, match="characters of the training text, got 'z'"):
        learned.encode(b"abz")


@pytest.mark.parametrize("name", ["", "word", "bpe", "bpe:", "bpe:12", "bpe:x", "bpe:1e3", "bpe:99999999", "BYTES"])
def test_unknown_tokenizers_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="tokenizer: expected bytes, characters, bpe:SIZE"):
        tokenizer.learn(name, b"abc")
