"""An answer as plain JSON values: what a study keeps of the sizing that it was started for, and reports show."""

import dataclasses
import json
from typing import Any

import numpy as np

from advisor.propose.answer import Answer
from advisor.propose.axes import Ints
from advisor.propose.candidates import Candidates
from advisor.propose.fitting import Fitting
from advisor.propose.proposal import Proposal
from advisor.spec import BDH, Model, Seq2Seq, vocabulary
from advisor.spec.text import model_to_data

FRONT = 150  # points kept of the Pareto front
SHOWN = 200  # candidates kept for the picture of what fits
FARTHEST = 3  # times the GPU's memory: what lies beyond makes the picture small
NEGLIGIBLE = 0.01  # [nats/token] a difference in score that decides nothing


def as_target(answer: Answer) -> dict[str, Any]:
    """GPU, proposals, the first one's memory timeline, and samples of the candidates and of their Pareto front."""
    chosen = answer.proposals[0]
    allocated = chosen.estimate.memory.allocated
    return {
        "gpu": {"name": answer.question.gpu.name, "memory_bytes": answer.question.gpu.memory_bytes},
        "rule": answer.rule,
        "hours": answer.question.seconds / 3600,
        "proposals": [_proposal(p) for p in answer.proposals],
        "chosen": {
            "name": chosen.name,
            "peak_bytes": allocated.bytes,
            "peak_phase": allocated.phase,
            "peak_op": allocated.op,
        },
        "timeline": [{"phase": m.phase, "op": m.op, "bytes": m.bytes} for m in chosen.estimate.memory.timeline],
        "candidates": _sample(answer, chosen),
        "front": _front(answer),
    }


def _proposal(p: Proposal) -> dict[str, Any]:
    return {
        "name": p.name,
        **_shape(p.model),
        "vocab": vocabulary(p.model),
        "context": p.model.context,
        "batch": p.plan.batch,
        "checkpointing": p.plan.checkpointing,
        "parameters": p.estimate.parameters.total,
        "memory_bytes": p.estimate.memory.allocated.bytes,
        "limited_by": p.limited_by,
        "step_seconds": p.estimate.time.step_seconds if p.estimate.time else None,
        "hours": p.hours,
        "epochs": p.epochs,
        "predicted_loss": p.predicted_loss,
        "loss_low": p.loss_low,
        "loss_high": p.loss_high,
        "reason": p.reason,
        "tokens": p.tokens,
        "model": _plain(model_to_data(p.model)),
        "plan": _plain(dataclasses.asdict(p.plan)),
    }


def _shape(model: Model) -> dict[str, Any]:
    """Sizes that every family has; of an encoder-decoder the depth of both stacks together."""
    depth = model.encoder_depth + model.decoder_depth if isinstance(model, Seq2Seq) else model.depth
    heads = model.heads if isinstance(model, BDH) else model.attention.heads
    hidden = model.multiplier * model.d_model if isinstance(model, BDH) else model.mlp.hidden
    return {"d_model": model.d_model, "depth": depth, "heads": heads, "hidden": hidden}


def _plain(values: dict[str, Any]) -> Any:
    """Tuples as lists, as they come back from the store."""
    return json.loads(json.dumps(values))


def _front(answer: Answer) -> list[dict[str, Any]]:
    """Points of the front, evenly spread over it; hours are None where no time can be said."""
    points = answer.front
    picked = np.linspace(0, len(points) - 1, min(FRONT, len(points))).round().astype(int).tolist()
    return [
        {
            "name": answer.candidates.name(points[i].row),
            "hours": None if np.isnan(points[i].hours) else points[i].hours,
            "memory_bytes": points[i].memory,
            "predicted_loss": points[i].loss,
        }
        for i in picked
    ]


def _sample(answer: Answer, chosen: Proposal) -> list[dict[str, Any]]:
    """Shapes, each with its best plan that surely fits or else its most frugal one, evenly spread over the sizes."""
    c = answer.candidates
    depth, width = _depth(c), c.values["d_model"]
    rank = np.where(answer.fits, answer.score, 1e9 + c.peak)  # a plan that fits goes before any that does not
    order = np.lexsort((rank, width, depth))
    first = np.ones(len(order), bool)
    first[1:] = (np.diff(depth[order]) != 0) | (np.diff(width[order]) != 0)
    rows = order[first]
    rows = rows[c.peak[rows] <= FARTHEST * answer.question.gpu.memory_bytes]
    rows = rows[np.argsort(c.parameters[rows], kind="stable")]
    picked = rows[np.linspace(0, len(rows) - 1, min(SHOWN, len(rows))).round().astype(int)]
    fitting = Fitting(c)
    return [
        {
            "name": c.name(r),
            "d_model": int(width[r]),
            "depth": int(depth[r]),
            "heads": int(c.values["heads"][r]),
            "parameters": int(c.parameters[r]),
            "memory_bytes": int(c.peak[r]),
            "limited_by": _limit(answer, chosen, r, fits),
            "fits": fits,
        }
        for r, fits in ((r, _fits(answer, fitting, r)) for r in picked.tolist())
    ]


def _depth(c: Candidates) -> Ints:
    """Layers of all stacks together."""
    return np.asarray(sum(column for axis, column in c.values.items() if axis.endswith("depth")))


def _fits(answer: Answer, fitting: Fitting, row: int) -> bool:
    """By the columns' bounds where they decide, else by the candidate's own estimate."""
    memory = answer.question.gpu.memory_bytes
    undecided = not answer.fits[row] and answer.candidates.needs_least[row] <= memory
    return fitting.needed(row) <= memory if undecided else bool(answer.fits[row])


def _limit(answer: Answer, chosen: Proposal, row: int, fits: bool) -> str:
    """What speaks against a candidate: memory; time, when larger than the best; size, when smaller; '' for the best."""
    if not fits:
        return "memory"
    if answer.score[row] <= answer.score.min(where=answer.fits, initial=np.inf) + NEGLIGIBLE:
        return ""
    return "time" if answer.candidates.parameters[row] > chosen.estimate.parameters.total else "size"
