"""What somebody sees who watches the bot from outside: its health, its metrics, and its log."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from tests.bot.app_fixture import House
from tests.patience import patience
from tests.served import served_at

Json = dict[str, Any]
Sample = tuple[str, frozenset[tuple[str, str]]]


async def fetched(port: int, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, str, Mapping[str, str]]:
    """Status, body and headers of a GET."""
    url = f"http://127.0.0.1:{port}{path}"
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        return answer.status, await answer.text(), answer.headers


async def readiness(port: int) -> tuple[int, Json]:
    status, text, _ = await fetched(port, "/readyz")
    return status, json.loads(text)


class Scrape:
    """The samples of one look at /metrics, as Prometheus reads them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.samples: dict[Sample, float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self.samples[sample.name, frozenset(sample.labels.items())] = sample.value

    def value(self, name: str, **labels: str) -> float | None:
        return self.samples.get((name, frozenset(labels.items())))

    def total(self, name: str, **labels: str) -> float:
        """Over all samples of a name that have these labels among theirs."""
        wanted = set(labels.items())
        return sum(value for (each, has), value in self.samples.items() if each == name and wanted <= has)

    def labels(self) -> dict[str, set[str]]:
        """The labels of each name."""
        found: dict[str, set[str]] = {}
        for name, has in self.samples:
            found.setdefault(name, set()).update(label for label, _ in has)
        return found


async def scraped(port: int) -> Scrape:
    status, text, headers = await fetched(port, "/metrics")
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return Scrape(text)


class Grown:
    """By how much counters grew: those of a process count for all the tests that it runs."""

    def __init__(self, before: Scrape, after: Scrape) -> None:
        self._before, self._after = before, after

    def by(self, name: str, **labels: str) -> float:
        return self._after.total(name, **labels) - self._before.total(name, **labels)


def lines(log: io.StringIO) -> list[Json]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def said(log: io.StringIO, event: str, **fields: object) -> list[Json]:
    """The lines with this event and these fields."""
    wanted = {"event": event, **fields}.items()
    return [
        line for line in lines(log) if wanted <= {k: v for k, v in line.items() if isinstance(v, str | int)}.items()
    ]


async def settled(house: House) -> None:
    """Returns once everybody was told everything, and the workers' tasks have succeeded."""
    async with patience():
        store = house.base.store
        while await store.outbox_size() or "beat" not in await store.successes():  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # Redis tells nobody when it changes.


@asynccontextmanager
async def listening_program() -> AsyncIterator[str]:
    """The address of a webhook that takes everything."""
    async with served_at("POST", "/hook", _taken) as url:
        yield f"{url}/hook"


async def _taken(_: web.Request) -> web.Response:
    return web.Response(status=204)
