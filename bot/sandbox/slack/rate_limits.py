"""Slack's rate limits as token buckets: one a method, and one a channel for chat.postMessage
(PLATFORM.md, Rate limits).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.slack.constants import POSTS_BURST, POSTS_PER_SECOND, TIER_BURST


@dataclass
class _Bucket:
    """Holds up to `size` tokens and gets `rate` new ones a second."""

    rate: float
    size: float
    tokens: float
    filled_at: float

    def wait(self, now: float) -> float:
        """Seconds until the next token; 0 takes one."""
        self.tokens = min(self.size, self.tokens + (now - self.filled_at) * self.rate)
        self.filled_at = now
        if self.tokens < 1:
            return (1 - self.tokens) / self.rate
        self.tokens -= 1
        return 0.0


class RateLimits:
    """Says how long a call has to wait. `scale` 2.0 is twice as generous as Slack, None sets no limits."""

    def __init__(self, clock: Callable[[], float], scale: float | None) -> None:
        self._clock = clock
        self._scale = scale
        self._buckets: dict[str, _Bucket] = {}

    def set_scale(self, scale: float | None) -> None:
        """Changes the limits and forgets what was used.

        Raises ValueError unless `scale` is None or positive.
        """
        if scale is not None and scale <= 0:
            raise ValueError("a scale of rate limits is positive, or None for no limits")
        self._scale = scale
        self._buckets.clear()

    def retry_after(self, method: str, per_minute: int, channel: str | None = None) -> int:
        """Whole seconds to wait, as Retry-After says; 0 lets the call through."""
        if self._scale is None:
            return 0
        wait = self._wait(method, per_minute / 60, TIER_BURST[per_minute])
        if not wait and channel is not None:
            wait = self._wait(f"{method} {channel}", POSTS_PER_SECOND, POSTS_BURST)
        return math.ceil(wait)

    def _wait(self, key: str, rate: float, burst: float) -> float:
        scale, now = self._scale or 1.0, self._clock()
        if key not in self._buckets:
            size = max(1.0, burst * scale)
            self._buckets[key] = _Bucket(rate * scale, size, size, now)
        return self._buckets[key].wait(now)
