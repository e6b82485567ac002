"""Curves of known shape: the answer, its interval, and why there is none."""

import dataclasses
import math

import numpy as np
import pytest

from advisor.spec import BDH, MLP, Decoder
from advisor.spec.own import Own
from studies.records import SweepRecord
from studies.trial import lr_answer
from studies.trial.lr_answer import AROUND, READS_LOW, Curve
from studies.trial.lr_rules import Floats
from tests.studies.trial.test_lr_rules import OCTAVE, fall, octaves, ramp

PLAIN = READS_LOW["plain"]


def curve(rates: Floats, centre: float = 3e-3, edge: float = 0.2) -> Floats:
    """5.5 nats down to 3.0 around `centre`, as sharply as models do, and up again from `edge` on."""
    up = 2.0 * np.maximum(0, np.log2(rates / edge)) ** 2
    return np.asarray(3.0 + 2.5 * fall(rates, centre, 0.4 * OCTAVE) + up)


def read(*losses: np.ndarray) -> SweepRecord:
    curves = [Curve(ramp(len(of_seed)), of_seed) for of_seed in losses]
    return lr_answer.read({"d_model": 64.0}, curves, kind="plain", restored=True, seconds=1.0)


@pytest.mark.parametrize("centre", [1e-3, 4e-3])
def test_the_answer_lies_above_what_the_rules_read_and_moves_with_the_curve(centre: float) -> None:
    sweep = read(curve(ramp(), centre=centre, edge=100 * centre))
    assert sweep.agrees
    assert sweep.centre is not None
    assert sweep.interval is not None
    low, high = sweep.interval
    assert low < sweep.centre < high
    lowest, highest = min(sweep.rules[name] for name in PLAIN), max(sweep.rules[name] for name in PLAIN)
    assert lowest * 2 < sweep.centre < highest * 8
    assert sweep.low < sweep.centre < sweep.high <= sweep.rules["edge"]
    assert f"A run of {sweep.horizon} steps is best near" in sweep.verdict
    twice = read(curve(ramp(), centre=2 * centre, edge=100 * centre)).centre
    assert twice is not None
    assert octaves(twice, sweep.centre) == pytest.approx(1, abs=0.2)


def test_the_answer_does_not_depend_on_the_number_of_steps() -> None:
    short, long = read(curve(ramp(50))).centre, read(curve(ramp(100))).centre
    assert short is not None
    assert long is not None
    assert octaves(long, short) == pytest.approx(0.0, abs=0.1)


def test_the_answer_goes_with_the_kind_of_the_blocks_which_the_verdict_shows() -> None:
    losses = curve(ramp(), edge=10.0)
    of_kind = {
        kind: lr_answer.read({}, [Curve(ramp(), losses)], kind=kind, restored=True, seconds=1.0) for kind in READS_LOW
    }
    gated, plain, bdh = (of_kind[kind].centre for kind in ("gated", "plain", "bdh"))  # type: ignore[index]
    assert gated is not None
    assert plain is not None
    assert bdh is not None
    assert gated < plain < bdh
    assert of_kind["gated"].rules == of_kind["bdh"].rules
    assert f"drop50 x {2 ** READS_LOW['gated']['drop50']:.3g} = " in of_kind["gated"].verdict
    assert lr_answer.joined([of_kind["bdh"]]) == of_kind["bdh"]


def test_a_model_is_of_the_kind_of_its_mlp() -> None:
    gpt = Decoder.gpt(vocab=64, context=32, d_model=32, depth=1, heads=2)
    assert lr_answer.kind_of(gpt) == "plain"
    assert lr_answer.kind_of(dataclasses.replace(gpt, mlp=MLP(hidden=64, gated=True))) == "gated"
    assert lr_answer.kind_of(BDH(vocab=64, context=32, d_model=32, depth=1, heads=2, multiplier=4)) == "bdh"
    assert lr_answer.kind_of(Own(objective="model.py:make", values={})) == "plain"


def test_rules_that_disagree_give_no_answer_but_bounds() -> None:
    """A sharp first fall is the steepest; a broad second one holds the 70 % point, octaves up."""
    rates = ramp(400)
    sweep = read(3.0 + 1.0 * fall(rates, 2e-4, OCTAVE / 4) + 1.5 * fall(rates, 1e-2))
    assert (sweep.centre, sweep.interval, sweep.agrees) == (None, None, False)
    assert sweep.verdict.startswith("No answer: rules disagree by")
    assert sweep.low < 2e-3
    assert sweep.high > 1e-2


def test_seeds_that_disagree_give_no_answer() -> None:
    rates = ramp()
    agreeing = read(curve(rates), curve(rates, centre=4e-3))
    assert agreeing.agrees
    assert len(agreeing.by_seed) == 2
    apart = read(curve(rates), curve(rates, centre=1e-2))
    assert apart.centre is None
    assert "seeds disagree by 1." in apart.verdict


def test_the_means_of_seeds_are_taken_in_octaves() -> None:
    rates = ramp()
    one, other = (read(curve(rates, centre=centre, edge=0.3)) for centre in (2e-3, 3e-3))
    both = lr_answer.joined([one, other])
    for name, rate in both.rules.items():
        assert rate == pytest.approx(math.sqrt(one.rules[name] * other.rules[name]))
    assert both.seconds == 2.0
    assert both.by_seed == (pytest.approx(one.rules), pytest.approx(other.rules))


def test_a_seed_that_diverged_earlier_shortens_the_curve() -> None:
    rates = ramp()
    assert len(read(curve(rates), curve(rates)[:90]).losses) == 90


def test_the_answer_is_never_beyond_the_edge() -> None:
    sweep = read(curve(ramp(), centre=3e-3, edge=5e-3))
    assert sweep.high == sweep.rules["edge"]
    assert sweep.interval is not None
    assert sweep.interval[1] == sweep.rules["edge"]
    assert sweep.centre is not None
    assert sweep.interval[0] < sweep.centre <= sweep.interval[1]
    assert sweep.low < sweep.high


def test_without_an_edge_the_search_ends_with_the_ramp() -> None:
    """As beyond the edge: nobody has looked there."""
    seen, unseen = curve(ramp(), edge=0.1), curve(ramp(), edge=10.0)
    sweep = read(unseen)
    assert "edge" not in sweep.rules
    assert "turns up" not in sweep.verdict
    assert "turns up" in read(seen).verdict
    assert sweep.agrees
    late = read(curve(ramp(), centre=0.1, edge=10.0))
    assert late.high == ramp()[-1]
    assert late.centre is not None
    assert late.centre <= late.high


def test_an_edge_that_only_one_seed_has_seen_is_none() -> None:
    both = read(curve(ramp(), edge=0.1), curve(ramp(), edge=10.0))
    assert ["edge" in of_seed for of_seed in both.by_seed] == [True, False]
    assert "edge" not in both.rules


def test_a_loss_that_did_not_fall_keeps_the_whole_ramp() -> None:
    sweep = read(np.linspace(5.5, 5.3, 100))
    assert sweep.centre is None
    assert "did not fall" in sweep.verdict
    assert (sweep.low, sweep.high) == (pytest.approx(1e-5), pytest.approx(1.0))


def test_bounds_reach_as_far_as_what_is_named() -> None:
    low, high = lr_answer.bounds({"drop70": 1e-3, "steepest": 2e-3}, edge=1.0)
    assert (low, high) == (1e-3 / AROUND, 2e-3 * AROUND)
