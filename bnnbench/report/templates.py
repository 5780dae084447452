"""The templates of pages; those of the site begin with the head and the style of the report."""

from __future__ import annotations

from collections.abc import Callable

import jinja2


def environment(*packages: str, **filters: Callable[..., str]) -> jinja2.Environment:
    """Return an environment that finds templates in packages, and refuses a page that leaves a name undefined."""
    found = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(package, "") for package in packages]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    found.filters |= filters
    return found
