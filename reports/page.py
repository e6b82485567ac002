"""Cards -> one offline HTML page."""

from collections.abc import Mapping
from functools import cache, partial
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from advisor.files import slug
from reports import plotlyjs, proposals, provenance, theme, trials, words
from reports.advice import diagnose
from reports.answer import Answer, answer
from reports.card import Card, figure_card, guarded
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
from reports.island import island, study
from reports.policy import policy
from reports.proposed import Chosen, chosen
from reports.reading import rounded
from reports.table import sort_key
from reports.verdict import verdict
from reports.winner import winner
from studies.records import StudyRecord

SCRIPTS = ("figures.js", "tables.js", "downloads.js")


def page(record: StudyRecord) -> str:
    """The whole page. The same record gives the same text."""
    record = rounded(record)
    found, said, findings = frames(record), answer(record), diagnose(record)
    target, tuning = target_cards(found, record.target), tuning_cards(found, said)
    scripts = [_asset(name) for name in SCRIPTS]
    template = _environment().get_template("page.html")
    return template.render(
        record=record,
        answer=said,
        verdict=verdict(said, findings),
        findings=findings,
        target=found.target,
        target_cards=target,
        tuning_cards=tuning,
        trials_card=guarded("trials-table", "Trials", lambda: trials.trials(found.trials)),
        facts=provenance.facts(record),
        space=provenance.space(record),
        filename=slug(record.name),
        policy=policy([*scripts, plotlyjs.source()]),
        style=Markup(_style()),  # noqa: S704 - the package's own file
        scripts=[Markup(script) for script in scripts],  # noqa: S704
        plotly=plotlyjs.packed(),
        study=island(study(record)),
        figures=island(_figures([*target, *tuning])),
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


def tuning_cards(found: Frames, said: Answer) -> list[Card]:
    """How the hyperparameters were found."""
    trials, spent = found.trials, said.record.spent_seconds
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
            figure_card(f"pareto-{cost.anchor}", f"Loss against {cost.noun}", partial(pareto.info, trials, cost))
            for cost in pareto.COSTS
        ),
        figure_card("elasticity", "Elasticities of the winner", lambda: _winner_slopes(said.record)),
        figure_card("measured", "Predicted beside measured", lambda: measured.info(trials)),
        figure_card("workers", "Workers", lambda: workers.info(trials, spent)),
    ]


def _figures(cards: list[Card]) -> dict[str, Any]:
    drawn = {c.anchor: c.figure for c in cards if c.figure}
    return {"figures": drawn, "layout": theme.layout(), "dark": theme.dark_of()}


@cache
def _asset(name: str) -> str:
    return files("reports").joinpath("assets", name).read_text(encoding="utf-8")


@cache
def _style() -> str:
    light, dark = theme.css_variables(theme.LIGHT), theme.css_variables(theme.DARK)
    return (
        f":root {{ --font: {theme.FONT}; {light} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n{_asset('page.css')}"
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(text=words.text, sort_key=sort_key)
    return environment
