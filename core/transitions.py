"""How a record changes when something becomes known: instance + fact -> next instance + events (pure).

```
creating ──created/found──> starting ──> running <──> stopping ──> stopped
   │  ╲                        │  ╲________________________________╱ │
   │   lost answer: in doubt   │ statusError                        │
   ▼        │ 10 min, not found▼                                    ▼
 failed <───┘               failed (still at Novita)             deleted
```
Every function may be applied again to the newest version of a record that somebody else changed meanwhile: it returns
None when there is nothing left to say. The README's diagram shows the same machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from core.events import (
    AnswerLost,
    Event,
    InstanceCreated,
    InstanceDeleted,
    InstanceFailed,
    InstanceRunning,
    InstanceSlow,
    InstanceStopped,
    LaunchInterrupted,
    PhaseChanged,
    RegionRefused,
)
from core.models import Attempt, Failure, FailureKind, Instance, NovitaInstance, Offer, Status

Changed = tuple[Instance, Sequence[Event]]

GIVE_UP_AFTER = timedelta(minutes=10)
"""How long an instance whose create was not answered is looked for before the launch counts as failed."""

SLOW_AFTER = (timedelta(minutes=10), timedelta(minutes=30))
"""When people are told that it takes long (novita-api.md 3.2: warn at 10 minutes, last notice at 30)."""

STATUSES = {
    **dict.fromkeys(("pending", "toCreate", "creating", "pulling", "toStart", "starting"), Status.STARTING),
    **dict.fromkeys(("toRestart", "restarting", "toReset", "resetting"), Status.STARTING),
    "running": Status.RUNNING,
    **dict.fromkeys(("toStop", "stopping"), Status.STOPPING),
    "exited": Status.STOPPED,
    **dict.fromkeys(("toRemove", "removing"), Status.DELETING),
    "removed": Status.DELETED,
}
"""Our reading of Novita's words (novita-api.md 3.1). Other words change nothing but `novita_status`."""


def refused(instance: Instance, attempt: Attempt, next_offer: Offer, now: datetime) -> Changed | None:
    """A region had no room; the launch goes on with `next_offer`."""
    if not instance.is_launching:
        return None
    changes = {"attempts": (*instance.attempts, attempt), "offer": next_offer, "in_doubt_since": None}
    return _changed(instance, changes, RegionRefused(at=now, attempt=attempt, next_offer=next_offer))


def answer_lost(instance: Instance, attempt: Attempt, now: datetime) -> Changed | None:
    """A create was not answered: whether the instance exists is unknown from here on."""
    if not instance.is_launching:
        return None
    changes = {"attempts": (*instance.attempts, attempt), "in_doubt_since": instance.in_doubt_since or now}
    return _changed(instance, changes, AnswerLost(at=now, attempt=attempt))


def interrupted(instance: Instance, now: datetime) -> Changed | None:
    """The launching process is gone, and it had not written down how its create went."""
    if not instance.is_launching or instance.in_doubt_since:
        return None
    return _changed(instance, {"in_doubt_since": now}, LaunchInterrupted(at=now))


def created(
    instance: Instance, novita_id: str, now: datetime, attempt: Attempt | None = None, *, found: bool
) -> Changed | None:
    """Novita has the instance. Holds even for a record that was given up: what exists must be on its record."""
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
    return _changed(instance, changes, InstanceCreated(at=now, novita_id=novita_id, found=found))


def launch_failed(
    instance: Instance, failure: Failure, now: datetime, attempt: Attempt | None = None
) -> Changed | None:
    """The launch is over without an instance."""
    if not instance.is_launching:
        return None
    changes = {
        "status": Status.FAILED,
        "failure": failure,
        "attempts": (*instance.attempts, attempt) if attempt else instance.attempts,
        "in_doubt_since": None,
        "ended_at": now,
    }
    return _changed(instance, changes, InstanceFailed(at=now, failure=failure))


def given_up(instance: Instance, now: datetime) -> Changed | None:
    """No instance appeared under the name in all the time allowed."""
    lost = Failure(kind=FailureKind.LOST, message="No instance appeared at Novita under its name.")
    return launch_failed(instance, lost, now)


def seen(instance: Instance, novita: NovitaInstance, now: datetime) -> Changed | None:
    """Novita shows the instance as `novita`: whatever is new in that."""
    if instance.status is Status.DELETED:
        if STATUSES.get(novita.status) in (Status.DELETING, Status.DELETED):
            return None
        instance = instance.model_copy(update={"status": Status.UNKNOWN, "novita_status": "", "ended_at": None})
    was_in_doubt = instance.in_doubt_since is not None
    adopted = created(instance, novita.id, now, found=was_in_doubt) if instance.novita_id is None else None
    instance, events = adopted or (instance, ())
    moved = _moved(instance, novita, now)
    if moved is not None:
        return moved[0], [*events, *moved[1]]
    return (instance, events) if adopted else None


def missing(instance: Instance, now: datetime) -> Changed | None:
    """Novita says that there is no such instance. Said in two looks, it is deleted; said once, it is only noted."""
    if instance.has_ended:
        return None
    if instance.missing_since is None:
        return instance.model_copy(update={"missing_since": now}), ()
    return _deleted(instance, now)


def _moved(instance: Instance, novita: NovitaInstance, now: datetime) -> Changed | None:
    was_missing = instance.missing_since is not None
    if was_missing:
        instance = instance.model_copy(update={"missing_since": None})
    return _state(instance, novita, now) or ((instance, ()) if was_missing else None)


def _state(instance: Instance, novita: NovitaInstance, now: datetime) -> Changed | None:
    status = STATUSES.get(novita.status)
    if _has_failed(novita, status):
        return _broken(instance, novita, now)
    match status:
        case Status.RUNNING:
            return _running(instance, novita, now)
        case Status.STOPPED:
            return _stopped(instance, novita, now)
        case Status.DELETED:
            return _deleted(instance, now)
        case _:
            return _under_way(instance, novita, status, now)


def _has_failed(novita: NovitaInstance, status: Status | None) -> bool:
    """Novita has no failed status: the error stands beside an ordinary one (novita-api.md 3.1)."""
    return bool(novita.error_state or novita.error_message) and status in (Status.STARTING, Status.STOPPED)


def _broken(instance: Instance, novita: NovitaInstance, now: datetime) -> Changed | None:
    failure = Failure(kind=FailureKind.INSTANCE, reason=novita.error_state, message=novita.error_message)
    if instance.status is Status.FAILED and instance.failure == failure:
        return None
    changes = {"status": Status.FAILED, "novita_status": novita.status, "failure": failure}
    return _changed(instance, changes, InstanceFailed(at=now, failure=failure))


def _running(instance: Instance, novita: NovitaInstance, now: datetime) -> Changed | None:
    if instance.status is Status.RUNNING:
        return _addresses(instance, novita, now)
    changes = {
        "status": Status.RUNNING,
        "novita_status": novita.status,
        "endpoints": novita.endpoints,
        "endpoints_known": novita.is_detailed,
        "running_at": now,
        "failure": None,
    }
    return _changed(instance, changes, InstanceRunning(at=now, endpoints=novita.endpoints))


def _addresses(instance: Instance, novita: NovitaInstance, now: datetime) -> Changed | None:
    """They could not be read when it came up."""
    if instance.endpoints_known or not novita.is_detailed:
        return None
    changes = {"endpoints": novita.endpoints, "endpoints_known": True}
    return _changed(instance, changes, PhaseChanged(at=now, novita_status=novita.status))


def _stopped(instance: Instance, novita: NovitaInstance, now: datetime) -> Changed | None:
    if instance.status in (Status.STOPPED, Status.FAILED):
        return None
    changes = {"status": Status.STOPPED, "novita_status": novita.status, "endpoints": ()}
    return _changed(instance, changes, InstanceStopped(at=now, novita_status=novita.status))


def _deleted(instance: Instance, now: datetime) -> Changed | None:
    if instance.status is Status.DELETED:
        return None
    changes = {"status": Status.DELETED, "endpoints": (), "ended_at": now}
    return _changed(instance, changes, InstanceDeleted(at=now))


def _under_way(instance: Instance, novita: NovitaInstance, status: Status | None, now: datetime) -> Changed | None:
    """On its way somewhere, or in a state whose word we do not know."""
    changes: dict[str, object] = {"novita_status": novita.status}
    if status is not None:
        changes |= {"status": status, "failure": None}
    slow = _slow(instance, novita, status, now)
    if slow is not None:
        return _changed(instance, {**changes, "slow_notices": instance.slow_notices + 1}, slow)
    if novita.status == instance.novita_status and status in (None, instance.status):
        return None
    return _changed(instance, changes, PhaseChanged(at=now, novita_status=novita.status))


def _slow(instance: Instance, novita: NovitaInstance, status: Status | None, now: datetime) -> InstanceSlow | None:
    waited = now - instance.launched_at if instance.launched_at else timedelta()
    if instance.running_at or status not in (Status.STARTING, None) or instance.slow_notices >= len(SLOW_AFTER):
        return None
    if waited < SLOW_AFTER[instance.slow_notices]:
        return None
    return InstanceSlow(at=now, minutes=int(waited.total_seconds() // 60), novita_status=novita.status)


def _changed(instance: Instance, changes: Mapping[str, object], event: Event) -> Changed:
    return instance.model_copy(update=changes), [event]
