"""A hook of the site: links that lead out of docs/ go to the files of the repository."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REPOSITORY = f"{PROJECT['urls']['Repository']}/blob/main/"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Rewrite links to `../` and to Python files of a page."""
    markdown = re.sub(r"\]\(\.\./([^)]*)\)", rf"]({REPOSITORY}\1)", markdown)
    return re.sub(r"\]\(([\w/]+\.py)\)", rf"]({REPOSITORY}docs/\1)", markdown)
