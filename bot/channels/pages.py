"""The HTML pages of our own: Jinja2 with everything escaped, and the folder of their styles and scripts."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.channels import wording

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["wording"] = wording
    return environment


def render(template: str, **values: object) -> str:
    """Render a file of ``templates/``; only values marked ``markupsafe.Markup`` stay unescaped."""
    return _environment().get_template(template).render(**values)
