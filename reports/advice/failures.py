"""Trials that were lost, and to what."""

from collections import Counter

from reports import words
from reports.advice.finding import BDH_GUIDE, Finding
from studies.records import StudyRecord


def out_of_memory(record: StudyRecord) -> Finding | None:
    """Trials that did not fit."""
    lost = [t for t in record.trials if t.reason == "oom"]
    if not record.trials:
        return None
    if not lost:
        return Finding(
            name="Out of memory", says=f"None of {words.many(len(record.trials), 'trial')} ran out of memory."
        )
    return Finding(
        name="Out of memory",
        says=f"{words.many(len(lost), 'trial')} ran out of memory.",
        trials=tuple(t.number for t in lost),
        advice="Reduce the batch first, then the context, then the width; gradients can be accumulated instead.",
        source=f"{BDH_GUIDE}: “For memory issues, prioritize: BATCH_SIZE, BLOCK_SIZE, n_embd”",
    )


def lost_trials(record: StudyRecord) -> Finding | None:
    """Trials that failed for no reason of their config."""
    lost = [t for t in record.trials if t.state == "FAIL" and t.reason != "oom"]
    if not lost:
        return None
    kinds = words.listed(
        [f"{n} by {reason or 'an error'}" for reason, n in sorted(Counter(t.reason for t in lost).items())]
    )
    return Finding(
        name="Failures",
        says=f"{words.many(len(lost), 'trial')} failed: {kinds}.",
        trials=tuple(t.number for t in lost),
        advice="Read their messages in the table of trials before trusting what the search made of the gap.",
        source="this project: a failed trial teaches the search nothing",
    )
