"""The verb that makes a web page of a folder of results."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from bnnbench.cli._options import Results, not_a_dash
from bnnbench.cli._screen import open_screen
from bnnbench.report import make_page, write_report
from bnnbench.report.serve import LiveReport, make_server


def report(
    results: Results,
    *,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", callback=not_a_dash, help="File to write; default: report.html in the folder."),
    ] = None,
    serve: Annotated[
        bool, typer.Option("--serve", help="Show the page in a browser instead, and follow what is being written.")
    ] = False,
    port: Annotated[int, typer.Option(help="Port of --serve; 0: any free one.", min=0, max=65535)] = 8000,
) -> None:
    """Write a web page of the results: one file, which needs no network."""
    screen = open_screen()
    if not serve:
        screen.say(f"written to {write_report(results, output)}")
        return
    with make_server(LiveReport(results, make_page), port) as server:
        address = f"http://{server.server_address[0]!s}:{server.server_address[1]}"
        with contextlib.suppress(KeyboardInterrupt):
            screen.say(f"{results} is at {address}; Ctrl-C ends it.")
            server.serve_forever()
