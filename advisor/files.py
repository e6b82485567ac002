"""The only writer of files: whole or not at all, and never outside the folder that was meant."""

import hashlib
import os
import re
import tempfile
from pathlib import Path

from advisor.errors import InputError, StoreError

MAX_SLUG = 64
DIGEST = 8  # hexadecimal digits


def write_atomic(path: Path | str, content: str | bytes) -> Path:
    """Write `content` so that a reader sees the old file or the new one, never half of it.

    Temporary file in the same folder, fsync, rename, fsync of the folder. Raises StoreError.
    """
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                os.chmod(file.name, 0o666 & ~_umask())
                os.replace(file.name, path)
            except BaseException:
                os.unlink(file.name)
                raise
        _sync_folder(path.parent)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}") from error
    return path


def safe_join(root: Path | str, name: str) -> Path:
    """`root/name`, refused when it would lie outside `root`. Raises InputError."""
    base = Path(root).resolve()
    path = (base / name).resolve()
    if "\0" in name or not path.is_relative_to(base) or path == base:
        raise InputError("file name", expected=f"a name inside {base}", got=name)
    return path


def slug(name: str) -> str:
    """A name that is safe in a path and a URL: lower-case letters, digits, '-', '.'.

    >>> slug("RTX 4090, 3 minutes!"), slug("../../etc/passwd")
    ('rtx-4090-3-minutes', 'etc-passwd')
    """
    text = re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.")[:MAX_SLUG].strip("-.")
    return text or "unnamed"


def unique_slug(*names: str) -> str:
    """A slug that no other names have: of one that is a slug itself, that; else what is like them, and a digest.

    >>> unique_slug("rtx-4090"), unique_slug("RTX 4090"), unique_slug("rtx-4090", "t4")
    ('rtx-4090', 'rtx-4090-95911a9d', 'rtx-4090-and-t4-91c9e308')
    """
    text = "-and-".join(names)
    if names == (slug(text),):
        return text
    digest = hashlib.sha256("\0".join(names).encode()).hexdigest()[:DIGEST]
    return f"{slug(text)[: MAX_SLUG - DIGEST - 1].rstrip('-.')}-{digest}"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
