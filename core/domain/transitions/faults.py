"""What Novita reports beside an instance's state, or by a state of which only the word is known."""

from __future__ import annotations

import re
from datetime import datetime

from core.domain.attempt import Failure, FailureKind
from core.domain.events import InstanceFault, PhaseChanged
from core.domain.instance import Faults, Instance, Status
from core.domain.novita import NovitaInstance
from core.domain.transitions.change import TransitionResult, changed
from core.domain.transitions.statuses import is_strange

_REMEMBERED = 20
"""Faults of which people have been told since it last came up."""

_QUIET_IN = (Status.FAILED, Status.DELETING, Status.DELETED)
"""Here the fault is the failure, or nobody can do anything about it any more."""

_NUMBER = re.compile(r"\d+")


def fault_shown(novita: NovitaInstance) -> Failure | None:
    """The fault that Novita shows now: it has no status for one, it stands beside an ordinary one."""
    if not (novita.error_state or novita.error_message):
        return None
    return Failure(kind=FailureKind.INSTANCE, reason=novita.error_state, message=novita.error_message)


def faulted(instance: Instance, novita: NovitaInstance, now: datetime) -> TransitionResult | None:
    """Keeps the fault while Novita shows it. People are told of each once, until the instance comes up anew."""
    fault = None if instance.status in _QUIET_IN else fault_shown(novita)
    if (news := _news(instance, novita, fault)) is not None:
        told = (*instance.faults.told, news)[-_REMEMBERED:]
        event = InstanceFault(at=now, novita_status=novita.status, fault=fault)
        return changed(instance, {"faults": Faults(present=fault, told=told)}, event)
    if fault == instance.faults.present:
        return None
    faults = instance.faults.replace(present=fault)
    return changed(instance, {"faults": faults}, PhaseChanged(at=now, novita_status=novita.status))


def _news(instance: Instance, novita: NovitaInstance, fault: Failure | None) -> str | None:
    """What there is to tell, as it is remembered; a countdown in it makes it no other."""
    if fault is not None:
        news = _NUMBER.sub("#", f"{fault.reason}: {fault.message}")[:200]
    elif is_strange(novita.status) and instance.status not in _QUIET_IN:
        news = f"status {novita.status}"[:200]
    else:
        return None
    return None if news in instance.faults.told else news
