"""Templates -> pages: escaped, with the colors of the reports."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from advisor import __version__
from advisor.http.segments import segment
from advisor.units import format_bytes, format_count, format_seconds
from reports import theme

# what the header leads to
SECTIONS = (("size", "/", "Size"), ("propose", "/propose", "Propose"), ("studies", "/studies", "Studies"),
            ("reports", "/reports", "Reports"))  # fmt: skip


def page(
    template: str, section: str, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
) -> HTMLResponse:
    """A whole page."""
    return HTMLResponse(fragment(template, **frame(section), **values), status, headers)


def frame(section: str) -> dict[str, Any]:
    """What every page has around it; `section` is the one that the header marks."""
    return {"section": section, "sections": SECTIONS, "version": __version__}


def fragment(template: str, **values: Any) -> str:
    """What the template makes of the values."""
    return environment().get_template(template).render(values)


@cache
def environment() -> Environment:
    """Where templates are found and what they may use."""
    found = Environment(
        loader=PackageLoader("advisor.http"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    found.filters.update(
        bytes=format_bytes, count=format_count, seconds=format_seconds, sentence=_sentence, segment=segment
    )
    return found


def _sentence(text: str) -> str:
    """Its first letter large; units keep theirs."""
    return text[:1].upper() + text[1:]


def stylesheet() -> Response:
    """The colors of the reports, in light and in dark, and what the pages make of them."""
    return Response(_css(), media_type="text/css", headers={"Cache-Control": "max-age=300"})


@cache
def _css() -> str:
    light, dark = theme.css_variables(theme.LIGHT), theme.css_variables(theme.DARK)
    own = files("advisor.http").joinpath("static", "pages.css").read_text(encoding="utf-8")
    return (
        f":root {{ color-scheme: light dark; --font: {theme.FONT}; {light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n{own}"
    )
