"""What is said of a channel that the bot cannot write in."""

from __future__ import annotations

_NO_STORY: dict[str, str] = {
    "not_in_channel": "the bot is not in it. Invite it there with `/invite`",
    "channel_not_found": "the bot cannot see it: it is private or gone. Invite it there with `/invite`",
    "is_archived": "it is archived. Choose another channel next time",
    "restricted_action": "posting there is restricted. Ask its owners, or choose another channel next time",
}


def why_no_story(word: str) -> str:
    """What stands in the way and what to do, by Slack's word for it; empty where that is not known."""
    return next((said for known, said in _NO_STORY.items() if word.startswith(known)), "")


def silent_channel(obstacle: str) -> str:
    """Before a create, as plain text: that its story cannot be told there, and what to do. Slack's word for why."""
    known = why_no_story(obstacle) or f"Slack says {obstacle}"
    invited = known.replace("`/invite`", "/invite @gpu-bot")
    return f"Its story cannot be told in this channel: {invited}{'' if 'hoose' in known else ', or choose another'}."
