"""What a Web API method is: a function from the workspace and the arguments to the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack.workspace import Workspace

Json = dict[str, Any]
Args = dict[str, Any]


@dataclass(frozen=True)
class Method:
    """`run` returns the answer without `ok`, or raises SlackError. `per_minute` is the tier's rate.

    `scope` is what the app must have been granted (PLATFORM.md, Scopes); empty: nothing.
    """

    run: Callable[[Workspace, Args], Json]
    per_minute: int
    required: tuple[str, ...] = ()
    is_paced_by_channel: bool = False
    scope: str = ""
