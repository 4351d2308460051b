"""What a failed call to Slack means for whoever made it (the words: PLATFORM.md, Error words)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum

import aiohttp
from slack_sdk.errors import SlackApiError

from core.domain.backoff import read_retry_after

CALL_FAILED = (SlackApiError, aiohttp.ClientError, TimeoutError, OSError)
"""Everything that slack_sdk lets through when a call fails (PLATFORM.md, Slack SDK)."""

_CLOSED = {
    "not_in_channel",
    "channel_not_found",
    "is_archived",
    "no_permission",
    "channel_type_not_supported",
    "channel_is_limited_access",
    "external_channel_migrating",
    "ekm_access_denied",
}
_LOST = {
    "message_not_found",
    "cant_update_message",
    "edit_window_closed",
    "is_inactive",
    "thread_not_found",
    "cannot_reply_to_message",
}
_MALFORMED = {
    "invalid_blocks",
    "invalid_blocks_format",
    "msg_blocks_too_long",
    "msg_too_long",
    "block_mismatch",
    "invalid_attachments",
    "invalid_metadata_format",
    "invalid_metadata_schema",
    "metadata_too_large",
    "metadata_must_be_sent_from_app",
}
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
_MAYBE_DONE = {"fatal_error", "internal_error", "service_unavailable", "request_timeout", "no_answer"}
"""With these words what was asked for may have been done all the same."""
TOKEN_REFUSED = {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"}
"""Somebody has to mend the installation; until then everything waits."""

_LONGEST_WAIT = timedelta(minutes=5)
"""What Slack asks beyond it is asked again instead: one header must not silence anything for a day."""

_NO_DM = {"messages_tab_disabled", "cannot_dm_bot", "user_not_found", "user_disabled", "user_not_visible"}


class SlackErrorKind(Enum):
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
    """Slack says no for a reason that this program cannot mend, or does not know: a scope that is missing, a rule of
    the organisation's. Somebody may mend it."""
    GONE = "gone"
    """The modal was closed, or a newer version of it is open."""


def kind_of(error: Exception) -> SlackErrorKind:
    """Sorts an error of CALL_FAILED."""
    word = error_code(error)
    if word in _CLOSED | _NO_DM or word.startswith("restricted_action"):
        return SlackErrorKind.CLOSED
    if word in _LOST:
        return SlackErrorKind.LOST
    if word in _MALFORMED:
        return SlackErrorKind.MALFORMED
    if word in {"not_found", "hash_conflict"}:
        return SlackErrorKind.GONE
    is_answer = isinstance(error, SlackApiError) and _field(error.response, "ok") is False
    return SlackErrorKind.REFUSED if is_answer and word not in _PASSING | TOKEN_REFUSED else SlackErrorKind.AWAY


def may_be_done(error: Exception) -> bool:
    """Whether Slack may have done what was asked for all the same, because its answer was lost."""
    if isinstance(error, SlackApiError):
        return error_code(error) in _MAYBE_DONE
    return not isinstance(error, aiohttp.ClientConnectorError)


def error_code(error: Exception) -> str:
    """Slack's word for the error, or the name of the exception when Slack said nothing."""
    if isinstance(error, SlackApiError):
        word = _field(error.response, "error")
        return str(word or "no_answer")
    return type(error).__name__


def retry_after(error: Exception) -> timedelta | None:
    """How long Slack asked to wait, five minutes at most; None when it did not say."""
    if not isinstance(error, SlackApiError):
        return None
    headers = getattr(error.response, "headers", None) or {}
    value = str(headers.get("Retry-After") or headers.get("retry-after") or "")
    return read_retry_after(value, datetime.now(UTC), _LONGEST_WAIT) or None


def _field(response: object, name: str) -> object:
    get = getattr(response, "get", None)
    try:
        return get(name) if get else None
    except ValueError:  # slack_sdk raises it for a body that is not JSON
        return None
