"""Names of instances: whose name is taken, which one is free instead, and one after a template (pure)."""

from __future__ import annotations

import re
from collections.abc import Collection

NAME_LIMIT = 100
"""Letters of the longest name."""

NAMELESS = "gpu"
"""What an instance is called after a template whose name has no letter that a name may have, or after none."""

_STEM_LIMIT = 40
_NUMBERED = re.compile(r"(?P<stem>.*[^0-9-])-(?P<number>[0-9]{1,4})")
_WORD = re.compile(r"[a-z0-9]+")
_DIGIT = re.compile(r"[0-9]")


def free_name(name: str, taken: Collection[str]) -> str:
    """The name itself or, where that is taken, the next number that is not: `train-2` after `train-1`.

    `taken` are names in small letters.
    """
    found = _NUMBERED.fullmatch(name)
    stem, number = (found["stem"], int(found["number"])) if found else (name, 1)
    while name.casefold() in taken:
        number += 1
        name = f"{stem[: NAME_LIMIT - 5].rstrip('-._')}-{number}"
    return name


def name_after(template: str) -> str:
    """A name in the spirit of a template's: `pytorch` for PyTorch 2.6, `comfy-prod` for comfy-prod.

    The words before the first with a digit in it, which mostly is a version; where that is the very first, this one.
    """
    words = _WORD.findall(template.casefold())
    plain = next((place for place, word in enumerate(words) if _DIGIT.search(word)), len(words))
    return "-".join(words[: plain or 1])[:_STEM_LIMIT].rstrip("-") or NAMELESS


def taken_words(name: str, status: str, taken: Collection[str]) -> str:
    """For the person whose name it was to be, with one that is free. `status`: how the one that has it stands."""
    return f"{name[:60]} is taken: an instance of that name is {status}. {free_name(name, taken)} is free."
