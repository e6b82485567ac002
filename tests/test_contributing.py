"""The example of CONTRIBUTING runs as it stands there."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from advisor.ledger.autograd import Edge, Grads, Node, run_backward
from advisor.ledger.machine import Machine
from advisor.ledger.tape import Segment, aligned
from advisor.ledger.tensor import Tensor
from advisor.spec import check

CONTRIBUTING = Path(__file__).parent.parent / "CONTRIBUTING.md"
MOST_LINES = 60


class Made(TorchDispatchMode):
    """Names and bytes of the tensors that ops make; views and aliases make none."""

    def __init__(self) -> None:
        super().__init__()
        self.tensors: list[tuple[str, int]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if not func.is_view and func.overloadpacket.__name__ != "detach":
            self.tensors.append((func.overloadpacket.__name__, aligned(out.untyped_storage().nbytes())))
        return out


def made_by_torch(module: nn.Module, shape: tuple[int, ...]) -> list[tuple[str, int]]:
    """What `module` makes of an fp32 input of this shape that needs a gradient, forward and backward."""
    module, x = module.to("meta"), torch.empty(shape, device="meta", requires_grad=True)
    gradient = torch.empty(shape, device="meta")
    with Made() as made:
        module(x).backward(gradient)
    return made.tensors


def test_the_example_of_a_new_block_type() -> None:
    blocks = re.findall(r"```python\n(.*?)```", CONTRIBUTING.read_text(), re.DOTALL)
    code = "\n\n".join(blocks)
    assert len([line for line in code.splitlines() if line.strip()]) < MOST_LINES
    names: dict[str, Any] = {
        "Any": Any, "Edge": Edge, "Grads": Grads, "Machine": Machine, "Node": Node, "Segment": Segment,
        "Tensor": Tensor, "check": check, "dataclass": dataclass, "made_by_torch": made_by_torch, "nn": nn,
        "run_backward": run_backward, "torch": torch, "__name__": __name__,
    }  # fmt: skip
    exec(code, names)  # noqa: S102 - the repository's own text
    tests = [name for name in names if name.startswith("test_")]
    assert tests == ["test_layer_scale"]
    names["test_layer_scale"]()
    names["LayerScale"]().check("model.scale")
