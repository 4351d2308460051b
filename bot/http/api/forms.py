"""Bodies that are sent as forms: the same object as in JSON, with `envs[NAME]=value` and `envs[0][key]=NAME` inside."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\]){0,3})")
_INNER = re.compile(r"\[([^\[\]]*)\]")
_MOST = 1000
"""Fields of a form."""


def read(body: bytes) -> dict[str, Any]:
    """The object that a form stands for. What is said twice is a list, as nothing tells which is meant.

    Raises ValueError for what is no form in UTF-8, or has more than a thousand fields.
    """
    text = body.decode()
    made: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST):
        if found := _NAME.fullmatch(name):
            _put(made, [found[1], *_INNER.findall(found[2])], value)
    return {name: _listed(value) for name, value in made.items()}


def _put(made: dict[str, Any], path: Iterable[str], value: str) -> None:
    *outer, last = path
    for part in outer:
        inner = made.setdefault(part, {})
        if not isinstance(inner, dict):
            return
        made = inner
    made[last] = [made[last], value] if last in made else value


def _listed(value: Any) -> Any:
    """An object whose keys count from zero is a list."""
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(each) for name, each in value.items()}
    return list(inner.values()) if list(inner) == [str(number) for number in range(len(inner))] else inner
