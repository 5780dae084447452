"""A claim: a sentence, the rows that it speaks of, and what would refute it; read from a TOML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

import pydantic

from bnnbench.errors import InputError
from bnnbench.suite.toml_file import read_toml

Rows = dict[str, str | int | float | bool | list[str] | list[int]]


class Claim(pydantic.BaseModel):
    """A sentence about solvers, and the test that could have come out otherwise.

    Each problem has one effect: the cost of the rows `first`, its difference from that of the rows `second`, or the
    ratio of both. The claim holds if the whole 95 % interval of the median effect over problems lies within
    [`at_least`, `at_most`], or with `over = "all"` if the effects of all problems do. An ``exponent`` is one of all
    problems together.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, strict=True)
    name: Annotated[str, pydantic.Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    sentence: Annotated[str, pydantic.Field(min_length=1)]
    """May hold ``{effect}``, the estimate with its interval, and ``{problems}``, their number."""
    refuted: Annotated[str, pydantic.Field(min_length=1)]
    """The reading that would have refuted the sentence, in words."""
    results: Annotated[str, pydantic.Field(min_length=1)]
    """Folder of results, from the folder of the file."""
    cost: str = "ert_s"
    """A name of `bnnbench.metrics.running_time.ERTS`, ``mean_loss_gap``, ``normalized_gap``, or a column of runs in
    which less is better."""
    first: Annotated[Rows, pydantic.Field(min_length=1)]
    """Columns of runs and the values that a row must have, or a list of values that it may have; ``*`` stands for any
    characters."""
    second: Rows | None = None
    effect: Literal["value", "difference", "ratio", "exponent"] = "value"
    """``exponent``: doublings of an ERT per unit of size, and with `second` the difference of both exponents."""
    size: str = "num_weights"
    """Of an exponent."""
    over: Literal["median", "all"] = "median"
    at_least: float | None = None
    at_most: float | None = None
    headline: bool = False
    """Whether the sentence is one of the few that the site and the README open with."""

    @pydantic.model_validator(mode="after")
    def _can_be_refuted(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("nothing can refute it; give at_least, at_most or both")
        if self.effect != "exponent" and (self.effect == "value") != (self.second is None):
            raise ValueError("a difference or a ratio needs the rows `second`, and a value has none")
        return self


class _File(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, strict=True)
    claim: Annotated[list[Claim], pydantic.Field(min_length=1)]


def read_claims(path: Path) -> list[Claim]:
    """Read the claims of a file, a table ``[[claim]]`` each.

    Raises
    ------
    InputError
        If the file cannot be read, is not TOML, has a claim that nothing can refute, or two of one name.
    """
    claims = read_toml(path, "claims", _File, guide="docs/results.md").claim
    names = [claim.name for claim in claims]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"claims {path}: the name {twice[0]!r} stands more than once; give each claim its own.")
    return claims
