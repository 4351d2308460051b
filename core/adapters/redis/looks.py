"""What the store knows of the workers' looks at Novita, and this process of how far the store had come."""

from __future__ import annotations

from core.adapters.redis.commands import Commands, key_of
from core.adapters.redis.scripts import LOOKED
from core.domain.errors import StoreUnavailable

LOOKED_KEY = key_of("looked")


class Looks(Commands):
    """Part of the store. Every method raises StoreUnavailable when Redis cannot answer."""

    commits_seen = 0
    """The number of commits to the store as far as this process knows: it never falls, unless the store goes back."""
    _went_back_at = 0
    _has_gone_back = False

    async def take_gone_back(self) -> bool:
        """Whether the store, since this was last taken, has been emptied or put back to an older state; clears it."""
        before = self.commits_seen
        commits = int(await self._again(lambda: self._redis.hget(LOOKED_KEY, "commits")) or 0)
        if commits < before:
            seconds, _ = await self._again(self._redis.time)
            self.note_commit(commits, commits, int(seconds) * 1000 + 999)
        self.commits_seen = max(self.commits_seen, commits)
        answer, self._has_gone_back = self._has_gone_back, False
        return answer

    def note_commit(self, before: int, commits: int, clock: int) -> None:
        """`before` is what was known before a commit of our own, `clock` Redis's time in ms.

        Answers may overtake each other, so what counts is what was known when the commit was sent.
        """
        if commits <= before:
            self._went_back_at, self._has_gone_back, self.commits_seen = clock, True, commits
        self.commits_seen = max(self.commits_seen, commits)

    def is_believed(self, looked_at: int) -> bool:
        """Whether what a worker saw then is what the store knows now: not if it was put back since."""
        return looked_at > self._went_back_at

    async def looked(self, outside: int) -> int:
        """Notes a complete look that saw so many instances made outside this bot. Returns its stamp.

        The stamp is Redis's own time in ms; it never goes back, unless the store itself does.
        """
        return int((await self._run(LOOKED, [LOOKED_KEY], [outside], even_when_full=True))[0])

    async def last_look(self) -> int | None:
        """The stamp of the last complete look; None when the store knows of none."""
        stamp = await self._again(lambda: self._redis.hget(LOOKED_KEY, "at"))
        return int(stamp) if stamp else None

    async def up_since(self) -> int | None:
        """When the server was started, in ms by its own clock; None where it does not say."""
        try:
            facts = await self._again(lambda: self._redis.info("server"))
            seconds, _ = await self._again(self._redis.time)
            return (int(seconds) - int(facts["uptime_in_seconds"])) * 1000
        except (StoreUnavailable, KeyError, TypeError, ValueError):
            return None

    async def made_outside(self) -> int:
        """How many instances the last look saw that were made outside this bot."""
        return int(await self._again(lambda: self._redis.hget(LOOKED_KEY, "outside")) or 0)
