"""The small vocabulary in which Block Kit's rules are written down: each check adds what is wrong to a list.

Messages read like Slack's own: `must be less than 76 characters [json-pointer:/blocks/0/text/text]`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Json = dict[str, Any]
Problems = list[str]
Check = Callable[[Any, str, Problems], None]
"""Takes a value, its JSON pointer, and the list that problems are added to."""

_ADDRESS = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:\S+$")
_NUMBER = re.compile(r"^-?\d+(\.\d+)?$")


def complain(problems: Problems, path: str, message: str) -> None:
    problems.append(f"{message} [json-pointer:{path}]")


def anything(value: Any, path: str, problems: Problems) -> None:
    """Accepts every value: for fields whose rules are not published."""


def boolean(value: Any, path: str, problems: Problems) -> None:
    if not isinstance(value, bool):
        complain(problems, path, "must be a boolean")


def string(limit: int, least: int = 1) -> Check:
    """A string of `least` to `limit` characters (code points: PLATFORM.md, Texts)."""

    def check(value: Any, path: str, problems: Problems) -> None:
        if not isinstance(value, str):
            complain(problems, path, "must be a string")
        elif len(value) < least:
            complain(problems, path, f"must be more than {least - 1} characters")
        elif len(value) > limit:
            complain(problems, path, f"must be less than {limit + 1} characters")

    return check


def address(limit: int = 3000) -> Check:
    """A URL with a scheme, at most `limit` characters."""
    length = string(limit)

    def check(value: Any, path: str, problems: Problems) -> None:
        length(value, path, problems)
        if isinstance(value, str) and value and not _ADDRESS.match(value):
            complain(problems, path, "must be a valid URL")

    return check


def integer(least: int, most: int) -> Check:
    def check(value: Any, path: str, problems: Problems) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            complain(problems, path, "must be an integer")
        elif not least <= value <= most:
            complain(problems, path, f"must be between {least} and {most}")

    return check


def number_text(value: Any, path: str, problems: Problems) -> None:
    """A number written as text: what number_input wants for its bounds (PLATFORM.md, Block Kit)."""
    if not isinstance(value, str) or not _NUMBER.match(value):
        complain(problems, path, "must be a number written as a string")


def word(*allowed: str) -> Check:
    def check(value: Any, path: str, problems: Problems) -> None:
        if value not in allowed:
            complain(problems, path, f"must be one of: {', '.join(allowed)}")

    return check


def pattern(regex: str, what: str) -> Check:
    compiled = re.compile(regex)

    def check(value: Any, path: str, problems: Problems) -> None:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            complain(problems, path, f"must be {what}")

    return check


def items(each: Check, most: int, least: int = 1) -> Check:
    """A list of `least` to `most` items that each pass."""

    def check(value: Any, path: str, problems: Problems) -> None:
        if not isinstance(value, list):
            complain(problems, path, "must be an array")
            return
        if len(value) < least:
            complain(problems, path, f"no fewer than {least} items allowed")
        if len(value) > most:
            complain(problems, path, f"no more than {most} items allowed")
        for index, item in enumerate(value):
            each(item, f"{path}/{index}", problems)

    return check


class Shape:
    """An object: required and optional fields, no others, and rules that look at it as a whole once its
    fields are sound.
    """

    def __init__(
        self, required: Mapping[str, Check], optional: Mapping[str, Check] | None = None, rules: Iterable[Check] = ()
    ) -> None:
        self._required = tuple(required)
        self._fields = {**required, **(optional or {})}
        self._rules = tuple(rules)

    def __call__(self, value: Any, path: str, problems: Problems) -> None:
        if not isinstance(value, dict):
            complain(problems, path, "must be an object")
            return
        before = len(problems)
        self._check_fields(value, path, problems)
        if len(problems) == before:
            for rule in self._rules:
                rule(value, path, problems)

    def _check_fields(self, value: Json, path: str, problems: Problems) -> None:
        for name in self._required:
            if name not in value:
                complain(problems, path, f"missing required field: {name}")
        for name, item in value.items():
            check = self._fields.get(name)
            if check is None:
                complain(problems, path, f"invalid additional property: {name}")
            else:
                check(item, f"{path}/{name}", problems)


def by_type(table: Mapping[str, Check], allowed: Iterable[str] | None = None, where: str = "here") -> Check:
    """An object whose `type` picks its check; a type that is unknown, or not `allowed` in this place, is a
    problem.
    """
    permitted = frozenset(table if allowed is None else allowed)

    def check(value: Any, path: str, problems: Problems) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        found = table.get(kind) if isinstance(kind, str) else None
        if found is None:
            complain(problems, path, f"unsupported type: {kind}")
        elif kind not in permitted:
            complain(problems, path, f"{kind} is not allowed {where}")
        else:
            found(value, path, problems)

    return check
