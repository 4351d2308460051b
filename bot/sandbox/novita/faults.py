"""The ways in which the make-believe Novita can be told to misbehave, one-off or until further notice."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from enum import StrEnum


class Endpoint(StrEnum):
    """Novita's calls, by the names that faults and records use."""

    CLUSTERS = "clusters"
    PRODUCTS = "products"
    TEMPLATES = "templates"
    TEMPLATE = "template"
    AUTHS = "auths"
    BALANCE = "balance"
    CREATE = "create"
    INSTANCE = "instance"
    INSTANCES = "instances"
    START = "start"
    STOP = "stop"
    RESTART = "restart"
    DELETE = "delete"


class Answer(StrEnum):
    """What comes back in place of the true reply."""

    OWN = "own"
    """The true reply, only late."""
    TEXT = "text"
    """The fault's own status and body."""
    RESET = "reset"
    """The connection is torn down."""
    HANG = "hang"
    """Nothing, until the faults are cleared or the server stops."""


@dataclass(frozen=True)
class Fault:
    """One misbehaviour. With `has_effect` the call first does what it should; `seconds` delays the answer.

    The constructors below cover the kinds; use those.
    """

    name: str
    answer: Answer
    has_effect: bool = False
    status: int = 200
    body: object = ""
    """Sent as JSON when it is a dict, else as it stands."""
    retry_after: str | None = None
    seconds: float = 0.0
    is_doubled: bool = False
    """Whether a create makes two instances, and answers with the first one's id."""

    @classmethod
    def refused(cls, status: int, reason: str, message: str = "refused by the sandbox") -> Fault:
        """An error reply in Novita's own form (API.md, Calls)."""
        return cls(f"refused {reason}", Answer.TEXT, status=status, body=error_body(status, reason, message))

    @classmethod
    def rate_limited(cls, retry_after: str | None = "1") -> Fault:
        """429; `retry_after` is the header as sent, seconds or an HTTP date, None for no header."""
        body = error_body(429, "RATE_LIMIT_EXCEEDED", "too many requests")
        return cls("rate limited", Answer.TEXT, status=429, body=body, retry_after=retry_after)

    @classmethod
    def server_error(cls, status: int = 502, *, has_effect: bool = False) -> Fault:
        """A gateway's HTML page."""
        return cls(f"status {status}", Answer.TEXT, has_effect, status, "<html>bad gateway</html>")

    @classmethod
    def gateway(cls, status: int = 403, text: str = "error code: 1010") -> Fault:
        """What stands in front of Novita answers, and Novita sees nothing of the call."""
        return cls(f"gateway {status}", Answer.TEXT, status=status, body=text)

    @classmethod
    def not_json(cls, *, has_effect: bool = True) -> Fault:
        """A success whose body is no JSON."""
        return cls("not JSON", Answer.TEXT, has_effect, 200, "<html>welcome</html>")

    @classmethod
    def no_id(cls, *, has_effect: bool = True) -> Fault:
        """A success without what was asked for."""
        return cls("no id", Answer.TEXT, has_effect, 200, {})

    @classmethod
    def reset(cls, *, has_effect: bool) -> Fault:
        return cls("reset after the effect" if has_effect else "reset before the effect", Answer.RESET, has_effect)

    @classmethod
    def hang(cls, *, has_effect: bool) -> Fault:
        return cls("hang after the effect" if has_effect else "hang before the effect", Answer.HANG, has_effect)

    @classmethod
    def slow(cls, seconds: float) -> Fault:
        return cls("slow", Answer.OWN, has_effect=True, seconds=seconds)

    @classmethod
    def doubled(cls) -> Fault:
        """A create that Novita carries out twice, by itself."""
        return cls("made two", Answer.OWN, has_effect=True, is_doubled=True)


HONEST = Fault("answered", Answer.OWN, has_effect=True)
"""No fault at all."""


def error_body(status: int, reason: str, message: str, metadata: dict[str, str] | None = None) -> dict[str, object]:
    """Novita's error reply (API.md, Calls)."""
    return {"code": status, "reason": reason, "message": message, "metadata": metadata or {}}


@dataclass
class FaultPlan:
    """Which fault meets the next call of each endpoint: queued ones first, then the standing one."""

    queued: defaultdict[Endpoint, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    standing: dict[Endpoint, Fault] = field(default_factory=dict)

    def take(self, endpoint: Endpoint) -> Fault:
        """The fault for the next call; HONEST when there is none."""
        if queue := self.queued[endpoint]:
            return queue.popleft()
        return self.standing.get(endpoint, HONEST)

    def clear(self) -> None:
        self.queued.clear()
        self.standing.clear()
