"""A training state in one file: safetensors, with the plain values as JSON in its header. No pickle.

One file, so that tensors and values can never be of two different steps.
"""

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes

from advisor.errors import StoreError
from advisor.files import write_atomic
from studies.trial.state import TrainingState, digest

VERSION = "2"


def save(state: TrainingState, path: Path | str) -> Path:
    """Write the state, whole or not at all. Raises StoreError."""
    header = {"version": VERSION, "values": json.dumps(state.values), "digest": digest(state)}
    return write_atomic(path, to_bytes(state.tensors, header))


def load(path: Path | str) -> TrainingState:
    """Read a state back and check its digest. Raises StoreError for a file that is missing, damaged or not ours."""
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
        state = TrainingState(tensors=tensors, values=json.loads(header["values"]))
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise StoreError(f"cannot read checkpoint {path}: {error}") from error
    if header.get("version") != VERSION or header.get("digest") != digest(state):
        raise StoreError(f"cannot read checkpoint {path}: not version {VERSION}, or its digest does not match")
    return state
