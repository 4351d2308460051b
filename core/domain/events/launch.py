"""What happens on the way up: from the request until it runs, or does not."""

from __future__ import annotations

from typing import Literal

from core.domain.attempt import Attempt, Failure
from core.domain.base import Instant
from core.domain.events.base import BaseEvent
from core.domain.market import Offer
from core.domain.novita import Endpoint
from core.domain.order import Verb


class InstanceRequested(BaseEvent):
    """The intent is recorded; nothing has been sent to Novita yet."""

    type: Literal["instance_requested"] = "instance_requested"


class RegionRefused(BaseEvent):
    """Novita had no room in a region; the launch goes on with the next offer."""

    type: Literal["region_refused"] = "region_refused"
    attempt: Attempt
    next_offer: Offer


class AnswerLost(BaseEvent):
    """Novita's answer to a create never came; the instance is looked for by name."""

    type: Literal["answer_lost"] = "answer_lost"
    attempt: Attempt


class InstanceCreated(BaseEvent):
    """Novita made the instance. `found` is true when it was found by name after a lost answer or a restart."""

    type: Literal["instance_created"] = "instance_created"
    novita_id: str
    found: bool = False


class LaunchInterrupted(BaseEvent):
    """The process that was creating it died; whether Novita made the instance is being looked up by name."""

    type: Literal["launch_interrupted"] = "launch_interrupted"


class PhaseChanged(BaseEvent):
    """Novita's own word for its state changed on the way up (such as `pulling`): the card is edited."""

    type: Literal["phase_changed"] = "phase_changed"
    novita_status: str


class InstanceSlow(BaseEvent):
    """It takes longer than usual to come up; billing has begun (API.md, Billing)."""

    type: Literal["instance_slow"] = "instance_slow"
    minutes: int
    novita_status: str


class StartQuestioned(BaseEvent):
    """It does not come up and may be billed: at `ends_at` it is stopped or deleted, unless somebody lets it go on."""

    type: Literal["start_questioned"] = "start_questioned"
    since: Instant
    ends_at: Instant
    verb: Verb


class InstanceRunning(BaseEvent):
    """It has come up."""

    type: Literal["instance_running"] = "instance_running"
    endpoints: tuple[Endpoint, ...] = ()


class InstanceFailed(BaseEvent):
    """The launch or the instance failed; nothing more will happen by itself."""

    type: Literal["instance_failed"] = "instance_failed"
    failure: Failure
