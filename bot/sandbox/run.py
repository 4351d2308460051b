"""`gpu-bot sandbox`: everything up on this machine, until Ctrl-C or the end of a rehearsal; then nothing is left."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Any

from bot.process import logs
from bot.process.signals import cancel_on_signals
from bot.sandbox.children import Trouble
from bot.sandbox.page import DEFAULT_PORT, open_in_browser, page_over
from bot.sandbox.rehearse import rehearse
from bot.sandbox.rehearse_lifecycle import rehearse_lifecycle
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.slack.zone import zone_of_this_machine
from bot.sandbox.stage import Stage

Work = Callable[[Sandbox, Stage], Coroutine[Any, Any, None]]

STORIES: dict[str, Work] = {"create": rehearse, "lifecycle": rehearse_lifecycle}
"""What can be rehearsed, by the word for it on the command line."""


def run(*, story: str | None, verbose: bool, port: int = DEFAULT_PORT, opens: bool = True) -> int:
    """The whole command: one of STORIES, or the sandbox to use by hand. Returns the exit code.

    `port` is the page's, `opens` whether a browser may be opened.
    """
    logs.setup("warning", "console")
    work: Work = partial(_stay, port=port, opens=opens) if story is None else partial(_rehearse, STORIES[story])
    return asyncio.run(_run(Stage(), work, rehearsal=story is not None, verbose=verbose))


async def _run(stage: Stage, work: Work, *, rehearsal: bool, verbose: bool) -> int:
    cancel_on_signals()
    sandbox = Sandbox(stage.log) if verbose else Sandbox()
    try:
        await work(sandbox, stage)
    except Trouble as trouble:
        _report(sandbox, stage, trouble)
        return 1
    except asyncio.CancelledError:
        stage.line("\nStopped before the end." if rehearsal else "\nStopped. Nothing is left running.")
        return 1 if rehearsal else 0
    return 0


async def _rehearse(story: Work, sandbox: Sandbox, stage: Stage) -> None:
    began = time.perf_counter()
    stage.line("A rehearsal of gpu-bot", "bold")
    stage.line(
        "The bot is the real one: its web and worker processes, signed requests, a Redis. Slack and Novita are "
        "make-believe and run on this machine, so this needs no account and costs nothing."
    )
    stage.line()
    async with _up(sandbox, stage):
        await _unless_it_dies(sandbox, story(sandbox, stage))
    took = time.perf_counter() - began
    stage.line(f"\nThe rehearsal went well, in {took:.1f} s. The way to your own Slack is in README.md.", "bold")


async def _stay(sandbox: Sandbox, stage: Stage, *, port: int, opens: bool) -> None:
    async with _up(sandbox, stage), page_over(sandbox, port) as page:
        stage.tick(f"The page is at {page}")
        _describe(sandbox, stage)
        if opens:
            await open_in_browser(page)
        await _unless_it_dies(sandbox, asyncio.Event().wait())


@contextlib.asynccontextmanager
async def _up(sandbox: Sandbox, stage: Stage) -> AsyncIterator[None]:
    began = time.perf_counter()
    async with contextlib.AsyncExitStack() as stack:
        with stage.waiting(lambda: "starting Slack, Novita, Redis, web and worker"):
            await stack.enter_async_context(sandbox.open())
            sandbox.slack.workspace.zone = zone_of_this_machine()
        stage.tick(f"Ready in {time.perf_counter() - began:.1f} s: Slack, Novita, Redis, web and worker")
        yield


async def _unless_it_dies(sandbox: Sandbox, work: Coroutine[Any, Any, object]) -> None:
    """Does `work`; when one of the bot's processes ends meanwhile, raises the Trouble of that instead."""
    death, working = asyncio.ensure_future(sandbox.death()), asyncio.ensure_future(work)
    try:
        await asyncio.wait({death, working}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (death, working):
            task.cancel()
        await asyncio.gather(death, working, return_exceptions=True)
    for task in (death, working):
        if not task.cancelled():
            task.result()


def _describe(sandbox: Sandbox, stage: Stage) -> None:
    slack = f"{sandbox.slack_api.removesuffix('/api/')}/_sandbox"
    novita = f"{sandbox.novita.base_url}/_sandbox"
    stage.line(
        "\nThe real bot, with a make-believe Slack and Novita behind it. Nothing here leaves this machine, costs money "
        "or needs an account; tokens and a .env of yours are not read.\n"
    )
    stage.entry("bot", f"{sandbox.slack.bot_url}/readyz", "does everything answer")
    stage.entry("", f"{sandbox.slack.bot_url}/metrics", "how it is, in figures")
    stage.entry("", f"{sandbox.slack.bot_url}/api/openapi.json", "its HTTP API")
    stage.entry("Slack", f"{slack}/messages", "all its messages")
    stage.entry("", f"{slack}/state", "people, channels, modals")
    stage.entry("Novita", f"{novita}/state", "regions, stock, instances")
    for journal in sandbox.journals:
        stage.entry("log", str(journal.path), f"of the {journal.role} process")
    stage.line("\nTo sell a region out at the moment of a create, or to take Slack away:\n")
    stage.command("""curl -d '{"region": "CN-HK-01", "stock": "none", "at_create": true}' """ + f"{novita}/stock")
    stage.command("""curl -X PUT -d '{"down": true}' """ + f"{slack}/down")
    stage.line("\nTo speak to the bot from a terminal, as a person in #gpu:\n")
    stage.command("""curl -d '{"person": "ada", "text": "@gpu-bot list"}' """ + f"{slack}/typed")
    stage.line("\nTo create one as a program does:\n")
    asked = '{"name": "by-curl", "productName": "RTX 4090 24GB", "templateId": "107672"}'
    stage.command(
        f"curl -H 'Authorization: Bearer {sandbox.api_token}' --json '{asked}' {sandbox.slack.bot_url}/api/instances"
    )
    stage.line(
        "\nTo see a person create a GPU with it: gpu-bot sandbox --rehearse"
        "\nTo see her live with it to its end: gpu-bot sandbox --rehearse lifecycle\nCtrl-C ends everything."
    )


def _report(sandbox: Sandbox, stage: Stage, trouble: Trouble) -> None:
    """What went wrong, and the end of each log."""
    stage.line()
    stage.cross(str(trouble))
    for journal in sandbox.journals:
        stage.line(f"\nThe end of {journal.path}")
        for line in journal.end:
            stage.log(journal.role, line)
