"""The id under which the log tells of one request, from its arrival to the last call that it causes.

It travels in the context, which every task takes over from the one that starts it, and onto the instance's record, for
the processes that go on with what the request began.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Generator
from contextlib import contextmanager

from structlog.contextvars import bind_contextvars, get_contextvars, reset_contextvars

_FIELD = "request_id"
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def new() -> str:
    """20 characters: Novita's ids have 16, and nobody should take one for the other."""
    return secrets.token_hex(10)


def is_sane(text: str) -> bool:
    """Whether an id that came from outside is short and plain enough to stand in the log and in a header."""
    return bool(_SANE.fullmatch(text))


def current() -> str:
    """The id of the request that this is done for, '' for what the bot does by itself."""
    return str(get_contextvars().get(_FIELD, ""))


@contextmanager
def bound(request_id: str) -> Generator[None]:
    """What is logged and begun meanwhile stands under this id."""
    tokens = bind_contextvars(**{_FIELD: request_id})
    try:
        yield
    finally:
        reset_contextvars(**tokens)


def resume(instance_id: str, request_id: str) -> None:
    """Puts the rest of this task under an instance and, unless it is done for another request, under the one that
    led to the instance."""
    bind_contextvars(instance_id=instance_id)
    if request_id and not current():
        bind_contextvars(**{_FIELD: request_id})
