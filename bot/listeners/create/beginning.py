"""What the create form begins with: the defaults of this installation, and over them what the person used last."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace

import structlog

from bot.listeners.interactions import Interaction
from bot.listeners.services import Services
from bot.slack.ids import CHANNEL_ID
from bot.slack.reachable import PRIVATE, UNKNOWN
from bot.views.modal import Form, ModalContext, form_of
from core.domain import naming
from core.domain.clock import MOMENT
from core.domain.errors import NotFound, NovitaError, StoreUnavailable
from core.domain.request import Draft, laid_over, usual_draft
from core.domain.template import Template

log = structlog.get_logger(__name__)

_STORE_SECONDS = 0.5
"""Together with the moment for the template, and the question about the channel that is asked beside it, well inside
the three seconds that a trigger lives. What is not known by then is not proposed."""

_GONE = {
    "is_archived": "The channel that you used last is archived.",
    "channel_not_found": "The bot can no longer see the channel that you used last.",
}


@dataclass(frozen=True)
class Beginning:
    """What is proposed to one person now. `note` says what of last time cannot be had any more."""

    last: Draft | None = None
    names: Collection[str] = ()
    """The taken ones, in small letters."""
    note: str = ""


async def begin_with(services: Services, interaction: Interaction) -> Beginning:
    """Everything that has to be asked for, with little patience: without it the form has its plain defaults."""
    try:
        async with asyncio.timeout(_STORE_SECONDS):
            last, names = await asyncio.gather(services.gpus.last_used(interaction.actor), services.gpus.names_taken())
    except (TimeoutError, StoreUnavailable) as error:
        log.warning("nothing_to_propose", error=type(error).__name__)
        return Beginning()
    if last is None:
        return Beginning(names=names)
    is_gone, closed = await asyncio.gather(
        _is_gone(services, last.template_id), _closed(services, interaction, last.channel)
    )
    notes = [_GONE.get(closed, "")]
    if is_gone:
        notes.append("The template that you used last is gone. Choose another.")
    last = replace(last, template_id=None if is_gone else last.template_id, channel=None if closed else last.channel)
    return Beginning(last, names, " ".join(filter(None, notes)))


def default_form(services: Services, channel: str) -> Form:
    """The form with the defaults of this installation, and without a name."""
    lease = services.gpus.limits.default_lease
    usual = replace(usual_draft(), lease=lease, no_end=lease is None)
    return form_of(replace(usual, channel=channel, region=services.gpus.default_region))


def first_form(services: Services, channel: str, beginning: Beginning) -> Form:
    """The form with what the person used last in place of the defaults, and still without a name."""
    form = default_form(services, channel)
    if beginning.last is not None:
        form = replace(laid_over(form, beginning.last), region=beginning.last.region)
    sole = sole_template(services.gpus.templates)
    if form.template_id is None and sole is not None and not beginning.note:
        form = replace(form, template_id=sole.id)
    return replace(form, template_name=_template_name(services, form.template_id))


def named(form: Form, names: Collection[str]) -> Form:
    """The form with a free name: a number after the one that was wished for, or one after its template."""
    wished = form.name or naming.name_after(form.template_name or "")
    return replace(form, name=naming.free_name(wished, names))


async def renamed(services: Services, form: Form, context: ModalContext) -> Form:
    """A submitted form whose name was left as proposed, called after the template that was chosen since."""
    if not context.follows(form):
        return form
    try:
        async with asyncio.timeout(_STORE_SECONDS):
            names = await services.gpus.names_taken()
    except (TimeoutError, StoreUnavailable):
        return form
    shown = (form.template_name or "").partition(" · ")[0]
    called = _template_name(services, form.template_id) or shown
    return named(replace(form, name=None, template_name=called), names)


def sole_template(templates: Collection[Template]) -> Template | None:
    """The only one that makes sense: the only one there is, or the only one of the account's own."""
    own = [template for template in templates if template.channel == "private"]
    fitting = own or list(templates)
    return fitting[0] if len(fitting) == 1 else None


def _template_name(services: Services, template_id: str | None) -> str | None:
    return services.gpus.template_name(template_id) or None if template_id else None


async def _is_gone(services: Services, template_id: str | None) -> bool:
    """Whether Novita says that there is no such template any more."""
    if template_id is None:
        return False
    try:
        async with asyncio.timeout(MOMENT.total_seconds()):
            await services.gpus.get_template(template_id)
    except NotFound:
        return True
    except (TimeoutError, NovitaError):
        return False
    return False


async def _closed(services: Services, interaction: Interaction, channel: str | None) -> str:
    """Why the channel of last time is not proposed; empty when it is. Where the person is they can also write."""
    if channel is None or channel == interaction.channel:
        return ""
    if services.allowed_channels and channel not in services.allowed_channels:
        return PRIVATE
    return await services.reachable.closed(channel) if CHANNEL_ID.fullmatch(channel) else UNKNOWN
