"""Text as bytes: what trials train on, and the facts about it that a study keeps. No torch here."""

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path
from pydoc_data.topics import topics

from advisor.errors import InputError
from advisor.units import format_bytes

VOCABULARY = 256  # one token per byte value
PYDOC = "pydoc"  # the text that ships with Python: its own help topics
TRAIN_SHARE = 0.9
MAX_TEXT_BYTES = 2**31  # it is held in memory, once per process


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text in bytes; the first 90 % are for training, the rest for validation, so that neither has seen the other."""

    name: str
    content: bytes

    @property
    def train(self) -> bytes:
        """The first 90 %."""
        return self.content[: self._cut]

    @property
    def validation(self) -> bytes:
        """The last 10 %."""
        return self.content[self._cut :]

    @property
    def facts(self) -> dict[str, str]:
        """Name, SHA-256, tokens and vocabulary, as provenance keeps them."""
        digest = hashlib.sha256(self.content).hexdigest()
        return {"name": self.name, "sha256": digest, "tokens": f"{len(self.content)}", "vocabulary": f"{VOCABULARY}"}

    @property
    def _cut(self) -> int:
        return int(len(self.content) * TRAIN_SHARE)

    def check_fits(self, sequence: int) -> None:
        """Raises InputError unless the validation part holds one window of `sequence` tokens and their targets."""
        have = len(self.validation)
        if have <= sequence:
            need = round((sequence + 1) / (1 - TRAIN_SHARE))
            raise InputError(
                f"text {self.name}",
                expected=f"at least {need} bytes, so that its last 10 % hold a sequence of {sequence} tokens",
                got=len(self.content),
                nearest=f"plan.sequence = {have - 1}" if have > 1 else "",
            )


@functools.cache
def read(source: str) -> Text:
    """The text behind `pydoc` or the path of a UTF-8 file. Raises InputError."""
    return Text(name=PYDOC, content=_pydoc()) if source == PYDOC else _read_file(Path(source))


def _pydoc() -> bytes:
    """All help topics of this Python, ordered by name, one newline between two."""
    return "\n".join(topics[name] for name in sorted(topics)).encode()


def _read_file(path: Path) -> Text:
    what = f"text file {path}"
    try:
        size = path.stat().st_size
        if size > MAX_TEXT_BYTES:
            raise InputError(what, expected=f"at most {format_bytes(MAX_TEXT_BYTES)}", got=format_bytes(size))
        content = path.read_bytes()
        content.decode()
    except UnicodeDecodeError as error:
        raise InputError(what, expected="UTF-8", got=f"byte {content[error.start]:#04x} at {error.start}") from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(what, expected=f"{PYDOC!r} or a readable file", got=reason) from None
    if not content:
        raise InputError(what, expected="some text", got="an empty file")
    return Text(name=path.name, content=content)
