"""Content hashes: SHA-256 over canonical bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np


def content_hash(kind: str, header: Mapping[str, Any], *arrays: np.ndarray) -> str:
    """Hash a value by its content.

    The canonical bytes are ``kind``, a NUL, the header as JSON with sorted keys and no spaces, then for each array
    its dtype and shape as text and its elements in C order, little-endian.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    digest = hashlib.sha256(f"{kind}\0{canonical_json(header)}".encode(errors="surrogatepass"))
    for array in arrays:
        canonical = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        digest.update(f"\0{canonical.dtype.str}{canonical.shape}\0".encode())
        digest.update(canonical.tobytes())
    return digest.hexdigest()


def canonical_json(value: Mapping[str, Any]) -> str:
    """Return JSON with sorted keys and no spaces, so that equal values have equal text."""
    return _ENCODER.encode(value)


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
