"""make bench-lr: what sweeps say beside true sweeps of full trials, by our rules and by those of other finders.

Trains what truth.csv and sweeps.csv do not hold yet, on one core, and prints from there. `--again FOLDER` trains all of
it anew into that folder: about two hours and a half.
"""

import argparse
import dataclasses
import functools
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table as Printed

from studies.trial import lr_answer
from tests.bench.lr import calibration, costs, rows
from tests.bench.lr.answers import RULES, answered, elsewhere, errors, one_seed
from tests.bench.lr.results import RAMP, RAMPS, Results
from tests.bench.lr.rows import Swept, Trained
from tests.bench.lr.shapes import BASES, DRIFTING, GRID, SHAPES, STEPS, WIDTHS, Shape, of_width
from tests.bench.lr.truth import Average, Truth

SPANS = ((16, 128), (32, 256))
STUCK = 2.55  # a loss that shapes of width 16 end above only where they hardly learn
FAST = (5e-3, 3e-2)  # learning rates of which some runs are stuck
ONE_SEED = f"no rule: {len(GRID)} full trials of one seed"
Errors = list[tuple[float, float]]  # octaves from the best learning rate, regret [nats/token]


def main() -> None:
    """Trains what is missing, prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--again", type=Path, default=rows.FOLDER, metavar="FOLDER")
    folder = parser.parse_args().again
    truth, sweeps = rows.Table(folder / "truth.csv", Trained), rows.Table(folder / "sweeps.csv", Swept)
    train_missing(truth, sweeps)
    results = Results.of(SHAPES, DRIFTING, truth.rows, sweeps.rows)
    console = Console(width=130)
    console.print(shapes_table(results))
    console.print(rules_table("all shapes", results, results.shapes))
    for title, is_held_out in (("design", False), ("held out", True)):
        kind = [shape for shape in results.shapes if shape.held_out == is_held_out]
        console.print(rules_table(title, results, kind))
    console.print(ramps_table(results))
    console.print(constants_table(results))
    console.print(drift_table(results))
    console.print(costs_table())


def train_missing(truth: rows.Table, sweeps: rows.Table) -> None:
    """What the files do not hold."""
    import torch

    torch.set_num_threads(1)
    for shape in SHAPES:
        wanted = [{"seed": seed, **ramp.of(shape)} for ramp in RAMPS for seed in rows.SWEEP_SEEDS]
        sweeps.fill(({"shape": shape.name, **w}, functools.partial(rows.sweep, shape, **w)) for w in wanted)
    for shape in (*SHAPES, *DRIFTING):
        truth.fill(
            (
                {"shape": shape.name, "seed": seed, "learning_rate": rate},
                functools.partial(rows.train, shape, seed, rate),
            )
            for seed, rate in shape.runs
        )


def figures(name: str, found: Errors, wanted: int) -> list[str]:
    """A row of a table."""
    off = [octaves for octaves, _ in found]
    return [
        name, f"{len(found)}/{wanted}", f"{statistics.fmean(map(abs, off)):.2f}", f"{statistics.fmean(off):+.2f}",
        f"{sum(abs(o) <= 1 for o in off) / len(off):.0%}", f"{statistics.fmean(r for _, r in found):.3f}",
    ]  # fmt: skip


def errors_table(title: str, what: str) -> Printed:
    """Without rows."""
    table = Printed(title=title)
    for column in (what, "answers", "mean error [octaves]", "bias", "within one", "mean regret"):
        table.add_column(column, justify="left" if column == what else "right")
    return table


def rules_table(title: str, results: Results, shapes: Sequence[Shape]) -> Printed:
    """Errors of each rule on single sweeps."""
    seeds = len(rows.SWEEP_SEEDS)
    table = errors_table(f"LR sweep, {title}: {len(shapes)} shapes, {seeds} sweeps each", "rule")
    for name, rule in RULES.items():
        table.add_row(*figures(name, list(errors(rule, results, shapes)), len(shapes) * seeds))
    alone = list(one_seed(results, shapes))
    table.add_row(*figures(ONE_SEED, alone, len(alone)))
    table.caption = f"{RAMP}: {RAMP.share / STEPS:.0%} of the tokens of a trial"
    return table


def ramps_table(results: Results) -> Printed:
    """Our answer on other ramps, by constants of the other shapes."""
    table = errors_table("Ramps: ours, calibrated on each without the shape", "ramp")
    for ramp in RAMPS:
        swept = dataclasses.replace(results, sweeps={RAMP: results.sweeps[ramp]})
        found = list(errors(elsewhere, swept, results.shapes))
        table.add_row(*figures(f"{ramp}: {ramp.share / STEPS:.0%}", found, len(found)))
    return table


def constants_table(results: Results) -> Printed:
    """What the answer's constants are by these runs."""
    table = Printed(title="Octaves that rules read low: medians over the shapes that are not held out")
    for column in ("blocks, rule", *map(str, RAMPS), "in use"):
        table.add_column(column, justify="left" if column == "blocks, rule" else "right")
    for kind, in_use in lr_answer.READS_LOW.items():
        calibrated = [shape for shape in results.shapes if shape.kind == kind and not shape.held_out]
        found = [calibration.reads_low(calibrated, results.truths, results.sweeps[ramp]) for ramp in RAMPS]
        for rule, low in in_use.items():
            table.add_row(f"{kind}, {rule}", *(f"{of_ramp[rule]:.2f}" for of_ramp in found), f"{low:.2f}")
    return table


def shapes_table(results: Results) -> Printed:
    """The best learning rate of each shape, and our answers."""
    table = Printed(
        title=f"Best learning rate of {STEPS} steps, by {len(GRID)} runs and more seeds around the best; our answers"
    )
    for column in ("shape", "best", "loss", "best by seed", "answers by seed", "of all seeds"):
        table.add_column(column, justify="left" if column == "shape" else "right")
    for shape in results.shapes:
        truth, of_one = results.truths[shape.name], results.sweeps[RAMP][shape.name]
        alone = ", ".join(_rate(one.best_rate) for one in truth.of_seeds())
        answers = ", ".join(_rate(answered(shape, [sweep])) for sweep in of_one)
        name = shape.name + (" (held out)" if shape.held_out else "")
        table.add_row(
            name, _rate(truth.best_rate), f"{truth.lowest:.3f}", alone, answers, _rate(answered(shape, of_one))
        )
    return table


def drift_table(results: Results) -> Printed:
    """The best learning rate over widths, and the loss there."""
    table = Printed(title="Best learning rate over widths, and the mean loss there")
    for column in ("parametrization", *map(str, WIDTHS), *(f"drift, {low} to {high}" for low, high in SPANS)):
        is_name = column == "parametrization"
        table.add_column(column, justify="left" if is_name else "right", no_wrap=is_name)
    for average in (np.median, np.mean):
        for base in BASES:
            table.add_row(*_drift(results, base, average))
    narrow = [f"2 x {WIDTHS[0]}{suffix}" for suffix in ("", ", mup of 32", ", mup of 32, scaled")]
    counts = ", ".join(f"{name}: {stuck(results.truths[name])}" for name in narrow)
    table.caption = f"In octaves. Runs from {FAST[0]:g} to {FAST[1]:g} that end above {STUCK}: {counts}"
    return table


def _drift(results: Results, base: int | None, average: Average) -> Iterator[str]:
    """A row of it."""
    found = {width: Truth(results.truths[of_width(width, base)].rows, average) for width in WIDTHS}
    yield f"{'standard' if base is None else f'mup of {base}'}, {average.__name__}"
    yield from (f"{_rate(truth.best_rate)}: {truth.lowest:.3f}" for truth in found.values())
    for low, high in SPANS:
        span = [truth.best for width, truth in found.items() if low <= width <= high]
        yield f"{max(span) - min(span):.2f}"


def stuck(truth: Truth) -> str:
    """How many runs hardly learn."""
    ended = [row.loss for row in truth.rows if FAST[0] < row.learning_rate < FAST[1]]
    return f"{sum(loss > STUCK for loss in ended)} of {len(ended)}"


def costs_table() -> Printed:
    """What a sweep takes of the time of a full trial, measured now."""
    table = Printed(title=f"A sweep of {RAMP} beside a full trial of {STEPS} steps, wall clock on one core")
    for column in ("shape", "trial [s]", "sweep [s]", "of a trial"):
        table.add_column(column, justify="left" if column == "shape" else "right")
    for cost in costs.measured():
        table.add_row(cost.shape, f"{cost.trial:.1f}", f"{cost.sweep:.2f}", f"{cost.share:.1%}")
    return table


def _rate(rate: float | None) -> str:
    return "none" if rate is None else f"{rate:.1e}"


if __name__ == "__main__":
    main()
