"""Files of tokens, mapped into memory: nanoGPT's .bin (16-bit, little-endian) and NumPy's .npy."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from advisor.errors import InputError
from studies.data.tokens import Tokens

SUFFIXES = (".bin", ".npy")
SCAN = 2**24  # tokens looked at together


@dataclass(frozen=True, kw_only=True, eq=False)
class TokenFiles:
    """One stream, or two where the file of the validation part is another."""

    train: Tokens
    validation: Tokens | None
    vocabulary: int  # the highest token and 1
    sha256: str


def is_one(path: Path) -> bool:
    """Whether the path is a token file, or a folder that should hold train.bin and val.bin."""
    return path.suffix in SUFFIXES or path.is_dir()


def read(path: Path) -> TokenFiles:
    """The file's tokens, or those of a folder's train.bin and val.bin. Raises InputError."""
    paths = [path / "train.bin", path / "val.bin"] if path.is_dir() else [path]
    streams = [_mapped(p) for p in paths]
    sha = hashlib.sha256()
    highest = 0
    for stream in streams:
        for start in range(0, len(stream), SCAN):
            piece = stream[start : start + SCAN]
            highest = max(highest, int(piece.max()))
            sha.update(piece.tobytes())
    return TokenFiles(
        train=streams[0],
        validation=streams[1] if len(streams) > 1 else None,
        vocabulary=highest + 1,
        sha256=sha.hexdigest(),
    )


def _mapped(path: Path) -> Tokens:
    what = f"token file {path}"
    try:
        tokens = np.load(path, mmap_mode="r", allow_pickle=False) if path.suffix == ".npy" else _bin(path, what)
    except OSError as error:
        raise InputError(what, expected="a readable file", got=error.strerror or str(error)) from None
    except (ValueError, EOFError) as error:  # not NumPy's format, or objects in it
        raise InputError(what, expected="an array of whole numbers", got=str(error)) from None
    if tokens.ndim != 1 or tokens.dtype.kind not in "ui" or not len(tokens):
        got = f"{tokens.dtype} of shape {list(tokens.shape)}"
        raise InputError(what, expected="a row of whole numbers, at least one", got=got)
    if tokens.dtype.kind == "i" and int(tokens.min()) < 0:
        raise InputError(what, expected="no token below 0", got=int(tokens.min()))
    found: Tokens = tokens
    return found


def _bin(path: Path, what: str) -> Tokens:
    size = path.stat().st_size
    if size == 0 or size % 2:
        raise InputError(what, expected="16-bit tokens: an even number of bytes, not 0", got=size)
    return np.memmap(path, dtype="<u2", mode="r")
