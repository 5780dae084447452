"""The address of a Dask scheduler, and the files that a ``tls://`` address needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bnnbench.errors import InputError


def check_address(address: str) -> None:
    """Raise `ValueError` for what is no address; a client that is made of it would not end for half a minute."""
    from distributed.comm import parse_address, parse_host_port
    from distributed.comm.registry import get_backend

    scheme, place = parse_address(address)
    get_backend(scheme)
    if scheme in ("tcp", "tls", "ws", "wss"):
        parse_host_port(place)


def tls_security(authority: Path, certificate: Path, key: Path) -> Any:
    """Return credentials for ``tls://`` addresses; nothing is then sent in the clear.

    Raises
    ------
    InputError
        If a file is not there.
    """
    from distributed.security import Security

    for path in (authority, certificate, key):
        if not path.is_file():
            raise InputError(f"--tls: {path} is no file; give the authority's file, the certificate and the key.")
    pair = {"cert": str(certificate), "key": str(key)}
    sides = {f"tls_{side}_{what}": path for side in ("client", "scheduler", "worker") for what, path in pair.items()}
    return Security(tls_ca_file=str(authority), require_encryption=True, **sides)
