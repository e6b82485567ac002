"""make bench-lr: what sweeps say beside true sweeps of full trials, by our rules and by those of other finders.

Trains what truth.csv and sweeps.csv do not hold yet, on one core, and prints from there. `--again FOLDER` trains all of
it anew into that folder: about half an hour.
"""

import argparse
import functools
import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table as Printed

from studies.trial import lr_answer
from tests.bench.lr import rows
from tests.bench.lr.rivals import RIVALS
from tests.bench.lr.rows import Swept, Trained
from tests.bench.lr.shapes import BASE_WIDTH, GRID, SHAPES, STEPS, WIDTHS, Shape
from tests.bench.lr.truth import Truth

RAMP = {"steps": 50, "low": 1e-4, "high": 1.0}
OURS = "ours: mean of the calibrated rules"
Named = Callable[[Sequence[Swept]], float | None]  # the learning rate that a rule names on the sweeps of a shape
Errors = list[tuple[float, float]]  # octaves from the best learning rate, regret [nats/token]


def ours(sweeps: Sequence[Swept]) -> float | None:
    """The advisor's answer, or None."""
    curves = [lr_answer.Curve(*sweep.curve) for sweep in sweeps]
    return lr_answer.read({}, curves, restored=True, seconds=0.0).centre


def ours_by(rule: str) -> Named:
    """One of the rules as it reads, uncalibrated."""
    return lambda sweeps: lr_answer.read(
        {}, [lr_answer.Curve(*sweep.curve) for sweep in sweeps], restored=True, seconds=0.0
    ).rules[rule]


def rival(rule: Callable[..., float]) -> Named:
    """Another finder's rule; the mean in octaves of several seeds."""
    return lambda sweeps: float(np.exp(np.mean([np.log(rule(*sweep.curve)) for sweep in sweeps])))


RULES: dict[str, Named] = {
    OURS: ours,
    **{
        f"our {name}": ours_by(name)
        for name in ("fall7", "drop50", "drop70", "steepest", "valley", "minimum/10", "edge")
    },
    **{name: rival(rule) for name, rule in RIVALS.items()},
}


def main() -> None:
    """Trains what is missing, prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--again", type=Path, default=rows.FOLDER, metavar="FOLDER")
    folder = parser.parse_args().again
    truth, sweeps = rows.Table(folder / "truth.csv", Trained), rows.Table(folder / "sweeps.csv", Swept)
    train_missing(truth, sweeps)
    truths = {shape.name: Truth([row for row in truth.rows if row.shape == shape.name]) for shape in SHAPES}
    console = Console(width=120)
    standard = [shape for shape in SHAPES if shape.plan.parametrization == "standard"]
    console.print(shapes_table(standard, truths, sweeps.rows))
    for title, chosen in (
        ("all shapes", standard),
        ("held out", [s for s in standard if s.held_out]),
    ):
        console.print(rules_table(title, chosen, truths, sweeps.rows))
    console.print(drift_table(truths))


def train_missing(truth: rows.Table, sweeps: rows.Table) -> None:
    """What the files do not hold."""
    import torch

    torch.set_num_threads(1)
    for shape in SHAPES:
        if shape.plan.parametrization == "standard":
            sweeps.fill(
                ({"shape": shape.name, "seed": seed, **RAMP}, functools.partial(rows.sweep, shape, seed, **RAMP))
                for seed in rows.SWEEP_SEEDS
            )
        truth.fill(
            (
                {"shape": shape.name, "seed": seed, "learning_rate": rate},
                functools.partial(rows.train, shape, seed, rate),
            )
            for seed in shape.seeds
            for rate in shape.rates
        )


def of_shape(sweeps: Sequence[Swept], shape: Shape) -> list[Swept]:
    """Its sweeps of RAMP, one per seed."""
    return [s for s in sweeps if s.shape == shape.name and {"steps": s.steps, "low": s.low, "high": s.high} == RAMP]


def errors(rule: Named, shapes: Sequence[Shape], truths: dict[str, Truth], sweeps: Sequence[Swept]) -> Iterator[Errors]:
    """Of each shape: what single sweeps say; without those that give no answer."""
    for shape in shapes:
        truth = truths[shape.name]
        named = [rule([sweep]) for sweep in of_shape(sweeps, shape)]
        yield [(math.log2(rate) - truth.best, truth.regret(rate)) for rate in named if rate is not None]


def rules_table(title: str, shapes: Sequence[Shape], truths: dict[str, Truth], sweeps: Sequence[Swept]) -> Printed:
    """Errors of each rule on single sweeps."""
    table = Printed(title=f"LR sweep, {title}: {len(shapes)} shapes, {len(rows.SWEEP_SEEDS)} sweeps each")
    for column in ("rule", "answers", "mean error [octaves]", "bias", "within one", "mean regret"):
        table.add_column(column, justify="left" if column == "rule" else "right")
    wanted = len(shapes) * len(rows.SWEEP_SEEDS)
    for name, rule in RULES.items():
        found = [error for of_one in errors(rule, shapes, truths, sweeps) for error in of_one]
        off = [octaves for octaves, _ in found]
        table.add_row(
            name, f"{len(found)}/{wanted}", f"{statistics.fmean(map(abs, off)):.2f}", f"{statistics.fmean(off):+.2f}",
            f"{sum(abs(o) <= 1 for o in off) / len(off):.0%}", f"{statistics.fmean(r for _, r in found):.3f}",
        )  # fmt: skip
    table.caption = f"cost: {RAMP['steps']} of the {STEPS} steps of a trial, {RAMP['steps'] / STEPS:.0%}"
    return table


def shapes_table(shapes: Sequence[Shape], truths: dict[str, Truth], sweeps: Sequence[Swept]) -> Printed:
    """The best learning rate of each shape, and our answers."""
    table = Printed(title=f"Best learning rate of {STEPS} steps, by {len(GRID)} runs, beside our answers")
    for column in ("shape", "best", "loss", "answers by seed", "of all seeds"):
        table.add_column(column, justify="left" if column == "shape" else "right")
    for shape in shapes:
        truth, of_one = truths[shape.name], of_shape(sweeps, shape)
        answers = [_rate(ours([sweep])) for sweep in of_one]
        name = shape.name + (" (held out)" if shape.held_out else "")
        table.add_row(name, _rate(truth.best_rate), f"{truth.lowest:.3f}", ", ".join(answers), _rate(ours(of_one)))
    return table


def drift_table(truths: dict[str, Truth]) -> Printed:
    """The best learning rate over widths."""
    table = Printed(title=f"Best learning rate over an {WIDTHS[-1] // WIDTHS[0]}x width")
    for column in ("parametrization", *map(str, WIDTHS), "drift [octaves]"):
        table.add_column(column, justify="left" if column == "parametrization" else "right")
    for parametrization, suffix in (("standard", ""), ("mup", " mup")):
        names = [f"2 x {width}" + ("" if width == BASE_WIDTH else suffix) for width in WIDTHS]
        best = [truths[name].best for name in names]
        table.add_row(parametrization, *(_rate(2**b) for b in best), f"{max(best) - min(best):.2f}")
    return table


def _rate(rate: float | None) -> str:
    return "none" if rate is None else f"{rate:.1e}"


if __name__ == "__main__":
    main()
