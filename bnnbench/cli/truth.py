"""The verb that finds the optimum of a problem, and checks it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bnnbench.cli._options import not_a_dash
from bnnbench.cli._screen import FIRST_TIME, Screen, open_screen, patiently
from bnnbench.errors import CheckError, InputError
from bnnbench.optimum.cache import TRUTHS
from bnnbench.optimum.certificate import Certificate, certify, read_certificate, write_certificate
from bnnbench.optimum.certificate import verify as verify_certificate
from bnnbench.optimum.find import ground_truth
from bnnbench.optimum.qubo_levels import levels
from bnnbench.optimum.search.passes import Standing
from bnnbench.optimum.spectrum import spectrum
from bnnbench.optimum.truth import Truth
from bnnbench.plugins.compiling import compile as compile_problem
from bnnbench.plugins.registry import load_problem
from bnnbench.problem.problem import Problem
from bnnbench.qubo.instance import Instance
from bnnbench.store.output import refuse_to_overwrite
from bnnbench.suite.problem_set import ProblemSet, find_set, set_paths

CERTIFICATE = b'{\n  "pro'
"""How a certificate begins."""
LIMIT_S = 600.0
"""Seconds after which a search gives up that was given no limit."""


def truth(
    problem: Annotated[
        str, typer.Argument(help='Such as "parity[size=3]", a .py file, or a set of problems: its name or TOML file.')
    ],
    *,
    show_weights: Annotated[int, typer.Option("--weights", help="How many optimal settings to print.", min=0)] = 1,
    seconds: Annotated[
        float | None,
        typer.Option(help="When to give up, in seconds (600, and never with --force); Ctrl-C gives up at once.", min=0),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Search however hopeless it is.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check the result by means that are not the search's.")
    ] = False,
    check_seconds: Annotated[float, typer.Option(help="How long --verify may ask CP-SAT, in seconds.", min=0)] = 60,
    certificate: Annotated[Path | None, typer.Option(help="A certificate to check, instead of searching.")] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", callback=not_a_dash, help="Write a certificate (JSON).")
    ] = None,
    show_spectrum: Annotated[bool, typer.Option("--spectrum", help="Count the settings of every loss.")] = False,
    qubo: Annotated[
        str | None, typer.Option(help="A formulation: visit all states of its QUBO (up to 34 variables), and compare.")
    ] = None,
    cache: Annotated[bool, typer.Option("--cache/--no-cache", help="Whether to use what was found before.")] = True,
) -> None:
    """Find the optimal training loss of a problem, say how it is known, and check it; or check those of a set."""
    if problem in set_paths() or problem.endswith(".toml"):
        _truths_of_set(find_set(problem), output, seconds, check_seconds)
        return
    loaded = load_problem(problem)
    screen = open_screen()
    screen.say(f"{loaded}")
    if certificate:
        claim = read_certificate(certificate)
        with open_screen(stderr=True).status("checking"):
            checked = verify_certificate(loaded, claim, limit_s=check_seconds)
        screen.say(f"claimed loss     {claim.loss:g} ({claim.kind}: {claim.method})")
        _print_checks(screen, checked)
        return
    if output:
        refuse_to_overwrite(output, CERTIFICATE)
        if not os.access(output if output.exists() else output.parent, os.W_OK):
            raise InputError(f"{output} cannot be written; give another file to -o, before the search begins.")
    errors = open_screen(stderr=True)
    waiting = contextlib.nullcontext() if errors.is_terminal else patiently(errors, f"searching ({FIRST_TIME})")
    with waiting, _search_progress(errors) as report:
        limit = seconds if force or seconds is not None else LIMIT_S
        found = ground_truth(
            loaded, seconds=limit, force=force, report=report, cache=TRUTHS if cache else None, interruptible=True
        )
    _print_truth(screen, loaded, found, show_weights)
    if show_spectrum:
        _print_spectrum(screen, loaded)
    if qubo:
        _print_levels(screen, compile_problem(loaded, qubo), found)
    if verify or output:
        with open_screen(stderr=True).status("checking"):
            checked = certify(loaded, found, limit_s=check_seconds)
        if output:
            write_certificate(checked, output)
            screen.say(f"certificate      {output}")
        _print_checks(screen, checked, is_asked=verify)


def _truths_of_set(found: ProblemSet, output: Path | None, seconds: float | None, check_seconds: float) -> None:
    """Check the truths of a set; with a file to write, find those that it does not have."""
    from bnnbench.cli import _truth_set

    if output is None:
        _truth_set.check(found, check_seconds=check_seconds)
    else:
        _truth_set.make(found, output, seconds=seconds, check_seconds=check_seconds)


def _print_truth(screen: Screen, problem: Problem, found: Truth, show_weights: int) -> None:
    """Print the loss, how it is known, and some optimal settings."""
    size = f"2^{problem.network.num_weights}"
    count = "not counted" if found.num_optima is None else f"{found.num_optima:,}"
    name = "optimal loss    " if found.is_certified else "best known loss "
    screen.say(f"{name} {found.loss:g} ({found.kind}: {found.method})")
    if not found.is_certified:
        screen.say(f"lower bound      {found.lower_bound or 0:g} (proven)")
    screen.say(f"optimal settings {count} of {size}")
    screen.say(f"accuracy         {float(problem.accuracy(found.optima[0])):.1%} of the training targets")
    screen.say(f"search           {found.seconds:.3f} s, {found.nodes:,} nodes")
    for weights in found.optima[:show_weights]:
        screen.say("weights          " + " ".join(f"{w:+d}" for w in weights))


@contextlib.contextmanager
def _search_progress(screen: Screen) -> Iterator[Callable[[Standing], None]]:
    """Show a bar for a search that lasts; short ones end before it is drawn."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as progress:
        task = progress.add_task(f"searching ({FIRST_TIME})", total=1.0)

        def report(standing: Standing) -> None:
            best = "" if standing.best is None else f", best known {standing.best:g}"
            doing = "counting settings of" if standing.is_counting else "excluding"
            progress.update(
                task, completed=standing.fraction, description=f"{doing} loss {standing.lower_bound:g}{best}"
            )

        yield report


def _print_checks(screen: Screen, certificate: Certificate, *, is_asked: bool = True) -> None:
    """Print what the checks said; raise `CheckError` if one disagreed, or none confirmed what was asked for."""
    for check in certificate.checks:
        screen.say(f"{check.verdict:<16} {check.name}: {check.detail} ({check.seconds:.3f} s)")
    for check in certificate.failed:
        raise CheckError(f"the certificate of the loss {certificate.loss:g} is wrong: {check.name}: {check.detail}.")
    if is_asked and not certificate.is_confirmed:
        raise CheckError(
            f"nothing confirms that no loss is below {certificate.lower_bound:g}: {certificate.checks[1].detail}; "
            "give --check-seconds more time."
        )


def _print_levels(screen: Screen, instance: Instance, truth: Truth) -> None:
    """Print the lowest levels of a QUBO; raise `CheckError` if they are not what a sound formulation promises."""
    with open_screen(stderr=True).status(f"visiting 2^{instance.qubo.num_variables} states"):
        found = levels(instance.qubo)
    gap = "none" if found.gap is None else f"{found.gap:g}"
    energy = round(found.energy, 9) + 0.0  # −0 is 0
    screen.say(
        f"{instance.formulation}: ground energy {energy:g}, {found.num_states:,} ground states, gap {gap}, "
        f"{instance.qubo.num_variables} variables, all states visited in {found.seconds:.3f} s"
    )
    if instance.is_sound and truth.is_certified and abs(found.energy - truth.energy) > found.tolerance:
        raise CheckError(
            f"{instance}: the ground energy is {found.energy:g}, but the optimal loss is {truth.loss:g}, and the "
            "formulation is sound; one of the two is wrong."
        )


def _print_spectrum(screen: Screen, problem: Problem) -> None:
    """Print how many settings have each loss, and what random guesses reach."""
    counts = spectrum(problem)
    total, below = sum(counts.values()), 0
    width = max(len("settings"), len(f"{max(counts.values()):,}"))
    screen.say(f"\nloss   {'settings':>{width}}  share of settings with at most this loss")
    for loss, count in counts.items():
        below += count
        screen.say(f"{loss:<6g} {count:>{width},}  {below / total:.3g}")
    mean = sum(loss * count for loss, count in counts.items()) / total
    screen.say(f"mean loss of random settings {mean:g}")
