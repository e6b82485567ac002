"""advisor verify: three real steps of a proposal on this machine's device, predicted beside measured."""

import dataclasses
import json
from datetime import date
from importlib.metadata import version
from typing import Any

import click

from advisor.cli import options
from advisor.gpus import GPU, local
from advisor.ledger.readings import Estimate, Time
from advisor.spec.proposal import Stored, find_proposal
from advisor.spec.text import model_to_data
from advisor.timing import profiles, verified
from advisor.timing.narrowing import FEWEST
from advisor.timing.verified import QUANTITIES, Quantities, Row
from advisor.units import format_bytes, format_seconds
from studies import verification
from studies.job import Taken
from studies.verification import Trial

LINE = "{:<12}{:<38}{:<14}{}".format


@click.command()
@options.proposal()
@options.gpu
@click.option("--depth", type=int, help="Verify the model with so many layers only, where all of them do not fit here.")
@options.plan_options
@options.as_json
def verify(
    proposal: str, rank: int | None, gpu: GPU | None, depth: int | None, as_json: bool, **plan_values: Any
) -> None:  # fmt: skip
    """Run three real steps of PROPOSAL here, and print predicted beside measured memory and time.

    A CPU allocates what is predicted, in fp32 and without dropout; the rest needs the GPU, and the answer says so.
    Rows are kept; from 5 on they correct and narrow what is predicted for this device.
    """
    chosen = options.with_plan(find_proposal(proposal, rank), plan_values)
    here = options.noted(local())
    trial = verification.trial_of(verification.with_depth(chosen.model, depth), chosen.plan, here)
    verification.check_fits(trial)
    e = verification.predict(trial)
    taken = verification.run(trial)
    row = _row(trial, e, taken)
    count = verified.keep(row, profiles.user_folder())
    unseen = _not_checked(trial, row, gpu)
    if as_json:
        click.echo(json.dumps(_as_data(chosen, trial, row, unseen, count)))
    else:
        click.echo("\n".join(lines(chosen, trial, row, e.time, unseen, count)))


def _row(trial: Trial, e: Estimate, taken: Taken) -> Row:
    m, time = e.memory, e.time
    predicted = {
        "allocated": m.allocated.bytes,
        "reserved": None if trial.on_cpu else m.reserved.bytes,
        "device": None if trial.on_cpu else m.device.bytes,
        "step_seconds": time.step_seconds if time else None,
    }
    return Row(
        device=trial.gpu.name,
        date=date.today().isoformat(),
        torch=version("torch"),
        profile=time.profile if time else None,
        model=model_to_data(trial.model),
        plan=dataclasses.asdict(trial.plan),
        predicted=predicted,
        measured={name: getattr(taken, name) for name in QUANTITIES},
    )


def _not_checked(trial: Trial, row: Row, asked: GPU | None) -> list[str]:
    """What this device could not show, and why."""
    said = []
    if asked is not None and asked.name != trial.gpu.name:
        said.append(f"{asked.name}, which is not here: its time, its reserved and device memory")
    elif trial.on_cpu:
        said.append("reserved and device memory, which a CPU does not have")
    if row.predicted["step_seconds"] is None:
        said.append("the time: no rates of this device are known (advisor calibrate measures them)")
    return said


def lines(chosen: Stored, trial: Trial, row: Row, time: Time | None, unseen: list[str], count: int) -> list[str]:
    """The answer for a person."""
    plan = trial.plan
    size = f"batch {plan.batch} x {options.lengths(plan)} tokens, {verification.depth_of(trial.model)} layers"
    rows = [LINE(name.partition("_")[0], *_said(name, row, time)) for name in QUANTITIES if row.measured[name]]
    table = [line.rstrip() for line in (LINE("", "predicted", "measured", ""), *rows)]
    return [
        f"{chosen.name} on {trial.gpu.name}: {size}, {plan.precision}, three real steps",
        "",
        *table,
        "",
        *(f"Run here {change}." for change in trial.changes),
        *(f"Not checked: {what}." for what in unseen),
        _kept(count),
    ]


def _kept(count: int) -> str:
    what = "correct and narrow its predictions" if count >= FEWEST else f"will narrow its predictions from {FEWEST} on"
    return f"Kept as row {count} of this device; verified rows {what}."


def _said(name: str, row: Row, time: Time | None) -> tuple[str, str, str]:
    said, was = row.predicted[name], row.measured[name]
    assert was is not None
    if name != "step_seconds":
        return _bytes(said), _bytes(was), _off(said, was)
    span = f" ({format_seconds(time.low)} to {format_seconds(time.high)})" if time else ""
    return (format_seconds(said) + span if said else "not known"), format_seconds(was), _off(said, was)


def _bytes(size: float | None) -> str:
    return "not known" if size is None else format_bytes(int(size))


def _off(said: float | None, was: float) -> str:
    return "" if not said else f"{was / said - 1:+.1%}"


def _as_data(chosen: Stored, trial: Trial, row: Row, unseen: list[str], count: int) -> dict[str, Any]:
    quantities: dict[str, Quantities] = {"predicted": row.predicted, "measured": row.measured}
    return {
        "name": chosen.name,
        "device": row.device,
        "depth": verification.depth_of(trial.model),
        "plan": row.plan,
        **quantities,
        "changes": list(trial.changes),
        "not_checked": unseen,
        "rows": count,
        "file": str(verified.path_of(row.device, profiles.user_folder())),
    }
