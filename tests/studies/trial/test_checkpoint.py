from collections.abc import Callable
from pathlib import Path

import pytest

from advisor.errors import StoreError
from studies.job import Outcome, TrialJob
from studies.records import CurvePoint
from studies.trial import checkpoint, loop
from studies.trial.state import TrainingState, capture, digest, restore
from studies.trial.trainer import Trainer

Make = Callable[..., TrialJob]
Train = Callable[..., tuple[Outcome, list[CurvePoint]]]


def state_of(job: TrialJob) -> TrainingState:
    trainer = Trainer(job)
    trainer.step(1e-3)
    return capture(trainer)


@pytest.mark.parametrize("change", [{}, {"precision": "pure-bf16"}], ids=str)
def test_what_is_saved_is_what_is_loaded(trial_job: Make, tmp_path: Path, change: dict[str, str]) -> None:
    state = state_of(trial_job(**change))
    loaded = checkpoint.load(checkpoint.save(state, tmp_path / "trial.safetensors"))
    assert digest(loaded) == digest(state)
    assert loaded.values == state.values
    assert loaded.tensors.keys() == state.tensors.keys()


def test_going_on_from_a_checkpoint_equals_never_having_stopped(trial_job: Make, train: Train, tmp_path: Path) -> None:
    job = trial_job(steps=20, eval_every=5)
    outcome, whole = train(job)
    halfway = Trainer(job)
    loop.train(halfway, job, report=lambda _: None, stopped=lambda: halfway.steps_done == 10)
    checkpoint.save(capture(halfway), tmp_path / "trial.safetensors")

    other = Trainer(trial_job(seed=99))  # nothing of it is left once the state is restored
    other.step(1.0)
    restore(other, checkpoint.load(tmp_path / "trial.safetensors"))
    assert train(job, other) == (outcome, whole[10:])


def test_saving_replaces_the_file_and_leaves_no_other(trial_job: Make, tmp_path: Path) -> None:
    path = tmp_path / "trial.safetensors"
    checkpoint.save(state_of(trial_job()), path)
    second = state_of(trial_job(seed=2))
    checkpoint.save(second, path)
    assert digest(checkpoint.load(path)) == digest(second)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_torn_file_is_a_store_error(trial_job: Make, tmp_path: Path, share: float) -> None:
    path = checkpoint.save(state_of(trial_job()), tmp_path / "trial.safetensors")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(StoreError, match="cannot read checkpoint"):
        checkpoint.load(path)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.9])
def test_a_flipped_bit_is_a_store_error(trial_job: Make, tmp_path: Path, share: float) -> None:
    path = checkpoint.save(state_of(trial_job()), tmp_path / "trial.safetensors")
    content = bytearray(path.read_bytes())
    content[int(len(content) * share)] ^= 1
    path.write_bytes(content)
    with pytest.raises(StoreError, match="cannot read checkpoint"):
        checkpoint.load(path)


def test_a_missing_file_and_a_foreign_one_are_store_errors(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    with pytest.raises(StoreError, match="cannot read checkpoint"):
        checkpoint.load(tmp_path / "none.safetensors")
    save_file({}, tmp_path / "foreign.safetensors")
    with pytest.raises(StoreError, match="cannot read checkpoint"):
        checkpoint.load(tmp_path / "foreign.safetensors")
