"""Local search around the best point: one knob at a time, steps halved where neither direction helps.

Hooke & Jeeves 1961 ("Direct search"), which asks for no gradients and keeps to what has helped. Its state is read off
the trials before, so that a resumed search goes on where it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from studies.strategy.moves import Move, Moves
from studies.strategy.past import Past
from studies.strategy.proposal import Params

MIN_GAIN = 0.001  # of the loss: less is another seed's luck, and no reason to go on that way
UP = ("learning_rate", "dropout")  # tried first: the sweep reads low, and dropout begins at nothing


@dataclass
class Direction:
    """What the search knows of one knob."""

    can_shorten: bool
    finest: float  # scale of a step
    halvings: int = 0
    failed: set[bool] = field(default_factory=set)  # up, down: at this step
    failures: int = 0  # since it last helped
    first: bool = False  # up or down: the one to try first

    def note(self, up: bool, helped: bool) -> None:
        """A move of this knob has helped, or not."""
        if helped:
            self.failed, self.failures, self.first = {not up}, 0, up
            return
        self.failures += 1
        self.failed.add(up)
        if len(self.failed) == 2 and self.can_shorten:
            self.halvings, self.failed = self.halvings + 1, set()

    def open(self) -> Sequence[bool]:
        """The directions to try next."""
        if 0.5**self.halvings < self.finest:
            return ()
        return [up for up in (self.first, not self.first) if up not in self.failed]


class Compass:
    """Says where to go next from the best trial."""

    def __init__(self, moves: Moves, finest: float) -> None:
        """Of steps down to `finest` of a whole one."""
        self._moves, self._finest = moves, finest

    def next(self, trials: Sequence[Past]) -> Params | None:
        """The next point to try, new to `trials`; None when no step is left. `trials`: of full length, by number."""
        best, known = self._read(trials)
        if best is None:
            return None
        while found := self._next_move(known):
            params = self._moves.apply(best.params, found)
            if params is not None and not any(self._moves.is_same(params, trial.params) for trial in trials):
                return params
            known[found.knob].note(found.up, helped=False)
        return None

    def _block(self, best: Past, knob: str, direction: Direction) -> None:
        """Note the directions in which the knob cannot move."""
        for up in direction.open():
            if self._moves.apply(best.params, Move(knob=knob, up=up)) is None:
                direction.note(up, helped=False)

    def _next_move(self, known: dict[str, Direction]) -> Move | None:
        """Of the knob that has failed least, on in the direction that helped."""
        open_knobs = [knob for knob, direction in known.items() if direction.open()]
        if not open_knobs:
            return None
        knob = min(open_knobs, key=lambda name: known[name].failures)  # the first of equals: what matters most
        return Move(knob=knob, up=known[knob].open()[0], scale=0.5 ** known[knob].halvings)

    def _read(self, trials: Sequence[Past]) -> tuple[Past | None, dict[str, Direction]]:
        """The best trial, and what those before have told of each knob."""
        known = {k: Direction(self._moves.is_continuous(k), self._finest, first=k in UP) for k in self._moves.knobs}
        bests: list[Past] = []
        for trial in trials:
            is_best = trial.loss is not None and (not bests or trial.loss < (bests[-1].loss or 0.0))
            helped = is_best and bool(bests) and trial.loss < (1 - MIN_GAIN) * bests[-1].loss  # type: ignore[operator]
            came = (self._moves.between(best.params, trial.params) for best in reversed(bests))
            if is_best:
                bests.append(trial)
            if move := next(filter(None, came), None):
                known[move.knob].note(move.up, helped)
                self._block(bests[-1], move.knob, known[move.knob])
        return (bests[-1] if bests else None), known
