"""Numbers in the cells of a catalogue's file; an empty cell is unknown."""


def number(text: str, unit: int = 1) -> float | None:
    """A cell times its unit."""
    return float(text) * unit if text else None


def whole(text: str, unit: int = 1) -> int | None:
    """A cell times its unit, rounded down."""
    return int(float(text) * unit) if text else None
