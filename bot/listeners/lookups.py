"""What can be looked up: one instance, offers, templates. Answered from what is at hand, for one person's eyes."""

from __future__ import annotations

from datetime import timedelta

from bot import typed
from bot.grammar.closed import read_count
from bot.listeners.clicks import Click
from bot.parts import Parts
from bot.views import lists
from bot.views.blocks import Message
from bot.views.help import everything
from core.models import BillingMode, Instance

_STOCK_PATIENCE = timedelta(seconds=0.7)
"""How long the ack waits for the stock of several GPUs at once."""


async def press_status(parts: Parts, click: Click) -> None:
    """Details of one instance; in place of what was chosen from, when that was private."""
    instance = await parts.instance(click.value)
    await click.say(lists.status(instance, parts.clock.now()), instead=True)


async def press_help(_: Parts, click: Click) -> None:
    """Every command, in place of the few; in a modal where the button stood on the home tab."""
    await click.say(everything(), instead=True)


def status(parts: Parts, instance: Instance) -> Message:
    return lists.status(instance, parts.clock.now())


async def offers(parts: Parts, words: str) -> Message:
    """`4090`, or `4090 x8` for the stock of eight at once. Raises NovitaError while nothing is known of the market."""
    said = [(word, read_count(word)) for word in typed.bare(words).split()]
    gpu_num = next((int(count[0]) for _, count in said if count and isinstance(count[0], int)), 1)
    market = await parts.catalog.get_market_for(gpu_num, *BillingMode, patience=_STOCK_PATIENCE)
    name = " ".join(word for word, count in said if not count)
    return lists.offer_list(market, name, parts.clock.now(), gpu_num=gpu_num)


async def templates(parts: Parts, words: str) -> Message:
    """Raises NovitaError while no template is known."""
    return lists.template_list(await parts.catalog.get_templates(), typed.bare(words))
