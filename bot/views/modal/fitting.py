"""What a form opens with where what was wished for cannot be chosen: the nearest that can, and that it is said."""

from __future__ import annotations

from dataclasses import replace

from bot.slack.ids import Field
from bot.views.modal.create import disk_bounds
from bot.views.modal.form import Form
from core.domain.market import Market
from core.domain.request import DISK_DEFAULT_GB, GPU_NUM_LIMIT
from core.domain.validation import Limits, Problems, allowed_lease


def fitted(form: Form, market: Market, limits: Limits) -> tuple[Form, Problems]:
    """The form as its menus can show it, so that what is counted is what is shown.

    The sentences, by field, say what was wished for and what is chosen instead.
    """
    lease = allowed_lease(form.lease, limits, no_end=form.no_end)
    count = min(max(form.gpu_num or 1, 1), GPU_NUM_LIMIT)
    low, high = disk_bounds(form.product_name, market)
    disk = min(max(form.disk or DISK_DEFAULT_GB, low), high)
    said = {
        Field.LEASE.value: lease.instead,
        Field.GPU_NUM.value: ""
        if count == (form.gpu_num or 1)
        else f"An instance has 1 to {GPU_NUM_LIMIT} GPUs, so {count} {'is' if count == 1 else 'are'} chosen.",
        Field.ROOTFS_SIZE.value: ""
        if form.disk in (None, disk)
        else f"The disk is {low} to {high} GB, not {form.disk}, so {disk} GB is chosen.",
    }
    form = replace(form, lease=lease.length, no_end=lease.length is None, gpu_num=count, rootfs_size=str(disk))
    return form, {field: sentence for field, sentence in said.items() if sentence}
