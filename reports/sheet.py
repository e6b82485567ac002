"""What every page shares: its frame, its style, its scripts, the data inside it."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports import plotlyjs, theme, words
from reports.card import Card
from reports.island import island
from reports.policy import policy
from reports.table import sort_key

SCRIPTS = ("figures.js", "tables.js", "downloads.js")


def sheet(template: str, *, data: dict[str, Any], cards: Sequence[Card], filename: str, **values: Any) -> str:
    """The page of a template with its values; `cards` are all whose figures it draws, `filename` names downloads."""
    scripts = [_asset(name) for name in SCRIPTS]
    return (
        _environment()
        .get_template(template)
        .render(
            policy=policy([*scripts, plotlyjs.source()]),
            style=Markup(_style()),  # noqa: S704 - the package's own file
            scripts=[Markup(script) for script in scripts],  # noqa: S704
            plotly=plotlyjs.packed(),
            data=island(data),
            figures=island(_figures(cards)),
            filename=filename,
            **values,
        )
    )


def _figures(cards: Sequence[Card]) -> dict[str, Any]:
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
    environment.filters.update(text=words.text, sentence=words.sentence, listed=words.listed, sort_key=sort_key)
    return environment
