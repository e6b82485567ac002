"""Trackers on request: each trial that ends is told to TensorBoard, MLflow or Weights & Biases, beside the store.

Through their own clients: optuna-integration's callbacks are deprecated since 4.9 and end with 6.0, they keep no
curves, and TensorBoard's needs TensorFlow.
"""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy.engine import URL

from advisor.errors import InputError, near_names
from studies import events
from studies.address import DEFAULT_STORE
from studies.records import TrialRecord
from studies.settings import Settings

PACKAGES = {"tensorboard": "tensorboard", "mlflow": "mlflow", "wandb": "wandb"}  # tracker -> what it needs
Listener = Callable[[events.Event], None]

logger = logging.getLogger(__name__)


def check(name: str) -> None:
    """Raises InputError for a tracker that is not known, or whose package is not installed."""
    if name not in PACKAGES:
        near = next(iter(near_names(name, PACKAGES)), "")
        raise InputError("tracker", expected=f"one of {', '.join(PACKAGES)}", got=name, nearest=near)
    if find_spec(PACKAGES[name]) is None:
        raise InputError(
            "tracker", expected=f"{PACKAGES[name]} installed: pip install 'transformer-advisor[trackers]'", got=name
        )


@contextmanager
def telling(settings: Settings, url: URL, listener: Listener) -> Iterator[Listener]:
    """The listener, and the study's tracker besides it; at the end all that has been told is written."""
    if not settings.tracker:
        yield listener
        return
    check(settings.tracker)
    kept = folder(url, settings.tracker)
    with ThreadPoolExecutor(1) as thread:  # a server that does not answer holds nobody up

        def tell(event: events.Event) -> None:
            listener(event)
            if isinstance(event, events.TrialEnded):
                thread.submit(_track, settings.tracker, kept, settings.name, event.trial).add_done_callback(_say)

        yield tell


def folder(url: URL, tracker: str) -> Path:
    """Where a tracker keeps its files: beside an SQLite store."""
    store = str(url.database) if url.drivername == "sqlite" else DEFAULT_STORE
    return Path(store).parent / tracker


def _track(tracker: str, folder: Path, study: str, trial: TrialRecord) -> None:
    """Each module here has `track`; its imports, which take seconds, are made beside the first trials."""
    import_module(f"{__name__}.{tracker}").track(folder, study, trial)


def _say(told: "Future[None]") -> None:
    """A trial that cannot be tracked is in the store all the same: the study goes on."""
    if error := told.exception():
        logger.warning("a trial could not be tracked: %s", " ".join(str(error).split())[:200])
