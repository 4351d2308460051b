"""What processes and their tasks say of themselves to each other, and what time it is on the server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.adapters.redis.commands import Commands, instant, key_of, ms
from core.domain.clock import CLOSE_ENOUGH, Sample, steady
from core.domain.errors import StoreFull

_BEATS_KEPT = timedelta(hours=1)


class SignsOfLife(Commands):
    """Part of the store. Every method raises StoreUnavailable when Redis cannot answer."""

    async def time(self) -> Sample:
        """What time it is on the server."""

        async def ask() -> Sample:
            asked = steady()
            return _sample(await self._redis.time(), asked)

        sample: Sample = await self._again(ask)
        return sample

    async def beat(self, now: datetime) -> Sample:
        """A sign of life of this process. Returns what time it is on the server."""

        async def write() -> Sample:
            asked = steady()
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.time()
                pipe.zadd(key_of("processes"), {self.holder: ms(now)})
                pipe.zremrangebyscore(key_of("processes"), "-inf", ms(now - _BEATS_KEPT))
                pipe.zremrangebyscore(key_of("processes"), ms(now + _BEATS_KEPT), "+inf")
                answers = await pipe.execute()
            return _sample(answers[0], asked)

        try:
            sample: Sample = await self._again(write)
        except StoreFull:
            await self._write("ZADD", key_of("processes"), ms(now), self.holder)
            sample = await self.time()
        return sample

    async def processes_alive_since(self, since: datetime, now: datetime) -> set[str]:
        """Ids of the processes that gave a sign of life since then; one that lies ahead of `now` is none."""
        latest = ms(now + CLOSE_ENOUGH)
        return set(await self._again(lambda: self._redis.zrangebyscore(key_of("processes"), ms(since), latest)))

    async def see_worker(self, now: datetime) -> None:
        """A sign of life of the workers' tasks: that they run, not just that a worker's process does."""
        await self._write("SET", key_of("worker", "seen"), ms(now))

    async def worker_seen_at(self) -> datetime | None:
        """When any worker last gave one."""
        stamp = await self._again(lambda: self._redis.get(key_of("worker", "seen")))
        return instant(stamp) if stamp else None

    async def note_success(self, task: str, now: datetime) -> None:
        """A background task has done its work."""
        await self._write("HSET", key_of("worker", "succeeded"), task, ms(now))

    async def successes(self) -> dict[str, datetime]:
        """When each background task last succeeded, in any worker."""
        stamps = await self._again(lambda: self._redis.hgetall(key_of("worker", "succeeded")))
        return {task: instant(stamp) for task, stamp in stamps.items()}


def _sample(answer: tuple[int, int], asked: float) -> Sample:
    """From the answer to TIME: whole seconds, and microseconds."""
    seconds, microseconds = answer
    return Sample(datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=microseconds), asked, steady())
