"""Misbehaviour on demand: what goes wrong with the next calls of a method, or with all of them."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from enum import StrEnum

ANY_METHOD = "*"


class FaultKind(StrEnum):
    ERROR = "error"
    """HTTP 200 with `ok: false` and an error code."""
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    NOT_JSON = "not_json"
    HANG = "hang"
    """No answer and no effect, until the caller gives up."""
    SLOW = "slow"
    """The call takes effect, and is answered, after `seconds`."""
    RESET_BEFORE = "reset_before"
    """The connection breaks; nothing happened."""
    RESET_AFTER = "reset_after"
    """The call takes effect; the connection breaks before the answer."""


@dataclass(frozen=True)
class Fault:
    """One way to go wrong.

    `code` is for ERROR, `seconds` the Retry-After of RATE_LIMITED or the delay of SLOW, `status` for
    SERVER_ERROR.
    """

    kind: FaultKind
    code: str = "fatal_error"
    seconds: float = 1.0
    status: int = 500

    @classmethod
    def error(cls, code: str) -> Fault:
        return cls(FaultKind.ERROR, code=code)

    @classmethod
    def rate_limited(cls, retry_after: int = 1) -> Fault:
        return cls(FaultKind.RATE_LIMITED, seconds=retry_after)

    @classmethod
    def server_error(cls, status: int = 500) -> Fault:
        return cls(FaultKind.SERVER_ERROR, status=status)

    @classmethod
    def not_json(cls) -> Fault:
        return cls(FaultKind.NOT_JSON)

    @classmethod
    def hang(cls) -> Fault:
        return cls(FaultKind.HANG)

    @classmethod
    def slow(cls, seconds: float) -> Fault:
        return cls(FaultKind.SLOW, seconds=seconds)

    @classmethod
    def reset_before_effect(cls) -> Fault:
        return cls(FaultKind.RESET_BEFORE)

    @classmethod
    def reset_after_effect(cls) -> Fault:
        return cls(FaultKind.RESET_AFTER)


class Faults:
    """The faults that wait to happen: queued ones first, then standing ones;

    `down` breaks every connection.
    """

    def __init__(self) -> None:
        self.down = False
        self._queued: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._standing: dict[str, Fault] = {}

    def next(self, method: str, *faults: Fault) -> None:
        """The next calls of `method` (ANY_METHOD: of any) meet these, one each, in order."""
        self._queued[method].extend(faults)

    def always(self, method: str, fault: Fault) -> None:
        """Every call of `method` (ANY_METHOD: of any) meets this until it is cleared."""
        self._standing[method] = fault

    def clear(self, method: str | None = None) -> None:
        """Ends the faults of one method, or all of them and `down`."""
        if method is None:
            self._queued.clear()
            self._standing.clear()
            self.down = False
        else:
            self._queued.pop(method, None)
            self._standing.pop(method, None)

    def take(self, method: str) -> Fault | None:
        """What goes wrong with this call; a queued fault is used up."""
        if self.down:
            return Fault.reset_before_effect()
        for key in (method, ANY_METHOD):
            if self._queued[key]:
                return self._queued[key].popleft()
        return self._standing.get(method) or self._standing.get(ANY_METHOD)
