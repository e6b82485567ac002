"""A user's mistake is one clear line on standard error and exit code 2; never a traceback."""

import pytest

from tests.cli.command import advisor

IMPOSSIBLE = ["0", "-1", "nan", "1" + "0" * 30, str(2**63), "inf", "true", "8.5", ""]
MISTAKES = [
    ["size"],
    ["size", "gpt5"],
    ["size", "none.toml"],
    ["size", "gpt2", "--gpu", "RTX4900"],
    ["size", "gpt2", "--gpu", ""],
    ["size", "gpt2", "--gpu", "T4", "--gpu-memory", "3GiB"],
    ["size", "gpt2", "--gpu-memory", "14"],
    ["size", "gpt2", "--gpu", "0x T4"],
    ["size", "gpt2", "--gpu", "8x RTX4900"],
    ["size", "gpt2", "--gpu", "8x T4", "--gpus", "4"],
    ["size", "gpt2", "--gpu", "T4", "--fraction", "1/7"],
    ["size", "gpt2", "--gpu", "A100 40GB", "--fraction", "1/8"],
    ["size", "gpt2", "--fraction", "1/7"],
    ["gpus", "--fraction", "1/7"],
    ["size", "gpt2", "--precision", "fp61"],
    ["size", "gpt2", "--checkpointing", "blocks"],
    ["size", "gpt2", "--attention-kernel", "flush"],
    ["size", "gpt2", "--optimizer-implementation", "fussed"],
    ["size", "gpt2", "--bach", "3"],
    ["size", "gpt2", "--seq", "1025"],
    ["sise", "gpt2"],
    ["gpus", "Voodoo 2"],
    ["propose"],
    ["tune", "new", "--budget", "1m", "--devices", "cuda:99"],
    ["tune", "new", "--budget", "1m", "--workers", "0"],
    ["tune", "new", "--budget", "1m", "--workers", "1", "--ray", "auto"],
    ["propose", "--gpu", "T4", "--tokens-available", "2 bananas"],
    ["propose", "--gpu", "T4", "--context", "2000000"],
    ["propose", "--gpu", "T4", "--family", "encodre"],
    ["propose", "--gpu", "T4", "--confidence", "1"],
    ["propose", "--gpu", "T4", "--parameters", "2B..1B"],
    ["propose", "--gpu", "T4", "--set", "depht=4"],
    ["propose", "--gpu", "T4", "--set", "heads=7", "--set", "d_model=768"],
    ["propose", "--gpu", "T4", "--set", "depth=4", "--hours", "1e-9"],
    ["propose", "--gpu", "T4", "--set", "depth=4", "--min-tokens-per-second", "1B"],
    ["propose", "--gpu", "T4", "--set", "d_model=256", "--set", "depth=2", "--parameters", "1B..2B"],
    ["propose", "--gpu-memory", "900MiB", "--family", "bdh", "--set", "depth=4", "--set", "multiplier=32"],
    ["tune", "x", "--budget", "0m"],
    ["tune", "x"],
    ["tune", "x", "--budget", "3m", "--space", "decoder-smal"],
    ["tune", "x", "--budget", "3m", "--data", "no-such-file.txt"],
    ["tune", "x", "--budget", "3m", "--seed", "-1"],
    ["tune", "x", "--budget", "3m", "--memory", "1KiB"],
    ["tune", "", "--budget", "3m"],
    ["tune", "x", "--budget", "3m", "--objectives", "parameters,loss"],
    ["tune", "x", "--budget", "3m", "--objectives", "loss,parametres"],
    ["tune", "x", "--budget", "3m", "--objectives", "loss,latency", "--latency-on", "RTX4900"],
    ["lr-find", "tiny", "--steps", "0"],
    ["lr-find", "tiny", "--low", "1", "--high", "0.1", "--steps", "20"],
    ["lr-find", "char-lm"],
    ["run", "--budget", "3m"],
    ["run", "--gpu", "RTX4900"],
    ["tune", "x", "--budget", "3m", "--store", "mysql://root@localhost/x"],
]


@pytest.mark.parametrize("arguments", MISTAKES, ids=" ".join)
def test_one_clear_line(arguments: list[str], tmp_path: pytest.TempPathFactory) -> None:
    done = advisor(*arguments, cwd=tmp_path)  # type: ignore[arg-type]
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("advisor: ")
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


@pytest.mark.parametrize("value", IMPOSSIBLE, ids=repr)
@pytest.mark.parametrize("option", ["--batch", "--seq"])
def test_impossible_numbers(option: str, value: str) -> None:
    done = advisor("size", "gpt2", option, value)
    assert done.returncode == 2, done.stdout
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("value", [v for v in IMPOSSIBLE if v != "8.5"], ids=repr)
@pytest.mark.parametrize("option", ["--hours", "--vocab", "--context"])
def test_impossible_questions(option: str, value: str) -> None:
    done = advisor("propose", "--gpu", "T4", option, value)
    assert done.returncode == 2, done.stdout
    assert len(done.stderr.strip().splitlines()) == 1


def test_near_names_help() -> None:
    assert "near: RTX 4090" in advisor("size", "gpt2", "--gpu", "RTX4900").stderr
    assert "near: gpt2" in advisor("size", "gpt-2").stderr
    assert "near: decoder-small" in advisor("tune", "x", "--budget", "3m", "--space", "decoder-smal").stderr


def test_a_store_that_is_none(tmp_path: pytest.TempPathFactory) -> None:
    done = advisor("studies", cwd=tmp_path)  # type: ignore[arg-type]
    assert done.returncode == 4
    assert done.stderr == "advisor: there is no store at runs/advisor.db\n"


def test_a_reader_that_has_seen_enough() -> None:
    """`advisor gpus | head -1` ends quietly."""
    import subprocess

    from tests.cli.command import ADVISOR

    done = subprocess.run(f"'{ADVISOR}' gpus | head -1", shell=True, capture_output=True, text=True, check=True)  # noqa: S602
    assert done.stderr == ""
