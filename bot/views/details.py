"""Everything on record of one instance, for whoever asks: what its card leaves out too."""

from __future__ import annotations

from datetime import datetime

from bot import wording
from bot.views import blocks as b
from bot.views import buttons
from bot.views.blocks import Message
from bot.views.card import cost, head, lease, place, price, summary, tail, what
from bot.views.failures import CONSOLE_LINK, was_never_made
from bot.views.text import code, date, esc, mention
from core.domain.instance import Instance


def details(instance: Instance, now: datetime) -> Message:
    """The card with every fact on it."""
    blocks = [*head(instance, now), b.fields(_facts(instance, now)), *tail(instance)]
    return Message(summary(instance), [*blocks, *buttons.rows(instance, now), b.context(_footer(instance))])


def _facts(instance: Instance, now: datetime) -> dict[str, str]:
    return {
        "Owner": mention(instance.owner.user),
        "GPU": what(instance),
        **_terms(instance, now),
        "Disk": wording.disk(instance.request),
        "Template": _template(instance),
        **({"Novita id": code(instance.remote.id, 80)} if instance.remote.id else {}),
    }


def _terms(instance: Instance, now: datetime) -> dict[str, str]:
    """Where and for how much; a launch that failed is nowhere and costs nothing."""
    if was_never_made(instance):
        return {"Billing": wording.BILLING_WORDS[instance.request.billing_mode]}
    terms = {"Where": place(instance), "Price": price(instance), "Lease": lease(instance)}
    return terms | ({"Cost so far": cost(instance, now)} if instance.billed else {})


def _template(instance: Instance) -> str:
    return (
        esc(instance.intent.template_name, 60)
        if instance.intent.template_name
        else code(instance.request.template_id, 80)
    )


def _footer(instance: Instance) -> str:
    parts = [f"Name at Novita {code(instance.novita_name, 120)}", f"asked for {date(instance.created_at)}"]
    if instance.intent.env_names:
        parts.append(
            f"{len(instance.intent.env_names)} variable{'s' if len(instance.intent.env_names) > 1 else ''} set"
        )
    return " · ".join([*parts, CONSOLE_LINK])
