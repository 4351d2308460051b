"""The `webhooks` of openapi.json: what a receiver is sent of each type of event, and what its answers mean."""

from __future__ import annotations

import inspect
from typing import Any

from pydantic import BaseModel

from core.adapters.webhook import described

Json = dict[str, Any]

_HEADERS = {
    "X-Webhook-Id": "The event's `id`: one that comes twice has the same.",
    "X-Webhook-Timestamp": "When it was sent, in seconds since 1970.",
    "X-Webhook-Signature": "`sha256=<hex>`: the HMAC-SHA256 of `<X-Webhook-Timestamp>.<body>` under WEBHOOK_SECRET. "
    "Absent where no secret is set.",
}
_ANSWERS = {
    "2XX": "It is taken.",
    "408": "It comes again for 24 hours, as after 425, 429 and 5XX; `Retry-After` is kept to, up to five minutes.",
    "410": "This receiver hears no more of this instance, and nobody is told so.",
    "default": "This receiver hears no more of this instance; whoever named it is told. No redirect is followed.",
}
_ANSWERS |= dict.fromkeys(("425", "429", "5XX"), "It comes again, as after 408.")


def webhooks() -> Json:
    """By the word in `type`."""
    return {type_: {"post": _operation(type_, news)} for type_, news in described().items()}


def _operation(type_: str, news: type[BaseModel]) -> Json:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{news.__name__}"}}}
    return {
        "operationId": f"on{news.__name__.removesuffix('News')}",
        "summary": type_,
        "description": inspect.getdoc(news) or "",
        "security": [],
        "parameters": [_header(name, meaning) for name, meaning in _HEADERS.items()],
        "requestBody": {"required": True, "content": content},
        "responses": {status: {"description": meaning} for status, meaning in sorted(_ANSWERS.items())},
    }


def _header(name: str, meaning: str) -> Json:
    is_always_sent = name != "X-Webhook-Signature"
    return {
        "name": name,
        "in": "header",
        "required": is_always_sent,
        "description": meaning,
        "schema": {"type": "string"},
    }
