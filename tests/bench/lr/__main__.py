"""make bench-lr: what sweeps say beside true sweeps of full trials, by our rules and by those of other finders.

Trains what truth.csv and sweeps.csv do not hold yet, on one core, and prints from there. `--again FOLDER` trains all of
it anew into that folder: about an hour and a half.
"""

import argparse
import dataclasses
import functools
import statistics
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table as Printed

from studies.trial import lr_answer
from tests.bench.lr import calibration, costs, rows
from tests.bench.lr.answers import RULES, answered, elsewhere, errors, one_seed
from tests.bench.lr.results import RAMP, RAMPS, Results
from tests.bench.lr.rows import Swept, Trained
from tests.bench.lr.shapes import BASE_WIDTH, DRIFTING, GRID, SHAPES, STEPS, WIDTHS, Shape
from tests.bench.lr.truth import Truth

SPANS = ((16, 128), (32, 128))
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
    console = Console(width=120)
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
    table.caption = f"cost: {RAMP}, {RAMP.share / STEPS:.0%} of the tokens of a trial"
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
    """The best learning rate over widths."""
    table = Printed(title=f"Best learning rate over widths; of mup by a base of {BASE_WIDTH}")
    for column in ("parametrization", *map(str, WIDTHS), *(f"drift, {low} to {high}" for low, high in SPANS)):
        table.add_column(column, justify="left" if column == "parametrization" else "right")
    for average in (np.median, np.mean):
        for parametrization, suffix in (("standard", ""), ("mup", " mup")):
            names = [f"2 x {width}" + ("" if width == BASE_WIDTH else suffix) for width in WIDTHS]
            best = {w: Truth(results.truths[n].rows, average).best for w, n in zip(WIDTHS, names, strict=True)}
            spans = [[b for width, b in best.items() if low <= width <= high] for low, high in SPANS]
            title = f"{parametrization}, {average.__name__} of the seeds"
            table.add_row(title, *(_rate(2**b) for b in best.values()), *(f"{max(s) - min(s):.2f}" for s in spans))
    table.caption = "In octaves. A few runs of width 16 never leave a loss of 2.6: they move its mean."
    return table


def costs_table() -> Printed:
    """What a sweep takes of the time of a full trial, measured now."""
    table = Printed(title=f"A sweep of {RAMP} beside a full trial of {STEPS} steps, wall clock on one core")
    for column in ("shape", "trial [s]", "sweep [s]", "of a trial"):
        table.add_column(column, justify="left" if column == "shape" else "right")
    for cost in costs.measured():
        table.add_row(cost.shape, f"{cost.trial:.1f}", f"{cost.sweep:.2f}", f"{cost.sweep / cost.trial:.1%}")
    return table


def _rate(rate: float | None) -> str:
    return "none" if rate is None else f"{rate:.1e}"


if __name__ == "__main__":
    main()
