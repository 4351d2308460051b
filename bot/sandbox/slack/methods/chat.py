"""chat.*: posting, editing and deleting messages (PLATFORM.md, Messages)."""

from __future__ import annotations

from typing import Any

from bot.sandbox.slack.block_kit import problems_in_message, problems_in_metadata
from bot.sandbox.slack.constants import BOT_USER, TEAM_DOMAIN, UPDATE_TEXT_LIMIT
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.forms import with_ids
from bot.sandbox.slack.methods.conversations import direct_messages, visible_channel, writable_channel
from bot.sandbox.slack.workspace import Channel, Message, Workspace

Json = dict[str, Any]


def post_message(workspace: Workspace, args: Json) -> Json:
    """`channel` is a channel's id, or a user's id for direct messages. Raises SlackError."""
    refuse_bad_content(args)
    channel = _addressed(workspace, args["channel"])
    message = workspace.post(_message(workspace, channel, args))
    _expect_text(workspace, "chat.postMessage", args)
    return {"channel": channel.id, "ts": message.ts, "message": message.as_json()}


def post_ephemeral(workspace: Workspace, args: Json) -> Json:
    """Raises SlackError user_not_in_channel besides the usual ones; takes no metadata (PLATFORM.md, Metadata)."""
    if args.get("metadata"):
        raise SlackError("invalid_arguments", ["metadata is not allowed on ephemeral messages"])
    refuse_bad_content(args)
    channel = writable_channel(workspace, args["channel"], needs_membership=True)
    if args["user"] not in channel.members:
        raise SlackError("user_not_in_channel")
    message = _message(workspace, channel, args)
    message.visible_to = args["user"]
    workspace.post(message)
    _expect_text(workspace, "chat.postEphemeral", args)
    return {"message_ts": message.ts}


def update_message(workspace: Workspace, args: Json) -> Json:
    """Raises SlackError message_not_found, cant_update_message, msg_too_long besides the usual ones."""
    refuse_bad_content(args)
    if len(args.get("text") or "") > UPDATE_TEXT_LIMIT:
        raise SlackError("msg_too_long")
    message = _own_message(workspace, args, "cant_update_message")
    if args.get("metadata") is not None:
        message.metadata = args["metadata"] or None
    workspace.edit(message, args.get("text") or "", with_ids(args.get("blocks") or []))
    _expect_text(workspace, "chat.update", args)
    return {"channel": message.channel, "ts": message.ts, "text": message.text, "message": message.as_json()}


def delete_message(workspace: Workspace, args: Json) -> Json:
    """Raises SlackError message_not_found, cant_delete_message."""
    message = _own_message(workspace, args, "cant_delete_message")
    workspace.delete(message)
    return {"channel": message.channel, "ts": message.ts}


def get_permalink(workspace: Workspace, args: Json) -> Json:
    """Raises SlackError channel_not_found, message_not_found."""
    channel = visible_channel(workspace, args["channel"])
    message = workspace.find(channel.id, args["message_ts"])
    if message is None or message.visible_to:
        raise SlackError("message_not_found")
    link = f"https://{TEAM_DOMAIN}.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if not message.is_root:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def refuse_bad_content(args: Json) -> None:
    """Raises SlackError for text, blocks or metadata that Slack does not take."""
    blocks = args.get("blocks")
    if blocks is not None and not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    if problems_in_metadata(args.get("metadata")):
        raise SlackError("invalid_metadata_format", problems_in_metadata(args["metadata"]))
    problems = problems_in_message(args)
    if problems:
        raise SlackError(_code_for(problems), problems)


def _code_for(problems: list[str]) -> str:
    first = problems[0]
    if first.startswith(("no_text", "msg_blocks_too_long")):
        return first.partition(":")[0]
    if first.endswith("[json-pointer:/text]"):
        return "msg_too_long"
    return "invalid_blocks" if "/blocks" in first else "invalid_arguments"


def _addressed(workspace: Workspace, channel: str) -> Channel:
    if channel in workspace.members:
        return direct_messages(workspace, channel)
    return writable_channel(workspace, channel)


def _message(workspace: Workspace, channel: Channel, args: Json) -> Message:
    return Message(
        channel=channel.id,
        ts=workspace.new_ts(),
        author=BOT_USER,
        text=args.get("text") or "",
        blocks=with_ids(args.get("blocks") or []),
        thread_ts=_checked_thread(workspace, channel.id, args.get("thread_ts")),
        metadata=args.get("metadata") or None,
    )


def _checked_thread(workspace: Workspace, channel: str, thread_ts: str | None) -> str | None:
    """`thread_ts` names the root of a thread, never a reply.

    Raises SlackError thread_not_found, cannot_reply_to_message.
    """
    if not thread_ts:
        return None
    root = workspace.find(channel, thread_ts)
    if root is None or root.visible_to:
        raise SlackError("thread_not_found")
    if not root.is_root:
        raise SlackError("cannot_reply_to_message")
    return thread_ts


def _own_message(workspace: Workspace, args: Json, refusal: str) -> Message:
    channel = visible_channel(workspace, args["channel"])
    message = workspace.find(channel.id, args["ts"])
    if message is None or message.visible_to:
        raise SlackError("message_not_found")
    if message.author != BOT_USER:
        raise SlackError(refusal)
    if channel.is_archived:
        raise SlackError("is_archived")
    return message


def _expect_text(workspace: Workspace, method: str, args: Json) -> None:
    """Slack takes blocks without text, but notifications and screen readers then have nothing to say
    (PLATFORM.md, Messages).
    """
    if args.get("blocks") and not args.get("text"):
        workspace.complain(f"{method} sent blocks without text")
