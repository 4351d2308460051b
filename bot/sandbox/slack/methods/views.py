"""views.*: modals and home tabs (PLATFORM.md, Triggers, Modals, Home tab)."""

from __future__ import annotations

from typing import Any

from bot.sandbox.slack.block_kit import problems_in_view
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.views import View
from bot.sandbox.slack.workspace import Workspace

Json = dict[str, Any]


def open_view(workspace: Workspace, args: Json) -> Json:
    """Raises SlackError for a bad view, then for a bad trigger_id: Slack reads the arguments before it uses
    the trigger.
    """
    definition = checked_view(args["view"], "modal")
    trigger = workspace.triggers.exchange(args["trigger_id"])
    return _answer(workspace.views.open(trigger.user, definition, trigger.channel))


def push_view(workspace: Workspace, args: Json) -> Json:
    """Raises SlackError not_found when the trigger was not pressed in an open modal, push_limit_reached for a
    fourth view.
    """
    definition = checked_view(args["view"], "modal")
    trigger = workspace.triggers.exchange(args["trigger_id"])
    return _answer(workspace.views.push(workspace.views.find(trigger.view), definition))


def update_view(workspace: Workspace, args: Json) -> Json:
    """Raises SlackError not_found for a view that is closed, hash_conflict for one that has changed since."""
    if not args.get("view_id") and not args.get("external_id"):
        raise SlackError("invalid_arguments", ["missing required field: view_id"])
    view = workspace.views.find(args.get("view_id"), args.get("external_id"))
    definition = checked_view(args["view"], view.definition["type"])
    _refuse_stale(view, args.get("hash"))
    return _answer(workspace.views.update(view, definition))


def publish_view(workspace: Workspace, args: Json) -> Json:
    """Raises SlackError user_not_found, hash_conflict."""
    definition = checked_view(args["view"], "home")
    member = workspace.members.get(args["user_id"])
    if member is None or member.is_bot:
        raise SlackError("user_not_found")
    published = workspace.views.home(member.id)
    if published is not None:
        _refuse_stale(published, args.get("hash"))
    return _answer(workspace.views.publish(member.id, definition))


def checked_view(view: Any, kind: str) -> Json:
    """The view, once nothing is wrong with it. Raises SlackError invalid_arguments or view_too_large."""
    problems = problems_in_view(view)
    if problems:
        code = "view_too_large" if problems[0].startswith("view_too_large") else "invalid_arguments"
        raise SlackError(code, problems)
    if view["type"] != kind:
        raise SlackError("invalid_arguments", [f"must be a {kind} view [json-pointer:/view/type]"])
    checked: Json = view
    return checked


def _refuse_stale(view: View, known_hash: str | None) -> None:
    if known_hash and known_hash != view.hash:
        raise SlackError("hash_conflict")


def _answer(view: View) -> Json:
    return {"view": view.as_json(with_state=False)}
