"""Start, stop, restart and delete, as people ask for them: given once, carried out in the background."""

from __future__ import annotations

from bot import wording
from bot.listeners.buttons import Click
from bot.listeners.cards import redraw
from bot.listeners.home import republish
from bot.listeners.interactions import Interaction
from bot.listeners.services import Services
from bot.slack.ids import Action
from bot.views import blocks as b
from bot.views import buttons, private
from bot.views.blocks import Message
from bot.views.text import esc
from core.domain.errors import InvalidRequest, NotAllowed
from core.domain.instance import Instance
from core.domain.order import Verb


async def press(services: Services, click: Click) -> None:
    """A button with one of the verbs."""
    message = await give(services, Action(click.action), click.value, click.interaction)
    await click.say(message, instead=True)


async def give(
    services: Services, action: Action, instance_id: str, interaction: Interaction, *, is_shown: bool | None = None
) -> Message | None:
    """Gives the order. What to say to whoever gave it; None where what they look at shows it.

    `is_shown`: whether it does, where that does not follow from the place.

    Raises NoSuchInstance and StoreUnavailable.
    """
    verb = buttons.VERBS[action]
    try:
        ordered = await services.gpus.order(verb, instance_id, interaction.actor)
    except NotAllowed as refusal:
        return await refused(services, action, instance_id, interaction, refusal)
    except InvalidRequest as impossible:
        await redraw(services, instance_id)
        return b.notice(wording.error_words(impossible))
    if ordered.is_repeat:
        return private.already(ordered.instance, verb, services.clock.now())
    services.background.start(_carry_out(services, ordered.instance, interaction))
    shows_it = (interaction.is_on_card or interaction.is_at_home) if is_shown is None else is_shown
    return None if shows_it else _asked(ordered.instance, verb)


async def typed(services: Services, action: Action, instance: Instance, interaction: Interaction) -> Message | None:
    """`/gpu stop NAME` and its like: what its button asks before, is asked here too."""
    if "confirm" not in buttons.button(instance, action):
        return await give(services, action, instance.id, interaction)
    try:
        services.gpus.policy.check_act(interaction.actor, instance)
    except NotAllowed as refusal:
        return await refused(services, action, instance.id, interaction, refusal)
    if not buttons.can_work(instance, action):
        # The order itself says why not; nothing is ordered by it.
        return await give(services, action, instance.id, interaction)
    question = f"{buttons.LABELS[action]} *{esc(instance.request.name, 100)}*?"
    return Message(question, [b.section(question), b.actions(buttons.button(instance, action))])


async def refused(
    services: Services, action: Action, instance_id: str, interaction: Interaction, refusal: NotAllowed
) -> Message:
    """For whoever may not: whose it is, and a button to ask them. People from elsewhere are only told no."""
    services.gpus.policy.check_home(interaction.actor)
    instance = await services.gpus.instance(instance_id)
    return private.refused(instance, action, refusal.why, services.admins)


async def _carry_out(services: Services, instance: Instance, interaction: Interaction) -> None:
    """How it goes is told in the thread; what fails here is taken up by a worker."""
    await services.gpus.carry_out(instance)
    await republish(services, interaction)


def _asked(instance: Instance, verb: Verb) -> Message:
    sentence = f"Novita is asked to {verb.value} {instance.request.name}. Its thread tells when that is done."
    return b.notice(sentence)
