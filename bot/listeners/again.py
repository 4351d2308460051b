"""Start the same again: a new instance of the same request, for whoever pressed the button."""

from __future__ import annotations

from bot.ids import Action
from bot.listeners.cards import link_to
from bot.listeners.clicks import Click
from bot.listeners.create import Opening, open_modal
from bot.parts import Parts
from bot.views import blocks as b
from bot.views.blocks import Message
from bot.views.modal import Form
from bot.views.text import channel_mention, esc, link
from core import requests
from core.errors import InvalidRequest
from core.launch import Launch
from core.models import Actor, BillingMode, Instance, InstanceRequest, Market


async def press(parts: Parts, click: Click) -> None:
    """With environment variables the form opens, because their values are stored nowhere; else it is created at once.

    Raises NoSuchInstance, NotAllowed, InvalidRequest, NovitaError and StoreUnavailable.
    """
    earlier = await parts.instance(click.value)
    request = _same(earlier, Action(click.action))
    actor = click.visit.actor
    parts.policy.check_launch(actor, request)  # Before a form opens that would be refused.
    if earlier.env_names:
        open_modal(parts, click.visit, lambda market: _prefilled(market, earlier, request))
        return
    key = f"again:{earlier.id}:{request.billing_mode.value}"
    checked = await _checked(parts, request, actor)
    launch = await parts.launcher.begin(checked, owner=actor, policy=parts.policy, key=key, is_renamed=True)
    if not launch.is_repeat:
        # How it goes is told by its own card.
        parts.background.start(parts.launcher.finish(launch))
    await click.say(await _said(parts, launch), instead=True)


def _same(earlier: Instance, action: Action) -> InstanceRequest:
    mode = BillingMode.ON_DEMAND if action is Action.AGAIN_ON_DEMAND else earlier.request.billing_mode
    return earlier.request.model_copy(update={"billing_mode": mode})


async def _checked(parts: Parts, request: InstanceRequest, actor: Actor) -> InstanceRequest:
    """The same request by the rules of today, which may have changed since it was made."""
    draft = requests.draft_of(request)
    found = requests.check(draft, await parts.catalog.get_market(), parts.limits_for(actor))
    if isinstance(found, dict):
        raise InvalidRequest(found)
    return found


async def _said(parts: Parts, launch: Launch) -> Message:
    instance = launch.instance
    name = esc(instance.request.name, 100)
    where = channel_mention(instance.request.channel) if instance.request.channel else "a direct message"
    begun = f"*{name}* is started again: its own card in {where} tells how it goes."
    if not launch.is_repeat:
        return Message(begun, [b.section(begun)])
    address = await link_to(parts, instance.id)
    card = link(address, "its card") if address else "its card"
    text = f"*{name}* was started again from this before: see {card} in {where}."
    return Message(text, [b.section(text)])


def _prefilled(market: Market, earlier: Instance, request: InstanceRequest) -> Opening:
    names = ", ".join(earlier.env_names)
    note = f"Its environment variables are stored nowhere, so give them again: {names}."
    return Opening(_form_of(request, earlier.template_name), note, advanced=True)


def _form_of(request: InstanceRequest, template_name: str) -> Form:
    """The modal's form for a request, without environment values."""
    return Form(
        name=request.name,
        product_name=request.product_name,
        template_id=request.template_id,
        template_name=template_name or None,
        region=request.region,
        gpu_num=request.gpu_num,
        rootfs_size=str(request.rootfs_size),
        billing_mode=request.billing_mode,
        lease=request.lease,
        no_end=request.lease is None,
        lease_end=request.lease_end,
        channel=request.channel,
        webhook_url=request.webhook_url,
    )
