"""A study in a process of its own, for tests that kill it.

Prints a line of JSON when a trial starts and when one is acknowledged as ended. Ends as the command line does: an error
is one line on standard error, with its exit code; Ctrl-C is exit code 130.
"""

import functools
import json
import resource
import sys
from pathlib import Path
from typing import Any

import studies
from advisor.errors import AdvisorError, exit_code
from studies import Settings, events
from studies.coordinator import flight
from studies.executors import local
from studies.job import Device
from tests.crash import pretender

NAME = "crashing"
SPACE = Path(__file__).parents[1] / "studies" / "tiny.toml"
TEXT = "To be, or not to be, that is the question: whether 'tis nobler in the mind to suffer. " * 20
BUDGET_SECONDS = 3600.0  # so little text makes trials of 50 steps, whatever the budget


def tell(event: events.Event) -> None:
    """One line per trial that starts or ends."""
    if isinstance(event, events.TrialStarted):
        say(kind="started", number=event.number, point=event.point)
    if isinstance(event, events.TrialEnded):
        trial = event.trial
        say(kind="ended", number=trial.number, point=trial.point, value=trial.value, state=trial.state)


def say(**values: object) -> None:
    """A line of JSON."""
    print(json.dumps(values), flush=True)


def main(verb: str, folder: str, store: str, options: str) -> None:
    """Run the study, or go on with it."""
    asked: dict[str, Any] = {"worker": local.WORKER, "slots": 1, "trials": 12, "limit": flight.LIMIT_SECONDS}
    asked |= {"space": str(SPACE), "data": "text.txt", "tokenizer": "bytes"}
    asked |= json.loads(options)
    if "file_bytes" in asked:
        resource.setrlimit(resource.RLIMIT_FSIZE, (asked["file_bytes"],) * 2)
    flight.LIMIT_SECONDS = asked["limit"]
    module = asked["worker"].split(":")[0]
    local.PRELOADED[:] = [module] if module == pretender.__name__ else [*local.PRELOADED, module]
    executor = functools.partial(local.LocalExecutor, worker=asked["worker"])
    if verb == "resume":
        studies.resume(NAME, store=store, on_event=tell, executor=executor)
        return
    data = Path(folder, asked["data"])
    if not data.exists():
        data.write_text(TEXT)
    settings = Settings(
        name=NAME,
        budget_seconds=BUDGET_SECONDS,
        store=store,
        space=asked["space"],
        data=str(data),
        tokenizer=asked["tokenizer"],
        max_trials=asked["trials"],
        sampler="tpe",  # asks no clock what to try
        devices=(Device(name="cpu", threads=1),) * asked["slots"],
        memory_bytes=2**30,
    )
    studies.run(settings, on_event=tell, executor=executor)


def start(*arguments: str) -> None:
    """The process: `main`, and its end."""
    try:
        main(*arguments)
    except AdvisorError as error:
        print(error, file=sys.stderr)
        sys.exit(exit_code(error))
    except KeyboardInterrupt:
        sys.exit(130)
