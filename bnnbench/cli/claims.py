"""The verb that tests published sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bnnbench.claims import Verdict, evaluate_all, misquoted, read_claims
from bnnbench.cli._screen import open_screen
from bnnbench.errors import CheckError, InputError, system_errors
from bnnbench.tables.sheet import Field, print_sheet


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
    print_sheet(_fields(verdicts), screen)
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


def _fields(verdicts: list[Verdict]) -> dict[str, Field]:
    bounds = [(v.claim.at_least, v.claim.at_most) for v in verdicts]
    columns: dict[str, list[str]] = {
        "claim": [v.claim.name for v in verdicts],
        "holds": ["yes" if v.holds else "no" for v in verdicts],
        "cost": [v.claim.cost for v in verdicts],
        "effect": [v.claim.effect for v in verdicts],
        "of": [v.claim.over for v in verdicts],
        "measured": [v.effect_text for v in verdicts],
        "at least": ["" if low is None else f"{low:g}" for low, _ in bounds],
        "at most": ["" if high is None else f"{high:g}" for _, high in bounds],
        "problems": [str(v.num_problems) for v in verdicts],
    }
    is_number = {"at least", "at most", "problems"}
    return {name: Field(name, values, is_text=name not in is_number) for name, values in columns.items()}
