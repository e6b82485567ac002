"""advisor explain, as a user runs it."""

import json

import pytest

from tests.cli.command import advisor
from tests.cli.test_imports import loaded

EXPLAIN = ["explain", "gpt2", "--gpu", "RTX 4090"]


def test_the_keys() -> None:
    a = json.loads(advisor(*EXPLAIN, "--free", "4GiB", "--claims", "--json").stdout)
    assert set(a) == {"peak", "elasticities", "switches", "savings", "claims", "rankings"}
    assert set(a["peak"]) == {"bytes", "phase", "op", "parameters", "optimizer", "activations", "rest"}
    readings = {"memory", "parameters", "flops", "time"}
    assert set(a["elasticities"][0]) == {"knob", "value", "neighbors", "same_kernels", "same_peak"} | readings
    assert set(a["switches"][0]) == {"knob", "value", "other"} | readings
    assert set(a["savings"][0]) == {"changes", "freed", "parameters_lost", "sequence_lost", "speed_lost"}
    assert set(a["claims"][0]) == {"claim", "computed", "holds"}
    assert all(s["freed"] >= 4 * 2**30 for s in a["savings"])


def test_only_what_was_asked() -> None:
    a = json.loads(advisor("explain", "gpt2", "--json").stdout)
    assert a["savings"] is a["claims"] is a["rankings"] is None
    assert all(e["time"] is None for e in a["elasticities"])


def test_the_words_for_a_person() -> None:
    text = advisor(*EXPLAIN, "--free", "4GiB", "--claims").stdout
    assert text.startswith("gpt2 on RTX 4090: batch 8 x 1024 tokens, bf16\n\nPeak: 8.17 GiB allocated, in backward")
    assert "1. batch 8 -> 3: frees 4.10 GiB, costs" in text
    assert "Transformer hyperparameter guide" in text
    assert not any(line != line.rstrip() for line in text.splitlines())


def test_the_rankings_of_the_bdh_guide() -> None:
    arguments = ["explain", "bdh-25m", "--claims"]
    text = advisor(*arguments).stdout
    assert "Ranking of the BDH configuration guide by VRAM" in text
    rankings = json.loads(advisor(*arguments, "--json").stdout)["rankings"]
    assert [r["reading"] for r in rankings] == ["memory", "parameters", "flops"]
    assert set(rankings[0]["places"][0]) == {"knob", "claimed", "computed", "elasticity"}


def test_the_point_is_that_of_size() -> None:
    plan = ["--batch", "3", "--seq", "512", "--precision", "fp32", "--checkpointing", "block"]
    size = json.loads(advisor("size", "gpt2", *plan, "--json").stdout)["memory"]["allocated"]
    peak = json.loads(advisor("explain", "gpt2", *plan, "--json").stdout)["peak"]
    assert {key: peak[key] for key in size} == size


@pytest.mark.parametrize(
    "arguments",
    [
        ["gpt5"],
        ["gpt2", "--by", "memmory"],
        ["gpt2", "--by", "time"],
        ["gpt2", "--of", "reserved"],
        ["gpt2", "--free", "4"],
        ["gpt2", "--free", "0GiB"],
        ["gpt2", "--free", "-1GiB"],
        ["gpt2", "--free", "900GiB"],
        ["gpt2", "--free", "8.16GiB"],
        ["gpt2", "--seq", "1025"],
        ["gpt2", "--batch", "0"],
    ],
    ids=" ".join,
)
def test_one_clear_line(arguments: list[str]) -> None:
    done = advisor("explain", *arguments)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("advisor: ")
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


def test_nothing_heavy_is_loaded() -> None:
    assert loaded(*EXPLAIN, "--free", "4GiB", "--claims") == set()
