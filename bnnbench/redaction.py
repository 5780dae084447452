"""Take secrets out of what solvers and libraries say, before a byte of it is kept.

A secret is the value of an environment variable, or of a setting in a known configuration file, that is named as a
secret is or looks like one.
"""

from __future__ import annotations

import base64
import configparser
import contextlib
import html
import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import quote, quote_plus, unquote

_PARTS = re.compile(
    "TOKEN|SECRET|PASSW|PASSPHRASE|PGPASS|CREDENTIAL|APIKEY|ACCESSKEY|LICENSEID|ACCESSID|DATABASE_?URL|WEBHOOK"
    "|CONN(ECTION)?_?STR",
    re.IGNORECASE,
)
"""These are part of the names of secrets."""
_WORDS = {"KEY", "KEYS", "PASS", "PAT", "AUTH", "SESSION", "COOKIE", "JWT", "DSN", "PWD", "PIN", "SIGNATURE", "URI"}
"""These stand between underscores in the names of secrets."""
_HARMLESS = re.compile("(OLD)?PWD$|(XDG|DESKTOP|DBUS|GNOME|KDE)_|SESSION_MANAGER$|SSH_AUTH_SOCK$", re.IGNORECASE)
_LOOKS = re.compile(
    r"(DEV|SOLV)-[0-9a-f]{32,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}|sk-[\w-]{20,}|xox[a-z]-[\w-]{10,}"
    r"|(AKIA|ASIA)[0-9A-Z]{16}|eyJ[\w-]+\.eyJ[\w-]+\.[\w-]*|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
"""Forms of the tokens of D-Wave, GitHub, GitLab, OpenAI, Slack and AWS, of JSON web tokens and of private keys."""
_LOGIN = re.compile(r"\w+://[^/\s:@]*:([^/\s@]+)@")
"""The password of an address."""
_VALUE = re.compile(r"""[=:"']\s*(?=[^\s;,&?"'{}=]*\d)([^\s;,&?"'{}=]{16,}={0,2})""")
"""What is secret of several settings in one text: JSON, a connection string, an address with parameters."""
LEAST_LENGTH = 8
"""Characters of a secret; shorter ones would be found in ordinary words and numbers."""
LONGEST = 10_000
"""Characters of a secret; private keys have some thousands."""
MAX_FILE_BYTES = 1_000_000
_JOINT = re.compile(r"\s+|\\(?:[nrt]|(?=\s))")
"""A secret may be broken over lines, also where line ends are written as escapes."""
RECHECK_S = 10
"""Seconds after which configuration files are looked at again."""


@cache
def _is_secret(name: str) -> bool:
    if _HARMLESS.match(name):
        return False
    return _PARTS.search(name) is not None or bool(_WORDS & set(re.split(r"[^A-Z0-9]+", name.upper())))


def redacted(text: str) -> str:
    """Replace every secret in a text by ``<NAME>``, in each form that it is usually written in.

    The forms are: as it is, in capitals or small letters, without blanks at its ends, broken over lines, escaped as in
    Python, JSON and HTML, with zero bytes between as in UTF-16, encoded for addresses, in base64 and in hexadecimal
    digits. Other forms, such as backwards, are not recognized.
    """
    if not text:
        return text  # most runs print nothing
    forms = _named_forms(tuple(os.environ.items()), int(monotonic() / RECHECK_S))
    compact = _JOINT.sub("", text)
    spans = [(at, at + len(form), name) for form, name in forms.items() for at in _all(compact, form)]
    if not spans:
        return text
    places = [at for part in _between(text) for at in part]
    pieces, end = [], 0
    for first, last, name in sorted(spans, key=lambda span: (span[0], -span[1])):
        begin, stop = places[first], places[last - 1] + 1
        if begin >= end:
            pieces += [text[end:begin], f"<{name}>"]
        end = max(end, stop)  # of two that overlap, the rest of the second goes too
    return "".join(pieces) + text[end:]


def beginning(value: Any, most: int) -> str:
    """Return the first characters of a value as text, redacted; of a long text no secret is kept in part."""
    text = str(value)
    looked = text[: most + 5 * LONGEST]
    said = redacted(looked)
    return (said if len(looked) == len(text) else said[: max(0, len(said) - LONGEST)])[:most]


def without_secrets(value: Any) -> Any:
    """Return a JSON value whose texts, keys included, are redacted."""
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return {without_secrets(key): without_secrets(item) for key, item in value.items()}
    return [without_secrets(item) for item in value] if isinstance(value, (list, tuple)) else value


def _all(text: str, part: str) -> Iterator[int]:
    """Yield each place at which a part stands in a text."""
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def _between(text: str) -> Iterator[range]:
    """Yield the places between the joints of a text."""
    last = 0
    for joint in _JOINT.finditer(text):
        yield range(last, joint.start())
        last = joint.end()
    yield range(last, len(text))


@lru_cache(maxsize=4)
def _named_forms(environment: tuple[tuple[str, str], ...], _now: int) -> Mapping[str, str]:
    """Return the forms of all secrets, each with the name of its secret."""
    settings = (pair for path in _configurations() for pair in _settings(path))
    found: dict[str, str] = {}
    for name, value in (*environment, *settings):
        for secret in _secrets(name, value):
            for form in _forms(secret):
                found.setdefault(_JOINT.sub("", form), name)
    return {form: name for form, name in found.items() if len(form) >= LEAST_LENGTH}


def _secrets(name: str, value: str) -> Iterator[str]:
    """Yield what is secret of a value: all of it, its lines, the password of an address."""
    found = [match[1] for match in _LOGIN.finditer(value)]
    if _is_secret(name) or _LOOKS.search(value):
        found += [value, *value.split(), *(match[1] for match in _VALUE.finditer(value))]
    for secret in found:
        for form in (secret, unquote(secret)):
            if len(form.strip()) >= LEAST_LENGTH:
                yield form


def _forms(secret: str) -> Iterator[str]:
    for text in dict.fromkeys((secret, secret.strip(), "".join(secret.split()))):
        raw = text.encode(errors="surrogateescape")
        forms = [text, repr(text)[1:-1], json.dumps(text)[1:-1], repr(raw)[2:-1], raw.hex(), raw.hex().upper()]
        forms += [
            text.upper(),
            text.lower(),
            html.escape(text),
            *(zero.join(text) for zero in ("\0", r"\x00", r"\u0000")),
        ]
        forms += [
            form
            for encoded in (quote(raw), quote(raw, safe=""), quote_plus(raw))
            for form in (encoded, _lower(encoded))
        ]
        for offset in range(3):  # where the secret begins within three bytes decides its digits
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                digits = encode(b"\0" * offset + raw).decode()
                begin = (0, 2, 3)[offset]
                forms.append(digits[begin : len(digits) - (0, 3, 2)[(offset + len(raw)) % 3]])
        yield from forms


def _lower(encoded: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), encoded)


def _configurations() -> Iterator[Path]:
    """Yield the files in which the libraries of the solvers look for tokens and licenses."""
    home = os.path.expanduser("~")  # noqa: PTH111  Path.home raises where there is none
    for variable in ("DWAVE_CONFIG_FILE", "GRB_LICENSE_FILE"):
        if path := os.environ.get(variable):
            yield Path(path)
    for folder in (os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config", "/etc/xdg", f"{home}/Library/Preferences"):
        yield Path(folder, "dwave", "dwave.conf")
    yield from (Path("dwave.conf"), Path(home, "gurobi.lic"), Path("/opt/gurobi/gurobi.lic"))


def _settings(path: Path) -> Iterator[tuple[str, str]]:
    """Yield names and values of a configuration file, whatever it holds besides."""
    parser = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    with contextlib.suppress(OSError, ValueError, configparser.Error):
        with path.open(encoding="utf-8", errors="replace") as file:
            parser.read_string("[top]\n" + file.read(MAX_FILE_BYTES))
        for section in (parser.defaults(), *parser.values()):
            yield from ((name.upper(), value) for name, value in section.items() if value)
