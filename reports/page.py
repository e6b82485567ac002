"""A study -> cards -> one offline HTML page."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from advisor.files import slug
from reports import proposals, provenance, trials
from reports.advice import diagnose
from reports.answer import WordedAnswer
from reports.card import Card, figure_card, guarded
from reports.exports import guarded_blocks
from reports.figures import (
    curves,
    elasticity,
    front,
    growth,
    importance,
    maps,
    measured,
    memory_timeline,
    parallel,
    pareto,
    progress,
    slices,
    spread,
    sweep,
    what_fits,
    workers,
)
from reports.frames import Frames, frames
from reports.island import study
from reports.proposed import Chosen, chosen
from reports.reading import rounded
from reports.sheet import sheet
from reports.verdict import verdict
from reports.winner import winner
from studies.records import StudyRecord


def page(record: StudyRecord) -> str:
    """The whole page. The same record gives the same text."""
    record = rounded(record)
    found, said, findings = frames(record), WordedAnswer.of(record), diagnose(record)
    target, tuning = target_cards(found, record.target), tuning_cards(found, said)
    return sheet(
        "page.html",
        data=study(record),
        cards=[*target, *tuning],
        filename=slug(record.name),
        record=record,
        answer=said,
        verdict=verdict(said, findings),
        findings=findings,
        target=found.target,
        target_cards=target,
        tuning_cards=tuning,
        exports=guarded_blocks(lambda: winner(record).config),
        trials_card=guarded("trials-table", "Trials", lambda: trials.trials(found.trials)),
        facts=provenance.facts(record),
        space=provenance.space(record),
    )


def target_cards(found: Frames, target: Mapping[str, Any]) -> list[Card]:
    """What the target GPU can hold."""
    return [
        guarded("proposals", "Proposals", lambda: proposals.proposals(found)),
        figure_card("what-fits", "What fits", lambda: what_fits.info(found.candidates, found.proposals, found.target)),
        figure_card("front", "Loss, hours, memory", lambda: front.info(found.front, found.proposals, found.target)),
        figure_card("memory", "Memory of a step", lambda: memory_timeline.info(found.timeline, found.target)),
        figure_card("growth", "Memory as it grows", lambda: growth.info(chosen(target))),
        figure_card("elasticity-target", "Elasticities", lambda: _slopes_of(chosen(target))),
    ]


def _slopes_of(config: Chosen) -> elasticity.Elasticities:
    return elasticity.info(config.point, f"{config.name} on the {config.gpu.name}")


def _winner_slopes(record: StudyRecord) -> elasticity.Elasticities:
    found = winner(record)
    return elasticity.info(found.point, "the tuned model" + (f" on the {found.gpu.name}" if found.gpu else ""))


def tuning_cards(found: Frames, said: WordedAnswer) -> list[Card]:
    """How the hyperparameters were found."""
    trials, spent, asked = found.trials, said.record.spent_seconds, said.record.objectives
    swept = [figure_card(f"sweep-{i}", "LR sweep", partial(sweep.info, s)) for i, s in enumerate(found.sweeps, 1)]
    return [
        *(swept or [figure_card("sweep-1", "LR sweep", sweep.none)]),
        figure_card("curves", "Learning curves", lambda: curves.info(found.curves, found.trials)),
        figure_card("spread", "Spread of the winner", lambda: spread.info(said)),
        figure_card("progress", "Best so far", lambda: progress.info(trials, spent)),
        figure_card("slices", "Loss by hyperparameter", lambda: slices.info(trials)),
        figure_card("map-shape", "Depth and width", lambda: maps.info(trials, maps.SHAPE)),
        figure_card("map-rates", "Learning rate and dropout", lambda: maps.info(trials, maps.RATES)),
        figure_card("parallel", "Parallel coordinates", lambda: parallel.info(trials)),
        figure_card("importance", "Importance", lambda: importance.info(found.importances, trials)),
        *(
            figure_card(f"pareto-{cost.anchor}", f"Loss against {cost.noun}", partial(pareto.info, trials, cost, asked))
            for cost in pareto.costs_of(asked)
        ),
        figure_card("elasticity", "Elasticities of the winner", lambda: _winner_slopes(said.record)),
        figure_card("measured", "Predicted beside measured", lambda: measured.info(trials)),
        figure_card("workers", "Workers", lambda: workers.info(trials, spent)),
    ]
