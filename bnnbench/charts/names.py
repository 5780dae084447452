"""Shorten names so that they fit, and still tell apart what they name."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from bnnbench.errors import InputError
from bnnbench.spec import Spec, parse_spec


def shortened(names: Sequence[str], most: int) -> dict[str, str]:
    """Return names of at most `most` characters for those that are longer, all different where the names are.

    A long name loses the parameters that it shares with all others of its kind, then its middle. Two that would look
    alike keep their middles, however long they are.
    """
    kinds: defaultdict[str, list[Spec]] = defaultdict(list)
    specs = {name: spec for name in names if (spec := _spec(name)) is not None}
    for spec in specs.values():
        kinds[spec.name].append(spec)
    told = {name: _telling(specs[name], kinds[specs[name].name]) if name in specs else name for name in names}
    texts = {name: name if len(name) <= most else told[name] for name in names}
    short = {name: cut(text, most) for name, text in texts.items()}
    number = Counter(short.values())
    return {name: text if number[text] == 1 else texts[name] for name, text in short.items()}


def _spec(name: str) -> Spec | None:
    try:
        return parse_spec(name)
    except InputError:
        return None


def _telling(spec: Spec, kind: Sequence[Spec]) -> str:
    shared = {key for key, value in spec.parameters.items() if all(one.parameters.get(key) == value for one in kind)}
    alone = len(kind) == 1
    return str(spec if alone else Spec(spec.name, {k: v for k, v in spec.parameters.items() if k not in shared}))


def cut(text: str, most: int) -> str:
    """Return a text of at most `most` characters: a longer one loses its middle."""
    return text if len(text) <= most else f"{text[: most // 2]}…{text[-(most - most // 2 - 1) :]}"
