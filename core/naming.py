"""Names of instances: whose name is taken, and which one is free instead (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from core.errors import NameTaken
from core.models import Instance

NAME_LIMIT = 100
"""Letters of the longest name."""

_NUMBERED = re.compile(r"(?P<stem>.*[^0-9-])-(?P<number>[0-9]{1,4})")


def free_name(name: str, live: Iterable[Instance]) -> str:
    """The name itself or, where that is taken, the next number that is not: `train-2` after `train-1`."""
    taken = {each.request.name.casefold() for each in live}
    found = _NUMBERED.fullmatch(name)
    stem, number = (found["stem"], int(found["number"])) if found else (name, 1)
    while name.casefold() in taken:
        number += 1
        name = f"{stem[: NAME_LIMIT - 5].rstrip('-._')}-{number}"
    return name


def taken_words(name: str, taken: NameTaken, live: Sequence[Instance]) -> str:
    """For the person whose name it was to be, with one that is free."""
    status = next((each.status.value for each in live if each.id == taken.instance_id), "there")
    return f"{name[:60]} is taken: an instance of that name is {status}. {free_name(name, live)} is free."
