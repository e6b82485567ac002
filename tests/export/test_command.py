"""advisor export, as a user runs it."""

import json
import re
import shlex
from pathlib import Path

import pytest

import studies
from studies.executors.local import LocalExecutor
from tests.cli.command import advisor
from tests.cli.test_imports import loaded
from tests.studies.examples import settings

DOCS = (Path(__file__).parent.parent.parent / "docs" / "export.md").read_text()
SESSIONS = [block for block in re.findall(r"^```\n(.*?)^```", DOCS, re.DOTALL | re.MULTILINE) if "$ advisor" in block]


@pytest.mark.parametrize("session", SESSIONS, ids=lambda s: s.splitlines()[0])
def test_the_examples_of_the_docs(session: str, tmp_path: Path) -> None:
    """Every command runs; what is shown below it is what it prints, but for `...` lines."""
    for part in session.split("$ ")[1:]:
        command, _, shown = part.partition("\n")
        line, _, target = command.partition(" > ")
        done = advisor(*shlex.split(line)[1:], cwd=tmp_path)
        if target:
            (tmp_path / target).write_text(done.stdout)
        elif shown.strip():
            assert shown.strip() == (done.stdout + done.stderr).strip()
        assert done.returncode == (2 if "advisor: " in shown else 0), done.stderr


def test_what_is_printed_and_what_is_written(tmp_path: Path) -> None:
    printed = advisor("export", "tiny", "--to", "hf").stdout
    done = advisor("export", "tiny", "--to", "hf", "-o", "config.json", cwd=tmp_path)
    assert done.stdout == "config.json: tiny for GPT2LMHeadModel, 124,672 parameters\n"
    assert (tmp_path / "config.json").read_text() == printed
    data = json.loads(advisor("export", "tiny", "--to", "hf", "--json").stdout)
    assert (data["text"], data["parameters"], data["file_name"]) == (printed, 124672, "config.json")
    size = advisor("size", "--hf", "config.json", "--seq", "64", "--json", cwd=tmp_path)
    assert json.loads(size.stdout)["parameters"]["total"] == 124672


def test_an_option_of_the_plan_replaces_the_proposals(tmp_path: Path) -> None:
    (tmp_path / "it.toml").write_text(
        "[model]\ncontext = 32\nd_model = 32\ndepth = 1\nembedding = { vocab = 50304 }\nattention = { heads = 2 }\n"
        "mlp = { hidden = 128 }\n[plan]\nbatch = 3\nsequence = 32\nprecision = 'fp32'\n"
    )
    text = advisor("export", "it.toml", "--to", "nanogpt", "--accumulation", "5", cwd=tmp_path).stdout
    assert "batch_size = 3" in text
    assert "gradient_accumulation_steps = 5" in text
    assert 'dtype = "float32"' in text


def test_what_a_study_has_found(tmp_path: Path) -> None:
    asked = settings(tmp_path, name="it", budget_seconds=600.0, sampler="random", max_trials=3)
    record = studies.run(asked, executor=lambda devices: LocalExecutor(devices, "tests.studies.workers:pretends"))
    line = ("export", "--study", "it", "--store", asked.store, "--to", "torch", "-o", "train.py")
    done = advisor(*line, cwd=tmp_path)
    assert record.best is not None
    assert done.stdout == f"train.py: it for torch, {record.best.parameters:,} parameters\n"
    exported = re.search(r"^LEARNING_RATE = (.+)$", (tmp_path / "train.py").read_text(), re.MULTILINE)
    assert exported is not None
    assert float(exported[1]) == pytest.approx(record.best.point["learning_rate"], rel=1e-5)
    for wrong in (("gpt2", *line), ("export", "--to", "torch"), (*line[:2], "no-such", *line[3:])):
        refused = advisor("export", *[word for word in wrong if word != "export"], cwd=tmp_path)
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    "arguments",
    [
        ["gpt2"], ["gpt2", "--to", "hff"], ["gpt5", "--to", "hf"], ["none.json", "--to", "hf"],
        ["gpt2", "--to", "hf", "--rank", "2"], ["bdh-8gb", "--to", "hf"], ["gpt2", "--to", "hf", "--seq", "2048"],
        ["llama-3-8b", "--to", "nanogpt"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_one_clear_line(arguments: list[str]) -> None:
    done = advisor("export", *arguments)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("advisor: ")
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


@pytest.mark.parametrize("to", ["hf", "nanogpt", "torch"])
def test_nothing_heavy_is_loaded(to: str) -> None:
    assert loaded("export", "gpt2", "--to", to) == set()
