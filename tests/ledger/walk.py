"""A tape walked event by event, through every run of every segment: what the linear jump must equal."""

from advisor.ledger.step import Step


def walked(step: Step) -> tuple[dict[str, int], int]:
    """The highest level of each phase, and the level at the end [bytes]."""
    level, peaks = step.base, dict[str, int]()
    for segment in step.segments:
        for _ in range(segment.repeat):
            peaks[segment.phase] = max(peaks.get(segment.phase, 0), level)
            for event in segment.events:
                level += event.sign * event.size
                peaks[segment.phase] = max(peaks[segment.phase], level)
    return peaks, level
