import pytest

from reports.card import MissingError
from reports.figures import memory_timeline
from reports.frames import Target, frames
from tests.reports.sample import study, target_values

GPU = Target(gpu="RTX 4090", memory_bytes=24 * 2**30, chosen="gpt-2x8")
MOMENTS = [
    {"phase": "forward", "op": "embedding", "bytes": 10 * 2**30},
    {"phase": "forward", "op": "head", "bytes": 18 * 2**30},
    {"phase": "backward", "op": "loss", "bytes": 20 * 2**30},
    {"phase": "backward", "op": "head", "bytes": 20 * 2**30},
    {"phase": "optimizer", "op": "step", "bytes": 12 * 2**30},
]


def timeline(target: Target = GPU) -> memory_timeline.MemoryTimeline:
    found = frames(study(trials=0, target={"timeline": MOMENTS})).timeline
    return memory_timeline.info(found, target)


def test_the_peak_is_the_first_of_the_highest_moments() -> None:
    info = timeline()
    assert (info.peak.phase, info.peak.op, info.peak.bytes) == ("backward", "loss", 20 * 2**30)
    assert info.title == "Memory peaks at 20.00 GiB, in backward at “loss”: 4.00 GiB below the GPU's 24.00 GiB"


def test_a_peak_beyond_the_gpu_says_so() -> None:
    assert "4.00 GiB above the GPU's 16.00 GiB" in timeline(Target(gpu="T4", memory_bytes=16 * 2**30)).title
    assert timeline(Target()).title == "Memory peaks at 20.00 GiB, in backward at “loss”"


def test_each_phase_has_its_own_peak() -> None:
    assert [(row[0], row[1], row[2]) for row in timeline().table.rows] == [
        ("forward", 2, "head"),
        ("backward", 2, "loss"),
        ("optimizer", 1, "step"),
    ]


def test_it_agrees_with_the_ledger() -> None:
    values = target_values()
    found = frames(study(trials=0))
    chosen = values["chosen"]
    assert isinstance(chosen, dict)
    peak = memory_timeline.info(found.timeline, found.target).peak
    assert (peak.bytes, peak.phase, peak.op) == (chosen["peak_bytes"], chosen["peak_phase"], chosen["peak_op"])


def test_the_gpu_is_a_line_and_the_last_op_has_a_width() -> None:
    figure = timeline().draw()
    assert figure.layout.shapes[-1].y0 == figure.layout.shapes[-1].y1 == 24.0
    assert list(figure.data[0].x) == [0, 1, 2, 3, 4, 5]
    assert list(figure.data[0].y) == [10, 18, 20, 20, 12, 12]


def test_thinning_never_drops_the_peak() -> None:
    moments = [memory_timeline.Moment(order=i, phase="forward", op="x", bytes=i == 7) for i in range(9000)]
    figure = memory_timeline.MemoryTimeline(target=GPU, moments=tuple(moments)).draw()
    assert 7 in figure.data[0].x
    assert len(figure.data[0].x) <= memory_timeline.MAX_OPS + 2


def test_without_a_target_there_is_none() -> None:
    found = frames(study(target={}))
    with pytest.raises(MissingError, match="no target GPU"):
        memory_timeline.info(found.timeline, found.target)
