"""Files are written whole or not at all, and never outside the folder that was meant."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.errors import InputError, StoreError
from advisor.files import safe_join, slug, unique_slug, write_atomic

TRAVERSALS = ["../x", "/etc/passwd", "a/../../x", "", ".", "..", "a/../..", "x\0y"]


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = write_atomic(tmp_path / "deep" / "file.txt", "first")
    write_atomic(path, b"second")
    assert path.read_bytes() == b"second"
    assert os.listdir(path.parent) == ["file.txt"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "taken"
    path.mkdir()
    with pytest.raises(StoreError, match="cannot write"):
        write_atomic(path, "x")
    assert os.listdir(tmp_path) == ["taken"]


def test_files_have_ordinary_permissions(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("x")
    assert write_atomic(tmp_path / "ours", "x").stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize("name", TRAVERSALS, ids=repr)
def test_nothing_leaves_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises((InputError, ValueError)):
        safe_join(tmp_path, name)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")
    with pytest.raises(InputError):
        safe_join(tmp_path, "link/passwd")


@pytest.mark.parametrize("name", ["</script><img src=x>", "..", "", "a" * 500, "Ünïcode \n", "con/../x"])
def test_slugs_are_safe_everywhere(name: str) -> None:
    text = slug(name)
    assert text
    assert len(text) <= 64
    assert all(c.isascii() and (c.isalnum() or c in "-.") for c in text)
    assert not text.startswith((".", "-"))


NAMES = st.lists(st.text(st.sampled_from("abAB-. /é"), min_size=1, max_size=80), min_size=1, max_size=3)


@given(NAMES, NAMES)
def test_no_two_names_share_a_unique_slug(some: list[str], others: list[str]) -> None:
    one, other = unique_slug(*some), unique_slug(*others)
    assert (one == other) == (some == others)
    assert slug(one) == one  # the gallery of reports shows what is one
