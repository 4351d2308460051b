"""A browser for tests, and what it looks at: the page over a whole sandbox, or over a Slack with a tiny bot."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from bot.sandbox.novita import SandboxNovita
from bot.sandbox.page import Page, set_opening_scene
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.slack import SandboxSlack
from tests.browser.tiny import Bare, TinyBot

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ZONE = "Asia/Tokyo"
PATIENCE_MS = 15_000


@dataclass
class Visitor:
    """Somebody at a browser; `troubles` are errors in the console and requests that left the machine."""

    context: Any
    address: str = ""
    troubles: list[str] = field(default_factory=list)

    async def visit(self, place: str = "") -> Any:
        """A new tab with the page, such as "#bo" to be somebody else. Gives playwright's Page."""
        page = await self.context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda message: self._listen(message.type, message.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("request", lambda request: self._watch(request.url))
        await page.goto(f"{self.address}/{place}")
        return page

    def _listen(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.troubles.append(text)

    def _watch(self, url: str) -> None:
        if urlsplit(url).netloc != urlsplit(self.address).netloc:
            self.troubles.append(f"asked another host: {url}")


@dataclass
class Scene:
    """A visitor and the sandbox that they look at."""

    visitor: Visitor
    slack: SandboxSlack
    novita: SandboxNovita


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[Visitor]:
    reason = "the browser tests need playwright: pip install -e '.[browser]'"
    playwright = pytest.importorskip("playwright.async_api", reason=reason)
    if CHROMIUM is None:
        pytest.skip("the browser tests need Chromium: apt-get install chromium")
    async with playwright.async_playwright() as driver:
        context = await driver.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=CHROMIUM,
            args=FLAGS,
            viewport={"width": 1280, "height": 800},
            timezone_id=ZONE,
        )
        yield Visitor(context)
        await context.close()


@asynccontextmanager
async def _looked_at(visitor: Visitor, sandbox: Sandbox | Bare) -> AsyncIterator[Scene]:
    page = Page(sandbox)
    visitor.address = await page.start(0)
    yield Scene(visitor, sandbox.slack, sandbox.novita)
    assert visitor.troubles == []
    await page.stop()


@pytest.fixture
async def scene(visitor: Visitor) -> AsyncIterator[Scene]:
    """The page as `gpu-bot sandbox` opens it, with the real bot behind it; only instances come up sooner."""
    sandbox = Sandbox()
    async with sandbox.open():
        set_opening_scene(sandbox.novita)
        sandbox.novita.boot_seconds = 3.0
        async with _looked_at(visitor, sandbox) as scene:
            yield scene
    assert sandbox.slack.problems == []
    assert sandbox.novita.violations == []


@pytest.fixture
async def tiny() -> AsyncIterator[TinyBot]:
    """A bot that a test writes, with its own Slack."""
    async with TinyBot.running() as bot:
        yield bot


@pytest.fixture
async def bare(visitor: Visitor, tiny: TinyBot) -> AsyncIterator[Scene]:
    async with _looked_at(visitor, tiny.sandbox) as scene:
        yield scene
