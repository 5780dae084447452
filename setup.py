"""What pyproject.toml cannot say: the README as a package index shows it, where links must name their host."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent


def readme() -> str:
    """Return README.md with the links into the repository at this version's tag."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    repository, tag = project["urls"]["Repository"], f"v{project['version']}"
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    text = re.sub(r"(!\[[^]]*\])\((?!\w+:|#)", rf"\1({repository}/raw/{tag}/", text)
    return re.sub(r"(?<!!)(\[[^]]*\])\((?!\w+:|#)", rf"\1({repository}/blob/{tag}/", text)


if __name__ == "__main__":
    from setuptools import setup

    setup(long_description=readme(), long_description_content_type="text/markdown")
