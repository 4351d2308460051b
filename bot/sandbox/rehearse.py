"""A rehearsal: ada goes through a whole create with the real bot, and everything she sees is shown and checked."""

from __future__ import annotations

import time

from rich.text import Text

from bot.sandbox.children import Trouble
from bot.sandbox.play import Play, perform
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.slack import Message, Modal, View
from bot.sandbox.slack.terminal import mrkdwn_text, thread_shown, view_shown
from bot.sandbox.stage import Stage
from bot.sandbox.verdict import claims

GPU, TEMPLATE, NAME = "RTX 4090 24GB", "comfy-prod", "comfy-ada"
FULL, NEXT = "CN-HK-01", "AS-SGP-02"
"""The region she prefers, which will be full, and the one that the bot's own order puts next."""

LATENCY_SECONDS = 0.2
BOOT_SECONDS = 4.5


async def rehearse(sandbox: Sandbox, stage: Stage) -> None:
    """Plays it from beginning to end. Raises Trouble at the first thing that is not as it should be."""
    await perform(_Create(sandbox, stage))


class _Create(Play):
    """From the command to a running GPU, with a region that turns out to be full."""

    async def play(self) -> None:
        sandbox = self._sandbox
        sandbox.novita.latency, sandbox.novita.boot_seconds = LATENCY_SECONDS, BOOT_SECONDS
        modal = await self._ask()
        await self._choose(modal)
        await self._fill(modal)
        await self._submit(modal)
        card = await self._watch()
        await self._read(card)
        self._judge(claims(self._sandbox, card, refused=FULL, used=NEXT))

    async def _ask(self) -> Modal:
        self._heading("Ada asks for a GPU, as anybody in Slack would.")
        began = time.perf_counter()
        ack = await self._ada.command("/gpu create")
        if not ack.ok:
            raise Trouble(f"“/gpu create” failed: the bot {ack.failure}.")
        modal = await self._ada.modal("create_instance")
        took = round((time.perf_counter() - began) * 1000)
        self._stage.row("in #gpu", Text("/gpu create", "bold bright_white on grey19"))
        self._stage.row("the bot", Text(f"opens a form with live prices and stock, {took} ms later"))
        return modal

    async def _choose(self, modal: Modal) -> None:
        self._heading("She chooses, and the form says what it costs and where it will be tried.")
        await self._pick(modal, "product_name", GPU, is_open=True)
        await self._pick(modal, "region", FULL)
        await self._pick(modal, "gpu_num", "2")
        await self._pick(modal, "lease", "4 h")

    async def _fill(self, modal: Modal) -> None:
        self._heading("She finds the team's template by typing, and the form is complete.")
        found = await modal.search("template_id", "comfy")
        await modal.choose("template_id", TEMPLATE)
        await modal.fill("name", NAME)
        field = modal.fields()["template_id"]
        self._stage.row("types “comfy”", _menu(found, field.value))
        self._stage.line()
        self._stage.show(view_shown(modal.view, self._reader))

    async def _submit(self, modal: Modal) -> None:
        self._heading(f"{FULL} sells out, unknown to Novita's price list. She presses Create.")
        self._sandbox.novita.out_of_stock_at_create(FULL)
        with self._following("view_updated", modal.view):
            submission = await modal.submit()
            if not submission.updated:
                raise Trouble(f"The form was not taken: {submission.errors or modal.view.notice or submission}.")
            await self._until(lambda: not modal.title.startswith("Creating"), "The create has no outcome")
            await self._until(lambda: "Open the thread" in modal.text(), "The outcome has no link to the thread")
        self._stage.line()
        self._stage.show(view_shown(modal.view, self._reader))
        if modal.title != "Created":
            raise Trouble(f"The create ended as “{modal.title}”.")

    async def _watch(self) -> Message:
        self._heading("One card in #gpu follows the instance on its way up, edited in place.")
        card = await self._until(lambda: next(iter(self._ada.messages("gpu")), None), "No card stands in #gpu")
        novita = self._sandbox.novita
        machine = await self._until(lambda: next(iter(novita.instances.values()), None), "Novita has no instance")
        spinner = self._stage.waiting(lambda: f"Novita says {machine.status(novita.clock())}")
        with spinner, self._following("message_updated", card):
            await self._until(lambda: "is running" in card.shown, "The card never said that it runs")
            await self._until(lambda: len(self._slack.thread(card)) >= 2, "The thread does not tell that it runs")
        return card

    async def _read(self, card: Message) -> None:
        self._heading("What everybody in #gpu can read.")
        self._stage.show(thread_shown(card, self._slack.thread(card), self._reader))

    async def _pick(self, modal: Modal, action_id: str, wanted: str, *, is_open: bool = False) -> None:
        before = _price(modal.view)
        field = modal.fields()[action_id]
        await modal.choose(action_id, wanted)
        await self._until(lambda: _price(modal.view) != before, f"The price line does not follow {field.label}")
        held = modal.fields()[action_id].value
        shown = _menu(field.options, held) if is_open else Text(str(held), "bold")
        self._stage.row(field.label, shown, mrkdwn_text(_price(modal.view), self._reader))


def _price(view: View) -> str:
    return next((str(block["text"]["text"]) for block in view.blocks if block["block_id"] == "price"), "")


def _menu(options: list[str], chosen: str) -> Text:
    """An open menu, with a pointer at what she takes."""
    lines = [Text(f"▸ {each}", "bold") if each == chosen else Text(f"  {each}", "bright_black") for each in options]
    return Text("\n").join(lines)
