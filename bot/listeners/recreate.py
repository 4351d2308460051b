"""Start the same again: a new instance of the same request, for whoever pressed the button."""

from __future__ import annotations

from bot.listeners.buttons import Click
from bot.listeners.cards import link_to, redraw
from bot.listeners.create import Opening, open_modal
from bot.listeners.services import Services
from bot.slack.ids import Action
from bot.views import blocks as b
from bot.views.blocks import Message
from bot.views.confirm import again_confirmation
from bot.views.modal import form_of
from bot.views.text import channel_mention, esc, link
from core.domain.base import BillingMode
from core.domain.instance import Instance
from core.domain.recreating import can_recreate
from core.domain.request import InstanceRequest, draft_of
from core.services.gpus import AGAIN, Entry, RecordedLaunch

_NO_LONGER = (
    "The same again would go the same way, or it is too long ago. The form is opened by /gpu create, with what is "
    "sold today."
)


async def press(services: Services, click: Click) -> None:
    """Asks first, with today's price. With environment variables the form asks: their values are stored nowhere.

    Raises NoSuchInstance, NotAllowed, InvalidRequest, NovitaError and StoreUnavailable.
    """
    is_on_demand = Action(click.action) is Action.AGAIN_ON_DEMAND
    found = await _found_whole(services, click, click.value, BillingMode.ON_DEMAND if is_on_demand else None)
    if found is None:
        return
    earlier, request = found
    actor = click.interaction.actor
    quote = await services.gpus.check(Entry(draft=draft_of(request), actor=actor, door=AGAIN))
    question = again_confirmation(
        earlier, quote.request, quote.offers, owner=actor.user, now=services.clock.now(), obstacle=quote.obstacle
    )
    await click.say(question, instead=True)


async def press_edit(services: Services, click: Click) -> None:
    """The form in place of the question, with the same request in it."""
    found = await _found(services, click, *_read(click.value))
    if found is not None:
        _open(services, click, *found)


async def press_confirm(services: Services, click: Click) -> None:
    """Creates it, once for whoever asks, however often it is pressed. Raises as `press` does."""
    found = await _found_whole(services, click, *_read(click.value))
    if found is None:
        return
    earlier, request = found
    key = f"again:{earlier.id}:{request.billing_mode.value}"
    launch = await services.gpus.begin(
        Entry(draft=draft_of(request), actor=click.interaction.actor, door=AGAIN, key=key)
    )
    if not launch.is_repeat:
        # How it goes is told by its own card.
        services.background.start(services.gpus.finish(launch))
    await click.say(await _said(services, launch), instead=True)


async def _found(
    services: Services, click: Click, instance_id: str, mode: BillingMode | None
) -> tuple[Instance, InstanceRequest] | None:
    """The earlier one and the same request under a billing, its own for None; None when that is no longer offered."""
    earlier = await services.gpus.instance(instance_id)
    request = earlier.request.replace(billing_mode=mode or earlier.request.billing_mode)
    services.gpus.policy.check_launch(click.interaction.actor, request)  # Before a form opens that would be refused.
    if can_recreate(earlier, request.billing_mode, services.clock.now()):
        return earlier, request
    await redraw(services, instance_id)
    await click.say(b.notice(_NO_LONGER), instead=True)
    return None


async def _found_whole(
    services: Services, click: Click, instance_id: str, mode: BillingMode | None
) -> tuple[Instance, InstanceRequest] | None:
    """The same, with nothing left to ask; None too when the form was opened, to ask for environment variables."""
    found = await _found(services, click, instance_id, mode)
    if found is not None and found[0].intent.env_names:
        _open(services, click, *found)
        return None
    return found


def _read(value: str) -> tuple[str, BillingMode | None]:
    """A button's value: the earlier one's id, and the billing."""
    mode, _, instance_id = value.partition(" ")
    return instance_id, next((one for one in BillingMode if one.value == mode), None)


def _open(services: Services, click: Click, earlier: Instance, request: InstanceRequest) -> None:
    open_modal(services, click.interaction, lambda _market, _beginning: _prefilled(earlier, request))


async def _said(services: Services, launch: RecordedLaunch) -> Message:
    instance = launch.instance
    name = esc(instance.request.name, 100)
    where = channel_mention(instance.request.channel) if instance.request.channel else "a direct message"
    begun = f"*{name}* is being created: its own card in {where} tells how it goes."
    if not launch.is_repeat:
        return Message(begun, [b.section(begun)])
    address = await link_to(services, instance.id)
    card = link(address, "its card") if address else "its card"
    text = f"*{name}* was created from this before: see {card} in {where}."
    return Message(text, [b.section(text)])


def _prefilled(earlier: Instance, request: InstanceRequest) -> Opening:
    form = form_of(draft_of(request), earlier.intent.template_name or None)
    if not earlier.intent.env_names:
        return Opening(form)
    names = ", ".join(earlier.intent.env_names)
    note = f"Its environment variables are stored nowhere, so give them again: {names}."
    return Opening(form, note, advanced=True)
