"""What the store knows of alarms: one hash, a field each."""

from __future__ import annotations

import structlog
from pydantic import ValidationError

from core.alarms import Alarm
from core.store.commands import Commands, key_of

log = structlog.get_logger(__name__)


class AlarmRecords(Commands):
    """Part of the store. Every method raises StoreUnavailable when Redis cannot answer."""

    async def alarms(self) -> list[Alarm]:
        """Every alarm, those remembered after their end too; one that cannot be read is left out."""
        found: dict[str, str] = await self._again(lambda: self._redis.hgetall(key_of("alarms")))
        return [alarm for name, json in found.items() if (alarm := _alarm(name, json)) is not None]

    async def save_alarm(self, alarm: Alarm, *, only_new: bool = False) -> bool:
        """Writes it; whether it did. With `only_new` what is there already stays as it is."""
        json = alarm.model_dump_json()
        if only_new:
            return bool(await self._again(lambda: self._redis.hsetnx(key_of("alarms"), alarm.key, json)))
        await self._again(lambda: self._redis.hset(key_of("alarms"), alarm.key, json))
        return True

    async def drop_alarm(self, alarm: Alarm) -> None:
        await self._again(lambda: self._redis.hdel(key_of("alarms"), alarm.key))


def _alarm(name: str, json: str) -> Alarm | None:
    try:
        return Alarm.model_validate_json(json)
    except ValidationError:
        log.warning("alarm_not_readable", alarm=name)
        return None
