"""The one-liner, `/gpu create 4090 x2 spot 4h in sgp as train-1 from pytorch`: confirmed, or put into the modal."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot import oneliner
from bot.listeners.create.beginning import Beginning, default_form, first_form, named
from bot.listeners.create.opening import Opening, open_modal
from bot.listeners.extend import zone_of
from bot.listeners.interactions import Interaction
from bot.listeners.services import Services
from bot.oneliner import ParsedLine, Vocabulary
from bot.oneliner.clauses import clauses_of, lease_until, take_clauses
from bot.views.blocks import Message
from bot.views.confirm import create_confirmation
from bot.views.modal import Form, fitted, preview_check
from core.domain.clock import MOMENT
from core.domain.durations import write_duration
from core.domain.errors import InvalidRequest
from core.domain.market import Market
from core.domain.request import InstanceRequest, draft_of, laid_over
from core.services.gpus import LINE, Entry


@dataclass(frozen=True)
class Understood:
    """What a line says, completed with what the form begins with. `request` only when nothing is missing, unclear or
    wrong; `is_named`: whether the line says a name itself."""

    form: Form
    request: InstanceRequest | None
    note: str
    vocabulary: Vocabulary
    is_named: bool


async def from_line(services: Services, interaction: Interaction, line: str) -> Message | None:
    """A confirmation with its price when the line says all there is to say; else the modal opens, and None."""
    line = await _on_the_clock(services, interaction, line)
    market = services.gpus.market
    if market is None:
        open_from_line(services, interaction, line)
        return None
    understood = understand(services, interaction, line, market)
    if understood.request is None:
        open_from_line(services, interaction, line)
        return None
    entry = Entry(draft=draft_of(understood.request), actor=interaction.actor, door=LINE)
    try:
        quote = await services.gpus.check(entry, patience=MOMENT)
    except InvalidRequest as wrong:
        open_from_line(services, interaction, line, note=" ".join(wrong.problems.values()))
        return None
    asked, request = understood.request, quote.request
    return create_confirmation(
        request,
        quote.offers,
        line=_written(request, interaction, understood.vocabulary),
        taken=asked.name if understood.is_named and request.name != asked.name else "",
        template_name=services.gpus.template_name(request.template_id),
        now=services.clock.now(),
        unlisted=quote.unlisted,
        obstacle=quote.obstacle,
    )


def _written(request: InstanceRequest, interaction: Interaction, vocabulary: Vocabulary) -> str:
    """The line that reads back as the request."""
    machine = oneliner.write(oneliner.parsed_line_of(request), vocabulary)
    return f"{machine} {clauses_of(request, interaction.channel).write()}".rstrip()


async def _on_the_clock(services: Services, interaction: Interaction, line: str) -> str:
    """The line with `until 18:00` as the lease that it means now, where the person is. What has passed stays as it is,
    and is told as not understood."""
    rest, said = take_clauses(line)
    if said.until is None:
        return line
    lease = lease_until(said.until, services.clock.now(), await zone_of(services, interaction.actor.user))
    if lease is None:
        return line
    return f"{rest} lease={write_duration(lease)} {replace(said, until=None).write()}".rstrip()


def open_from_line(
    services: Services, interaction: Interaction, line: str, *, says_all: bool = False, note: str = ""
) -> None:
    """The modal with what the line says, and a note of what it does not say clearly, or of what else is wrong.

    What the line does not say is as the person used it last; with `says_all`, as it was when a button was drawn.
    """

    def prefill(market: Market, beginning: Beginning) -> Opening:
        if says_all:
            understood = understand(services, interaction, line, market)
            return Opening(understood.form, understood.note or None)
        understood = understand(
            services, interaction, line, market, first_form(services, interaction.channel, beginning)
        )
        return Opening(understood.form, " ".join(filter(None, (beginning.note, understood.note, note))) or None)

    open_modal(services, interaction, prefill)


def understand(
    services: Services, interaction: Interaction, line: str, market: Market, begun: Form | None = None
) -> Understood:
    """`begun` has what the line does not say: the defaults of the installation, where it is not given. A line that can
    be confirmed means the same whoever types it, and whatever they used last."""
    vocabulary = oneliner.vocabulary(market, services.gpus.templates)
    rest, clauses = take_clauses(line)
    # A moment is still there only when it has passed: then it is told as what was not understood.
    parsed = oneliner.read(rest if clauses.until is None else line, vocabulary)
    form = laid_over(_form(begun or default_form(services, interaction.channel), parsed, services), clauses)
    limits = services.gpus.limits_for(interaction.actor)
    checked = preview_check(named(form, ()), market, limits)
    complaint, is_named = oneliner.complaint(parsed, vocabulary), parsed.name is not None
    if isinstance(checked, dict):
        form, instead = fitted(form, market, limits)
        said = {field: instead.get(field, problem) for field, problem in checked.items()}
        return Understood(form, None, " ".join(filter(None, (complaint, *said.values()))), vocabulary, is_named)
    return Understood(form, checked if parsed.is_clear else None, complaint, vocabulary, is_named)


def _form(form: Form, parsed: ParsedLine, services: Services) -> Form:
    """The form with what was said in place of the defaults."""
    form = laid_over(form, parsed)
    if parsed.template_id:
        form = replace(form, template_name=services.gpus.template_name(parsed.template_id))
    return replace(form, region=None) if parsed.any_region else form
