"""The sandbox as a page: a small workspace in the browser, with the real bot behind it."""

from bot.sandbox.page.scenes import set_opening_scene
from bot.sandbox.page.server import DEFAULT_PORT, Page, Sandbox
from bot.sandbox.page.showing import open_in_browser, page_over

__all__ = ["DEFAULT_PORT", "Page", "Sandbox", "open_in_browser", "page_over", "set_opening_scene"]
