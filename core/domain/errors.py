"""The errors that cross a module's border, as a tree.

GpuBotError
├── InvalidRequest            the request cannot be met as it stands; `problems` names each bad field
│   └── KeyOutlived           what its key led to is no longer on record
├── NoSuchInstance            there is no record of that instance
├── NotAllowed                the actor may not do this here; `why` is a sentence for them
├── StoreUnavailable          Redis cannot be reached or refuses, so nothing that costs money may begin
│   ├── StoreFull             its memory is full: it takes no more writes
│   ├── StoreWrongKind        what one instance's keys hold is not what this program wrote
│   │   └── RecordNotReadable  its record is of a newer version, or broken; `words` is a sentence for people
│   └── StoreForbidden        its user lacks a right
├── RequestTaken              this request key has already led to an instance; `instance_id` says which
├── NameTaken                 another instance that has not ended goes by this name; `instance_id` says which
├── VersionConflict           somebody else changed the record first; read it again
├── SettingsError             a setting is missing or wrong; the message names the variable
└── NovitaError               a call to Novita did not do what was asked
    ├── NovitaUnsent          the request never left: certainly no effect, may be tried again
    ├── NovitaUnclear         sent, but no usable answer: the effect is unknown
    └── NovitaRefused         Novita answered no; `kind` says what that means for the caller
        ├── NoCapacity        not here, not now: another region may have room
        ├── RateLimited       too fast; `retry_after` is what Novita asked for
        └── NotFound          there is no such thing at Novita: Novita itself says so
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from core.domain.attempt import Failure, FailureKind


class GpuBotError(Exception):
    """The root: everything this program raises on purpose."""


class InvalidRequest(GpuBotError):
    """The request cannot be met. `problems` maps a request field to a sentence for a person; the `unknown` ones among
    them name something that there is not."""

    def __init__(self, problems: dict[str, str], unknown: Collection[str] = ()) -> None:
        super().__init__("; ".join(f"{field}: {text}" for field, text in problems.items()))
        self.problems = problems
        self.unknown = frozenset(unknown)


class KeyOutlived(InvalidRequest):
    """The request's key has led to an instance that ended so long ago that its record is gone."""

    def __init__(self) -> None:
        super().__init__({"name": "This request was made long ago; make a new one."})


class NoSuchInstance(GpuBotError):
    """There is no record of an instance with this id."""


class NotAllowed(GpuBotError):
    """The actor may not do this. `why` is a sentence for them, `field` the request's field that it is about, if any."""

    def __init__(self, why: str, field: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.field = field


class StoreUnavailable(GpuBotError):
    """Redis did not take or give what was asked; whether a write took effect may be unknown.

    `why` is what it said, for anybody to read after "Redis"; empty when it does not answer.
    """

    def __init__(self, message: str, why: str = "") -> None:
        super().__init__(message)
        self.why = why


class StoreFull(StoreUnavailable):
    """The memory of Redis is full: it takes no writes that could need more."""


class StoreWrongKind(StoreUnavailable):
    """Under a key of ours stands what is not ours: it says nothing of the other keys, nor of Redis."""


class RecordNotReadable(StoreWrongKind):
    """Nothing is changed of what cannot be read. `words` say so to whoever asked."""

    def __init__(self, instance_id: str, words: str) -> None:
        super().__init__(f"the record of {instance_id} cannot be read")
        self.words = words


class StoreForbidden(StoreUnavailable):
    """The user of REDIS_URL lacks a right."""


class RequestTaken(GpuBotError):
    """The request key has led to another instance before: one key, one instance, for ever."""

    def __init__(self, instance_id: str) -> None:
        super().__init__(instance_id)
        self.instance_id = instance_id


class NameTaken(GpuBotError):
    """The name is to be one machine's own, and another that has not ended has it."""

    def __init__(self, instance_id: str) -> None:
        super().__init__(instance_id)
        self.instance_id = instance_id


class VersionConflict(GpuBotError):
    """The record has another version than the one the change was made from."""


class SettingsError(GpuBotError):
    """A setting is missing or wrong; the message is one line that names the variable."""


class NovitaError(GpuBotError):
    """A call to Novita did not do what was asked."""


class NovitaUnsent(NovitaError):
    """The request never left this machine (no connection, no free slot): it certainly had no effect."""


class NovitaUnclear(NovitaError):
    """The request was sent, and no usable answer came: timeout, reset, 5xx, or a success without an id.

    `status` is that of an answer which says nothing of the effect, None without any. `is_read`: whether it was a mere
    question, so that nothing can have been changed by it.
    """

    def __init__(self, message: str = "", *, status: int | None = None, is_read: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.is_read = is_read


class NovitaRefused(NovitaError):
    """Novita answered no. `reason` is its machine-readable word, `message` its sentence, `status` the HTTP status."""

    def __init__(self, kind: FailureKind, reason: str, message: str, status: int) -> None:
        super().__init__(f"{reason or status}: {message}")
        self.kind = kind
        self.reason = reason
        self.message = message
        self.status = status


class NoCapacity(NovitaRefused):
    """Not in this region now (API.md, Error reasons)."""

    def __init__(self, reason: str, message: str, status: int) -> None:
        super().__init__(FailureKind.NO_CAPACITY, reason, message, status)


class RateLimited(NovitaRefused):
    """HTTP 429. `retry_after` is None when Novita did not say."""

    def __init__(self, reason: str, message: str, retry_after: timedelta | None) -> None:
        super().__init__(FailureKind.PACE, reason, message, 429)
        self.retry_after = retry_after


class NotFound(NovitaRefused):
    """There is no such instance, template, product or cluster: Novita's reason says so, with status 404 or 400."""

    def __init__(self, reason: str, message: str, status: int) -> None:
        super().__init__(FailureKind.BAD_INPUT, reason, message, status)


def not_done(error: NovitaError) -> Failure:
    """What became of a request that Novita neither took nor refused; its reason tells whether it was answered."""
    status = getattr(error, "status", None)
    reason = "UNREACHABLE" if isinstance(error, NovitaUnsent) else f"HTTP_{status}" if status else "NO_ANSWER"
    return Failure(kind=FailureKind.UNREACHABLE, reason=reason, message=str(error))
