"""The Web API methods the make-believe Slack knows, with their rate-limit tiers and required arguments
(PLATFORM.md, Rate limits).
"""

from __future__ import annotations

from bot.sandbox.slack.constants import SPECIAL, TIER_1, TIER_2, TIER_3, TIER_4
from bot.sandbox.slack.methods.chat import delete_message, get_permalink, post_ephemeral, post_message, update_message
from bot.sandbox.slack.methods.conversations import conversation_info, open_conversation
from bot.sandbox.slack.methods.identity import identify, list_teams, user_info
from bot.sandbox.slack.methods.method import Args, Json, Method
from bot.sandbox.slack.methods.views import open_view, publish_view, push_view, update_view

__all__ = ["METHODS", "Args", "Json", "Method"]

METHODS: dict[str, Method] = {
    "auth.test": Method(identify, SPECIAL),
    "auth.teams.list": Method(list_teams, TIER_2),
    "users.info": Method(user_info, TIER_4, ("user",), scope="users:read"),
    "conversations.info": Method(conversation_info, TIER_3, ("channel",), scope="channels:read"),
    "conversations.open": Method(open_conversation, TIER_3, scope="im:write"),
    "chat.postMessage": Method(post_message, SPECIAL, ("channel",), is_paced_by_channel=True, scope="chat:write"),
    "chat.postEphemeral": Method(post_ephemeral, TIER_4, ("channel", "user"), scope="chat:write"),
    "chat.update": Method(update_message, TIER_3, ("channel", "ts"), scope="chat:write"),
    "chat.delete": Method(delete_message, TIER_3, ("channel", "ts"), scope="chat:write"),
    "chat.getPermalink": Method(get_permalink, SPECIAL, ("channel", "message_ts")),
    "views.open": Method(open_view, TIER_4, ("trigger_id", "view")),
    "views.push": Method(push_view, TIER_4, ("trigger_id", "view")),
    "views.update": Method(update_view, TIER_4, ("view",)),
    "views.publish": Method(publish_view, TIER_4, ("user_id", "view")),
}
SOCKET_METHOD, SOCKET_TIER = "apps.connections.open", TIER_1
