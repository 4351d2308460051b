"""What the store can propose for a new request: what a person used last, and which names are taken."""

from __future__ import annotations

from datetime import timedelta

import structlog

from core.adapters.redis.commands import Commands, duration_ms, key_of
from core.adapters.redis.documents import Kind, NotReadable, refuse_newer, stamped
from core.domain import last_used
from core.domain.base import Actor
from core.domain.request import Draft

log = structlog.get_logger(__name__)

LAST_USED_KEPT = timedelta(days=60)
"""How long it is known what somebody used last; counted anew with each create."""


class Proposals(Commands):
    """Part of the store. Every method raises StoreUnavailable when Redis cannot answer."""

    async def names_taken(self) -> set[str]:
        """The names of the instances that have not ended, in small letters, without reading a record."""
        names, live = await self._together(
            lambda pipe: (pipe.hgetall(key_of("names")), pipe.zrange(key_of("live"), 0, -1))
        )
        alive = set(live)
        return {name for name, instance_id in names.items() if instance_id in alive}

    async def last_used(self, actor: Actor) -> Draft | None:
        """What this person used last; None when that is not known any more, or nobody can read it."""
        text = await self._again(lambda: self._redis.get(_last_key(actor)))
        if not text:
            return None
        try:
            refuse_newer(Kind.LAST_USED, text)
            found = last_used.read(text)
        except NotReadable:
            found = None
        if found is None:
            log.warning("last_used_not_readable", user=actor.user)
        return found

    async def save_last_used(self, actor: Actor, last: Draft) -> None:
        json, kept = stamped(Kind.LAST_USED, last_used.write(last)), duration_ms(LAST_USED_KEPT)
        await self._again(lambda: self._redis.set(_last_key(actor), json, px=kept))


def _last_key(actor: Actor) -> str:
    return key_of("last", actor.team, actor.user)
