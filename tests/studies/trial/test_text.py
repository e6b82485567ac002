import hashlib
from pathlib import Path

import pytest

from advisor.errors import InputError
from studies.trial import text


def test_pydoc_is_all_help_topics_in_the_order_of_their_names() -> None:
    from pydoc_data.topics import topics

    content = text.read("pydoc").content
    assert content == "\n".join(body for _, body in sorted(topics.items())).encode()
    assert len(content) > 400_000


def test_split_is_by_position_and_loses_nothing() -> None:
    book = text.Text(name="digits", content=b"0123456789" * 10)
    assert book.train == book.content[:90]
    assert book.validation == book.content[90:]


def test_facts_identify_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"some text")
    assert text.read(str(tmp_path / "a.txt")).facts == {
        "name": "a.txt",
        "sha256": hashlib.sha256(b"some text").hexdigest(),
        "tokens": "9",
        "vocabulary": "256",
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected some text, got 'an empty file'"),
        (b"caf\xe9", "expected UTF-8, got 'byte 0xe9 at 3'"),
    ],
)
def test_bad_files_are_one_clear_line(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "bad.txt").write_bytes(content)
    with pytest.raises(InputError) as caught:
        text.read(str(tmp_path / "bad.txt"))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("source", ["no/such/file.txt", ".", "nul\0byte", "x" * 5000])
def test_unreadable_sources_are_input_errors(source: str) -> None:
    with pytest.raises(InputError, match="expected 'pydoc' or a readable file"):
        text.read(source)


def test_a_text_too_short_for_the_sequence_names_the_longest_that_fits() -> None:
    book = text.Text(name="short", content=b"x" * 320)
    book.check_fits(31)
    with pytest.raises(InputError, match=r"at least 330 bytes.*nearest: plan.sequence = 31"):
        book.check_fits(32)
    text.Text(name="long enough", content=b"x" * 330).check_fits(32)
