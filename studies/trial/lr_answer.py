"""What the rules of one or several sweeps say together: the learning rate of a run, or why there is no answer.

Each rule that names the centre reads low by a factor that goes with the kind of the blocks, measured by
`make bench-lr`; with that made good they speak of one thing, and agree or do not. No torch here.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from advisor.spec import BDH, Model
from advisor.spec.own import Own
from studies.records import Kind, SweepRecord
from studies.trial import lr_rules
from studies.trial.lr_rules import Floats

HORIZON = 500  # steps of the runs that the rules were measured on: what an answer is for
# Octaves that a rule reads below the best rate of such a run, by kind of block: medians over the shapes of
# `make bench-lr` that are not held out. Shares of the drop, as they mean the same whatever the vocabulary; and its
# first half, before single steps that explode blur the curve. Curves of all kinds fall at the same rates; where runs
# are best differs: a cliff comes early for gated MLPs (in Llama's block), and BDH trains as well far beyond.
READS_LOW: Mapping[Kind, Mapping[str, float]] = {
    "plain": {"drop30": 3.4, "drop50": 2.6},
    "gated": {"drop30": 2.1, "drop50": 1.3},
    "bdh": {"drop30": 4.4, "drop50": 3.5},
}
INTERVAL = 1.0  # octaves on either side, which held the best rate of 9 in 10 of those sweeps
AGREED = 1.0  # octaves between rules, or between seeds, beyond which there is no answer
# On 1,911 pretraining runs (Step Law, Li et al. 2025) two octaves too low cost 1.3 % of the loss, three too high 9.1 %,
# and a quarter of those diverged: low is cheap, high is a cliff.
AROUND = 4.0  # the search goes that far below and above what the rules name, not beyond the edge nor where a ramp ends


class Curve(NamedTuple):
    """Of one sweep: learning rates, equidistant in log, and raw losses [nats/token]."""

    rates: Floats
    losses: Floats


class Answer(NamedTuple):
    """The best learning rate of a run, and its interval."""

    centre: float
    low: float
    high: float


def kind_of(model: Model | Own) -> Kind:
    """How its blocks are built; nobody knows that of a model of the user's own, most are plain."""
    if isinstance(model, BDH):
        return "bdh"
    return "gated" if not isinstance(model, Own) and model.mlp.gated else "plain"


def read(
    point: dict[str, float], curves: Sequence[Curve], *, kind: Kind, restored: bool, seconds: float
) -> SweepRecord:
    """The record of sweeps of one model, a curve per seed: rules are their means over the seeds, in octaves."""
    steps = min(len(curve.rates) for curve in curves)
    rates = curves[0].rates[:steps]
    losses = np.mean([curve.losses[:steps] for curve in curves], axis=0)
    smoothed = lr_rules.smooth(rates, losses)
    by_seed = [lr_rules.read(curve.rates, lr_rules.smooth(*curve)) for curve in curves]
    common = [name for name in by_seed[0] if all(name in of_seed for of_seed in by_seed)]
    rules = {name: mean([of_seed[name] for of_seed in by_seed]) for name in common}
    edge = rules.get("edge", float(rates[-1]))
    fell = lr_rules.fell(smoothed)
    factors = corrections(READS_LOW[kind])
    named = centres(rules, factors)
    why_not = "" if fell else "the loss did not fall along the ramp"
    why_not = why_not or _disagreement(named, [mean(list(centres(r, factors).values())) for r in by_seed])
    answer = None if why_not else _answer(named, edge)
    low, high = bounds(named, edge) if fell else (float(rates[0]), float(rates[-1]))
    return SweepRecord(
        point=point,
        learning_rates=tuple(rates.tolist()),
        losses=tuple(losses.tolist()),
        smoothed=tuple(smoothed.tolist()),
        rules=rules,
        low=low,
        high=high,
        centre=answer and answer.centre,
        interval=answer and (answer.low, answer.high),
        horizon=HORIZON,
        by_seed=tuple(by_seed),
        verdict=_verdict(_said(named, factors, kind, len(curves)), answer, why_not, (low, high), rules.get("edge")),
        agrees=answer is not None,
        restored=restored,
        seconds=seconds,
        kind=kind,
    )


def joined(sweeps: Sequence[SweepRecord]) -> SweepRecord:
    """Sweeps of one model and ramp by several seeds as one."""
    curves = [Curve(np.array(sweep.learning_rates), np.array(sweep.losses)) for sweep in sweeps]
    restored, seconds = all(sweep.restored for sweep in sweeps), sum(sweep.seconds for sweep in sweeps)
    return read(sweeps[0].point, curves, kind=sweeps[0].kind, restored=restored, seconds=seconds)


def corrections(reads_low: Mapping[str, float]) -> dict[str, float]:
    """What a rule that names the best learning rate is multiplied by.

    >>> {rule: round(factor, 1) for rule, factor in corrections(READS_LOW["plain"]).items()}
    {'drop30': 10.6, 'drop50': 6.1}
    """
    return {name: 2**low for name, low in reads_low.items()}


def centres(rules: Mapping[str, float], factors: Mapping[str, float]) -> dict[str, float]:
    """The best learning rate by each rule that names it.

    >>> centres({"drop30": 0.0005, "drop50": 0.001, "edge": 0.1}, {"drop30": 12.0, "drop50": 6.0})
    {'drop30': 0.006, 'drop50': 0.006}
    """
    return {name: rules[name] * factor for name, factor in factors.items()}


def bounds(named: dict[str, float], edge: float) -> tuple[float, float]:
    """Lowest and highest learning rate worth a search: around all that are named, never beyond the edge.

    >>> bounds({"drop70": 0.004, "steepest": 0.008}, 0.01)
    (0.001, 0.01)
    """
    low = min(*named.values(), edge) / AROUND
    return low, min(edge, max(named.values()) * AROUND)


def _answer(named: dict[str, float], edge: float) -> Answer:
    """The mean of what is named, its interval; neither goes beyond the edge."""
    centre = min(mean(list(named.values())), edge)
    return Answer(centre, centre / 2**INTERVAL, min(centre * 2**INTERVAL, edge))


def _disagreement(named: dict[str, float], by_seed: Sequence[float]) -> str:
    """Which of rules and seeds disagree by more than AGREED octaves, if any."""
    for what, rates in (("rules", list(named.values())), ("seeds", by_seed)):
        if (apart := math.log2(max(rates) / min(rates))) > AGREED:
            return f"{what} disagree by {apart:.1f} octaves"
    return ""


def _said(named: Mapping[str, float], factors: Mapping[str, float], kind: Kind, seeds: int) -> str:
    """What each rule names, and how it comes from what it reads."""
    said = ", ".join(f"{name} x {factors[name]:.3g} = {rate:.2g}" for name, rate in named.items())
    return f"{said}, as of {kind} blocks" + (f", {seeds} seeds" if seeds > 1 else "")


def _verdict(said: str, answer: Answer | None, why_not: str, bounds: tuple[float, float], edge: float | None) -> str:
    """One sentence for a person."""
    span = f"the search goes from {bounds[0]:.2g} to {bounds[1]:.2g}"
    turn = "" if edge is None else f", and the loss turns up for good beyond {edge:.2g}"
    if answer is None:
        return f"No answer: {why_not} ({said}); {span}."
    return (
        f"A run of {HORIZON} steps is best near {answer.centre:.2g} ({answer.low:.2g} to {answer.high:.2g}): rules"
        f" agree within an octave ({said}); {span}{turn}."
    )


def mean(rates: Sequence[float]) -> float:
    """The mean in octaves."""
    return float(np.exp(np.mean(np.log(rates))))
