"""What does not come up, and may be billed all the while: people hear of it again and again, and it has an end."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.domain import costs
from core.domain.backoff import pause
from core.domain.base import Actor
from core.domain.events import InstanceSlow, LeaseExtended, StartQuestioned
from core.domain.instance import Instance, Origin, Status
from core.domain.order import Verb
from core.domain.transitions.change import TransitionResult, changed
from core.domain.transitions.statuses import BEING_MADE

SLOW_AFTER = (timedelta(minutes=10), timedelta(minutes=30))
"""When people are first told that it takes long; after that each time twice as much has passed."""

_LEAST, _MOST = timedelta(hours=1), timedelta(hours=2)
"""How long it may take to come up before its owner is asked: as long as its lease, within these."""

START_ANSWER_WITHIN = timedelta(hours=1)
"""How long the owner has to answer."""

_LONGEST_SILENCE = timedelta(hours=12)


def notice_after(notices: int) -> timedelta:
    """How long it takes to come up when people are told for the time after so many notices."""
    if notices < len(SLOW_AFTER):
        return SLOW_AFTER[notices]
    further = max(0, notices - len(SLOW_AFTER) - 4) * _LONGEST_SILENCE
    return pause(notices - len(SLOW_AFTER) + 2, SLOW_AFTER[-1], _LONGEST_SILENCE) + further


def is_coming_up(instance: Instance) -> bool:
    """Whether it is on its way up, or failed on it and is billed all the same."""
    return instance.status is Status.STARTING or (instance.status is Status.FAILED and costs.is_billed(instance))


def is_hanging(instance: Instance) -> bool:
    """Whether Novita has it, and it is coming up since a moment that is known."""
    return instance.startup.since is not None and instance.remote.id is not None and is_coming_up(instance)


def slow(instance: Instance, word: str, now: datetime) -> InstanceSlow | None:
    """The notice that is due now; of several that were missed, one."""
    if not is_hanging(instance) or instance.startup.since is None:
        return None
    waited = now - instance.startup.since
    if waited < notice_after(instance.startup.notices):
        return None
    return InstanceSlow(at=now, minutes=int(waited.total_seconds() // 60), novita_status=word)


def notices_after(instance: Instance, now: datetime) -> int:
    """How many notices have been given, or are past, once one is given now."""
    waited, notices = now - (instance.startup.since or now), instance.startup.notices + 1
    while notice_after(notices) <= waited:
        notices += 1
    return notices


def verb_at_end(instance: Instance) -> Verb:
    """What may have run may have data: it is stopped. What is only being made has none, and cannot be stopped."""
    is_ours = instance.intent.origin is Origin.ASKED and not instance.past_in_doubt
    is_new = instance.running_at is None and instance.remote.status in ("", *BEING_MADE)
    return Verb.DELETE if is_ours and is_new else Verb.STOP


def _is_question_due(instance: Instance, now: datetime) -> bool:
    """Whether its owner is to be asked if it may go on."""
    if not is_hanging(instance) or instance.startup.ends_at is not None or instance.order_to_end:
        return False
    patience = min(max(instance.request.lease or _MOST, _LEAST), _MOST)
    return instance.startup.since is not None and now - instance.startup.since >= patience


def questioned(instance: Instance, now: datetime) -> TransitionResult | None:
    """Its owner is asked, and it has an end from here on."""
    if not _is_question_due(instance, now):
        return None
    ends_at, since = now + START_ANSWER_WITHIN, instance.startup.since or now
    event = StartQuestioned(at=now, since=since, ends_at=ends_at, verb=verb_at_end(instance))
    return changed(instance, {"startup": instance.startup.replace(ends_at=ends_at)}, event)


def is_startup_expired(instance: Instance, now: datetime) -> bool:
    """Whether it was asked about, nobody has kept it, and nothing has been done about it."""
    ends_at = instance.startup.ends_at
    return is_hanging(instance) and ends_at is not None and now >= ends_at and not instance.order_to_end


def can_wait(instance: Instance) -> bool:
    """Whether somebody may let it go on."""
    return is_hanging(instance) and instance.startup.ends_at is not None and not instance.order_to_end


def waits_longer(
    instance: Instance, ends_at: datetime, actor: Actor, now: datetime, *, button: str = ""
) -> TransitionResult | None:
    """Somebody lets it go on until then; nobody asks again before."""
    was = instance.startup.ends_at
    if not can_wait(instance) or was == ends_at:
        return None
    told = LeaseExtended(at=now, actor=actor, ends_at=ends_at, was=was, button=button)
    return changed(instance, {"startup": instance.startup.replace(ends_at=ends_at)}, told)
