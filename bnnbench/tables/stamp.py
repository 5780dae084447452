"""The stamp: where a table comes from, in one line of it, so that it can be regenerated and compared."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from bnnbench.errors import InputError
from bnnbench.hashing import canonical_json, content_hash

MARK = "bnnbench-stamp"


def make_stamp(runs: pd.DataFrame, machines: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return hashes of what was asked and of what came, commits and versions of what measured it, and the runs' number.

    - ``suite``: hash of the keys of all runs, so of every instance, solver, parameter, version, seed and budget;
    - ``store``: hash of the content of all runs and of the optima that they are measured against;
    - ``commits``: of the checkouts that made the runs, with a + where files were changed; releases have none.
    """
    commits = {
        f"{info['commit']}{'+' if info.get('dirty') else ''}" for info in machines.values() if info.get("commit")
    }
    # Versions before the third schema of the store wrote no digests.
    content = runs.reindex(columns=["key", "digest", "optimum", "truth_kind"]).astype(object)
    rows = sorted(content.where(content.notna(), None).to_numpy().tolist(), key=repr)
    return {
        "suite": content_hash("cells", {"keys": sorted(runs["key"])})[:16],
        "store": content_hash("runs", {"rows": rows})[:16],
        "commits": sorted(commits),
        "bnnbench": sorted({str(version) for version in runs["bnnbench_version"].dropna()}),
        "runs": len(runs),
    }


def stamp_line(stamp: Mapping[str, Any]) -> str:
    """Return a stamp as a line of text without ``--``, which would end a comment of HTML."""
    return re.sub("--+", lambda found: "\\u002d" * len(found[0]), f"{MARK} {canonical_json(stamp)}")


def read_stamp(text: str, source: str) -> dict[str, Any]:
    """Return the stamp in a table's text.

    Raises
    ------
    InputError
        If there is none, or it cannot be read.
    """
    found = re.search(rf"{MARK} (\{{.*\}})", text)
    if not found:
        raise InputError(f"{source} has no stamp of bnnbench; export it again, as markdown, latex, html or parquet.")
    try:
        stamp = json.loads(found[1])
        names = ("table", "format", "results", "store")
        is_whole = all(isinstance(stamp[name], str) for name in names)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{source}: its stamp cannot be read ({error}); export it again.") from error
    if not is_whole:
        raise InputError(f"{source}: its stamp cannot be read; export it again.")
    return dict(stamp)
