"""The replies about whose an instance is, and whether it is to go on."""

from __future__ import annotations

from bot import wording
from bot.slack.ids import Action
from bot.views import buttons
from bot.views.blocks import Message
from bot.views.text import call, date, mention
from bot.views.thread.shape import told
from core.domain.events import LeaseQuestioned, OwnerAssigned
from core.domain.instance import Instance


def owner_assigned(instance: Instance, event: OwnerAssigned) -> Message:
    """For the new owner, who has perhaps never heard of it."""
    found = "The bot found it at Novita without knowing whose it is."
    lease = f" Its lease ends {date(event.lease_ends_at)}: it is stopped then." if event.lease_ends_at else ""
    detail = f"{call(event.owner.user)}{mention(event.actor.user)} says that it is yours. {found}{lease}"
    row = buttons.row(instance, event.at, Action.EXTEND_4H, Action.STOP, Action.DELETE)
    return told(instance, "👤", "has an owner now", detail, buttons=row)


def lease_questioned(instance: Instance, event: LeaseQuestioned) -> Message:
    """Its lease is over by what is written, and that may not be the last word on it."""
    why = (
        "Its lease is over by what the bot has on record. The bot's memory was lost or put back meanwhile, so you may "
        "have been told of a later end."
    )
    then = f"It stops {date(event.stops_at)} unless somebody keeps it; Novita keeps its data {wording.DATA_KEPT}."
    kept = {Action.EXTEND_1H: "Keep it, 1 h more", Action.EXTEND_4H: "Keep it, 4 h more", Action.STOP: "Stop now"}
    row = buttons.row(instance, event.at, *kept, labels=kept)
    return told(instance, "❓", "is to go on?", f"{call(instance.owner.user)}{why}", then, buttons=row)
