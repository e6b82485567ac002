"""make bench-commands: commands as whole processes, beside importing click alone in the same run."""

import subprocess
import sys
import time
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.cli.command import ADVISOR

RUNS = 15
PEER = [sys.executable, "-c", "import click"]
COMMANDS = {
    "advisor --help": [ADVISOR, "--help"],
    "advisor size gpt2": [ADVISOR, "size", "gpt2", "--gpu", "RTX 4090", "--json"],
    "advisor size gpt3-175b": [ADVISOR, "size", "gpt3-175b", "--gpu", "RTX 4090", "--json"],
    "advisor gpus": [ADVISOR, "gpus"],
    "advisor explain gpt2": [ADVISOR, "explain", "gpt2", "--gpu", "RTX 4090"],
    "advisor propose": [ADVISOR, "propose", "--gpu", "RTX 4090"],
}


def seconds(command: list[object]) -> float:
    """Wall-clock of one run [s]."""
    began = time.perf_counter()
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    """Runs peer and command in turn, so that a drift of the machine's speed cancels in the ratio."""
    table = Table(title=f"whole processes, medians of {RUNS} runs in turn with python -c 'import click'")
    for name in ("command", "ms", "import click, ms", "ratio"):
        table.add_column(name, justify="left" if name == "command" else "right")
    for name, command in COMMANDS.items():
        pairs = [(seconds(command), seconds(PEER)) for _ in range(RUNS)]
        ours, theirs = (median(column) * 1000 for column in zip(*pairs, strict=True))
        ratio = median(a / b for a, b in pairs)
        table.add_row(name, f"{ours:.0f}", f"{theirs:.0f}", f"{ratio:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
