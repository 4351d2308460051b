"""What went wrong, as mrkdwn: why, in Novita's words too, what to do, and what it costs or leaves in doubt."""

from __future__ import annotations

from bot import wording
from bot.views.text import code, date, esc
from core.domain.attempt import Failure, FailureKind
from core.domain.instance import Instance, Status
from core.domain.transitions import GIVE_UP_AFTER

CONSOLE_LINK = f"<{wording.CONSOLE_URL}|Novita console>"


def was_never_made(instance: Instance) -> bool:
    """Whether its launch failed: it is nowhere, and costs nothing."""
    return instance.status is Status.FAILED and instance.remote.id is None


def failure_lines(failure: Failure) -> str:
    """What happened, Novita's own words on it, and what to do."""
    what, then = wording.explain(failure)
    return f"{quoting(what, failure)}\n{what_to_do(then)}"


def quoting(what: str, failure: Failure) -> str:
    """What happened, and below it Novita's own words where they say more."""
    said = wording.novitas_words(failure)
    is_new = said.casefold() not in what.casefold()
    return f"{esc(what)}\n> {esc(said, 300)}" if is_new else esc(what)


def fault_lines(fault: Failure) -> str:
    """What Novita reports beside an instance's state, in its own words."""
    return f"⚠️ *Novita reports a fault:*\n> {esc(wording.novitas_words(fault), 300)}"


def what_to_do(then: str) -> str:
    return f"*What to do:* {esc(then)}"


def looked_for(instance: Instance) -> str:
    """How long a create whose answer was lost is in doubt."""
    until = f" until {date(instance.launch.in_doubt_since + GIVE_UP_AFTER)}" if instance.launch.in_doubt_since else ""
    name = code(instance.novita_name, 120)
    return f"The bot looks for it under its name {name}{until}. No second one is made meanwhile."


def cost_of_failure(instance: Instance) -> str:
    """Whether a failed instance costs anything."""
    if instance.remote.id is not None:
        novita_id = code(instance.remote.id, 60)
        return f"It exists at Novita as {novita_id} and may be billed: look at it in the {CONSOLE_LINK}."
    if instance.failure and instance.failure.kind is FailureKind.LOST:
        return f"Its name at Novita would be {code(instance.novita_name, 120)}: look for it in the {CONSOLE_LINK}."
    return "Nothing was created, so nothing is billed."
