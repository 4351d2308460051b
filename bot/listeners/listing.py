"""`/gpu list …`: whose, in which state, of which name; what fits nothing is said instead of being passed over."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.listeners.buttons import Click
from bot.listeners.interactions import Interaction
from bot.listeners.services import Services
from bot.slack import typed
from bot.slack.errors import CALL_FAILED
from bot.views import lists
from bot.views.blocks import Message
from core.domain.base import Actor
from core.domain.instance import Instance, Status

_PERSON = re.compile(r"<@([UW][A-Z0-9]{2,20})(?:\|[^<>]*)?>")
_ALL = {"all", "everybody", "everyone", "everybody's", "everyone's", "team"}
_MINE = {"mine", "my", "me", "own"}
_STATES: dict[str, tuple[Status, ...]] = {
    **{status.value: (status,) for status in Status},
    "up": (Status.RUNNING,),
    "on": (Status.RUNNING,),
    "active": (Status.RUNNING,),
    "down": (Status.STOPPED,),
    "off": (Status.STOPPED,),
    "exited": (Status.STOPPED,),
}
_NOISE = {
    "of",
    "by",
    "from",
    "instances",
    "instance",
    "gpus",
    "gpu",
    "the",
    "and",
    "is",
    "are",
    "that",
    "with",
    "owner",
}
_MOST_OWNERS = 50
"""So many people's names are asked of Slack for one list."""


@dataclass(frozen=True)
class _Query:
    """What a list is to show. `words` are names, or parts of them, of people and instances."""

    is_all: bool
    is_mine: bool
    people: tuple[str, ...]
    states: tuple[Status, ...]
    words: tuple[str, ...]


async def command(services: Services, interaction: Interaction, rest: str) -> Message:
    """Raises StoreUnavailable."""
    return await listed(services, interaction.actor, rest)


async def press_page(services: Services, click: Click) -> None:
    """Another page of the list, in place of the one that is shown."""
    said, _, page = click.value.rpartition(" ")
    await click.say(await listed(services, click.interaction.actor, said, page_number(page)), instead=True)


def page_number(text: str) -> int:
    """A page as a button names it; the first one for anything else, since it came back from outside."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


async def listed(services: Services, actor: Actor, said: str, page: int = 0) -> Message:
    """The instances that have not ended and fit what was said; a person's own where nothing was."""
    query, live = _query(said), await services.gpus.live()
    shown = [each for each in live if not query.states or each.status in query.states]
    if query.people:
        shown = [each for each in shown if each.owner.user in query.people]
    for word in query.words:
        owners = await _people_called(services, word, live)
        if not any(_fits(each, word, owners) for each in live):
            return lists.nothing_fits(word)
        shown = [each for each in shown if _fits(each, word, owners)]
    is_all = query.is_all or bool(query.people or query.words)
    if query.is_mine or not is_all:
        shown = [each for each in shown if each.owner.user == actor.user]
    scope = "all" if is_all and not query.is_mine else "mine"
    is_filtered = bool(query.people or query.words or query.states)
    return lists.instance_list(
        shown, scope=scope, page=page, now=services.clock.now(), query=_canonical(said) if is_filtered else ""
    )


def _query(said: str) -> _Query:
    words = [typed.bare(word).casefold() for word in typed.on_one_line(_PERSON.sub(" ", said)).split()]
    words = [word.lstrip("@") for word in words if word and word not in _NOISE]
    return _Query(
        is_all=any(word in _ALL for word in words),
        is_mine=any(word in _MINE for word in words),
        people=tuple(_PERSON.findall(said)),
        states=tuple(state for word in words for state in _STATES.get(word, ())),
        words=tuple(dict.fromkeys(word for word in words if word not in _ALL | _MINE | _STATES.keys())),
    )


def _canonical(said: str) -> str:
    """What was said, short enough for a button to carry it."""
    return " ".join(_PERSON.sub(lambda found: f"<@{found[1]}>", said).split())[:1500]


def _fits(instance: Instance, word: str, owners: Sequence[str]) -> bool:
    texts = (instance.request.name, instance.request.product_name, instance.id, instance.remote.id or "")
    return instance.owner.user in owners or any(word in text.casefold() for text in texts)


async def _people_called(services: Services, word: str, live: Sequence[Instance]) -> list[str]:
    """The owners of this name, or a part of it, as Slack knows them."""
    owners = list(dict.fromkeys(each.owner.user for each in live if each.has_person))[:_MOST_OWNERS]
    names = await asyncio.gather(*(_names(services, owner) for owner in owners))
    known = dict(zip(owners, names, strict=True))
    exact = [owner for owner in owners if word in known[owner]]
    return exact or [owner for owner in owners if any(name.startswith(word) for name in known[owner])]


async def _names(services: Services, user: str) -> set[str]:
    """Their names and the words of them; none where Slack does not say."""
    try:
        person = (await services.client.users_info(user=user))["user"]
        profile = person.get("profile") or {}
        said = [person.get("name"), person.get("real_name"), profile.get("display_name"), profile.get("real_name")]
    except (*CALL_FAILED, KeyError, TypeError, AttributeError):
        return set()
    whole = [name.casefold() for name in said if isinstance(name, str) and name]
    return {*whole, *(part for name in whole for part in name.split())}
