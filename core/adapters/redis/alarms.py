"""What the store knows of alarms: one hash with a field for each, another with a field for each telling of one."""

from __future__ import annotations

import structlog

from core.adapters.redis.commands import Commands, key_of, ms
from core.adapters.redis.documents import Kind, NotReadable, stamped
from core.adapters.redis.migrations import read_value
from core.services.alarms import Alarm

log = structlog.get_logger(__name__)

_TELLING_MS = 30_000
"""How long a process may take to tell one; longer than any call to where it is told."""


class AlarmRecords(Commands):
    """Part of the store. Every method raises StoreUnavailable when Redis cannot answer."""

    async def alarms(self) -> list[Alarm]:
        """Every alarm, those remembered after their end too; one that cannot be read is left out."""
        found, told = await self._together(
            lambda pipe: (pipe.hgetall(key_of("alarms")), pipe.hkeys(key_of("alarms", "told")))
        )
        every = [alarm for name, json in found.items() if (alarm := _alarm(name, json)) is not None]
        return [each.replace(told=_told(each, told)) for each in every]

    async def save_alarm(self, alarm: Alarm, *, only_new: bool = False) -> bool:
        """Writes it; whether it did. With `only_new` what is there already stays as it is."""
        json = stamped(Kind.ALARM, alarm.model_dump_json(exclude={"told"}))
        if only_new:
            return bool(await self._write("HSETNX", key_of("alarms"), alarm.key, json))
        await self._write("HSET", key_of("alarms"), alarm.key, json)
        return True

    async def drop_alarm(self, alarm: Alarm) -> None:
        await self._again(lambda: self._redis.hdel(key_of("alarms"), alarm.key))
        if alarm.told:
            fields = [_telling(alarm, admin) for admin in alarm.told]
            await self._again(lambda: self._redis.hdel(key_of("alarms", "told"), *fields))

    async def note_alarm_told(self, alarm: Alarm, admin: str) -> None:
        """An admin was told of it."""
        await self._write("HSET", key_of("alarms", "told"), _telling(alarm, admin), "1")

    async def claim_alarm(self, alarm: Alarm, admin: str) -> bool:
        """Whether this process may tell an admin of it now, and no other for a while."""
        key = key_of("alarms", "telling", _telling(alarm, admin))
        return bool(await self._write("SET", key, self.holder, "NX", "PX", _TELLING_MS))

    async def release_alarm(self, alarm: Alarm, admin: str) -> None:
        await self._again(lambda: self._redis.delete(key_of("alarms", "telling", _telling(alarm, admin))))


def _telling(alarm: Alarm, admin: str) -> str:
    """Of this alarm, not of one of the same name that stood before."""
    return f"{admin} {ms(alarm.since)} {alarm.key}"


def _told(alarm: Alarm, tellings: list[str]) -> tuple[str, ...]:
    its = f" {ms(alarm.since)} {alarm.key}"
    return tuple(sorted(each.removesuffix(its) for each in tellings if each.endswith(its)))


def _alarm(name: str, json: str) -> Alarm | None:
    try:
        return read_value(Kind.ALARM, Alarm, json)
    except NotReadable as error:
        log.warning("alarm_not_readable", alarm=name, error=str(error))
        return None
