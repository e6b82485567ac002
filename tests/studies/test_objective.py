"""Models of the user's own, from the page that explains them to a finished study."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import studies
from advisor.errors import InfeasibleError, ObjectiveError
from advisor.spec import Plan
from advisor.spec.own import Own
from advisor.spec.recipe import Recipe
from search_spaces import free
from studies import jobs
from studies.coordinator.allotment import MAX_EPOCHS
from studies.job import Data, TraceJob, TrialJob
from studies.own import Tracer, within
from studies.trial import tracer
from studies.trial.objective import make
from studies.trial.state import capture, digest, restore
from studies.trial.trainer import Trainer
from tests.studies.examples import CPU, settings

PAGE = Path(__file__).parents[2] / "docs" / "objective.md"
EXAMPLES = 640
POINT = {"learning_rate": 1e-2, "width": 16, "activation": "tanh", "batch": 32}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The two files of the page."""
    for kind, name in (("python", "my_model.py"), ("toml", "my_space.toml")):
        [text] = re.findall(f"```{kind}\n(.*?)```", PAGE.read_text(), re.S)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def job(files: Path) -> Callable[..., TrialJob]:
    def made(**plan: object) -> TrialJob:
        return TrialJob(
            model=Own(objective=f"{files}/my_model.py:make", values=POINT),
            plan=Plan(batch=32, sequence=1, precision="fp32", **plan),  # type: ignore[arg-type]
            recipe=Recipe(learning_rate=1e-2), data=Data(), device=CPU, seed=0, steps=10, eval_every=5, eval_batches=1,
            flops_per_step=1.0,
        )  # fmt: skip

    return made


@pytest.mark.parametrize("plan", [{}, {"ema": True}, {"optimizer": "muon"}], ids=str)
def test_it_learns_and_its_state_is_restored_to_the_bit(job: Callable[..., TrialJob], plan: dict[str, object]) -> None:
    trainer = Trainer(job(**plan))
    first = trainer.step(1e-2).item()
    before = capture(trainer)
    losses = [trainer.step(1e-2).item() for _ in range(60)]
    assert losses[-1] < first / 4
    assert trainer.evaluate(1) < (first if plan.get("ema") else first / 4)  # an average lags behind
    restore(trainer, before)
    assert digest(capture(trainer)) == digest(before)
    assert [trainer.step(1e-2).item() for _ in range(3)] == losses[:3]


def test_a_step_is_traced_and_not_guessed(job: Callable[..., TrialJob]) -> None:
    one = job()
    assert isinstance(one.model, Own)
    [needs] = tracer.run(TraceJob(configs=((one.model, one.plan, one.recipe),), device=CPU)).needs
    assert needs is not None
    assert needs.parameters == 16 + 16 + 16 * 16 + 16 + 16 + 1
    forward = 2 * 32 * (16 + 16 * 16 + 16)
    assert needs.flops == 3 * forward - 2 * 32 * 16  # nobody wants the gradient of x
    assert needs.memory_bytes > 4 * 4 * needs.parameters  # weights, gradients, two moments


def test_a_sweep_draws_whole_batches_for_a_plan_cannot_halve_them(files: Path) -> None:
    space = free.load(f"{files}/my_space.toml", f"{files}/my_model.py:make")
    of_space = jobs.Jobs(space=space, data=Data(), device=CPU, trace=Tracer(space=space, device=CPU))
    point = space.point({}, 0)
    job = of_space.sweep(point, 0)
    assert isinstance(job.model, Own)
    [needs] = tracer.run(TraceJob(configs=((job.model, job.plan, job.recipe),), device=CPU)).needs
    assert needs is not None
    assert of_space.ramp_flops(point) == needs.flops


def test_the_heaviest_corner_fits_or_the_costliest_knob_is_cut(files: Path) -> None:
    space = free.load(f"{files}/my_space.toml", f"{files}/my_model.py:make")
    trace = Tracer(space=space, device=CPU)
    [at_64, at_32] = [t.memory_bytes for t in trace(*(space.point({"width": w}, 0) for w in (64, 32))) if t]
    assert within(space, CPU, 2 * at_64).knobs == space.knobs
    limit = at_64 - 1
    cut = within(space, CPU, limit)
    assert cut.knobs["width"].values == (16, 32, 48)
    assert free.parse(cut.document, cut.name).knobs == cut.knobs
    assert within(space, CPU, at_32 + 2000).knobs["width"].high == 32
    with pytest.raises(InfeasibleError, match="smallest model does not fit"):
        within(space, CPU, 100)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def make(point, device):\n    return 1 / 0\n", r"^bad.py, line 2: ZeroDivisionError"),
        ("def make(point, device:\n", r"^bad.py, line 1: SyntaxError"),
        ("import nowhere_at_all\n", r"^bad.py, line 1: ModuleNotFoundError"),
        ("made = 3\n", r"expected a function make\(point, device\)"),
        ("def make(point, device):\n    return 3\n", "returned int without `module`"),
    ],
)
def test_an_error_is_one_line_with_the_line_of_the_file(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.py").write_text(text)
    with pytest.raises(ObjectiveError, match=message) as caught:
        make(Own(objective=f"{tmp_path}/bad.py:make", values={}), torch.device("cpu"), 0)
    assert "\n" not in str(caught.value)


def test_an_error_in_the_loss_names_its_line(files: Path, job: Callable[..., TrialJob]) -> None:
    model = files / "my_model.py"
    model.write_text(model.read_text().replace("x, y = batch", "x, y = batch[0]"))
    line = model.read_text().splitlines().index("        x, y = batch[0]") + 1
    with pytest.raises(ObjectiveError, match=f"my_model.py, line {line}: ValueError"):
        Trainer(job()).step(1e-3)


def test_a_study_tunes_it(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "ENDLESS", EXAMPLES)  # short trials, however much time there is
    record = studies.run(
        settings(
            files, space=f"{files}/my_space.toml", objective=f"{files}/my_model.py:make", max_trials=2,
            budget_seconds=3600.0,
        )
    )  # fmt: skip
    assert record.state == "FINISHED"
    assert record.tokens_per_trial == MAX_EPOCHS * EXAMPLES
    assert record.best is not None
    assert set(record.best.point) == set(POINT)
    assert record.best.memory_bytes > 0
    assert all(trial.state in ("COMPLETE", "PRUNED") for trial in record.trials)
