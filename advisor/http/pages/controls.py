"""What a form asks: controls that are declared once, and what a person put into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from advisor.errors import AdvisorError, InputError, UnknownError
from advisor.spec import check

Kind = Literal["text", "area", "number", "choice", "flag"]
MAX_DIGITS = 18


@dataclass(frozen=True, kw_only=True)
class Control:
    """One field of a form; a number that is left empty is None, a choice its first, unless `default` names another."""

    name: str
    label: str
    kind: Kind = "number"
    unit: str = ""
    hint: str = ""
    choices: Sequence[str] = ()
    default: str = ""
    slides: bool = False  # has a slider beside it, which the page's script makes

    @property
    def initial(self) -> str:
        """What stands in it before anybody has typed."""
        return self.default or (self.choices[0] if self.kind == "choice" else "")

    def read(self, text: str) -> Any:
        """The value of what was typed: int or None, str, bool. Raises InputError or UnknownError."""
        if self.kind == "flag":
            return text == "on"
        if self.kind == "number":
            return _whole(self.label, text or self.initial)
        value = text.strip() or self.initial
        if self.kind == "choice":
            check.choice(self.label, value, self.choices)
        return value


@dataclass(kw_only=True)
class Filled:
    """A form as it was sent: each control's text and value, and what is wrong with it."""

    texts: dict[str, str]
    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)  # by the control's name; "" for the form as a whole

    @classmethod
    def of(cls, controls: Sequence[Control], sent: Mapping[str, str]) -> Filled:
        """Reads every control; of what was sent under other names nothing is kept."""
        filled = cls(texts={c.name: sent.get(c.name, c.initial) for c in controls})
        for control in controls:
            try:
                filled.values[control.name] = control.read(filled.texts[control.name])
            except AdvisorError as error:
                filled.errors[control.name] = str(error)
        return filled

    def blame(self, error: AdvisorError, paths: Mapping[str, str]) -> None:
        """Put an error beside the control that its path stands for: the longest beginning in `paths`, else the form."""
        what = error.what if isinstance(error, InputError) else error.kind if isinstance(error, UnknownError) else ""
        path = next((p for p in sorted(paths, key=len, reverse=True) if what.startswith(p)), None)
        self.errors.setdefault(paths[path] if path else "", str(error))

    def given(self, *names: str) -> dict[str, Any]:
        """Those of the values that are not None, by name."""
        return {name: self.values[name] for name in names if self.values.get(name) is not None}


def _whole(what: str, text: str) -> int | None:
    digits = text.strip().replace(",", "")
    if not digits:
        return None
    if not digits.removeprefix("-").isdecimal() or len(digits) > MAX_DIGITS:
        raise InputError(what, expected="a whole number", got=text)
    return int(digits)
