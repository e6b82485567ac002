"""Nothing that a study leaves is pickled: neither files, nor the store, nor what is kept to be read again."""

import pickletools
import sqlite3
import zipfile
from pathlib import Path

import pytest
import safetensors

from tests.crash.process import Sitting, where
from tests.crash.sitting import SPACE

KINDS = {".txt", ".toml", ".stderr", ".db", ".lock", ".safetensors", ".json", ".npy"}


def test_nothing_is_pickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADVISOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    space = tmp_path / "open.toml"
    space.write_text(SPACE.read_text().replace("vocab = 256\n", ""))
    sitting = Sitting("run", tmp_path, trials=2, space=str(space), tokenizer="bpe:260")
    assert sitting.wait() == 0, sitting.errors()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == KINDS
    for path in files:
        assert not is_pickle(path.read_bytes()), path
        assert not zipfile.is_zipfile(path), path  # torch.save's
        if path.suffix == ".safetensors":
            safetensors.deserialize(path.read_bytes())
    cells = cells_of(where(tmp_path))
    assert all(isinstance(cell, str | int | float | None) for cell in cells)
    print(f"{len(files)} files, {len(cells)} cells of the store: no pickle")


def is_pickle(content: bytes) -> bool:
    """Whether the bytes are a program for pickle's machine, from the first one on."""
    try:
        return any(opcode.name == "STOP" for opcode, _, _ in pickletools.genops(content))
    except Exception:
        return False


def cells_of(store: str) -> list[object]:
    """All values of all tables."""
    connection = sqlite3.connect(store)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    cells = [cell for name in tables for row in connection.execute(f'SELECT * FROM "{name}"') for cell in row]  # noqa: S608
    connection.close()
    return cells
