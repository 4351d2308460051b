"""What Novita shows of an instance, and what is new in that."""

from __future__ import annotations

from datetime import datetime, timedelta

from core import costs, leases
from core.clock import is_within
from core.events import (
    InstanceDeleted,
    InstanceFailed,
    InstanceRunning,
    InstanceSlow,
    InstanceStopped,
    PhaseChanged,
    SpotNotice,
    StopReason,
)
from core.models import BillingMode, Failure, FailureKind, Instance, NovitaInstance, Status, Verb
from core.transitions.changed import Changed, changed
from core.transitions.launching import created

SLOW_AFTER = (timedelta(minutes=10), timedelta(minutes=30))
"""When people are told that it takes long (novita-api.md 3.2: warn at 10 minutes, last notice at 30)."""

_RESTART_LAG = timedelta(seconds=6)
"""How long `running` is taken for the state before a restart. Short: a quick restart may pass between two looks."""

OLD_STATE_LAG = timedelta(minutes=1)
"""How long Novita may go on showing the state before an order that it took; the delay is unpublished."""

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


_BILLED_WORDS = {"pulling", "starting", "restarting", "resetting", "migrating"}
"""Compute is billed from the image pull until the stop (novita-api.md 3.3)."""


def seen(instance: Instance, novita: NovitaInstance, now: datetime) -> Changed | None:
    """Novita shows the instance as `novita`: whatever is new in that."""
    before = instance
    if instance.status is Status.DELETED:
        if STATUSES.get(novita.status) in (Status.DELETING, Status.DELETED):
            return None
        instance = instance.model_copy(update={"status": Status.UNKNOWN, "novita_status": "", "ended_at": None})
    was_in_doubt = instance.in_doubt_since is not None
    adopted = created(instance, novita.id, now, found=was_in_doubt) if instance.novita_id is None else None
    instance, events = adopted or (instance, ())
    for step in (_moved, _noticed):
        news = step(instance, novita, now)
        if news is not None:
            instance, events = news[0], [*events, *news[1]]
    return (instance, events) if events or instance is not before else None


def missing(instance: Instance, now: datetime) -> Changed | None:
    """Novita says that there is no such instance. Said in two looks, it is deleted; said once, it is only noted."""
    if instance.has_ended:
        return None
    if instance.missing_since is None:
        return instance.model_copy(update={"missing_since": now}), ()
    return deleted(instance, now)


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
            return deleted(instance, now)
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
    return changed(instance, changes, InstanceFailed(at=now, failure=failure))


def _running(instance: Instance, novita: NovitaInstance, now: datetime) -> Changed | None:
    order = instance.order
    if order is not None and order.verb in (Verb.STOP, Verb.DELETE):
        return None  # Not done yet, or the listing lags behind; the order is sent again when that lasts.
    if order is not None and order.verb is Verb.RESTART and instance.novita_status == "running":
        if is_within(order.last_try_at or order.at, _RESTART_LAG, now):
            return None  # The state from before the restart.
    elif instance.status is Status.RUNNING:
        return _addresses(instance, novita, now)
    changes = {
        "status": Status.RUNNING,
        "novita_status": novita.status,
        "endpoints": novita.endpoints,
        "endpoints_known": novita.is_detailed,
        "running_at": now,
        "failure": None,
        "order": None,
        "lease_ends_at": instance.lease_ends_at or leases.end_when_running(instance, now),
        "stopped_at": None,
        "stopped_reminders": 0,
        "data_until": None,
        "spot_noticed": False,
        "spot_reclaim_at": None,
        "billed": costs.billing_begins(instance, now),
    }
    return changed(instance, changes, InstanceRunning(at=now, endpoints=novita.endpoints))


def _addresses(instance: Instance, novita: NovitaInstance, now: datetime) -> Changed | None:
    """They could not be read when it came up."""
    if instance.endpoints_known or not novita.is_detailed:
        return None
    changes = {"endpoints": novita.endpoints, "endpoints_known": True}
    return changed(instance, changes, PhaseChanged(at=now, novita_status=novita.status))


def _stopped(instance: Instance, novita: NovitaInstance, now: datetime) -> Changed | None:
    if instance.status in (Status.STOPPED, Status.FAILED):
        is_new = instance.data_until != novita.data_until and novita.data_until is not None
        return (instance.model_copy(update={"data_until": novita.data_until}), ()) if is_new else None
    order = instance.order
    if order is not None and order.verb is Verb.START and is_within(order.last_try_at or order.at, OLD_STATE_LAG, now):
        return None
    changes = {
        "status": Status.STOPPED,
        "novita_status": novita.status,
        "endpoints": (),
        "order": None if order is not None and order.verb is Verb.STOP else order,
        "lease_ends_at": None,
        "reminded": (),
        "stopped_at": now,
        "data_until": novita.data_until,
        "billed": costs.billing_ends(instance, now),
    }
    actor = order.actor if order is not None and order.verb is Verb.STOP else None
    event = InstanceStopped(at=now, novita_status=novita.status, reason=_why_stopped(instance), actor=actor)
    return changed(instance, changes, event)


def _why_stopped(instance: Instance) -> StopReason:
    if instance.order is not None and instance.order.verb is Verb.STOP:
        return StopReason.ASKED if instance.order.actor else StopReason.LEASE
    if instance.spot_noticed:
        return StopReason.RECLAIMED
    is_spot = instance.request.billing_mode is BillingMode.SPOT
    return StopReason.PROBABLY_RECLAIMED if is_spot and instance.running_at else StopReason.ELSEWHERE


def deleted(instance: Instance, now: datetime) -> Changed | None:
    """Nothing is left of it at Novita."""
    if instance.status is Status.DELETED:
        return None
    asked = instance.order if instance.order is not None and instance.order.verb is Verb.DELETE else None
    changes = {
        "status": Status.DELETED,
        "endpoints": (),
        "ended_at": now,
        "order": None,
        "lease_ends_at": None,
        "billed": costs.billing_ends(instance, now),
    }
    event = InstanceDeleted(at=now, asked=asked is not None, actor=asked.actor if asked else None)
    return changed(instance, changes, event)


def _under_way(instance: Instance, novita: NovitaInstance, status: Status | None, now: datetime) -> Changed | None:
    """On its way somewhere, or in a state whose word we do not know."""
    changes: dict[str, object] = {"novita_status": novita.status}
    if status is not None:
        changes |= {"status": status, "failure": None}
    if novita.status in _BILLED_WORDS:
        changes["billed"] = costs.billing_begins(instance, now)
    slow = _slow(instance, novita, status, now)
    if slow is not None:
        return changed(instance, {**changes, "slow_notices": instance.slow_notices + 1}, slow)
    if novita.status == instance.novita_status and status in (None, instance.status):
        return None
    return changed(instance, changes, PhaseChanged(at=now, novita_status=novita.status))


def _noticed(instance: Instance, novita: NovitaInstance, now: datetime) -> Changed | None:
    """Novita takes a spot instance back: the status says so, or a time that lies ahead (novita-api.md 3.4)."""
    ahead = novita.spot_reclaim_at is not None and novita.spot_reclaim_at > now
    is_up = instance.status in (Status.RUNNING, Status.STARTING)
    if instance.spot_noticed or not is_up or not (ahead or novita.spot_status in ("notified", "reclaiming")):
        return None
    changes = {"spot_noticed": True, "spot_reclaim_at": novita.spot_reclaim_at}
    return changed(instance, changes, SpotNotice(at=now, reclaim_at=novita.spot_reclaim_at))


def _slow(instance: Instance, novita: NovitaInstance, status: Status | None, now: datetime) -> InstanceSlow | None:
    waited = now - instance.launched_at if instance.launched_at else timedelta()
    if instance.running_at or status not in (Status.STARTING, None) or instance.slow_notices >= len(SLOW_AFTER):
        return None
    if waited < SLOW_AFTER[instance.slow_notices]:
        return None
    return InstanceSlow(at=now, minutes=int(waited.total_seconds() // 60), novita_status=novita.status)
