"""The make-believe workspace: its people, channels, messages, views, and all that happened in it."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from bot.sandbox.slack.changes import Changes
from bot.sandbox.slack.constants import (
    APP_ID,
    BOT_ID,
    BOT_NAME,
    BOT_USER,
    GUEST_TEAM_ID,
    SLACKBOT,
    TEAM_ID,
    TRIGGER_LIFE,
)
from bot.sandbox.slack.reading import text_of
from bot.sandbox.slack.tickets import ResponseUrls, Triggers
from bot.sandbox.slack.views import Views
from bot.slack.manifest import SCOPES

Json = dict[str, Any]


@dataclass(frozen=True)
class Member:
    """A user of the workspace; `team` is another one's id for a guest (PLATFORM.md, Rights)."""

    id: str
    name: str
    real_name: str
    team: str = TEAM_ID
    is_admin: bool = False
    is_bot: bool = False


@dataclass
class Channel:
    """A conversation: a channel, or with `person` set that person's direct messages with the bot."""

    id: str
    name: str
    members: set[str] = field(default_factory=set)
    is_private: bool = False
    is_archived: bool = False
    person: str | None = None


@dataclass(frozen=True)
class Edit:
    """What a message said before an edit."""

    text: str
    blocks: list[Json]
    at: float


@dataclass
class Message:
    """A message; `visible_to` names the only person who sees it when it is ephemeral."""

    channel: str
    ts: str
    author: str
    text: str
    blocks: list[Json]
    thread_ts: str | None = None
    metadata: Json | None = None
    visible_to: str | None = None
    edits: list[Edit] = field(default_factory=list)
    deleted: bool = False

    @property
    def is_root(self) -> bool:
        return self.thread_ts is None or self.thread_ts == self.ts

    @property
    def shown(self) -> str:
        """What a person reads: the blocks' text, or `text` when there are no blocks."""
        return text_of(self.blocks) or self.text

    def as_json(self) -> Json:
        """The message as Slack sends it in payloads and answers."""
        shape: Json = {"type": "message", "user": self.author, "ts": self.ts, "text": self.text, "team": TEAM_ID}
        if self.author == BOT_USER:
            shape |= {"bot_id": BOT_ID, "app_id": APP_ID}
        if self.blocks:
            shape["blocks"] = copy.deepcopy(self.blocks)
        if self.thread_ts:
            shape["thread_ts"] = self.thread_ts
        if self.metadata:
            shape["metadata"] = self.metadata
        if self.edits:
            shape["edited"] = {"user": self.author, "ts": f"{self.edits[-1].at:.6f}"}
        return shape


@dataclass(frozen=True)
class SlackCall:
    """One call of the Web API, or of a response_url.

    `at` is time.monotonic(); status 0: no answer was given.
    """

    method: str
    args: Json
    at: float
    status: int
    error: str | None

    @property
    def ok(self) -> bool:
        return self.status == 200 and self.error is None


def _people() -> list[Member]:
    return [
        Member("U0ADA00001", "ada", "Ada Lovelace"),
        Member("U0BO000001", "bo", "Bo Bergman"),
        Member("U0CY000001", "cy", "Cy Turing", is_admin=True),
        Member("U0GUEST001", "guest", "Gus Visitor", team=GUEST_TEAM_ID),
        Member(BOT_USER, BOT_NAME, "gpu-bot", is_bot=True),
        Member(SLACKBOT, "slackbot", "Slackbot", is_bot=True),
    ]


def _channels() -> list[Channel]:
    ada, bo, cy, guest = "U0ADA00001", "U0BO000001", "U0CY000001", "U0GUEST001"
    return [
        Channel("C0GPU00001", "gpu", {ada, bo, cy, guest, BOT_USER}),
        Channel("C0GENERAL1", "general", {ada, bo, cy}),
        Channel("C0PRIVATE1", "private", {ada, cy}, is_private=True),
        Channel("C0ARCHIVE1", "archived", {ada, BOT_USER}, is_archived=True),
    ]


class Workspace:
    """All state of the make-believe Slack.

    `clock` gives Unix seconds and is what trigger_ids and limits live by.
    """

    def __init__(self, clock: Callable[[], float] = time.time, *, trigger_life: float = TRIGGER_LIFE) -> None:
        self.clock = clock
        self.changes = Changes()
        self.members = {member.id: member for member in _people()}
        self.channels = {channel.id: channel for channel in _channels()}
        self.messages: dict[str, dict[str, Message]] = {}
        self.triggers = Triggers(clock, trigger_life)
        self.response_urls = ResponseUrls(clock)
        self.views = Views(clock, self.changes)
        self.calls: list[SlackCall] = []
        self.problems: list[str] = []
        self.zone = ZoneInfo("Etc/UTC")
        """Where its people are; `gpu-bot sandbox` puts them where this machine is."""
        self.scopes = set(SCOPES)
        """What the bot was granted when it was installed: what its manifest asks for."""
        self.organisation: tuple[str, ...] = ()
        """The workspaces of the organisation that the app is installed for as a whole; (): for this workspace alone."""
        self._last_ts = 0

    def member(self, name: str) -> Member:
        """Whom a name or id means. Raises LookupError."""
        for member in self.members.values():
            if name.lstrip("@") in (member.id, member.name):
                return member
        raise LookupError(f"nobody here is called {name!r}")

    def channel(self, name: str) -> Channel:
        """The channel with a name (with or without #) or id. Raises LookupError."""
        for channel in self.channels.values():
            if name.lstrip("#") in (channel.id, channel.name):
                return channel
        raise LookupError(f"there is no channel {name!r}")

    def direct_messages(self, person: str) -> Channel:
        """The direct messages between a person and the bot, opened when they are first needed."""
        channel_id = f"D{person[1:]}"
        if channel_id not in self.channels:
            self.channels[channel_id] = Channel(channel_id, "directmessage", {person, BOT_USER}, person=person)
        return self.channels[channel_id]

    def new_ts(self) -> str:
        """A message time stamp: unique and growing, as Slack's are."""
        self._last_ts = max(int(self.clock() * 1_000_000), self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def post(self, message: Message) -> Message:
        self.messages.setdefault(message.channel, {})[message.ts] = message
        self.changes.happened("message_posted", message)
        return message

    def edit(self, message: Message, text: str, blocks: list[Json]) -> None:
        message.edits.append(Edit(message.text, message.blocks, self.clock()))
        message.text, message.blocks = text, blocks
        self.changes.happened("message_updated", message)

    def delete(self, message: Message) -> None:
        message.deleted = True
        self.changes.happened("message_deleted", message)

    def find(self, channel: str, ts: str) -> Message | None:
        """A message that has not been deleted."""
        message = self.messages.get(channel, {}).get(ts)
        return None if message is None or message.deleted else message

    def in_channel(self, channel: str) -> Iterator[Message]:
        """The channel's messages in the order they were posted, ephemeral ones and replies included."""
        return (message for message in self.messages.get(channel, {}).values() if not message.deleted)

    def record(self, call: SlackCall) -> None:
        self.calls.append(call)
        self.changes.happened("call_answered", call)

    def complain(self, problem: str) -> None:
        """Records something that Slack, or a person in front of it, would not accept from the bot."""
        self.problems.append(problem)
        self.changes.happened("problem_found", problem)
