"""The machine in the create modal: GPU, how many, where, and its disk."""

from __future__ import annotations

import re
from dataclasses import replace

from bot import wording
from bot.slack import typed
from bot.views import blocks as b
from bot.views.modal import options
from bot.views.modal.fields.field import FormField, Input, Scene
from bot.views.modal.form import Form
from bot.views.text import Block
from core.domain import costs
from core.domain.base import BillingMode
from core.domain.market import Market
from core.domain.offers import disk_limits
from core.domain.request import DISK_DEFAULT_GB, DISK_MAX_GB, DISK_MIN_GB, GPU_NUM_LIMIT, Field
from core.domain.validation import Limits, unlisted_region, unlisted_words

_GPU_NUM = re.compile(r"[1-8]")
_DISK = re.compile(r"[0-9]{1,6}")


def _draw_product(form: Form, scene: Scene) -> Block:
    choices = options.products(scene.market, form.billing_mode or BillingMode.SPOT, form.rootfs_size)
    if not choices.options:
        choices = options.NOTHING_FOR_SALE
    return b.input_(
        Field.PRODUCT_NAME,
        "GPU",
        b.static_select(choices.options, choices.chosen(form.product_name), "Choose a GPU"),
        block_id=choices.block_id,
        hint="Prices are per GPU and hour."
        + (f" {choices.left_out} more do not fit here." if choices.left_out else ""),
    )


def _read_product(form: Form, given: Input) -> Form:
    return replace(form, product_name=given.picked)


def _draw_count(form: Form, scene: Scene) -> Block:
    choices = options.GPU_COUNTS
    return b.input_(Field.GPU_NUM, "GPUs", b.static_select(choices.options, choices.chosen(str(form.gpu_num or 1))))


def _read_count(form: Form, given: Input) -> Form:
    picked = given.picked or ""
    return replace(form, gpu_num=int(picked) if _GPU_NUM.fullmatch(picked) else None)


def _fit_count(form: Form, market: Market, limits: Limits) -> tuple[Form, str]:
    count = min(max(form.gpu_num or 1, 1), GPU_NUM_LIMIT)
    instead = f"An instance has 1 to {GPU_NUM_LIMIT} GPUs, so {count} {'is' if count == 1 else 'are'} chosen."
    return replace(form, gpu_num=count), "" if count == (form.gpu_num or 1) else instead


def _draw_region(form: Form, scene: Scene) -> Block:
    billing = form.billing_mode or BillingMode.SPOT
    choices = options.regions(scene.market, form.product_name, billing, form.rootfs_size)
    chosen = choices.chosen(form.region) or choices.chosen(options.ANY_REGION)
    unlisted = unlisted_region(form.region, scene.market)
    unmet = f"{unlisted_words(unlisted)} " if unlisted else ""
    return b.input_(
        Field.REGION,
        "Preferred region",
        b.static_select(choices.options, chosen),
        block_id=choices.block_id,
        hint=f"{unmet}Tried first. When it is full, the other regions are tried in turn.",
    )


def _read_region(form: Form, given: Input) -> Form:
    return replace(form, region=None if given.picked == options.ANY_REGION else given.picked)


def _draw_disk(form: Form, scene: Scene) -> Block:
    low, high = _disk_bounds(form.product_name, scene.market)
    initial = min(max(form.rootfs_size or DISK_DEFAULT_GB, low), high)
    price = f"{wording.money(costs.DISK_USD_PER_GB_DAY)} a day, running or stopped"
    hint = f"{low} to {high} GB. {DISK_DEFAULT_GB} GB are free; each GB more costs {price}."
    return b.input_(Field.ROOTFS_SIZE, "Disk (GB)", b.number_input(low, high, initial), hint=hint)


def _read_disk(form: Form, given: Input) -> Form:
    size = typed.on_one_line(given.typed)
    return replace(form, rootfs_size=int(size) if _DISK.fullmatch(size) else None)


def _fit_disk(form: Form, market: Market, limits: Limits) -> tuple[Form, str]:
    low, high = _disk_bounds(form.product_name, market)
    wished, size = form.rootfs_size, min(max(form.rootfs_size or DISK_DEFAULT_GB, low), high)
    instead = f"The disk is {low} to {high} GB, not {wished}, so {size} GB is chosen."
    return replace(form, rootfs_size=size), "" if wished in (None, size) else instead


def _disk_bounds(product_name: str | None, market: Market) -> tuple[int, int]:
    """The smallest and the largest disk in GB that the form takes. Novita's own bounds hold whatever a product says."""
    found = disk_limits(market.named(product_name)) if product_name else None
    low, high = found or (DISK_MIN_GB, DISK_MAX_GB)
    low = min(max(low, DISK_MIN_GB), DISK_MAX_GB)
    return low, max(low, min(high, DISK_MAX_GB))


PRODUCT = FormField(Field.PRODUCT_NAME, _draw_product, _read_product, is_priced=True)
COUNT = FormField(Field.GPU_NUM, _draw_count, _read_count, _fit_count, is_priced=True)
REGION = FormField(Field.REGION, _draw_region, _read_region, is_priced=True)
DISK = FormField(Field.ROOTFS_SIZE, _draw_disk, _read_disk, _fit_disk, is_priced=True)
