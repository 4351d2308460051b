"""Waiting for alarms to sound and to be over."""

from __future__ import annotations

import asyncio

from core.services.alarms import Alarm, AlarmKind
from tests.bot.app_fixture import House
from tests.patience import patience


async def stands(house: House, kind: AlarmKind) -> Alarm:
    """The alarm of this kind, once it stands."""
    async with patience():
        while True:
            for alarm in await house.base.alarms.standing():
                if alarm.kind is kind:
                    return alarm
            await asyncio.sleep(0.05)


async def is_over(house: House, kind: AlarmKind) -> None:
    """Returns once no alarm of this kind stands."""
    async with asyncio.timeout(60):
        while True:
            if all(alarm.kind is not kind for alarm in await house.base.alarms.standing()):
                return
            await asyncio.sleep(0.05)
