"""Where nothing answers a question: what stands in the way, and the nearest that is possible."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from advisor.errors import AdvisorError, InfeasibleError
from advisor.law import MOST_EPOCHS
from advisor.propose import remedies
from advisor.propose.axes import Ints, Limits, Mask
from advisor.propose.candidates import Candidates, enumerate_candidates
from advisor.propose.fitting import Fitting
from advisor.propose.outcome import Floats
from advisor.propose.parts import parts
from advisor.propose.question import Question
from advisor.units import format_bytes, format_count, format_seconds

LEAST_STEPS = 100  # of the optimizer; with fewer nothing is learned


@dataclass(frozen=True)
class Bound:
    """Something that a row must satisfy, and how far each row is from it (0: it does)."""

    text: str
    distance: Floats

    @property
    def held(self) -> Mask:
        """Rows that do."""
        return np.asarray(self.distance == 0)


def bounds(c: Candidates, question: Question) -> list[Bound]:
    """All but memory."""
    found = []
    if question.parameters is not None:
        low, high = question.parameters.low, question.parameters.high
        off = np.maximum(np.maximum(low - c.parameters, c.parameters - high), 0) / c.parameters
        found.append(Bound(f"{format_count(low)} to {format_count(high)} parameters", off))
    if question.tokens_per_second is not None:
        slow = np.maximum(question.tokens_per_second / c.tokens_per_second - 1, 0)
        found.append(Bound(f"{format_count(question.tokens_per_second)} tokens/s", np.nan_to_num(slow, nan=np.inf)))
    return found


def check_budget(c: Candidates, question: Question, tokens: Floats) -> None:
    """Raises InfeasibleError where time or data are too short for any candidate to learn."""
    steps = tokens / c.step_tokens
    if steps.max() >= LEAST_STEPS:
        return
    row = int(np.argmax(steps))
    factor, unique = LEAST_STEPS / float(steps[row]), question.tokens_available
    if unique and tokens[row] >= MOST_EPOCHS * unique:
        short, nearest = f"{unique:,.0f} tokens", f"{math.ceil(unique * factor):,} tokens"
    else:
        short, nearest = format_seconds(question.seconds), format_seconds(question.seconds * factor)
    raise InfeasibleError(
        f"{short} are not enough for {LEAST_STEPS} optimizer steps of any candidate; nearest: {nearest}, "
        f"for {c.name(row)}"
    )


def check_pins(question: Question) -> None:
    """Raises InfeasibleError where no shape at all has what is pinned, with the nearest value of one pin that does."""
    if _any_shape(question):
        return
    pins = question.pins
    near = [
        f"{key} = {value}"
        for key, limits in pins.limits.items()
        if (value := _nearest_value(question, key, limits)) is not None
    ]
    raise InfeasibleError(
        f"no {question.family} has {_pinned(question)}; nearest: {', or '.join(near) or 'none with one pin less'}"
    )


def explain_nothing(c: Candidates, question: Question) -> InfeasibleError:
    """Why no candidate is left, in words: a bound that none keeps, several that none keeps together, or memory."""
    memory = question.gpu.memory_bytes
    asked = bounds(c, question)
    together = np.logical_and.reduce([b.held for b in asked], axis=0) if asked else np.ones(len(c), bool)
    possible = c.needs_least <= memory
    if not (together & possible).any() and (possible.any() and asked):
        return InfeasibleError(_unbounded(c, question, asked, np.asarray(possible)))
    return _too_large(c, question, np.asarray(together))


def _unbounded(c: Candidates, question: Question, asked: list[Bound], possible: Mask) -> str:
    """No candidate that may fit keeps all bounds: the one that is nearest to them."""
    row = int(np.argmin(np.where(possible, sum(b.distance for b in asked), np.inf)))
    wanted = " and ".join(b.text for b in asked)
    speed = "" if np.isnan(c.step_seconds[row]) else f", {format_count(float(c.tokens_per_second[row]))} tokens/s"
    return (
        f"no candidate{_with_pins(question)} that fits {question.gpu.name} has {wanted}; "
        f"nearest: {c.name(row)} with {c.parameters[row]:,} parameters{speed}"
    )


def _too_large(c: Candidates, question: Question, together: Mask) -> InfeasibleError:
    """Not even the most frugal candidate fits: what would, and what would make this one fit."""
    row = int(np.argmin(np.where(together, c.needs_least, np.inf)))
    model, plan = c.both(row)
    needed = Fitting(c).needed(row)
    gpu = question.gpu
    near = [
        f"{key} = {value}"
        for key in question.pins.limits
        if (value := _fitting_value(question, key, question.pins.limits[key])) is not None
    ]
    what_fits = f"what fits: {', or '.join(near)}; " if near else ""
    return InfeasibleError(
        f"nothing{_with_pins(question)} fits {gpu.name} with {format_bytes(gpu.memory_bytes)}: the nearest is "
        f"{c.name(row)}, batch {plan.batch}, vocabulary {question.vocabulary}, sequences of {plan.sequence}, "
        f"{plan.optimizer}, and needs {format_bytes(needed)}; {what_fits}"
        f"{remedies.cheapest(model, plan, gpu, needed - gpu.memory_bytes)}"
    )


def _any_shape(question: Question) -> bool:
    return any(len(part.shapes(question)["d_model"]) for part in parts(question))


def _relaxed(question: Question, key: str) -> Question:
    return dataclasses.replace(question, pins=question.pins.without(key))


def _nearest_value(question: Question, key: str, limits: Limits) -> int | None:
    """The value of an axis nearest to what is pinned, of the shapes that keep all other pins."""
    relaxed = _relaxed(question, key)
    try:
        shapes = [part.shapes(relaxed) for part in parts(relaxed)]
    except AdvisorError:
        return None
    return _nearest_to(np.concatenate([s[key] for s in shapes]), limits)


def _fitting_value(question: Question, key: str, limits: Limits) -> int | None:
    """The value of an axis nearest to what is pinned, of the candidates that keep all else and surely fit."""
    try:
        c = enumerate_candidates(_relaxed(question, key))
    except AdvisorError:
        return None
    held = [b.held for b in bounds(c, question)]
    fits = np.logical_and.reduce([c.needs_most <= question.gpu.memory_bytes, *held])
    return _nearest_to(c.values[key][fits], limits)


def _nearest_to(values: Ints, limits: Limits) -> int | None:
    if not len(values):
        return None
    return int(values[np.argmin(np.maximum(limits.low - values, values - limits.high))])


def _pinned(question: Question) -> str:
    return ", ".join(question.pins.texts)


def _with_pins(question: Question) -> str:
    return f" with {_pinned(question)}" if question.pins.names else ""
