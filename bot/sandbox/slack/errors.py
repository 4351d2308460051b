"""How a Web API method says no."""

from __future__ import annotations

from collections.abc import Iterable


class SlackError(Exception):
    """Answered as `{"ok": false, "error": code}`;

    `messages` go into response_metadata, as Slack does for bad blocks.
    """

    def __init__(self, code: str, messages: Iterable[str] = ()) -> None:
        super().__init__(code)
        self.code = code
        self.messages = [f"[ERROR] {message}" for message in messages]
