"""The one-liner's own words: what opens a part, what may stand before `=`, and what means nothing."""

from __future__ import annotations

from bot.slack.ids import Field

OPENERS = {
    "as": Field.NAME,
    "named": Field.NAME,
    "called": Field.NAME,
    "name": Field.NAME,
    "in": Field.REGION,
    "region": Field.REGION,
    "from": Field.TEMPLATE_ID,
    "using": Field.TEMPLATE_ID,
    "template": Field.TEMPLATE_ID,
    "disk": Field.ROOTFS_SIZE,
    "storage": Field.ROOTFS_SIZE,
    "rootfs": Field.ROOTFS_SIZE,
}
"""Words that say what the next ones are about."""

STRICT = {"as", "named", "called", "in", "from"}
"""Openers that nobody types without meaning them; the others may be mere words ("a pytorch template")."""

KEYS = OPENERS | {
    "gpu": Field.PRODUCT_NAME,
    "product": Field.PRODUCT_NAME,
    "product_name": Field.PRODUCT_NAME,
    "gpus": Field.GPU_NUM,
    "count": Field.GPU_NUM,
    "gpu_num": Field.GPU_NUM,
    "billing": Field.BILLING_MODE,
    "billing_mode": Field.BILLING_MODE,
    "lease": Field.LEASE,
    "for": Field.LEASE,
    "template_id": Field.TEMPLATE_ID,
    "rootfs_size": Field.ROOTFS_SIZE,
}
"""What may stand before `=`."""

_FILLERS = "a an and at create for give i lease me need of on please the to want with x"
_KINDS = "card cards disk geforce gpu gpus instance instances name nvidia region rootfs storage template using"
NOISE = frozenset(f"{_FILLERS} {_KINDS}".split())
"""Words that make a sentence of it."""
