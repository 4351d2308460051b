"""What can be looked up: one instance, offers, templates. Answered from what is at hand, for one person's eyes."""

from __future__ import annotations

from bot.listeners.buttons import Click
from bot.listeners.services import Services
from bot.oneliner.literals import read_count
from bot.slack import typed
from bot.views import lists
from bot.views.blocks import Message
from bot.views.help import everything
from core.domain.base import BillingMode
from core.domain.clock import MOMENT
from core.domain.instance import Instance


async def press_status(services: Services, click: Click) -> None:
    """Details of one instance; in place of what was chosen from, when that was private."""
    instance = await services.gpus.instance(click.value)
    await click.say(lists.status(instance, services.clock.now()), instead=True)


async def press_help(_: Services, click: Click) -> None:
    """Every command, in place of the few; in a modal where the button stood on the home tab."""
    await click.say(everything(), instead=True)


def status(services: Services, instance: Instance) -> Message:
    return lists.status(instance, services.clock.now())


async def offers(services: Services, words: str) -> Message:
    """`4090`, or `4090 x8` for the stock of eight at once. Raises NovitaError while nothing is known of the market."""
    said = [(word, read_count(word)) for word in typed.bare(words).split()]
    gpu_num = next((int(count[0]) for _, count in said if count and isinstance(count[0], int)), 1)
    market = await services.gpus.get_market_for(gpu_num, *BillingMode, patience=MOMENT)
    name = " ".join(word for word, count in said if not count)
    return lists.offer_list(market, name, services.clock.now(), gpu_num=gpu_num)


async def templates(services: Services, words: str) -> Message:
    """Raises NovitaError while no template is known."""
    return lists.template_list(await services.gpus.get_templates(), typed.bare(words))
