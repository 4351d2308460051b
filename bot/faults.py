"""What a failed call to Slack means for whoever made it (error words: slack.md A2, A6, A8, A10)."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum

import aiohttp
from slack_sdk.errors import SlackApiError

CALL_FAILED = (SlackApiError, aiohttp.ClientError, TimeoutError, OSError)
"""Everything that slack_sdk lets through when a call fails (slack.md B6)."""

_CLOSED = {"not_in_channel", "channel_not_found", "is_archived", "no_permission", "channel_type_not_supported"}
_LOST = {"message_not_found", "cant_update_message", "edit_window_closed", "is_inactive", "thread_not_found"}
_MALFORMED = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long", "block_mismatch"}
_PASSING = {
    "ratelimited",
    "rate_limited",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
    "no_answer",
}
TOKEN_REFUSED = {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"}
"""Somebody has to mend the installation; until then everything waits."""

_DIGITS = 6
"""How many of a number of seconds count: Python refuses to read thousands."""

_NO_DM = {"messages_tab_disabled", "cannot_dm_bot", "user_not_found", "user_disabled", "user_not_visible"}


class Kind(Enum):
    """What to do about it."""

    AWAY = "away"
    """Slack did not answer, is broken or busy: again later."""
    CLOSED = "closed"
    """The bot may not post in this conversation."""
    LOST = "lost"
    """The message to edit is not there any more."""
    MALFORMED = "malformed"
    """Slack did not like the blocks."""
    REFUSED = "refused"
    """Slack will never take it as it is: a defect, or a scope that is missing."""
    GONE = "gone"
    """The modal was closed, or a newer version of it is open."""


def kind_of(error: Exception) -> Kind:
    """Sorts an error of CALL_FAILED."""
    word = word_of(error)
    if word in _CLOSED | _NO_DM or word.startswith("restricted_action"):
        return Kind.CLOSED
    if word in _LOST:
        return Kind.LOST
    if word in _MALFORMED:
        return Kind.MALFORMED
    if word in {"not_found", "hash_conflict"}:
        return Kind.GONE
    is_answer = isinstance(error, SlackApiError) and _field(error.response, "ok") is False
    return Kind.REFUSED if is_answer and word not in _PASSING | TOKEN_REFUSED else Kind.AWAY


def word_of(error: Exception) -> str:
    """Slack's word for the error, or the name of the exception when Slack said nothing."""
    if isinstance(error, SlackApiError):
        word = _field(error.response, "error")
        return str(word or "no_answer")
    return type(error).__name__


def retry_after(error: Exception) -> timedelta | None:
    """How long Slack asked to wait."""
    if not isinstance(error, SlackApiError):
        return None
    headers = getattr(error.response, "headers", None) or {}
    value = str(headers.get("Retry-After") or headers.get("retry-after") or "")
    return timedelta(seconds=int(value[:_DIGITS])) if value.isdecimal() else None


def _field(response: object, name: str) -> object:
    get = getattr(response, "get", None)
    try:
        return get(name) if get else None
    except ValueError:  # slack_sdk raises it for a body that is not JSON
        return None
