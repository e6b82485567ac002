"""What the points of a study cost, exactly as the estimator has it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from advisor import gpus
from advisor.errors import InputError
from advisor.gpus import GPU
from advisor.gpus.processor import cpu
from advisor.spec import Model, Plan
from advisor.timing.latency import latency
from search_spaces import Space
from studies.jobs import Jobs
from studies.needs import Needs
from studies.objectives import beside_loss
from studies.settings import Settings

READINGS: Mapping[str, Callable[[Needs, int], float]] = {  # of what a step needs, and its tokens
    "parameters": lambda needs, tokens: needs.parameters,
    "memory": lambda needs, tokens: needs.memory_bytes,
    "flops": lambda needs, tokens: needs.flops / tokens,
}


@dataclass(frozen=True, kw_only=True)
class Pricing:
    """Reads what a study's objectives say of a point; `gpu`: where latency is predicted."""

    names: tuple[str, ...]
    jobs: Jobs
    gpu: GPU | None

    @classmethod
    def of(cls, settings: Settings, jobs: Jobs) -> "Pricing":
        """Those of a study."""
        names = tuple(each.name for each in beside_loss(settings.objectives))
        return cls(names=names, jobs=jobs, gpu=place(settings) if "latency" in names else None)

    def __call__(self, point: Mapping[str, float]) -> dict[str, float]:
        """The value of each objective beside the loss, by name. Raises InputError."""
        return {name: self._read(name, point) for name in self.names}

    def _read(self, name: str, point: Mapping[str, float]) -> float:
        model, plan, _ = self.jobs.space.resolve(point)
        if self.gpu is not None and name == "latency":
            return _seconds(model, plan, self.gpu)
        return READINGS[name](self.jobs.needs(point), int(plan.tokens))


def check_latency(settings: Settings, space: Space) -> None:
    """Raises InputError or UnknownError where latency is an objective and cannot be predicted."""
    if "latency" not in settings.objectives:
        if settings.latency_on:
            raise InputError("--latency-on", expected="latency among the objectives", got=settings.latency_on)
        return
    if settings.objective:
        raise InputError(
            "objectives", expected="no latency of a model of your own, which runs as it likes", got="latency"
        )
    _seconds(*space.example(), place(settings))


def place(settings: Settings) -> GPU:
    """The device whose latency a study is to make small."""
    if settings.latency_on:
        return gpus.find(settings.latency_on)
    return cpu() if settings.devices[0].name == "cpu" else gpus.local()


def _seconds(model: Model, plan: Plan, gpu: GPU) -> float:
    """The latency [s]."""
    span = latency(model, plan, gpu)
    if span is None:
        wanted = "a device whose rates are known: a GPU by --latency-on, or this one after advisor calibrate"
        raise InputError("objectives: latency", expected=wanted, got=gpu.name)
    return float(span.seconds)
