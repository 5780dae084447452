"""The verb that tests published sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bnnbench.claims import evaluate_all, misquoted, read_claims
from bnnbench.cli._screen import open_screen
from bnnbench.errors import CheckError, InputError, system_errors
from bnnbench.tables.sheet import print_rows

HEADINGS = ("claim", "holds", "cost", "effect", "of", "measured", "at least", "at most", "problems")


def claims(
    results: Annotated[Path, typer.Argument(help="A folder with a file claims.toml, or such a file.")],
    *,
    quoted_in: Annotated[
        Path | None, typer.Option(help="A text in which each sentence must stand, with the numbers of the data.")
    ] = None,
) -> None:
    """Test each published sentence about solvers on the rows that it speaks of."""
    file = results if results.suffix == ".toml" else results / "claims.toml"
    verdicts = evaluate_all(read_claims(file), file.parent)
    screen = open_screen()
    rows = [
        (
            v.claim.name,
            "yes" if v.holds else "no",
            v.claim.cost,
            v.claim.effect,
            v.claim.over,
            v.effect_text,
            *("" if bound is None else f"{bound:g}" for bound in (v.claim.at_least, v.claim.at_most)),
            str(v.num_problems),
        )
        for v in verdicts
    ]
    print_rows(rows, HEADINGS, screen, numbers=HEADINGS[-3:])
    for verdict in verdicts:
        screen.say(f"{verdict.claim.name}: {verdict.sentence}")
        screen.say(f"  would be refuted if {verdict.claim.refuted}")
    refuted = [verdict.claim.name for verdict in verdicts if not verdict.holds]
    if refuted:
        raise CheckError(f"{file}: {len(refuted)} of {len(verdicts)} claims do not hold: {', '.join(refuted)}.")
    if quoted_in is not None:
        with system_errors(InputError, f"{quoted_in} cannot be read", "give the path of a text"):
            text = quoted_in.read_text(encoding="utf-8")
        if wrong := [verdict.claim.name for verdict in misquoted(verdicts, text)]:
            raise CheckError(f"{quoted_in} does not quote, as printed above: {', '.join(wrong)}.")
    screen.say(f"{file}: all {len(verdicts)} claims hold.")
