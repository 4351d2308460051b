"""Who or what wants an order, as people read it: one phrase for each place where that is told."""

from __future__ import annotations

from bot import wording
from bot.views.text import mention
from core.domain.base import Actor, Cause
from core.domain.instance import Instance


def asks(actor: Actor, of: Instance | None = None) -> str:
    """`@bo asked`; `its owner asked` where it is `of` that one; `a program asked through the HTTP API`."""
    if actor.cause is Cause.PROGRAM:
        return "a program asked through the HTTP API"
    return f"{'its owner' if of is not None and is_owner(of, actor) else mention(actor.user)} asked"


def wants(cause: Cause, actor: Actor | None, of: Instance | None = None) -> str:
    """As `asks`, or why the bot does it by itself: `its lease is over`."""
    return asks(actor, of) if actor is not None else wording.BY_ITSELF[cause].why


def sentence(cause: Cause) -> str:
    """Why the bot has stopped it by itself: `Its lease is over.`"""
    return _begun(f"{wording.BY_ITSELF[cause].why}.")


def deleted_by_itself(cause: Cause) -> str:
    """Why the bot has deleted it by itself, and not just stopped it."""
    said = wording.BY_ITSELF[cause]
    return _begun(f"{said.why}, and {said.deletes}." if said.deletes else f"{said.why}.")


def asked_for_that(cause: Cause, actor: Actor | None) -> str:
    """To begin a sentence that goes on with when that was."""
    if actor is None:
        return wording.BY_ITSELF[cause].asked
    if actor.cause is Cause.PROGRAM:
        return "A program asked for that through the HTTP API"
    return f"{mention(actor.user)} asked for that"


def did(actor: Actor) -> str:
    """`@bo did that.`"""
    program = actor.cause is Cause.PROGRAM
    return "A program did that through the HTTP API." if program else f"{mention(actor.user)} did that."


def is_owner(instance: Instance, actor: Actor) -> bool:
    """Whether it is the person's own: of programs it is told that they were programs."""
    return actor.user == instance.owner.user and actor.cause is Cause.PERSON


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]
