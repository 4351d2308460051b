"""Who hears of it in the create modal: a channel, and a webhook."""

from __future__ import annotations

from dataclasses import replace

from bot.slack import typed
from bot.slack.ids import CHANNEL_ID
from bot.views import blocks as b
from bot.views.modal.fields.field import FormField, Input, Scene
from bot.views.modal.form import Form
from bot.views.text import Block
from core.domain.request import Field


def _draw_channel(form: Form, scene: Scene) -> Block:
    wanted = form.channel or scene.context.channel
    initial = wanted if CHANNEL_ID.fullmatch(wanted) else None
    element = b.conversations_select(initial)
    return b.input_(Field.CHANNEL, "Channel", element, hint="One message there tells how it goes, in its thread.")


def _read_channel(form: Form, given: Input) -> Form:
    return replace(form, channel=given.conversation)


def _draw_webhook(form: Form, scene: Scene) -> Block:
    written = form.webhook_url or ""
    known = written if written.startswith("https://") and len(written) <= 2000 else None
    element = b.url_input(known, "https://example.com/hook")
    return b.input_(Field.WEBHOOK_URL, "Webhook", element, hint="Told of each change to the instance.", optional=True)


def _read_webhook(form: Form, given: Input) -> Form:
    return replace(form, webhook_url=typed.visible(given.typed).strip() or None)


CHANNEL = FormField(Field.CHANNEL, _draw_channel, _read_channel)
WEBHOOK = FormField(Field.WEBHOOK_URL, _draw_webhook, _read_webhook)
