"""The fields of the create modal in the order in which they stand: how each is drawn, read back and fitted."""

from __future__ import annotations

from bot.views.modal.fields.field import FormField, Input, Scene
from bot.views.modal.fields.image import ENVS, NAME, TEMPLATE
from bot.views.modal.fields.machine import COUNT, DISK, PRODUCT, REGION
from bot.views.modal.fields.telling import CHANNEL, WEBHOOK
from bot.views.modal.fields.terms import BILLING, LEASE, LEASE_END

PLAIN = (TEMPLATE, NAME, COUNT, REGION, DISK, BILLING, LEASE, LEASE_END, CHANNEL)
"""Below the product and its price line."""

ADVANCED = (WEBHOOK, ENVS)
"""Shown once they are asked for."""

FIELDS = (PRODUCT, *PLAIN, *ADVANCED)

__all__ = ["ADVANCED", "FIELDS", "PLAIN", "PRODUCT", "FormField", "Input", "Scene"]
