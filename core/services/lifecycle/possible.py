"""What can be asked of an instance in the state that it is in, and why the rest cannot."""

from __future__ import annotations

from core.domain import transitions
from core.domain.instance import Instance, Status
from core.domain.order import Verb

_POSSIBLE: dict[Status, tuple[Verb, ...]] = {
    Status.STARTING: (Verb.DELETE,),
    Status.RUNNING: (Verb.STOP, Verb.RESTART, Verb.DELETE),
    Status.STOPPING: (Verb.DELETE,),
    Status.STOPPED: (Verb.START, Verb.DELETE),
    Status.FAILED: (Verb.START, Verb.DELETE),
    Status.UNKNOWN: (Verb.STOP, Verb.DELETE),
}
"""Which verbs make sense in which state."""

_TAKEN_IN = {Verb.START: "exited", Verb.STOP: "running", Verb.RESTART: "running"}
"""Novita's word for the only state in which it takes a verb; it takes a delete in any."""


def possible(instance: Instance) -> tuple[Verb, ...]:
    """The verbs that make sense now; what is drawn as buttons, and checked again on each click."""
    if instance.remote.id is None or instance.unreadable is not None:
        return ()
    verbs = tuple(verb for verb in _POSSIBLE.get(instance.status, ()) if takes(instance, verb))
    if instance.order is None:
        return verbs
    return tuple(verb for verb in verbs if verb is Verb.DELETE and instance.order.verb is not Verb.DELETE)


def can_connect(instance: Instance) -> bool:
    """Whether there is anything to connect to now."""
    is_up = instance.status is Status.RUNNING and not transitions.is_strange(instance.remote.status)
    return instance.remote.id is not None and is_up and instance.unreadable is None


def can_extend(instance: Instance) -> bool:
    """Whether its lease, or the end of a start that does not come to an end, can be moved now."""
    if instance.unreadable is not None:
        return False
    return (has_running_lease(instance) and instance.order is None) or transitions.can_wait(instance)


def is_on_the_way(instance: Instance, verb: Verb) -> bool:
    """Whether Novita shows that it is carrying out such an order."""
    return transitions.STATUSES.get(instance.remote.status) is transitions.ON_THE_WAY[verb]


def takes(instance: Instance, verb: Verb) -> bool:
    """Whether Novita takes it in the state it shows; where the record's own state is sure, its word may be older."""
    if verb is Verb.DELETE:
        return True
    if instance.status in (Status.FAILED, Status.UNKNOWN):
        return instance.remote.status == _TAKEN_IN[verb]
    return not transitions.is_strange(instance.remote.status)


def has_running_lease(instance: Instance) -> bool:
    return instance.status is Status.RUNNING and instance.lease.ends_at is not None


def why_not_extensible(instance: Instance) -> str:
    if instance.order is not None:
        return f"It cannot be extended now: a {instance.order.verb.value} is under way."
    if instance.status is not Status.RUNNING:
        return f"Only a running instance with a lease can be extended, and it is {transitions.state_words(instance)}."
    return "It has no lease that could be extended: it runs until somebody stops it."


def why_impossible(instance: Instance, verb: Verb) -> str:
    if instance.order is not None:
        return f"It cannot {verb.value} now: a {instance.order.verb.value} is under way."
    said = f"It cannot {verb.value} now: it is {transitions.state_words(instance)}"
    return f"{said}, and Novita takes only a delete." if transitions.shows_strange_state(instance) else f"{said}."
