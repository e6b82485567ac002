from collections.abc import Callable

import pytest
import torch

from studies.job import TrialJob
from studies.trial.state import capture, digest
from studies.trial.trainer import Trainer

Make = Callable[..., TrialJob]


def losses(job: TrialJob, steps: int = 5) -> list[float]:
    trainer = Trainer(job)
    return [trainer.step(4e-3).item() for _ in range(steps)]


def test_one_seed_one_run(trial_job: Make) -> None:
    assert losses(trial_job()) == losses(trial_job())
    assert losses(trial_job()) != losses(trial_job(seed=2))


def test_one_seed_one_order_of_the_data_whatever_the_model(trial_job: Make) -> None:
    job = trial_job()
    wider = trial_job(model=job.model.gpt(vocab=256, context=32, d_model=64, depth=2, heads=2))
    assert torch.equal(Trainer(job).batches.draw()[0], Trainer(wider).batches.draw()[0])


def test_the_first_loss_is_that_of_a_uniform_guess(trial_job: Make) -> None:
    assert losses(trial_job(), steps=1)[0] == pytest.approx(torch.log(torch.tensor(256.0)).item(), abs=0.1)


@pytest.mark.parametrize("precision", ["bf16", "fp16", "pure-bf16"])
def test_precisions_train_and_differ(trial_job: Make, precision: str) -> None:
    exact, rounded = losses(trial_job()), losses(trial_job(precision=precision))
    assert rounded != exact
    assert rounded == pytest.approx(exact, rel=0.05)


def test_weights_have_the_type_of_the_precision(trial_job: Make) -> None:
    for precision, dtype in (("fp32", torch.float32), ("bf16", torch.float32), ("pure-bf16", torch.bfloat16)):
        assert {p.dtype for p in Trainer(trial_job(precision=precision)).module.parameters()} == {dtype}


@pytest.mark.parametrize(
    "change",
    [
        {"checkpointing": "block"},
        {"attention_kernel": "math"},
        {"optimizer_implementation": "foreach"},
        {"loss": "chunked"},
    ],
    ids=str,
)
def test_how_it_is_computed_does_not_change_what_is_learnt(trial_job: Make, change: dict[str, str]) -> None:
    job = trial_job()
    still = job.model.with_dropout(0.0)  # the kernels draw their dropout masks differently
    assert losses(trial_job(model=still, **change)) == pytest.approx(losses(trial_job(model=still)), rel=1e-4)


def test_gradients_are_clipped_to_the_global_norm(trial_job: Make) -> None:
    """Under a clip far below AdamW's epsilon, a step is far shorter than the learning rate that it otherwise has."""

    def longest_step(grad_clip: float) -> float:
        trainer = Trainer(trial_job(grad_clip=grad_clip, weight_decay=0.0))
        before = [p.detach().clone() for p in trainer.module.parameters()]
        trainer.step(1e-3)
        after = trainer.module.parameters()
        return max((a - b).abs().max().item() for a, b in zip(after, before, strict=True))

    assert longest_step(0.0) == pytest.approx(1e-3, rel=0.01)
    assert longest_step(1e-12) < 1e-6


def test_evaluation_changes_nothing_and_has_no_dropout(trial_job: Make) -> None:
    trainer = Trainer(trial_job(model=trial_job().model.with_dropout(0.5)))
    trainer.step(1e-3)
    before = digest(capture(trainer))
    assert trainer.evaluate(2) == trainer.evaluate(2)
    assert digest(capture(trainer)) == before


def test_micro_batches_add_up_to_the_batch(trial_job: Make) -> None:
    model = trial_job().model.with_dropout(0.0)
    whole = losses(trial_job(model=model, batch=8))
    assert losses(trial_job(model=model, batch=4, accumulation=2)) == pytest.approx(whole, rel=1e-5)


def test_the_average_follows_the_weights_and_is_what_is_evaluated(trial_job: Make) -> None:
    trainer = Trainer(trial_job(ema=True, ema_decay=0.5))
    assert trainer.average is not None
    expected = [p.detach().clone() for p in trainer.module.parameters()]
    for step in range(3):
        trainer.step(4e-3)
        weights = list(trainer.module.parameters())  # torch takes the first ones as they are
        expected = [w.clone() if step == 0 else 0.5 * e + 0.5 * w for e, w in zip(expected, weights, strict=True)]
    for average, value in zip(trainer.average.module.parameters(), expected, strict=True):
        torch.testing.assert_close(average, value)
    plain = Trainer(trial_job())
    plain_losses = [plain.step(4e-3).item() for _ in range(3)]
    assert plain.evaluate(2) != trainer.evaluate(2)
    assert plain_losses == losses(trial_job(ema=True), steps=3)


def test_tf32_is_set_for_the_process(trial_job: Make) -> None:
    Trainer(trial_job(tf32=True))
    assert torch.get_float32_matmul_precision() == "high"
    Trainer(trial_job())
    assert torch.get_float32_matmul_precision() == "highest"


def test_a_compiled_module_learns_what_an_eager_one_does(trial_job: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Traced by torch.compile, run without its slow code generator."""
    compile_method = torch.nn.Module.compile
    monkeypatch.setattr(torch.nn.Module, "compile", lambda m: compile_method(m, backend="aot_eager"))
    model = trial_job().model.with_dropout(0.0)
    assert losses(trial_job(model=model, compile=True), steps=3) == pytest.approx(
        losses(trial_job(model=model), steps=3), rel=1e-5
    )
