"""Where requests for an instance come in, and all that differs from one such door to another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from core.domain.base import Actor
from core.domain.clock import MOMENT
from core.domain.request import Draft


@dataclass(frozen=True, kw_only=True)
class Door:
    """Where requests come in, and what differs there; a door of which nothing is said is as strict as can be."""

    name: str
    needs_channel: bool = True
    """Whether a channel has to be chosen that hears how it goes."""
    may_be_silent: bool = False
    """Whether a channel that the bot cannot write in is no reason to refuse: whoever confirms has been told so, and
    hears of it in direct messages."""
    names_are_typed: bool = False
    """Whether GPU and region are written by hand: in any case, or as a part that fits only one."""
    has_defaults: bool = False
    """Whether what is not said of region and lease is as in this installation; else it is as if nothing was chosen."""
    is_renamed: bool = False
    """Whether a person's name that is taken is numbered; else it is refused."""
    is_remembered: bool = False
    """Whether the person's next form begins with these choices."""
    market_patience: timedelta | None = None
    """How long a market that is not at hand is waited for; None for as long as it takes."""
    is_template_certain: bool = False
    """Whether Novita has to say that the template exists before anything is recorded. Else it is asked for a moment,
    and without an answer the launch asks again."""


FORM = Door(name="form", is_remembered=True, market_patience=MOMENT)
LINE = Door(name="line", may_be_silent=True, is_remembered=True)
AGAIN = Door(name="again", needs_channel=False, may_be_silent=True, is_renamed=True)
API = Door(name="api", needs_channel=False, names_are_typed=True, has_defaults=True, is_template_certain=True)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What came in by a door. One `key` leads to one instance; a `fingerprint` tells whether a repeat asks the same."""

    draft: Draft
    actor: Actor
    door: Door
    key: str = ""
    fingerprint: str = ""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Which fields could not be read of it, and why."""
