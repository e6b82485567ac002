"""The winner as what other tools read: config files and a script, to copy or to save."""

from collections.abc import Callable
from dataclasses import dataclass

from advisor.errors import AdvisorError, InputError
from advisor.export import export
from advisor.files import slug
from advisor.spec.proposal import Stored
from reports.card import MissingError

TOOLS = {
    "torch": "one PyTorch script that needs nothing else",
    "hf": "config.json of transformers",
    "nanogpt": "config of nanoGPT's train.py",
    "x-transformers": "Python for x-transformers",
}


@dataclass(frozen=True, kw_only=True)
class Block:
    """The text for one tool, or the one line that says why there is none."""

    tool: str
    what: str
    file_name: str = ""
    text: str = ""
    refusal: str = ""


def blocks(stored: Stored) -> list[Block]:
    """One per tool, those that it can be exported to first."""
    return sorted((_block(stored, tool) for tool in TOOLS), key=lambda block: not block.text)


def guarded_blocks(config: Callable[[], Stored]) -> list[Block]:
    """The same of a config that may not be there; then none."""
    try:
        return blocks(config())
    except MissingError:
        return []


def _block(stored: Stored, tool: str) -> Block:
    try:
        found = export(stored, tool)
    except AdvisorError as error:
        wants = f"it takes {error.expected}" if isinstance(error, InputError) else str(error)
        return Block(tool=tool, what=TOOLS[tool], refusal=wants)
    return Block(tool=tool, what=TOOLS[tool], file_name=f"{slug(stored.name)}-{found.file_name}", text=found.text)
