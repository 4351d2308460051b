"""From the NAME in a command to the instance that is meant, or to what to say when that is not clear."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from bot import typed
from bot.ids import Action
from bot.listeners.visits import Visit
from bot.parts import Parts
from bot.views import lists
from bot.views.blocks import Message
from core.finding import matching
from core.models import Actor, Instance


async def named(parts: Parts, text: str, visit: Visit, choice: Action, *, is_act: bool = True) -> Instance | Message:
    """The one instance that is meant; of several, each is offered with the button `choice`. Raises StoreUnavailable."""
    live = await parts.store.live()
    found = next(filter(None, (matching(live, reading) for reading in typed.readings(text))), [])
    if is_act:
        found = _in_reach(parts, found, visit.actor)
    if not found:
        known = [instance.request.name for instance in _own_first(live, visit.actor)]
        text = typed.bare(text)
        return lists.nothing_named(text, get_close_matches(text[:100], list(dict.fromkeys(known)), n=3, cutoff=0.4))
    return found[0] if len(found) == 1 else lists.choose(choice, text, _own_first(found, visit.actor))


def is_named(live: Sequence[Instance], text: str) -> bool:
    """Whether the text names any of them."""
    return any(matching(live, reading) for reading in typed.readings(text))


def _in_reach(parts: Parts, found: list[Instance], actor: Actor) -> list[Instance]:
    """Of several, what this person may act on: nobody means by "stop train" what only others may stop."""
    own = [instance for instance in found if instance.owner.user == actor.user]
    return own if own and not parts.policy.is_admin(actor) else found


def _own_first(instances: Sequence[Instance], actor: Actor) -> list[Instance]:
    return sorted(instances, key=lambda instance: instance.owner.user != actor.user)
