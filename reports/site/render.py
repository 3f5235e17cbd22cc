"""Templates become pages, each with its style inside."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.site.provenance import versions

GENERATOR = '<meta name="generator" content="batchlaw">'


def page(template: str, **values: Any) -> str:
    """A template with its values, the style sheet and the versions that made it."""
    environment = Environment(
        loader=PackageLoader("reports.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = Markup(environment.get_template("style.css").render())
    return environment.get_template(template).render(css=css, versions=versions(), generator=Markup(GENERATOR), **values)
