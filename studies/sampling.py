"""Text from the best model of a study."""

import dataclasses

from advisor import gpus
from advisor.errors import DeviceError, InputError
from advisor.spec import Seq2Seq
from studies import data
from studies.data.pairs import BEGIN, END, SPECIAL
from studies.devices import device_of
from studies.executors.local import LocalExecutor
from studies.executors.watch import watch
from studies.job import SampleJob, Sampling
from studies.store import open_store
from studies.store.shelf import Shelf
from studies.tuned import tuned

HANG_SECONDS = 3600.0


def sample(name: str, *, store: str, prompt: str, sampling: Sampling) -> str:
    """What the best trial's model writes after `prompt`; of pairs, what it makes of the source `prompt`.

    The tokenizer is learned again from the study's data, which must still be there, as they were. Raises
    UnknownError without such a study, InputError without a model, for other data or a prompt that they cannot spell.
    """
    with open_store(store) as opened:
        record, settings = opened.load(name), opened.settings(name)
    found = tuned(record)
    assert record.best is not None, "or nothing was tuned"
    assert found.recipe is not None, "every study has one"
    number, kept = record.best.number, "best" if found.recipe.patience else "last"
    checkpoint = Shelf(store, name).of(number) / f"{kept}.safetensors"
    if not checkpoint.exists():
        raise InputError(f"study {name}", expected=f"the model of trial {number} at {checkpoint}", got="no file")
    dataset = data.read_same(settings.data, settings.tokenizer, record.provenance.data["sha256"])
    spelled = data.tokenizer_of(settings.data, settings.tokenizer)
    tokens = tuple(spelled.encode(prompt.encode()).tolist())
    if not tokens:
        raise InputError("prompt", expected="at least one token", got=prompt)
    job = SampleJob(
        model=found.model, plan=found.plan, device=device_of(gpus.local()), checkpoint=str(checkpoint), prompt=tokens,
        source=(), sampling=sampling,
    )  # fmt: skip
    if isinstance(dataset, data.Pairs):
        return spelled.decode([token - SPECIAL for token in _run(_of_pairs(job)) if token >= SPECIAL])
    return spelled.decode(_run(job))


def _of_pairs(job: SampleJob) -> SampleJob:
    """The same, the prompt being a source: what an encoder reads, or what a decoder reads before BEGIN."""
    source = tuple(token + SPECIAL for token in job.prompt)
    sampling = dataclasses.replace(job.sampling, end=END)
    if isinstance(job.model, Seq2Seq):
        return dataclasses.replace(job, source=source, prompt=(BEGIN,), sampling=sampling)
    return dataclasses.replace(job, prompt=(*source, BEGIN), sampling=sampling)


def _run(job: SampleJob) -> tuple[int, ...]:
    """The new tokens, from a child process. Raises DeviceError."""
    with LocalExecutor([job.device]) as executor:
        outcome = watch(executor, job, limit_seconds=HANG_SECONDS, grace_seconds=0, should_stop=lambda: False).outcome
    if outcome.tokens is None:
        raise DeviceError(f"the model could not be sampled: {outcome.message}")
    return outcome.tokens


def printable(text: str) -> str:
    """The text with every character escaped that could steer a terminal or reorder a line, but for ends of lines, tabs.

    >>> printable("a\\tb\\x1b[2J")
    'a\\tb\\\\x1b[2J'
    """
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)
