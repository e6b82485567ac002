"""What would make a step fit: the changes of it that free what is missing."""

from advisor.errors import InfeasibleError, InputError
from advisor.explain import Point, savings
from advisor.gpus import GPU
from advisor.spec import Model, Plan

CHANGES = 3  # that are named


def cheapest(model: Model, plan: Plan, gpu: GPU, missing: int) -> str:
    """In words, the cheapest changes first, that take `missing` bytes off the memory of the device."""
    try:
        found = savings(Point(model, plan, gpu), missing, "device")
    except (InfeasibleError, InputError):
        return "no change and no pair of changes makes it fit"
    texts = [
        " and ".join(f"{c.path.rpartition('.')[2]} {c.old} -> {c.new}" for c in s.changes) for s in found[:CHANGES]
    ]
    return f"cheapest changes: {', '.join(f'{rank}. {text}' for rank, text in enumerate(texts, 1))}"
