"""What a failed call to Slack says of when to try again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack import errors as slack_errors


def _asking(wait: str) -> SlackApiError:
    answer = AsyncSlackResponse(
        client=None,
        http_verb="POST",
        api_url="https://slack.com/api/chat.postMessage",
        req_args={},
        data={"ok": False, "error": "ratelimited"},
        headers={"Retry-After": wait},
        status_code=429,
    )
    return SlackApiError("too fast", answer)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [
        ("7", 7),
        ("9" * 5000, 300),
        ("86400", 300),
        ("301", 300),
        ("300", 300),
        ("299", 299),
        ("٣", None),
        ("²", None),
        ("", None),
        ("-1", None),
    ],
)
def test_a_wait_is_read_whatever_stands_there(wait: str, seconds: int | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert slack_errors.retry_after(_asking(wait)) == expected
