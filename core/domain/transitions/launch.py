"""From the intent to the instance's existence, or to the end of the launch."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.domain.attempt import Attempt, Failure, FailureKind
from core.domain.events import AnswerLost, InstanceCreated, InstanceFailed, LaunchInterrupted, RegionRefused
from core.domain.instance import Instance, Launch, Status
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
    launch = _tried(instance.launch, attempt).replace(offer=next_offer, in_doubt_since=None)
    return changed(instance, {"launch": launch}, RegionRefused(at=now, attempt=attempt, next_offer=next_offer))


def answer_lost(instance: Instance, attempt: Attempt, now: datetime) -> TransitionResult | None:
    """A create was not answered: whether the instance exists is unknown from here on."""
    if not instance.is_launching:
        return None
    attempt = clean_attempt(attempt, instance)
    launch = _tried(instance.launch, attempt).replace(in_doubt_since=instance.launch.in_doubt_since or now)
    return changed(instance, {"launch": launch}, AnswerLost(at=now, attempt=attempt))


def interrupted(instance: Instance, now: datetime) -> TransitionResult | None:
    """The launching process is gone, and it had not written down how its create went."""
    if not instance.is_launching or instance.launch.in_doubt_since:
        return None
    return changed(instance, {"launch": instance.launch.replace(in_doubt_since=now)}, LaunchInterrupted(at=now))


def created(
    instance: Instance, novita_id: str, now: datetime, attempt: Attempt | None = None, *, found: bool
) -> TransitionResult | None:
    """Novita has the instance. Holds even for a record that was given up: what exists must be on its record."""
    attempt = attempt and clean_attempt(attempt, instance)
    if instance.remote.id is not None:
        # A worker saw it before its create was answered. How the attempt went belongs on the record all the same.
        launch = _surely_tried(instance.launch, attempt) if instance.remote.id == novita_id else instance.launch
        return (instance.replace(launch=launch), ()) if launch != instance.launch else None
    changes = {
        "status": Status.STARTING,
        "failure": None,
        "launch": _tried(instance.launch, attempt).replace(in_doubt_since=None, accepted_at=now),
        "remote": instance.remote.replace(id=novita_id),
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
    changes = {
        "status": Status.FAILED,
        "failure": failure,
        "launch": _surely_tried(instance.launch, attempt).replace(in_doubt_since=None),
        "ended_at": now,
    }
    return changed(instance, changes, InstanceFailed(at=now, failure=failure))


def presumed_lost(instance: Instance, now: datetime) -> TransitionResult | None:
    """No instance appeared under the name in all the time allowed."""
    lost = Failure(kind=FailureKind.LOST, message="No instance appeared at Novita under its name.")
    return launch_failed(instance, lost, now)


def _tried(launch: Launch, attempt: Attempt | None) -> Launch:
    """With one more attempt."""
    return launch if attempt is None else launch.replace(attempts=(*launch.attempts, attempt))


def _surely_tried(launch: Launch, attempt: Attempt | None) -> Launch:
    """The same, unless it is there already: written, with the answer to that lost."""
    return launch if attempt in launch.attempts else _tried(launch, attempt)
