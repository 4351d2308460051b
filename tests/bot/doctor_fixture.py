"""An installation for the doctor to examine: a make-believe Slack and Novita, a real Redis, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from bot.doctor import CheckResult, Installation, State, run_checks
from bot.sandbox.novita import SandboxNovita
from bot.sandbox.slack import SandboxSlack
from bot.wiring.base import slack_client
from core.adapters.novita import NovitaClient, Timeouts
from core.adapters.outbound import Outbound
from core.adapters.redis import Store, connect
from core.domain.clock import SystemClock
from tests.bot.app_fixture import settings_for
from tests.bot.leaks import found_in, secrets_of
from tests.patience import NO_HURRY_SECONDS, PATIENCE_SECONDS

UNHURRIED = timedelta(seconds=PATIENCE_SECONDS)
HANGING = timedelta(seconds=5)
"""For what will not answer: it is waited for, and long enough for all that does."""

UNBOUND = Timeouts(read=UNHURRIED)
"""Novita's answers take as long as they like: the doctor's bound is what is looked at."""


@dataclass
class Clinic:
    """An installation to be examined, and the world around it."""

    slack: SandboxSlack
    novita: SandboxNovita
    store: Store
    patient: Installation

    async def findings(self, bound: timedelta = UNHURRIED) -> dict[str, CheckResult]:
        found = await run_checks(self.patient, bound=bound)
        assert len({finding.name for finding in found}) == len(found)
        said = "".join(f"{finding.found}{finding.advice}" for finding in found)
        assert found_in(said, secrets_of(self.slack, self.novita)) == set()
        return {finding.name: finding for finding in found}

    async def ills(self, bound: timedelta = UNHURRIED) -> dict[str, CheckResult]:
        """All that is not well."""
        return {
            name: finding for name, finding in (await self.findings(bound)).items() if finding.state is not State.OK
        }


@asynccontextmanager
async def clinic(
    redis_url: str, *, channel: str = "", outbound: Outbound | None = None, **settings: Any
) -> AsyncIterator[Clinic]:
    """All is well in it, unless the settings say otherwise."""
    slack, novita = SandboxSlack(rate_limits=None, answer_limit=NO_HURRY_SECONDS), SandboxNovita()
    await novita.start()
    api = await slack.start()
    chosen = settings_for(slack, api, novita, redis_url, **{"admins": "U0CY000001", **settings})
    store, client = Store(connect(redis_url)), NovitaClient(novita.base_url, chosen.novita_api_key, timeouts=UNBOUND)

    async def open_store() -> Store:
        return store

    try:
        await store.see_worker(datetime.now(UTC))
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE_SECONDS)) as session:
            yield Clinic(
                slack,
                novita,
                store,
                Installation(
                    chosen,
                    slack_client(chosen, session),
                    client,
                    SystemClock(),
                    open_store,
                    channel,
                    outbound or Outbound({}),
                ),
            )
    finally:
        novita.clear_faults()
        await client.aclose()
        await store.aclose()
        await slack.stop()
        await novita.stop()


async def said_to_cy(house: Any, line: str = "/gpu doctor", who: str = "cy") -> str:
    person = house.slack.person(who)
    before = len(person.ephemerals())
    assert (await person.command(line, channel="gpu")).ok
    await house.slack.wait_until(lambda: len(person.ephemerals()) > before)
    return str(person.ephemerals()[-1].shown)
