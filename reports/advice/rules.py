"""All rules, those first whose advice is worth most."""

from collections.abc import Callable

from reports.advice.failures import lost_trials, out_of_memory
from reports.advice.finding import Finding
from reports.advice.fit import overfitting, too_short, underfitting
from reports.advice.knobs import dropout_too_high, learning_rate_border
from reports.advice.stability import diverging, flat
from studies.records import StudyRecord

Rule = Callable[[StudyRecord], Finding | None]

RULES: tuple[Rule, ...] = (
    learning_rate_border,
    overfitting,
    underfitting,
    too_short,
    dropout_too_high,
    diverging,
    flat,
    out_of_memory,
    lost_trials,
)


def diagnose(record: StudyRecord) -> list[Finding]:
    """What each rule says that can say something, what is to be done first; otherwise in the rules' order."""
    found = [finding for rule in RULES if (finding := rule(record))]
    return sorted(found, key=lambda finding: not finding.acts)
