"""The exported script is the model that was sized: the same weights by name, the same loss, the same gradients."""

import dataclasses
import os
import random
import subprocess
import sys
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

import pytest
import torch

from advisor.errors import InputError
from advisor.export import export
from advisor.ledger import estimate
from advisor.spec import BDH, Encoder, Model, Plan, Seq2Seq
from advisor.spec.plan import OPTIMIZER_IMPLEMENTATIONS, SHARDINGS
from advisor.spec.proposal import Stored, find_proposal
from advisor.spec.recipe import SCHEDULES, Recipe
from advisor.spec.text import preset_names
from studies.trial.build import build, initialize
from studies.trial.optimizer import optimizers
from studies.trial.schedule import learning_rate
from tests.export.script import load, script
from tests.oracle.specs import (
    random_bdh,
    random_encoder,
    random_model,
    random_moe,
    random_plan,
    random_positions,
    random_seq2seq,
    random_windows,
)


def random_family(make: Any, field: str) -> Any:
    """The first of a family's random models that has this block and a byte vocabulary."""
    models = (make(number) for number in range(100))
    return next(m for m in models if getattr(m, field) and m.embedding.vocab >= 256 and m.context >= 32)


CASES: list[tuple[int, Model]] = [(n, random_model(n)) for n in range(20)]
CASES += [(n, random_bdh(n)) for n in range(10)] + [(n, random_moe(n)) for n in range(10)]
CASES += [(n, random_positions(n)) for n in range(100, 115)] + [(n, random_windows(n)) for n in range(200, 220)]
CASES += [(n, random_seq2seq(n)) for n in range(20)] + [(n, random_encoder(n)) for n in range(20)]
CASES = [(n, m) for n, m in CASES if not isinstance(m, Encoder) or m.head is not None]
IDS = [f"{type(model).__name__}{number}" for number, model in CASES]


def plan_of(number: int, model: Model) -> Plan:
    """Any plan of the script's that a CPU runs in fp32."""
    plan = random_plan(number, model)
    pick = random.Random(number)
    return dataclasses.replace(
        plan, precision="fp32", attention_kernel="auto", padding=False, keep_logits=False, lora=None,
        parametrization="standard",
        optimizer_implementation="foreach", accumulation=pick.choice([1, 2]), ema=pick.random() < 0.2,
        grad_clip=pick.random() < 0.5,
    )  # fmt: skip


def batch_of(model: Model, plan: Plan) -> list[torch.Tensor]:
    vocab = int(model.vocab if hasattr(model, "vocab") else model.embedding.vocab)
    lengths = [plan.sequence, plan.target, plan.target] if isinstance(model, Seq2Seq) else [plan.sequence] * 2
    return [torch.randint(vocab, (plan.batch, length)) for length in lengths]


@pytest.mark.parametrize(("number", "model"), CASES, ids=IDS)
def test_the_model_is_ours(number: int, model: Model, tmp_path: Path) -> None:
    plan = plan_of(number, model)
    theirs: Any = load(script(model, plan), tmp_path).Model()
    ours: Any = build(model, plan)
    initialize(ours, seed=number)
    assert [n for n, _ in theirs.named_parameters()] == [n for n, _ in ours.named_parameters()]
    assert sum(p.numel() for p in theirs.parameters()) == estimate(model, plan).parameters.total
    theirs.load_state_dict(ours.state_dict())
    torch.manual_seed(number)
    batch = batch_of(model, plan)
    losses = []
    for module in (ours, theirs):
        torch.manual_seed(0)  # the same dropout
        losses.append(module(*batch)[1])
        losses[-1].backward()
    torch.testing.assert_close(losses[1], losses[0])
    for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(q.grad, p.grad, msg=lambda m, n=name: f"{n}: {m}", rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("number", "model"), CASES[::5], ids=IDS[::5])
def test_initial_weights_have_our_spread(number: int, model: Model, tmp_path: Path) -> None:
    plan = plan_of(number, model)
    module = load(script(model, plan), tmp_path)
    theirs, ours = module.Model(), build(model, plan)
    module.initialize(theirs)
    initialize(ours, seed=0)
    for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        if p.numel() > 1000 or p.dim() < 2:
            torch.testing.assert_close(q.std(), p.std(), rtol=0.15, atol=1e-6, msg=lambda m, n=name: f"{n}: {m}")


def test_presets_are_clean_python(tmp_path: Path) -> None:
    """No unused name, no long line; ruff says so."""
    for name in preset_names():
        (tmp_path / f"{name}.py").write_text(export(find_proposal(name), "torch").text)
    ruff = [str(Path(sys.executable).with_name("ruff")), "check", "--isolated", "--select", "E,F,I,B", "--ignore",
            "B905", "--line-length", "120", str(tmp_path)]  # fmt: skip
    done = subprocess.run(ruff, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


PRECISIONS = [("fp32", "adamw"), ("bf16", "adamw"), ("fp16", "adamw"), ("pure-bf16", "adamw")]
OPTIMIZERS = [("fp32", name) for name in OPTIMIZER_IMPLEMENTATIONS if name not in ("adamw", "adamw-8bit")]


@pytest.fixture(scope="module")
def text_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "text.txt"
    path.write_text("\n".join(topics.values())[:60_000])
    return path


@pytest.mark.parametrize(("precision", "optimizer"), PRECISIONS + OPTIMIZERS)
def test_every_precision_and_optimizer_learns(precision: Any, optimizer: Any, tmp_path: Path, text_file: Path) -> None:
    model = dataclasses.replace(find_proposal("tiny").model, context=32)
    plan = Plan(
        batch=4, sequence=32, precision=precision, optimizer=optimizer, grad_clip=True, accumulation=2,
        optimizer_implementation=OPTIMIZER_IMPLEMENTATIONS[optimizer][0], ema=optimizer == "sgd",
    )  # fmt: skip
    module = load(script(model, plan), tmp_path)
    rate = {"sgd": 0.3, "sgd-momentum": 0.05, "adafactor": 0.02, "lion": 6e-4}
    module.LEARNING_RATE = rate.get(optimizer, 2e-3)
    torch.manual_seed(0)
    device = torch.device("cpu")
    trainer = module.Trainer(module.Data(str(text_file), device), device, steps=30)
    losses = [trainer.step(number).item() for number in range(30)]
    assert losses[0] == pytest.approx(5.55, abs=0.3)  # log(256)
    assert losses[-1] < losses[0] - 0.7


@pytest.mark.parametrize("name", [name for name in SCHEDULES if name != "plateau"])
@pytest.mark.parametrize("warm_up", [{"warmup_ratio": 0.1}, {"warmup_steps": 7}, {"warmup_steps": 0}])
def test_the_recipe_is_the_study_s(name: Any, warm_up: dict[str, Any], tmp_path: Path) -> None:
    """Every step's learning rate, and what each weight is updated with."""
    model, plan = find_proposal("tiny").model, Plan(batch=4, sequence=32, precision="fp32", grad_clip=True)
    recipe = Recipe(
        learning_rate=3.21e-3, weight_decay=0.05, beta1=0.85, beta2=0.97, eps=1e-7, grad_clip=0.5, schedule=name,
        min_lr=1e-4, min_lr_ratio=0.02, **warm_up,
    )  # fmt: skip
    module = load(script(model, plan, recipe, tokens=150 * plan.tokens), tmp_path)
    assert (module.STEPS, module.GRAD_CLIP) == (150, 0.5)
    theirs = [module.learning_rate(step, 150) for step in range(150)]
    assert theirs == pytest.approx([learning_rate(recipe, step, 150) for step in range(150)], rel=1e-5)
    ours, built = build(model, plan), module.Model()
    (mine,), (made,) = optimizers(ours, recipe, plan), module.make_optimizers(built)
    names = {id(p): n for m in (ours, built) for n, p in m.named_parameters()}

    def updates(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
        groups = optimizer.param_groups
        return {names[id(p)]: [g[key] for key in ("betas", "eps", "weight_decay")] for g in groups for p in g["params"]}

    assert updates(made) == updates(mine)


def test_a_plateau_is_refused(tmp_path: Path) -> None:
    model, plan = find_proposal("tiny").model, Plan(batch=4, sequence=32)
    with pytest.raises(InputError, match=r"recipe.schedule: one of .* there, plateau here"):
        script(model, plan, Recipe(learning_rate=1e-3, schedule="plateau"))


FAMILIES = {
    "decoder": find_proposal("tiny").model,
    "bdh": BDH(vocab=256, context=64, d_model=32, depth=3, heads=2, multiplier=8),
    "encoder": random_family(random_encoder, "head"),
    "seq2seq": random_family(random_seq2seq, "relative"),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_script_runs_by_itself(family: str, tmp_path: Path, text_file: Path) -> None:
    """In a process of its own, which cannot see this project."""
    model = FAMILIES[family]
    plan = Plan(batch=4, sequence=32, precision="fp32", checkpointing="block")
    (tmp_path / "train.py").write_text(script(model, plan).replace("LEARNING_RATE = ", "LEARNING_RATE = 3e-3  # "))
    command = [sys.executable, "-I", "train.py", "--data", str(text_file), "--steps", "40", "--device", "cpu"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=300,
                          env={**os.environ, "OMP_NUM_THREADS": "1"})  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == f"{estimate(model, plan).parameters.total:,} parameters"
    losses = [float(line.split("loss")[1].split()[0]) for line in lines[1:]]
    assert losses[-1] < losses[0] - 0.25  # the last one is the validation loss
    weights = torch.load(tmp_path / "weights.pt")
    build(model, plan).load_state_dict(weights)


def test_token_files_are_read_as_nanogpt_writes_them(tmp_path: Path) -> None:
    model = dataclasses.replace(find_proposal("tiny").model, context=8)
    module = load(script(model, Plan(batch=2, sequence=8)), tmp_path)
    (tmp_path / "tokens.bin").write_bytes(b"".join(i.to_bytes(2, "little") for i in range(40_000, 40_400)))
    ids, targets = module.Data(str(tmp_path / "tokens.bin"), torch.device("cpu")).batch()
    assert ids.shape == (2, 8)
    assert torch.equal(ids + 1, targets)
    assert 40_000 <= int(ids.min()) <= int(targets.max()) < 40_360


@pytest.mark.parametrize(
    ("plan", "field"),
    [
        ({"gpus": 8, "sharding": SHARDINGS[-1]}, "sharding"),
        ({"padding": True}, "padding"),
        ({"implementation": "hf"}, "implementation"),
    ],
)
def test_a_plan_that_it_does_not_follow(plan: dict[str, Any], field: str) -> None:
    stored = find_proposal("gpt2")
    with pytest.raises(InputError, match=f"plan.{field}"):
        export(Stored(name="x", model=stored.model, plan=Plan(sequence=64, **plan)), "torch")


def test_several_gpus_are_processes_that_share_gradients(tmp_path: Path, text_file: Path) -> None:
    """Two processes on this CPU: each has its data, both end with the same weights, as one file."""
    model = dataclasses.replace(find_proposal("tiny").model, context=32)
    plan = Plan(batch=2, sequence=32, precision="fp32", accumulation=2, gpus=2, grad_clip=True)
    text = script(model, plan).replace("LEARNING_RATE = ", "LEARNING_RATE = 3e-3  # ")
    check = "    same = [torch.zeros(()) for _ in range(2)]\n"
    check += "    dist.all_gather(same, sum(p.detach().double().sum() for p in trainer.model.parameters()).float())\n"
    check += "    assert same[0] == same[1]\n    dist.barrier()\n    print(end='', flush=True)\n"
    check += "    os._exit(0)"  # gloo's threads, which a GPU has not, now and then abort a process that takes them down
    (tmp_path / "train.py").write_text(text.replace("    dist.destroy_process_group()", check))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
               "train.py", "--data", str(text_file), "--steps", "30", "--device", "cpu"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=300,
                          env={**os.environ, "OMP_NUM_THREADS": "1"})  # fmt: skip
    assert done.returncode == 0, done.stderr
    losses = [float(line.split("loss")[1].split()[0]) for line in done.stdout.splitlines() if "loss" in line]
    assert losses[-1] < losses[0] - 0.5
    build(model, dataclasses.replace(plan, gpus=None)).load_state_dict(torch.load(tmp_path / "weights.pt"))
