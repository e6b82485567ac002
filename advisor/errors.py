"""What can go wrong, and ONE table that says what each error means to a shell and to HTTP."""

import difflib
from collections.abc import Iterable


class AdvisorError(Exception):
    """Base of every error that a person should read as one line, never as a traceback."""


class InputError(AdvisorError):
    """A value that cannot be used: says what was expected, what was got, the nearest valid choice."""

    def __init__(self, what: str, *, expected: str, got: object, nearest: str = "") -> None:
        self.what, self.expected, self.got, self.nearest = what, expected, got, nearest
        text = f"{what}: expected {expected}, got {shorten(got)}"
        super().__init__(text + (f"; nearest: {nearest}" if nearest else ""))


class UnknownError(AdvisorError):
    """A name that is not in a list; carries the names near to it."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.near = kind, name, near_names(name, known)
        hint = f"; near: {', '.join(self.near)}" if self.near else ""
        super().__init__(f"unknown {kind} {shorten(name)}{hint}")


class InfeasibleError(AdvisorError):
    """The question is well put, but nothing fits."""


class ObjectiveError(AdvisorError):
    """The user's own code cannot be trained: says which line of it, and why."""


class ConflictError(AdvisorError):
    """Somebody else holds what was asked for: a study that runs, a name that is taken."""


class StoreError(AdvisorError):
    """The store cannot be read or written."""


class DeviceError(AdvisorError):
    """The local device failed in a way that is nobody's input: no such device, a lost driver."""


# error -> (exit code of the CLI, status of the HTTP service). The first class that matches counts.
OUTCOMES: tuple[tuple[type[AdvisorError], int, int], ...] = (
    (InputError, 2, 422),
    (UnknownError, 2, 404),
    (InfeasibleError, 2, 422),
    (ObjectiveError, 2, 422),
    (ConflictError, 3, 409),
    (StoreError, 4, 503),
    (DeviceError, 5, 503),
    (AdvisorError, 1, 500),
)
INTERRUPTED_EXIT_CODE = 130  # 128 + SIGINT, as shells report it


def exit_code(error: AdvisorError) -> int:
    """Exit code of the CLI for this error."""
    return next(code for kind, code, _ in OUTCOMES if isinstance(error, kind))


def near_names(name: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """Up to `limit` known names that look like `name`, the nearest first (case and spaces ignored)."""
    folded = {fold(k): k for k in known}
    matches = difflib.get_close_matches(fold(name)[:80], folded, n=limit, cutoff=0.5)
    return [folded[m] for m in matches]


def fold(name: str) -> str:
    """A name without what people spell differently: case, spaces, hyphens, underscores."""
    return "".join(c for c in name.lower() if c.isalnum() or c in ".+")


def one_line(text: str) -> str:
    """The text in one line, with every character escaped that could steer a terminal or turn the order of letters.

    >>> one_line("two\\nlines, \\x1b[2J")
    'two lines, \\\\x1b[2J'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in " ".join(text.split()))


def shorten(value: object, limit: int = 60) -> str:
    """repr() of a value, cut for one line."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."
