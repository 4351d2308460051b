"""What Novita shows of an instance, and what is new in that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from core.domain import costs, leases
from core.domain.attempt import Failure
from core.domain.clock import is_within
from core.domain.events import Event, InstanceFailed, InstanceRunning, InstanceStopped, PhaseChanged
from core.domain.instance import (
    Absence,
    Billed,
    Faults,
    Instance,
    Lease,
    Remote,
    Spot,
    Standstill,
    Startup,
    Status,
)
from core.domain.novita import NovitaInstance
from core.domain.order import OrderOutcome, Verb
from core.domain.order_timing import OLD_STATE_LAG
from core.domain.transitions import runs, startup, times
from core.domain.transitions.change import TransitionResult, changed
from core.domain.transitions.disappearance import back, deleted
from core.domain.transitions.faults import fault_shown, faulted
from core.domain.transitions.launch import created
from core.domain.transitions.novita_words import clean_sight
from core.domain.transitions.order_end import settled
from core.domain.transitions.standstill import noticed, why_stopped
from core.domain.transitions.statuses import BILLED_WORDS, GONE_WORDS, STATUSES
from core.domain.transitions.times import Look

_RESTART_LAG = timedelta(seconds=6)
"""How long `running` is taken for the state before a restart. Short: a quick restart may pass between two looks."""

_Step = Callable[[Instance, NovitaInstance, Look], TransitionResult | None]


def observed(
    instance: Instance, novita: NovitaInstance, now: datetime, looked_before: datetime | None = None
) -> TransitionResult | None:
    """Novita shows the instance as `novita`: whatever is new in that.

    `looked_before` is the last look at Novita before this one, if there was one: what is new happened after it.
    None for another instance of the same name: the record belongs to the Novita id that is on it.
    """
    if instance.remote.id not in (None, novita.id):
        return None
    novita = clean_sight(novita, instance)
    before, events = instance, list[Event]()
    if instance.status is Status.DELETED:
        if novita.status in GONE_WORDS:
            return None
        instance, events = back(instance, now)
    was_in_doubt = instance.launch.in_doubt_since is not None
    attached = created(instance, novita.id, now, found=was_in_doubt) if instance.remote.id is None else None
    if attached is not None:
        instance, events = attached[0], [*events, *attached[1]]
    look = Look(now, looked_before)
    if attached is not None and was_in_doubt:
        made_at = times.made_at(instance, novita, look)
        instance = instance.replace(launch=instance.launch.replace(accepted_at=made_at))
    steps = (_moved, _numbered, _waited, _faulted, noticed)
    instance, news = _one_by_one(instance, look, *((step, novita) for step in steps))
    events = [*events, *news]
    return (instance, events) if events or instance is not before else None


def _one_by_one(instance: Instance, look: Look, *steps: tuple[_Step, NovitaInstance]) -> tuple[Instance, list[Event]]:
    """What each step makes of what the steps before it have left, and all that is told of it."""
    events: list[Event] = []
    for step, novita in steps:
        news = step(instance, novita, look)
        if news is not None:
            instance, events = news[0], [*events, *news[1]]
    return instance, events


def _faulted(instance: Instance, novita: NovitaInstance, look: Look) -> TransitionResult | None:
    return faulted(instance, novita, look.now)


def _waited(instance: Instance, novita: NovitaInstance, look: Look) -> TransitionResult | None:
    """For how long it has been on its way up, and that this is too long."""
    if not startup.is_coming_up(instance):
        return None
    is_new = instance.startup.since is None
    if is_new:
        since = times.starting_since(instance, look)
        instance = instance.replace(startup=instance.startup.replace(since=since))
    told = startup.slow(instance, novita.status, look.now)
    if told is not None:
        notices = startup.notices_after(instance, look.now)
        return changed(instance, {"startup": instance.startup.replace(notices=notices)}, told)
    return (instance, ()) if is_new else None


def _numbered(instance: Instance, novita: NovitaInstance, _: Look) -> TransitionResult | None:
    """Which run this is."""
    if novita.started_at is None or novita.started_at == instance.remote.run:
        return None
    return instance.replace(remote=instance.remote.replace(run=novita.started_at)), ()


def _moved(instance: Instance, novita: NovitaInstance, look: Look) -> TransitionResult | None:
    was_missing = instance.absence.since is not None
    if was_missing:
        instance = instance.replace(absence=Absence())
    return _state(instance, novita, look) or ((instance, ()) if was_missing else None)


def _state(instance: Instance, novita: NovitaInstance, look: Look) -> TransitionResult | None:
    now = look.now
    status = STATUSES.get(novita.status)
    failure = fault_shown(novita)
    if failure is not None and _never_came_up(instance, status):
        return _broken(instance, novita, failure, look)
    match status:
        case Status.RUNNING if runs.is_stopped_and_started(instance.order_to(Verb.STOP), novita):
            return _through(instance, novita, look, (_stopped, "exited"), (_running, novita.status))
        case Status.STOPPED if runs.is_started_and_stopped(instance.order_to(Verb.START), novita):
            return _through(instance, novita, look, (_running, "running"), (_stopped, novita.status))
        case Status.RUNNING:
            return _running(instance, novita, look)
        case Status.STOPPED:
            return _stopped(instance, novita, look)
        case Status.DELETED:
            return deleted(instance, now)
        case _:
            return _under_way(instance, novita, status, look)


def _through(
    instance: Instance, novita: NovitaInstance, look: Look, *ways: tuple[_Step, str]
) -> TransitionResult | None:
    """What an order had done was undone before anybody looked: it is told of both, and the order is over."""
    instance, events = _one_by_one(instance, look, *((step, novita.replace(status=word)) for step, word in ways))
    return (instance, events) if events else None


def _never_came_up(instance: Instance, status: Status | None) -> bool:
    """Only then does a fault mean that it failed: what has run before stands still, with its data, or is started."""
    return instance.running_at is None and status in (Status.STARTING, Status.STOPPED)


def _broken(instance: Instance, novita: NovitaInstance, failure: Failure, look: Look) -> TransitionResult | None:
    now = look.now
    if _is_from_before_a_start(instance, novita, now):
        return None
    billed = _billed(instance, novita, look)
    if instance.status is Status.FAILED and instance.failure == failure:
        same = novita.status == instance.remote.status and billed == instance.billed
        changes: dict[str, Any] = {"remote": _shown(instance, novita), "billed": billed}
        return None if same else changed(instance, changes, PhaseChanged(at=now, novita_status=novita.status))
    is_stopped = STATUSES.get(novita.status) is Status.STOPPED and instance.order_to(Verb.STOP) is not None
    done = settled(instance, OrderOutcome.DONE, now) if is_stopped else {}
    changes = {
        "status": Status.FAILED,
        "remote": _shown(instance, novita),
        "failure": failure,
        "billed": billed,
        **done,
    }
    return changed(instance, changes, InstanceFailed(at=now, failure=failure))


def _shown(instance: Instance, novita: NovitaInstance) -> Remote:
    """The state that Novita shows; its addresses are another matter."""
    return instance.remote.replace(status=novita.status)


def _billed(instance: Instance, novita: NovitaInstance, look: Look) -> tuple[Billed, ...]:
    """The stretches, when Novita shows it so."""
    if novita.status in BILLED_WORDS:
        return costs.billing_begins(instance, times.billed_since(instance, look))
    if STATUSES.get(novita.status) is Status.STOPPED:
        return costs.billing_ends(instance, times.stopped_since(instance, novita, look))
    return instance.billed


def _is_from_before_a_start(instance: Instance, novita: NovitaInstance, now: datetime) -> bool:
    """Whether it is shown as it was before a start that Novita has just taken."""
    order = instance.order_to(Verb.START)
    if order is None or STATUSES.get(novita.status) is not Status.STOPPED:
        return False
    return is_within(order.last_try_at or order.at, OLD_STATE_LAG, now)


def _running(instance: Instance, novita: NovitaInstance, look: Look) -> TransitionResult | None:
    now = look.now
    if instance.order_to_end:
        return None  # Not done yet, or the listing lags behind; the order is sent again when that lasts.
    if (order := instance.order_to(Verb.RESTART)) is not None and instance.remote.status == "running":
        is_old = not order.was_taken or is_within(order.last_try_at or order.at, _RESTART_LAG, now)
        if is_old and not runs.is_another(order, novita):
            return None  # The state from before the restart, which Novita may never have begun.
    elif instance.status is Status.RUNNING:
        return _still_running(instance, novita, look)
    since = times.running_since(instance, novita, look)
    changes = {
        "status": Status.RUNNING,
        "running_at": since,
        "failure": None,
        "remote": _shown(instance, novita).replace(endpoints=novita.endpoints, endpoints_known=novita.is_detailed),
        "faults": Faults(present=instance.faults.present),
        "startup": Startup(),
        **settled(instance, OrderOutcome.DONE, now),
        "lease": _lease_of_run(instance, since),
        "standstill": Standstill(),
        "spot": Spot(),
        "billed": _billed(instance, novita, look),
    }
    return changed(instance, changes, InstanceRunning(at=now, endpoints=novita.endpoints))


def _lease_of_run(instance: Instance, since: datetime) -> Lease:
    """It goes on over a restart, and begins when it came up after a standstill."""
    if instance.lease.ends_at is not None:
        return instance.lease
    return Lease(ends_at=leases.end_when_running(instance, since))


def _still_running(instance: Instance, novita: NovitaInstance, look: Look) -> TransitionResult | None:
    """Back from a state that is none of the usual ones, or with addresses that could not be read when it came up."""
    remote = _shown(instance, novita)
    billed = instance.billed if remote == instance.remote else _billed(instance, novita, look)
    if novita.is_detailed and not remote.endpoints_known:
        remote = remote.replace(endpoints=novita.endpoints, endpoints_known=True)
    if remote == instance.remote:
        return None
    event = PhaseChanged(at=look.now, novita_status=novita.status)
    return changed(instance, {"remote": remote, "billed": billed}, event)


def _stopped(instance: Instance, novita: NovitaInstance, look: Look) -> TransitionResult | None:
    now = look.now
    if _is_from_before_a_start(instance, novita, now):
        return None
    if instance.status is Status.STOPPED:
        return _still_stopped(instance, novita, look)
    order, why = instance.order_to(Verb.STOP), why_stopped(instance, novita)
    changes = {
        "status": Status.STOPPED,
        "failure": None,
        "remote": _shown(instance, novita).replace(endpoints=(), endpoints_known=False),
        "startup": Startup(),
        **(settled(instance, OrderOutcome.DONE, now) if order else {}),
        "lease": Lease(),
        "standstill": Standstill(
            since=times.stopped_since(instance, novita, look), reason=why, data_until=novita.data_until
        ),
        "billed": _billed(instance, novita, look),
    }
    cause, actor = (order.cause, order.actor) if order else (None, None)
    event: Event = InstanceStopped(at=now, novita_status=novita.status, reason=why, cause=cause, actor=actor)
    if instance.status is Status.FAILED:  # It stood still before, and the fault is gone: nothing has happened.
        event = PhaseChanged(at=now, novita_status=novita.status)
    return changed(instance, changes, event)


def _still_stopped(instance: Instance, novita: NovitaInstance, look: Look) -> TransitionResult | None:
    """Its data may be kept to another time; and from another state it may have come back to this one."""
    until = novita.data_until or instance.standstill.data_until
    standstill = instance.standstill.replace(data_until=until)
    changes: dict[str, Any] = {"standstill": standstill, "billed": _billed(instance, novita, look)}
    if instance.remote.status != novita.status:
        changes["remote"] = _shown(instance, novita)
        return changed(instance, changes, PhaseChanged(at=look.now, novita_status=novita.status))
    record = instance.replace(**changes)
    return (record, ()) if record != instance else None


def _under_way(
    instance: Instance, novita: NovitaInstance, status: Status | None, look: Look
) -> TransitionResult | None:
    """On its way somewhere, or in a state whose word we do not know."""
    changes: dict[str, Any] = {"remote": _shown(instance, novita)}
    if status is not None:
        changes |= {"status": status, "failure": None}
    changes["billed"] = _billed(instance, novita, look)
    if novita.status == instance.remote.status and status in (None, instance.status):
        return None
    return changed(instance, changes, PhaseChanged(at=look.now, novita_status=novita.status))
