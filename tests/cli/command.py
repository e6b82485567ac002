"""Runs the advisor as a shell does."""

import subprocess
import sys
from pathlib import Path

ADVISOR = Path(sys.executable).with_name("advisor")
TIMEOUT = 120


def advisor(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Exit code, standard output and standard error of `advisor ARGUMENTS`."""
    return subprocess.run(
        [ADVISOR, *arguments], capture_output=True, text=True, timeout=TIMEOUT, check=False, cwd=cwd
    )  # fmt: skip
