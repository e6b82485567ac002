"""Files that can be made again: they spare each trial the work that an earlier one has done."""

import contextlib
import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import platformdirs

from advisor.files import write_atomic
from studies.data.tokens import Tokens


def folder() -> Path:
    """Where they lie: $ADVISOR_CACHE, else where the system keeps what applications can make again."""
    named = os.environ.get("ADVISOR_CACHE")
    return Path(named) if named else platformdirs.user_cache_path("transformer-advisor", appauthor=False)


def text(name: str, make: Callable[[], str]) -> str:
    """The text of this name, made if there is none yet."""
    path = folder() / name
    if not path.is_file():
        write_atomic(path, make())
    return path.read_text(encoding="utf-8")


def tokens(name: str, make: Callable[[], Tokens]) -> Tokens:
    """The tokens of this name, made if there are none yet; mapped into memory, so that all processes share them."""
    path = folder() / f"{name}.npy"
    with contextlib.suppress(OSError, ValueError, EOFError):  # no such file, or a part of one
        return _mapped(path)
    buffer = BytesIO()
    np.save(buffer, make(), allow_pickle=False)
    return _mapped(write_atomic(path, buffer.getvalue()))


def _mapped(path: Path) -> Tokens:
    found: Tokens = np.load(path, mmap_mode="r", allow_pickle=False)
    return found
