"""Runs a study, or goes on with one, under a progress display."""

import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click

import studies
from advisor.cli.progress import StudyProgress
from studies.events import Event
from studies.executors.executor import Executor
from studies.executors.local import LocalExecutor
from studies.job import Device
from studies.records import StudyRecord


def start(settings: studies.Settings, ray: str | None) -> StudyRecord:
    """Runs a new study, its trials here or on the Ray cluster at an address."""
    executor = _executor(ray)
    return _watched(
        settings.name,
        settings.budget_seconds,
        lambda listen: studies.run(settings, on_event=listen, executor=executor),
    )


def go_on(name: str, store_url: str, slots: tuple[Device, ...], ray: str | None) -> StudyRecord:
    """Goes on with a study: where it began, in other slots, or on a Ray cluster."""
    executor = _executor(ray)
    with studies.open_store(store_url) as store:
        budget = store.load(name).budget_seconds
    return _watched(
        name,
        budget,
        lambda listen: studies.resume(name, store=store_url, devices=slots, on_event=listen, executor=executor),
    )


def _executor(ray: str | None) -> Callable[[Sequence[Device]], Executor]:
    """What makes the executor. Raises InputError where Ray is asked for and not installed."""
    if ray is None:
        return LocalExecutor
    from studies.executors.cluster import RayExecutor  # an extra

    return lambda devices: RayExecutor(ray)


def command_line() -> str:
    """The command as it was typed, for provenance."""
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])


def _watched(name: str, budget: float, work: Callable[[Callable[[Event], None]], StudyRecord]) -> StudyRecord:
    try:
        with StudyProgress(budget) as progress:
            return work(progress)
    except KeyboardInterrupt:
        command = shlex.join(
            [Path(sys.argv[0]).name, sys.argv[1], *([name] if sys.argv[1] == "tune" else []), "--resume"]
        )
        click.echo(f"advisor: {name}: all that has ended is kept; go on with: {command}", err=True)
        raise
