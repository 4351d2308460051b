"""Who the bot is in its workspace, asked of Slack once."""

from __future__ import annotations

from slack_sdk.web.async_client import AsyncWebClient


class Identity:
    """What auth.test says of the bot token. Empty until `learn` has succeeded."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self.bot_user = ""
        self.bot_id = ""
        self.team = ""
        self.enterprise: str | None = None
        self.workspace_url = ""

    async def learn(self) -> None:
        """Asks Slack, unless it is known already. Raises what slack_sdk raises."""
        if self.team:
            return
        answer = await self._client.auth_test()
        self.bot_user = str(answer["user_id"])
        self.bot_id = str(answer.get("bot_id") or "")
        self.enterprise = answer.get("enterprise_id")
        self.workspace_url = str(answer.get("url") or "")
        self.team = str(answer["team_id"])

    def permalink(self, channel: str, ts: str) -> str | None:
        """The address of a message, None while the workspace's address is unknown."""
        if not (self.workspace_url and channel and ts):
            return None
        return f"{self.workspace_url.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}"
