"""Looks for secrets in whatever the bot leaves behind: logs, Redis, and all it ever said to Slack."""

from __future__ import annotations

import base64
import io
import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Literal
from urllib.parse import quote

import redis

from bot.process import logs
from bot.sandbox.novita import SandboxNovita
from bot.sandbox.slack import SandboxSlack
from tests.plain_logs import log_plainly


@contextmanager
def everything_logged(form: Literal["json", "console"], level: str = "debug") -> Iterator[io.StringIO]:
    """The bot's own logging, at its most talkative unless told otherwise; all that it writes."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, before = list(root.handlers), root.level
    logs.setup(level, form, stream)
    try:
        yield stream
    finally:
        log_plainly()
        logging.captureWarnings(False)
        root.handlers[:], root.level = handlers, before


def secrets_of(slack: SandboxSlack, novita: SandboxNovita) -> set[str]:
    """Every value that must not leave the bot in any direction but the one it is for."""
    return {slack.bot_token, slack.app_token, slack.signing_secret, novita.api_key, *novita.secrets}


def found_in(text: str, secrets: Iterable[str]) -> set[str]:
    """The secrets that stand in a text, plain or in one of the forms that logs and addresses give them."""
    return {secret for secret in secrets if any(form in text for form in _forms(secret))}


def _forms(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1], encoded}


def all_of_redis(url: str) -> str:
    """Every key with all that it holds, of whatever type."""
    with redis.Redis.from_url(url, decode_responses=False) as client:
        return "\n".join(f"{key!r}: {_value(client, key)}" for key in client.scan_iter())


def _value(client: redis.Redis, key: bytes) -> str:
    match client.type(key):
        case b"string":
            value: object = client.get(key)
        case b"hash":
            value = client.hgetall(key)
        case b"list":
            value = client.lrange(key, 0, -1)
        case b"set":
            value = client.smembers(key)
        case b"zset":
            value = client.zrange(key, 0, -1, withscores=True)
        case b"stream":
            value = client.xrange(key)
        case other:
            raise AssertionError(f"{key!r} is a {other!r}: nobody looks into it")
    return str(value)


def all_said(slack: SandboxSlack) -> str:
    """The arguments of every call, every message that there is or was, and every view as the bot drew it."""
    messages = [message for place in slack.workspace.messages.values() for message in place.values()]
    parts: list[object] = [call.args for call in slack.calls]
    parts += [(message.text, message.blocks, message.metadata, message.edits) for message in messages]
    parts += [view.definition for view in slack.workspace.views.all_open()]
    return "\n".join(map(str, parts))
