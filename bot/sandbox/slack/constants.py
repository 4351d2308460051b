"""Everything the make-believe Slack has fixed: who lives in it, how long things live, how fast one may call
(PLATFORM.md, Triggers, Response addresses, Rate limits).
"""

from __future__ import annotations

ANSWER_LIMIT = 3.0
"""Seconds Slack waits for an acknowledgement."""
TRIGGER_LIFE = 3.0
RESPONSE_URL_LIFE = 30 * 60.0
RESPONSE_URL_USES = 5
VIEW_STACK_LIMIT = 3
UPDATE_TEXT_LIMIT = 4_000
"""chat.update refuses longer text, chat.postMessage takes ten times as much (PLATFORM.md, Messages)."""

APP_ID = "A0SANDBOX1"
BOT_ID = "B0GPUBOT01"
BOT_USER = "U0GPUBOT01"
BOT_NAME = "gpu-bot"
ENTERPRISE_ID = "E0SANDBOX1"
TEAM_ID, TEAM_NAME, TEAM_DOMAIN = "T0SANDBOX1", "Sandbox", "sandbox"
GUEST_TEAM_ID, GUEST_TEAM_DOMAIN = "T0PARTNER1", "partner"
SLACKBOT = "USLACKBOT"

BOT_TOKEN = "xoxb-sandbox"  # noqa: S105  the make-believe Slack's own, opens nothing else
APP_TOKEN = "xapp-sandbox"  # noqa: S105
SIGNING_SECRET = "5a4db0c5516e1465ec2e700d5e1fb07e"  # noqa: S105

TIER_1, TIER_2, TIER_3, TIER_4, SPECIAL = 1, 20, 50, 100, 600
"""Calls a minute. Slack publishes the four tiers; "special" methods are only said to allow hundreds."""
TIER_BURST = {TIER_1: 5, TIER_2: 20, TIER_3: 50, TIER_4: 100, SPECIAL: 600}
POSTS_PER_SECOND, POSTS_BURST = 1.0, 5
"""chat.postMessage: one a second and channel, short bursts tolerated."""
