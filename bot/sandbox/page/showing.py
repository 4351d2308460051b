"""Opens the page for a person at the command line: over a running sandbox, and in their browser where there is one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import webbrowser
from collections.abc import AsyncIterator, Mapping

from bot.sandbox.page.scenes import set_opening_scene
from bot.sandbox.page.server import DEFAULT_PORT, Page, Sandbox


@contextlib.asynccontextmanager
async def page_over(sandbox: Sandbox, port: int = DEFAULT_PORT) -> AsyncIterator[str]:
    """Serves the page, with the opening scene set, until the context ends. Gives its address."""
    set_opening_scene(sandbox.novita)
    page = Page(sandbox)
    address = await page.start(port)
    try:
        yield address
    finally:
        await page.stop()


async def open_in_browser(address: str) -> None:
    """Only on a desktop, and only for somebody at a terminal: elsewhere a browser would take the terminal over."""
    if sys.stdout.isatty() and has_desktop(sys.platform, os.environ):
        await asyncio.to_thread(webbrowser.open, address)


def has_desktop(platform: str, environment: Mapping[str, str]) -> bool:
    """Whether a window that opens here is seen by the person who typed the command."""
    if "SSH_CONNECTION" in environment:
        return False
    if platform in ("darwin", "win32"):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))
