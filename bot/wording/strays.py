"""What is said of strays wherever they are shown."""

from __future__ import annotations

from collections.abc import Iterable

from core.domain.instance import Instance, Origin

_MANY = 3
"""A record or two may get lost; so many at once have a reason in common."""


def anothers(strays: Iterable[Instance]) -> str:
    """Whose they may be, when many carry a name as the bot gives them and are on no record; else empty."""
    lost = sum(each.intent.origin is Origin.LOST for each in strays)
    if lost < _MANY:
        return ""
    return (
        f"{lost} had no record here: either Redis lost them, or another gpu-bot uses this Novita account. Two on one "
        "account take each other's instances for strays and end them: give each an account or sub-account of its own."
    )
