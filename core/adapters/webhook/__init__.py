"""The signed outgoing webhook: one of the notifiers, for programs instead of people."""

from __future__ import annotations

from core.adapters.webhook.description import described
from core.adapters.webhook.notifier import Sent, WebhookNotifier
from core.adapters.webhook.ssrf import Forbidden, PublicOnly, Unreachable

__all__ = ["Forbidden", "PublicOnly", "Sent", "Unreachable", "WebhookNotifier", "described"]
