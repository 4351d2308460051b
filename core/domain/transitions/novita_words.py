"""Novita's words as they may stand on a record: without the values of its variables, which Novita likes to quote."""

from __future__ import annotations

from core.domain.attempt import Attempt, Failure
from core.domain.instance import Instance
from core.domain.novita import NovitaInstance
from core.domain.redaction import without_values


def clean_failure(failure: Failure, instance: Instance) -> Failure:
    """A failure without the values of the instance's variables."""
    return failure.replace(**_clean(instance, reason=failure.reason, message=failure.message))


def clean_attempt(attempt: Attempt, instance: Instance) -> Attempt:
    """An attempt without the values of the instance's variables."""
    return attempt.replace(**_clean(instance, reason=attempt.reason, message=attempt.message))


def clean_sight(novita: NovitaInstance, instance: Instance) -> NovitaInstance:
    """What Novita shows of the instance, without the values of its variables."""
    said = _clean(instance, status=novita.status, error_state=novita.error_state, error_message=novita.error_message)
    return novita.replace(**said)


def _clean(instance: Instance, **said: str) -> dict[str, str]:
    return {name: without_values(text, instance.secret_names) for name, text in said.items()}
