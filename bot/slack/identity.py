"""Who the bot is in Slack and whose people it serves: asked of Slack, and remembered for when Slack is away."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Protocol

from pydantic import BaseModel, ValidationError
from slack_sdk.web.async_client import AsyncWebClient


class Memory(Protocol):
    """Where it is remembered (core.adapters.redis.Store)."""

    async def identity(self) -> str: ...
    async def save_identity(self, json: str) -> None: ...


class _Known(BaseModel):
    """What is remembered. `token` is the digest of the bot token that it is true of: another one may be another's."""

    token: str
    bot_user: str
    bot_id: str
    team: str
    teams: frozenset[str]
    enterprise: str | None
    workspace_url: str


class Identity:
    """What auth.test says of the bot token. Empty until `learn` or `recall` has succeeded.

    `teams`: the workspaces whose people are at home here. That is the one of the token or, for an app that is
    installed for a whole organisation, every workspace of it where the app is, and the organisation itself.
    """

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self.bot_user = ""
        self.bot_id = ""
        self.team = ""
        self.teams: frozenset[str] = frozenset()
        self.enterprise: str | None = None
        self.workspace_url = ""
        self.workspace = ""
        """What the workspace is called."""
        self.confirmed = asyncio.Event()
        """Set once Slack itself has said so to this process."""
        self.is_for_organisation = False
        """Whether the app is installed for one: workspaces may join it at any time."""

    @property
    def is_confirmed(self) -> bool:
        return self.confirmed.is_set()

    async def learn(self) -> None:
        """Asks Slack. Raises what slack_sdk raises; what was known before stays known then."""
        answer = await self._client.auth_test()
        team, enterprise = str(answer.get("team_id") or ""), answer.get("enterprise_id")
        if not team:
            return
        is_for_organisation = answer.get("is_enterprise_install") is True
        more = {str(enterprise or team), *[each async for each in self._workspaces()]} if is_for_organisation else set()
        self.bot_user = str(answer.get("user_id") or "")
        self.bot_id = str(answer.get("bot_id") or "")
        self.enterprise = enterprise
        self.workspace_url = str(answer.get("url") or "")
        self.team, self.teams = team, frozenset({team, *more})
        self.workspace = str(answer.get("team") or team)
        self.is_for_organisation = is_for_organisation
        self.confirmed.set()

    async def recall(self, memory: Memory) -> None:
        """Takes what was true of this very token when Slack last answered. Raises StoreUnavailable."""
        try:
            known = _Known.model_validate_json(await memory.identity())
        except ValidationError:
            return
        if known.token == self._token() and known.team in known.teams:
            self.bot_user, self.bot_id, self.team = known.bot_user, known.bot_id, known.team
            self.teams, self.enterprise, self.workspace_url = known.teams, known.enterprise, known.workspace_url

    async def remember(self, memory: Memory) -> None:
        """Keeps what Slack has said for the next start. Raises StoreUnavailable."""
        known = _Known(
            token=self._token(),
            bot_user=self.bot_user,
            bot_id=self.bot_id,
            team=self.team,
            teams=self.teams,
            enterprise=self.enterprise,
            workspace_url=self.workspace_url,
        )
        await memory.save_identity(known.model_dump_json())

    def permalink(self, channel: str, ts: str) -> str | None:
        """The address of a message, None while the workspace's address is unknown."""
        if not (self.workspace_url and channel and ts):
            return None
        return f"{self.workspace_url.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}"

    async def _workspaces(self) -> AsyncIterator[str]:
        """The workspaces of the organisation where the app is."""
        cursor = ""
        while True:
            answer = await self._client.auth_teams_list(cursor=cursor or None)
            for team in answer.get("teams") or []:
                yield str(team["id"])
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return

    def _token(self) -> str:
        return hashlib.sha256((self._client.token or "").encode()).hexdigest()
