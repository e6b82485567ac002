"""Docs cannot drift: every command and option is documented, every command line in the README runs."""

import re
import shlex
from pathlib import Path

import click
import pytest

from advisor.cli.main import COMMANDS, cli
from tests.cli.command import advisor

ROOT = Path(__file__).parent.parent
REFERENCE = (ROOT / "docs" / "commands.md").read_text()
README = (ROOT / "README.md").read_text()


def section(command: str) -> str:
    """The part of the reference about one command."""
    match = re.search(rf"^## advisor {re.escape(command)}\b.*?(?=^## |\Z)", REFERENCE, re.DOTALL | re.MULTILINE)
    assert match, f"docs/commands.md has no section about {command}"
    return match[0]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_documented(name: str) -> None:
    with click.Context(cli) as context:
        command = cli.get_command(context, name)
    assert command is not None
    options = {o for p in command.params if isinstance(p, click.Option) for o in p.opts}
    missing = {o for o in options if not re.search(rf"`{o}\b", section(name))}
    assert not missing


@pytest.mark.parametrize("name", COMMANDS)
def test_no_option_is_documented_that_does_not_exist(name: str) -> None:
    with click.Context(cli) as context:
        command = cli.get_command(context, name)
    assert command is not None
    options = {o for p in command.params if isinstance(p, click.Option) for o in p.opts}
    assert set(re.findall(r"`(--[a-z-]+)", section(name))) <= options


@pytest.mark.parametrize("name", COMMANDS)
def test_help_explains_every_option(name: str) -> None:
    with click.Context(cli) as context:
        command = cli.get_command(context, name)
    assert command is not None
    assert all(p.help for p in command.params if isinstance(p, click.Option))
    assert command.help


def shown_commands() -> list[str]:
    """Command lines of the README that take no study and no minutes."""
    lines = re.findall(r"^\$ (advisor (?:size|propose|gpus)\b.*)$", README, re.MULTILINE)
    assert lines
    return lines


@pytest.mark.parametrize("line", shown_commands())
def test_the_readme_shows_what_a_command_prints(line: str) -> None:
    printed = advisor(*shlex.split(line)[1:]).stdout.strip()
    shown = README.split(f"$ {line}\n")[1].split("```")[0].split("\n$ ")[0].strip()
    assert printed == shown


def test_the_python_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})  # noqa: S102
    assert capsys.readouterr().out


def test_the_readme_shows_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z][a-z-]+)", README)) <= targets
