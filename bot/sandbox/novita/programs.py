"""What runs on a make-believe instance: a program that reports as people are told to, with the address it was given."""

from __future__ import annotations

import json
from typing import Literal

import aiohttp

from bot.sandbox.novita.machines import Machine
from bot.sandbox.novita.orders import Order
from core.domain.request import HOOK_VARIABLE

Level = Literal["info", "done", "error"]
_TIMEOUT = aiohttp.ClientTimeout(total=10)


def hook_of(order: Order) -> str:
    """The address for its own reports, empty when it was given none."""
    return next((env.value for env in order.envs if env.key == HOOK_VARIABLE), "")


def secrets_of(order: Order) -> set[str]:
    """What of its variables must never leave the bot in any other direction."""
    token = hook_of(order).rpartition("/")[2]
    return {token} if token else set()


async def report(machine: Machine, text: str, level: Level = "info") -> int:
    """`curl "$GPU_BOT_HOOK" -d TEXT`, or the same as JSON when it has a level. Returns the status of the answer."""
    plain = level == "info"
    body = text if plain else json.dumps({"text": text, "level": level})
    headers = {"Content-Type": "application/x-www-form-urlencoded" if plain else "application/json"}
    async with (
        aiohttp.ClientSession(timeout=_TIMEOUT) as session,
        session.post(hook_of(machine.order), data=body.encode(), headers=headers) as answer,
    ):
        return answer.status
