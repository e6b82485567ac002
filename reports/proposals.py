"""The configs recommended for the target GPU, as a card."""

from reports import words
from reports.card import Card, MissingError
from reports.frames import Frames, rows
from reports.table import Column, Table

COLUMNS = (
    Column(name="config", numeric=False),
    Column(name="depth", hint="layers"),
    Column(name="width", hint="d_model"),
    Column(name="heads"),
    Column(name="parameters", show=words.count),
    Column(name="batch", hint="sequences"),
    Column(name="context", hint="tokens"),
    Column(name="checkpointing", numeric=False),
    Column(name="peak memory", show=words.size),
    Column(name="of the GPU", show=words.percent),
    Column(name="step", hint="estimated", show=words.seconds),
    Column(name="run", hint="estimated", show=words.hours),
    Column(name="predicted loss", hint="nats/token", show=words.loss),
    Column(name="limited by", numeric=False),
)
KEYS = (
    "name", "depth", "d_model", "heads", "parameters", "batch", "context", "checkpointing", "memory_bytes",
    "share", "step_seconds", "hours", "predicted_loss", "limited_by",
)  # fmt: skip


def proposals(frames: Frames) -> Card:
    """What to train on the target GPU. Raises MissingError when no GPU was asked about, or nothing fits it."""
    found, gpu, memory = rows(frames.proposals), words.text(frames.target.gpu), frames.target.memory_bytes
    if not frames.target.gpu:
        raise MissingError("No target GPU was named: this study tunes, but it sizes nothing.")
    if not found:
        raise MissingError(f"No config was proposed for the {gpu}.")
    for row in found:
        row["share"] = row["memory_bytes"] / memory if memory else None
    first, rule = found[0], f" Ranked by the {frames.target.rule}." if frames.target.rule else ""
    return Card(
        anchor="proposals",
        title=f"For the {gpu}: {words.text(first['name'])}, {words.count(first['parameters'])} parameters",
        caption=f"Sized for this GPU, best first; times and losses are estimates, none was trained here.{rule}",
        table=Table.of(COLUMNS, ([row[key] for key in KEYS] for row in found)),
        notes=tuple((words.text(row["name"]), words.text(row["reason"])) for row in found),
    )
