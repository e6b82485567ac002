"""How long a step takes on a device, by its catalogue row or as it was measured.

`estimate(model, plan, gpu, profile=None)`: all readings of one spec and plan, with `time`.
`columns(model, plan, gpu, profile=None) -> (Columns, Span | None)`: of a million candidates; a Span holds columns of
`seconds`, its 90 % interval `low` to `high`, and `terms` that say where the seconds go.
`step_span(step, plan, gpu, profile=None) -> Span | None`: of a step that has run on the memory machine.
"""

from advisor.timing.clock import Span
from advisor.timing.estimate import columns, estimate, shipped, step_span, uncorrected

__all__ = ["Span", "columns", "estimate", "shipped", "step_span", "uncorrected"]
