"""Fast by design: a command loads what it needs and nothing else."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "optuna", "pandas", "plotly", "fastapi", "numpy", "sqlalchemy", "scipy", "pydantic")
SIZE = ["size", "gpt2", "--gpu", "RTX 4090", "--batch", "8", "--seq", "1024", "--precision", "bf16"]
SCRIPT = """
import sys
from advisor.cli.main import main
try:
    main(sys.argv[2:])
except SystemExit as end:
    assert not end.code, end.code
print("LOADED", *sorted(set(sys.argv[1].split(",")) & set(sys.modules)), file=sys.stderr)
"""


def loaded(*arguments: str) -> set[str]:
    command = [sys.executable, "-c", SCRIPT, ",".join(HEAVY), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stderr.split("LOADED")[1].split())


@pytest.mark.parametrize(
    "arguments",
    [["--help"], SIZE, [*SIZE, "--json"], ["size", "--help"], ["gpus", "T4"], ["gpus", "local"]],
    ids=" ".join,
)
def test_light_commands_load_nothing_heavy(arguments: list[str]) -> None:
    assert loaded(*arguments) == set()


def test_propose_needs_numpy_alone() -> None:
    assert loaded("propose", "--gpu", "T4") == {"numpy"}


@pytest.mark.parametrize("command", ["run", "tune", "lr-find", "studies", "report"])
def test_no_help_text_waits_for_torch(command: str) -> None:
    assert not loaded(command, "--help") & {"torch", "plotly", "pandas", "optuna"}
