"""Changes what an open modal shows."""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.listeners.services import Services
from bot.slack import errors as slack_errors
from bot.slack.errors import CALL_FAILED, SlackErrorKind
from bot.views.text import Block

log = structlog.get_logger(__name__)

_TRIES = 5
_LONGEST_WAIT = timedelta(seconds=60)
_DEFAULT_WAIT = timedelta(seconds=1)


async def show(
    services: Services, view_id: str, view: Block, *, newer_than: str | None = None
) -> SlackErrorKind | None:
    """Replaces the modal's content; again while Slack is away or asks to wait, since repeating it does no harm.

    With `newer_than` (the view's hash) only when nobody else changed it since. Returns None when shown,
    SlackErrorKind.GONE when the person closed it or the hash is stale, else what stood in the way to the end.
    """
    arguments = {"view_id": view_id, "view": view} | ({"hash": newer_than} if newer_than else {})
    kind = SlackErrorKind.AWAY
    for _ in range(_TRIES):
        try:
            await services.client.api_call("views.update", json=arguments)
        except CALL_FAILED as error:
            kind = slack_errors.kind_of(error)
            if kind is SlackErrorKind.GONE:
                return kind
            wait = slack_errors.retry_after(error) or _DEFAULT_WAIT
            log.warning("modal_not_updated", error=slack_errors.error_code(error), wait=wait.total_seconds())
            if kind is not SlackErrorKind.AWAY or wait > _LONGEST_WAIT:
                return kind
            await services.clock.sleep(wait)
        else:
            return None
    return kind
