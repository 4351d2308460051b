"""Settings of the make-believe Novita that show something at one stroke."""

from __future__ import annotations

from collections.abc import Callable

from bot.sandbox.novita import SandboxNovita
from core.adapters.settings import REGION_PRIORITY

LATENCY_SECONDS = 0.3
"""Slow enough that a person can watch the bot go from one region to the next."""


def set_opening_scene(novita: SandboxNovita) -> None:
    """What a first visitor finds: an unhurried Novita, and a refusal on the way to the first GPU."""
    novita.latency = LATENCY_SECONDS
    refuse_first_choices(novita)


def refuse_first_choices(novita: SandboxNovita) -> None:
    """Each GPU's first region promises stock and refuses at create, so that the first try already shows a fallback."""
    for product in dict.fromkeys(shelf.product.name for shelf in novita.shelves):
        if (region := _first_choice(novita, product)) is not None:
            novita.out_of_stock_at_create(region, product)


def restock_everything(novita: SandboxNovita) -> None:
    """All regions are open and every create is met; what the listing says of stock stays, unless it was none."""
    for shelf in novita.shelves:
        novita.restock(shelf.cluster.id, shelf.product.id, "normal" if shelf.stock == "none" else shelf.stock)
    for cluster in novita.clusters:
        novita.open_region(cluster.id)


SCENES: dict[str, Callable[[SandboxNovita], None]] = {
    "first_choices_refuse": refuse_first_choices,
    "everything_in_stock": restock_everything,
}


def _first_choice(novita: SandboxNovita, product: str) -> str | None:
    """The region that the bot tries first when the person prefers none and the bot's settings say nothing else."""
    clusters = [shelf.cluster for shelf in novita.shelves if shelf.product.name == product and shelf.stock != "none"]
    return next((region for region in REGION_PRIORITY if any(cluster.is_called(region) for cluster in clusters)), None)
