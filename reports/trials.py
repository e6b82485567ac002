"""All trials, as a card with a table that can be sorted and taken away."""

import pandas as pd

from reports import words
from reports.card import Card, MissingError
from reports.frames import rows
from reports.numbers import finite
from reports.table import Column, Table

COLUMNS = {
    "number": Column(name="trial", show=words.whole),
    "role": Column(name="role", numeric=False),
    "state": Column(name="state", numeric=False),
    "reason": Column(name="reason", numeric=False),
    "value": Column(name="loss", hint="validation, nats/token", show=words.loss),
    "learning_rate": Column(name="learning rate", show=words.column_rate),
    "dropout": Column(name="dropout", show=words.fraction),
    "depth": Column(name="depth", hint="layers", show=words.whole),
    "d_model": Column(name="width", hint="d_model", show=words.whole),
    "heads": Column(name="heads", show=words.whole),
    "hidden": Column(name="hidden", hint="width of the MLP", show=words.whole),
    "batch": Column(name="batch", hint="sequences", show=words.whole),
    "weight_decay": Column(name="weight decay", show=words.fraction),
    "parameters": Column(name="parameters", show=words.count),
    "flops": Column(name="FLOPs", hint="spent in training", show=words.flops),
    "memory_bytes": Column(name="memory", hint="predicted peak", show=words.size),
    "measured_memory_bytes": Column(name="measured", hint="measured peak", show=words.size),
    "tokens": Column(name="tokens", show=words.count),
    "seconds": Column(name="time", show=words.seconds),
    "message": Column(name="message", numeric=False),
}

ASKED = {  # of a study whose schedules compete; of one with several objectives
    "schedule": Column(name="schedule", numeric=False),
    "costs.flops": Column(name="FLOPs per token", hint="of a training step", show=words.flops),
    "costs.latency": Column(name="latency", hint="predicted, of one sequence", show=words.milliseconds),
    "on_front": Column(
        name="front", hint="of all objectives", numeric=False, show=lambda value: "yes" if value else ""
    ),
}


STATES = {"COMPLETE": "complete", "PRUNED": "stopped early", "FAIL": "failed", "RUNNING": "running"}


def trials(frame: pd.DataFrame) -> Card:
    """Every trial as it ended; its schedule where that varies. Raises MissingError when none has started."""
    if frame.empty:
        raise MissingError("No trial has started.")
    states = words.listed(
        [f"{n} {noun}" for state, noun in STATES.items() if (n := int((frame["state"] == state).sum()))]
    )
    asked = {key: column for key, column in ASKED.items() if _has(frame[key])}
    columns = COLUMNS | asked
    return Card(
        anchor="trials-table",
        title=f"{words.many(len(frame), 'trial')}: {states}",
        caption="Press a heading to sort. The CSV holds all digits that the page has, and every suggested parameter.",
        table=Table.of(columns.values(), ([row[key] for key in columns] for row in rows(frame))),
    )


def _has(cells: pd.Series) -> bool:
    """Whether any cell says something."""
    return any(cell is True or isinstance(cell, str) or finite(cell) for cell in cells)
