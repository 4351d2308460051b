"""Start, stop, restart and delete, as people ask for them: given once, carried out in the background."""

from __future__ import annotations

from bot import words
from bot.ids import Action
from bot.listeners.cards import redraw
from bot.listeners.clicks import Click
from bot.listeners.home import republish
from bot.listeners.visits import Visit
from bot.parts import Parts
from bot.views import blocks as b
from bot.views import buttons, private
from bot.views.blocks import Message
from bot.views.text import esc
from core.errors import InvalidRequest, NotAllowed
from core.models import Instance, Verb


async def press(parts: Parts, click: Click) -> None:
    """A button with one of the verbs."""
    message = await give(parts, Action(click.action), click.value, click.visit)
    await click.say(message, instead=True)


async def give(
    parts: Parts, action: Action, instance_id: str, visit: Visit, *, is_shown: bool | None = None
) -> Message | None:
    """Gives the order. What to say to whoever gave it; None where what they look at shows it.

    `is_shown`: whether it does, where that does not follow from the place.

    Raises NoSuchInstance and StoreUnavailable.
    """
    verb = buttons.VERBS[action]
    try:
        ordered = await parts.lifecycle.order(verb, instance_id, visit.actor, parts.policy)
    except NotAllowed as refusal:
        return await refused(parts, action, instance_id, visit, refusal)
    except InvalidRequest as impossible:
        await redraw(parts, instance_id)
        return b.notice(words.error_words(impossible))
    if ordered.is_repeat:
        return private.already(ordered.instance, verb, parts.clock.now())
    parts.background.start(_carry_out(parts, ordered.instance, visit))
    shows_it = (visit.is_on_card or visit.is_at_home) if is_shown is None else is_shown
    return None if shows_it else _asked(ordered.instance, verb)


async def typed(parts: Parts, action: Action, instance: Instance, visit: Visit) -> Message | None:
    """`/gpu stop NAME` and its like: what its button asks before, is asked here too."""
    if "confirm" not in buttons.button(instance, action):
        return await give(parts, action, instance.id, visit)
    try:
        parts.policy.check_act(visit.actor, instance)
    except NotAllowed as refusal:
        return await refused(parts, action, instance.id, visit, refusal)
    if not buttons.can_work(instance, action):
        # The order itself says why not; nothing is ordered by it.
        return await give(parts, action, instance.id, visit)
    question = f"{buttons.LABELS[action]} *{esc(instance.request.name, 100)}*?"
    return Message(question, [b.section(question), b.actions(buttons.button(instance, action))])


async def refused(parts: Parts, action: Action, instance_id: str, visit: Visit, refusal: NotAllowed) -> Message:
    """For whoever may not: whose it is, and a button to ask them. People from elsewhere are only told no."""
    parts.policy.check_home(visit.actor)
    instance = await parts.instance(instance_id)
    return private.refused(instance, action, refusal.why, parts.admins)


async def _carry_out(parts: Parts, instance: Instance, visit: Visit) -> None:
    """How it goes is told in the thread; what fails here is taken up by a worker."""
    await parts.lifecycle.carry_out(instance)
    await republish(parts, visit)


def _asked(instance: Instance, verb: Verb) -> Message:
    sentence = f"Novita is asked to {verb.value} {instance.request.name}. Its thread tells when that is done."
    return b.notice(sentence)
