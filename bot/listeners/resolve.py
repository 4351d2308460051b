"""From the NAME in a command to the instance that is meant, or to what to say when that is not clear."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from bot.listeners.interactions import Interaction
from bot.listeners.services import Services
from bot.slack import typed
from bot.slack.ids import Action
from bot.views import lists
from bot.views.blocks import Message
from core.domain.base import Actor
from core.domain.instance import Instance
from core.domain.search import matching


async def named(
    services: Services, text: str, interaction: Interaction, choice: Action, *, is_act: bool = True
) -> Instance | Message:
    """The one instance that is meant; of several, each is offered with the button `choice`. Raises StoreUnavailable."""
    live = await services.gpus.live()
    found = next(filter(None, (matching(live, reading) for reading in typed.readings(text))), [])
    if is_act:
        found = _in_reach(services, found, interaction.actor)
    if not found:
        known = [instance.request.name for instance in _own_first(live, interaction.actor)]
        text = typed.bare(text)
        return lists.nothing_named(text, get_close_matches(text[:100], list(dict.fromkeys(known)), n=3, cutoff=0.4))
    return found[0] if len(found) == 1 else lists.choose(choice, text, _own_first(found, interaction.actor))


def is_named(live: Sequence[Instance], text: str) -> bool:
    """Whether the text names any of them."""
    return any(matching(live, reading) for reading in typed.readings(text))


def _in_reach(services: Services, found: list[Instance], actor: Actor) -> list[Instance]:
    """Of several, what this person may act on: nobody means by "stop train" what only others may stop."""
    own = [instance for instance in found if instance.owner.user == actor.user]
    return own if own and not services.gpus.policy.is_admin(actor) else found


def _own_first(instances: Sequence[Instance], actor: Actor) -> list[Instance]:
    return sorted(instances, key=lambda instance: instance.owner.user != actor.user)
