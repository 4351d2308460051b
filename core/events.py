"""What happened to an instance, in the past tense: the lines of its timeline and the cause of every notification."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from core.models import Attempt, Endpoint, Failure, Instant, Offer, Value


class _Event(Value):
    at: Instant


class InstanceRequested(_Event):
    """The intent is recorded; nothing has been sent to Novita yet."""

    type: Literal["instance_requested"] = "instance_requested"


class RegionRefused(_Event):
    """Novita had no room in a region; the launch goes on with the next offer."""

    type: Literal["region_refused"] = "region_refused"
    attempt: Attempt
    next_offer: Offer


class AnswerLost(_Event):
    """Novita's answer to a create never came; the instance is looked for by name."""

    type: Literal["answer_lost"] = "answer_lost"
    attempt: Attempt


class InstanceCreated(_Event):
    """Novita made the instance. `found` is true when it was found by name after a lost answer or a restart."""

    type: Literal["instance_created"] = "instance_created"
    novita_id: str
    found: bool = False


class LaunchInterrupted(_Event):
    """The process that was creating it died; whether Novita made the instance is being looked up by name."""

    type: Literal["launch_interrupted"] = "launch_interrupted"


class PhaseChanged(_Event):
    """Novita's own word for its state changed on the way up (such as `pulling`): the card is edited."""

    type: Literal["phase_changed"] = "phase_changed"
    novita_status: str


class InstanceSlow(_Event):
    """It takes longer than usual to come up; billing has begun (novita-api.md 3.3)."""

    type: Literal["instance_slow"] = "instance_slow"
    minutes: int
    novita_status: str


class InstanceRunning(_Event):
    type: Literal["instance_running"] = "instance_running"
    endpoints: tuple[Endpoint, ...] = ()


class InstanceFailed(_Event):
    """The launch or the instance failed; nothing more will happen by itself."""

    type: Literal["instance_failed"] = "instance_failed"
    failure: Failure


class InstanceStopped(_Event):
    """Novita reports it as exited."""

    type: Literal["instance_stopped"] = "instance_stopped"
    novita_status: str


class InstanceDeleted(_Event):
    """Novita no longer has it."""

    type: Literal["instance_deleted"] = "instance_deleted"


class WebhookGivenUp(_Event):
    """The request's own webhook cannot be reached for good; it is told nothing more of this instance."""

    type: Literal["webhook_given_up"] = "webhook_given_up"
    why: str


Event = Annotated[
    InstanceRequested
    | RegionRefused
    | AnswerLost
    | LaunchInterrupted
    | InstanceCreated
    | PhaseChanged
    | InstanceSlow
    | InstanceRunning
    | InstanceFailed
    | InstanceStopped
    | InstanceDeleted
    | WebhookGivenUp,
    Field(discriminator="type"),
]

_adapter: TypeAdapter[Event] = TypeAdapter(Event)


def read_event(text: str | bytes) -> Event:
    """The event behind a line of the timeline. Raises pydantic.ValidationError on anything else."""
    return _adapter.validate_json(text)
