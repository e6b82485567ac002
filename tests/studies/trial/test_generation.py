"""How tokens are drawn, and how models of each family are read."""

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import torch

from advisor.errors import InputError
from advisor.spec import Plan
from search_spaces.families import FAMILIES, Sizes
from studies.job import Data, Outcome, Sampling, TrialJob
from studies.records import CurvePoint
from studies.trial import generation
from studies.trial.trainer import Trainer

Train = Callable[..., tuple[Outcome, list[CurvePoint]]]
Make = Callable[..., TrialJob]
CPU = torch.device("cpu")
LOGITS = torch.log(torch.tensor([0.5, 0.3, 0.15, 0.05]))


def shares(**how: Any) -> dict[int, float]:
    generator = torch.Generator().manual_seed(0)
    drawn = Counter(generation.draw(LOGITS, Sampling(**how), generator) for _ in range(4000))
    return {token: count / 4000 for token, count in drawn.items()}


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"temperature": 1.0}, {0: 0.5, 1: 0.3, 2: 0.15, 3: 0.05}),
        ({"temperature": 0.0}, {0: 1.0}),
        ({"temperature": 0.5}, {0: 0.25 / 0.365, 1: 0.09 / 0.365, 2: 0.0225 / 0.365, 3: 0.0025 / 0.365}),
        ({"temperature": 1.0, "top_k": 2}, {0: 0.625, 1: 0.375}),
        ({"temperature": 1.0, "top_k": 100}, {0: 0.5, 1: 0.3, 2: 0.15, 3: 0.05}),
        ({"temperature": 1.0, "top_p": 0.4}, {0: 1.0}),
        ({"temperature": 1.0, "top_p": 0.6}, {0: 0.625, 1: 0.375}),
        ({"temperature": 1.0, "top_k": 2, "top_p": 0.6}, {0: 1.0}),  # 0.625 of the two
    ],
    ids=str,
)
def test_tokens_are_drawn_as_likely_as_they_are(how: dict[str, Any], expected: dict[int, float]) -> None:
    found = shares(**how)
    assert set(found) == set(expected)
    for token, share in expected.items():
        assert found[token] == pytest.approx(share, abs=5 * math.sqrt(share * (1 - share) / 4000) + 1e-9)


@pytest.mark.parametrize(
    "values",
    [
        {"tokens": 0}, {"temperature": -1.0}, {"temperature": math.nan}, {"top_k": 0}, {"top_p": 0.0}, {"top_p": 1.1},
        {"seed": -1},
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(values)).replace("_", "-")):
        Sampling(**values)


def model(family: str, vocab: int) -> Any:
    return FAMILIES[family](Sizes(vocab=vocab, context=32, d_model=32, depth=2, heads=2, hidden=64, dropout=0.0))


@pytest.mark.parametrize("family", ["decoder", "bdh"])
def test_a_text_runs_on_beyond_the_length_that_was_learned(trial_job: Make, family: str) -> None:
    job = trial_job(model=model(family, 256), plan=Plan(batch=2, sequence=16, precision="fp32"))
    reader = generation.reader(Trainer(job).module.eval(), job.model, job.plan, CPU, ())
    found = list(generation.tokens(reader, list(range(40)), Sampling(tokens=50)))
    assert len(found) == 50
    assert all(0 <= token < 256 for token in found)


@torch.no_grad()
def test_cached_reading_is_reading_all_again(trial_job: Make) -> None:
    job = trial_job(model=model("decoder", 256))
    module = Trainer(job).module.eval()
    how = Sampling(tokens=20, temperature=1.0)
    cached = generation.Remembering(module, job.model, job.plan, CPU)  # type: ignore[arg-type]
    again = generation.Recomputing(module, job.plan, CPU)
    assert list(generation.tokens(cached, [1, 2], how)) == list(generation.tokens(again, [1, 2], how))


def test_a_model_that_has_learned_to_copy_copies(trial_job: Make, train: Train) -> None:
    plan = Plan(batch=64, sequence=5, precision="fp32")
    job = trial_job(model=model("decoder", 23), plan=plan, data=Data(source="copy:2"), steps=200, eval_every=200)
    trainer = Trainer(job)
    train(job, trainer)
    source, how = [7, 22], Sampling(tokens=10, temperature=0.0, end=2)
    reader = generation.reader(trainer.module.eval(), job.model, plan, CPU, ())
    assert list(generation.tokens(reader, [*source, 1], how)) == source


@torch.no_grad()
def test_an_encoder_decoder_reads_its_source_filled_up_as_in_training(trial_job: Make) -> None:
    plan = Plan(batch=8, sequence=6, target_sequence=4, precision="fp32")
    job = trial_job(model=model("seq2seq", 23), plan=plan, data=Data(source="copy:3"))
    module = Trainer(job).module.eval()
    reader = generation.reader(module, job.model, plan, CPU, [7, 22, 15])
    read = torch.stack([reader.read([token]) for token in (1, 7, 22)])
    whole, _ = module(torch.tensor([[7, 22, 15, 0, 0, 0]]), torch.tensor([[1, 7, 22]]))
    torch.testing.assert_close(read, whole[0])
    with pytest.raises(InputError, match="at most 6 tokens"):
        generation.reader(module, job.model, plan, CPU, [7] * 7)


def test_an_encoder_is_refused(trial_job: Make) -> None:
    job = trial_job(model=model("encoder", 257))
    with pytest.raises(InputError, match="encoder"):
        generation.reader(Trainer(job).module, job.model, job.plan, CPU, ())
