"""From the intent to the instance's existence, or to the end of the launch."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.domain.attempt import Attempt, Failure, FailureKind
from core.domain.events import AnswerLost, InstanceCreated, InstanceFailed, LaunchInterrupted, RegionRefused
from core.domain.instance import Instance, Status
from core.domain.market import Offer
from core.domain.transitions.change import TransitionResult, changed
from core.domain.transitions.novita_words import clean_attempt, clean_failure

GIVE_UP_AFTER = timedelta(minutes=10)
"""How long an instance whose create was not answered is looked for before the launch counts as failed."""


def refused(instance: Instance, attempt: Attempt, next_offer: Offer, now: datetime) -> TransitionResult | None:
    """A region had no room; the launch goes on with `next_offer`."""
    if not instance.is_launching:
        return None
    attempt = clean_attempt(attempt, instance)
    changes = {"attempts": (*instance.attempts, attempt), "offer": next_offer, "in_doubt_since": None}
    return changed(instance, changes, RegionRefused(at=now, attempt=attempt, next_offer=next_offer))


def answer_lost(instance: Instance, attempt: Attempt, now: datetime) -> TransitionResult | None:
    """A create was not answered: whether the instance exists is unknown from here on."""
    if not instance.is_launching:
        return None
    attempt = clean_attempt(attempt, instance)
    changes = {"attempts": (*instance.attempts, attempt), "in_doubt_since": instance.in_doubt_since or now}
    return changed(instance, changes, AnswerLost(at=now, attempt=attempt))


def interrupted(instance: Instance, now: datetime) -> TransitionResult | None:
    """The launching process is gone, and it had not written down how its create went."""
    if not instance.is_launching or instance.in_doubt_since:
        return None
    return changed(instance, {"in_doubt_since": now}, LaunchInterrupted(at=now))


def created(
    instance: Instance, novita_id: str, now: datetime, attempt: Attempt | None = None, *, found: bool
) -> TransitionResult | None:
    """Novita has the instance. Holds even for a record that was given up: what exists must be on its record."""
    attempt = attempt and clean_attempt(attempt, instance)
    if instance.novita_id is not None:
        # A worker saw it before its create was answered. How the attempt went belongs on the record all the same.
        late = attempt is not None and instance.novita_id == novita_id and attempt not in instance.attempts
        return (instance.model_copy(update={"attempts": (*instance.attempts, attempt)}), ()) if late else None
    changes = {
        "novita_id": novita_id,
        "status": Status.STARTING,
        "attempts": (*instance.attempts, attempt) if attempt else instance.attempts,
        "launched_at": now,
        "failure": None,
        "in_doubt_since": None,
        "ended_at": None,
    }
    return changed(instance, changes, InstanceCreated(at=now, novita_id=novita_id, found=found))


def launch_failed(
    instance: Instance, failure: Failure, now: datetime, attempt: Attempt | None = None
) -> TransitionResult | None:
    """The launch is over without an instance."""
    if not instance.is_launching:
        return None
    failure, attempt = clean_failure(failure, instance), attempt and clean_attempt(attempt, instance)
    # It may be there already: written, with the answer to that lost.
    is_new = attempt is not None and attempt not in instance.attempts
    changes = {
        "status": Status.FAILED,
        "failure": failure,
        "attempts": (*instance.attempts, attempt) if is_new else instance.attempts,
        "in_doubt_since": None,
        "ended_at": now,
    }
    return changed(instance, changes, InstanceFailed(at=now, failure=failure))


def presumed_lost(instance: Instance, now: datetime) -> TransitionResult | None:
    """No instance appeared under the name in all the time allowed."""
    lost = Failure(kind=FailureKind.LOST, message="No instance appeared at Novita under its name.")
    return launch_failed(instance, lost, now)
