"""One spec, many readings: what the ledger says equals what PyTorch itself counts, on meta tensors."""

from collections.abc import Iterator

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from advisor.ledger import estimate, parameter_shapes
from advisor.spec import Model, Plan
from studies.trial.build import LanguageModel, build
from tests.oracle.inputs import inputs
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

CASES: list[tuple[int, Model]] = [(n, random_model(n)) for n in range(60)]
CASES += [(n, random_bdh(n)) for n in range(30)] + [(n, random_moe(n)) for n in range(30)]
CASES += [(n, random_positions(n)) for n in range(100, 130)]
CASES += [(n, random_windows(n)) for n in range(200, 240)]
CASES += [(n, random_seq2seq(n)) for n in range(60)] + [(n, random_encoder(n)) for n in range(40)]

GROUPED = torch.ops.aten._grouped_mm
META = torch.library.Library("aten", "IMPL", "Meta")


def grouped_shape(a: torch.Tensor, b: torch.Tensor, offs: torch.Tensor, *_: object) -> torch.Tensor:
    """torch declares it for bf16 only."""
    return a.new_empty((offs.shape[0], a.shape[0], b.shape[1]) if b.dim() == 2 else (a.shape[0], b.shape[2]))


META.impl("_grouped_mm", grouped_shape)


def grouped_flops(a: torch.Size, b: torch.Size, *_: object, **__: object) -> int:
    """Of all pairs, whoever they are routed to; FlopCounterMode counts nothing by itself."""
    return int(2 * a[0] * a[1] * b[-1])


@pytest.fixture(params=CASES, ids=[f"{i}-{type(c[1]).__name__}{c[0]}" for i, c in enumerate(CASES)])
def case(request: pytest.FixtureRequest) -> Iterator[tuple[Model, Plan, LanguageModel, list[torch.Tensor]]]:
    number, model = request.param
    plan = random_plan(number, model)
    with torch.device("meta"):
        yield model, plan, build(model, plan), inputs(model, plan)


Case = tuple[Model, Plan, LanguageModel, list[torch.Tensor]]


def test_parameter_names_and_shapes(case: Case) -> None:
    model, _, module, _ = case
    assert parameter_shapes(model) == {name: tuple(p.shape) for name, p in module.named_parameters()}
    assert list(parameter_shapes(model)) == [name for name, _ in module.named_parameters()]


def test_flops(case: Case) -> None:
    model, plan, module, batch = case
    with FlopCounterMode(display=False, custom_mapping={GROUPED: grouped_flops}) as counter:
        _, loss = module(*batch)
    forward = counter.get_total_flops()
    assert loss is not None
    with counter:
        loss.backward()
    flops = estimate(model, plan).flops
    assert flops.forward == forward
    assert flops.step == forward + counter.get_total_flops()


def test_saved_bytes(case: Case) -> None:
    model, plan, module, batch = case
    given = {t.untyped_storage()._cdata for t in (*module.parameters(), *module.buffers(), *batch)}
    saved: dict[int, torch.UntypedStorage] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in given:
            saved[storage._cdata] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        module(*batch)
    assert estimate(model, plan).memory.saved == sum(s.nbytes() for s in saved.values())
