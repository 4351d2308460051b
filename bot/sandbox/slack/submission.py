"""Reads the bot's answer to a Submit and does with the view what it says, or notes why it cannot
(PLATFORM.md, Modals).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.sandbox.slack.block_kit import problems_in_view
from bot.sandbox.slack.delivery import Ack
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.views import View
from bot.sandbox.slack.workspace import Workspace

Json = dict[str, Any]
TROUBLE = "We had some trouble connecting. Try again?"


class Outcome(StrEnum):
    REFUSED = "refused"
    """Slack's client found an empty or malformed field: the bot was not asked."""
    ERRORS = "errors"
    UPDATED = "updated"
    PUSHED = "pushed"
    CLOSED = "closed"
    CLEARED = "cleared"
    """The whole stack of views was closed."""
    FAILED = "failed"
    """The bot's answer was late or no good: the person sees Slack's own line of trouble."""


@dataclass(frozen=True)
class Submission:
    """What came of a Submit.

    `errors` are by action_id of the field they stand under; `ack` is None when nothing was sent.
    """

    outcome: Outcome
    errors: dict[str, str] = field(default_factory=dict)
    ack: Ack | None = None

    @property
    def closed(self) -> bool:
        return self.outcome in (Outcome.CLOSED, Outcome.CLEARED)

    @property
    def updated(self) -> bool:
        return self.outcome is Outcome.UPDATED


class _Unacceptable(Exception):
    """The bot's answer breaks one of Slack's rules."""


def apply_answer(workspace: Workspace, view: View, ack: Ack) -> Submission:
    """Applies the answer to the view.

    A bad one is added to the workspace's problems and leaves the view open.
    """
    try:
        return _apply(workspace, view, ack)
    except (_Unacceptable, SlackError) as error:
        workspace.complain(f"view_submission of {view.callback_id!r}: {error}")
        workspace.views.show_errors(view, {}, TROUBLE)
        return Submission(Outcome.FAILED, ack=ack)


def _apply(workspace: Workspace, view: View, ack: Ack) -> Submission:
    if not ack.ok:
        raise _Unacceptable(ack.failure)
    if not ack.body:
        workspace.views.close(view)
        return Submission(Outcome.CLOSED, ack=ack)
    answer = _read(ack)
    action = answer.get("response_action")
    if action == "errors":
        return _show_errors(workspace, view, answer.get("errors"), ack)
    if action == "clear":
        workspace.views.close(view, whole_stack=True)
        return Submission(Outcome.CLEARED, ack=ack)
    if action not in ("update", "push"):
        raise _Unacceptable(f"unknown response_action {action!r}")
    definition = _checked_modal(answer.get("view"))
    if action == "push":
        workspace.views.push(view, definition)
        return Submission(Outcome.PUSHED, ack=ack)
    workspace.views.update(view, definition)
    return Submission(Outcome.UPDATED, ack=ack)


def _read(ack: Ack) -> Json:
    """Any text that is not a JSON object breaks the submission."""
    try:
        answer = ack.json() if ack.is_json else None
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise _Unacceptable("the body is neither empty nor a JSON object")
    return answer


def _show_errors(workspace: Workspace, view: View, errors: Any, ack: Ack) -> Submission:
    inputs = {block["block_id"]: block["element"]["action_id"] for block in view.blocks if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors:
        raise _Unacceptable("errors must be a non-empty object")
    if strangers := errors.keys() - inputs.keys():
        raise _Unacceptable(f"errors for what is not an input block: {sorted(strangers)}")
    if not all(isinstance(text, str) and text for text in errors.values()):
        raise _Unacceptable("each error must be a non-empty string")
    workspace.views.show_errors(view, errors)
    return Submission(Outcome.ERRORS, {inputs[block_id]: text for block_id, text in errors.items()}, ack)


def _checked_modal(definition: Any) -> Json:
    problems = problems_in_view(definition)
    if problems or definition["type"] != "modal":
        raise _Unacceptable("; ".join(problems) or "only a modal may answer a submission")
    checked: Json = definition
    return checked
