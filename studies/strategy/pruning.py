"""When a trial is to stop: it has fallen behind the best one's curve, under the same batches."""

from collections.abc import Mapping

# Of what the best trial had still to gain at this point of its training: a trial that is further behind would have to
# learn as much faster from here on. Rates that are better in the end are often worse before the schedule's decay.
PATIENCE = 0.2
FIRST = 2  # evaluations: before, the warm-up is compared


def is_behind(evaluation: int, loss: float, rival: Mapping[int, float]) -> bool:
    """Whether a trial with this loss at its first, second, ... evaluation is too far behind its rival's losses.

    >>> rival = {1: 3.0, 2: 2.5, 3: 2.2, 4: 2.0}
    >>> is_behind(1, 4.0, rival), is_behind(2, 2.6, rival), is_behind(2, 2.7, rival), is_behind(3, 2.3, rival)
    (False, False, True, True)
    """
    if evaluation < FIRST or evaluation not in rival:
        return False
    then, end = rival[evaluation], rival[max(rival)]
    return loss > then + PATIENCE * max(then - end, 0.0)
