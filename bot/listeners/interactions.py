"""Who asks, from where, and how they are answered so that nobody else sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from bot.listeners.services import Services
from bot.notifiers.instances import CARD
from bot.slack import errors as slack_errors
from bot.slack.client import response_url
from bot.slack.errors import CALL_FAILED, SlackErrorKind
from bot.views import blocks as b
from bot.views.blocks import Message
from core.domain.base import Actor

log = structlog.get_logger(__name__)

Body = Mapping[str, Any]

_SAID_BY_PEOPLE = (None, "", "file_share", "thread_broadcast", "me_message")
"""Subtypes of messages; every other is something that happened, or that an app said."""
_NOT_NEW = ("bot_id", "bot_profile", "edited", "hidden")

_TRIES = 3
_PAUSE = timedelta(seconds=1)


@dataclass(frozen=True)
class Interaction:
    """One command, click, or word to the bot. What Slack did not send is empty; `trigger_id` lives three seconds."""

    actor: Actor
    channel: str = ""
    response_url: str = ""
    trigger_id: str = ""
    message_ts: str = ""
    """The message whose button was pressed."""
    is_ephemeral: bool = False
    """Whether only this person sees that message, so that the answer may stand in its place."""
    card_of: str = ""
    """The instance that the message is the card of, by what was noted on it when it was posted."""
    view: Mapping[str, Any] | None = None
    """The home tab or modal whose button was pressed."""
    said_in: str = ""
    """Slack's id of the event, for what was said to the bot in a message: it has no address or trigger to answer by."""
    thread: str = ""
    """The root of the thread that it was said in."""
    is_direct: bool = False
    """Whether it was said in the direct messages with the bot, which nobody else sees."""

    @property
    def is_at_home(self) -> bool:
        return self.view is not None and self.view.get("type") == "home"

    @property
    def is_on_card(self) -> bool:
        """Whether it is a click in a message that everybody sees, and that changes with what was asked."""
        return bool(self.message_ts) and not self.is_ephemeral


def from_command(body: Body) -> Interaction:
    return Interaction(
        Actor(user=str(body["user_id"]), team=str(body.get("team_id") or "")),
        channel=str(body.get("channel_id") or ""),
        response_url=str(body.get("response_url") or ""),
        trigger_id=str(body.get("trigger_id") or ""),
    )


def from_payload(body: Body) -> Interaction:
    user, container, view = body["user"], _mapping(body.get("container")), body.get("view")
    return Interaction(
        Actor(user=str(user["id"]), team=str(user.get("team_id") or "")),
        channel=str(_mapping(body.get("channel")).get("id") or container.get("channel_id") or ""),
        response_url=str(body.get("response_url") or ""),
        trigger_id=str(body.get("trigger_id") or ""),
        message_ts=str(container.get("message_ts") or ""),
        is_ephemeral=bool(container.get("is_ephemeral")),
        card_of=_card_of(_mapping(body.get("message"))),
        view=view if isinstance(view, Mapping) else None,
    )


def of_message(body: Body) -> Interaction | None:
    """What a person has just said to the bot; None for what a bot said, what was edited, and what is said to others."""
    event = _mapping(body.get("event"))
    user, channel, is_direct = event.get("user"), event.get("channel"), event.get("channel_type") == "im"
    is_to_the_bot = event.get("type") == "app_mention" or (event.get("type") == "message" and is_direct)
    is_new = event.get("subtype") in _SAID_BY_PEOPLE and not any(event.get(mark) for mark in _NOT_NEW)
    if not (is_to_the_bot and is_new and isinstance(user, str) and isinstance(channel, str) and user and channel):
        return None
    return Interaction(
        Actor(user=user, team=str(event.get("user_team") or event.get("team") or body.get("team_id") or "")),
        channel=channel,
        said_in=str(body.get("event_id") or f"{channel}:{event.get('ts')}"),
        thread=str(event.get("thread_ts") or ""),
        is_direct=is_direct,
    )


class PrivateAnswer:
    """The private answer to one visit: an ephemeral message or, where Slack offers none, a modal."""

    def __init__(self, services: Services, interaction: Interaction) -> None:
        self._services = services
        self._interaction = interaction
        self._view_id = (
            "" if interaction.view is None or interaction.is_at_home else str(interaction.view.get("id") or "")
        )

    async def hold(self, sentence: str) -> None:
        """Before something slow: opens the modal that the answer will stand in, as long as the trigger lives."""
        if not self._interaction.response_url:
            await self.say(b.notice(sentence))

    async def say(self, message: Message, *, instead: bool = False) -> None:
        """Says it to this person alone. `instead`: in place of the ephemeral message whose button was pressed.

        What Slack does not take is logged, without its content: that may be secret.
        """
        for left in range(_TRIES - 1, -1, -1):
            try:
                await self._say(message, instead=instead)
            except CALL_FAILED as error:
                log.warning("not_said", error=slack_errors.error_code(error), tries_left=left)
                if left == 0 or slack_errors.kind_of(error) is not SlackErrorKind.AWAY:
                    return
                await self._services.clock.sleep(slack_errors.retry_after(error) or _PAUSE)
            else:
                return

    async def _say(self, message: Message, *, instead: bool) -> None:
        if self._interaction.response_url:
            await self._post(message, instead=instead)
        elif self._interaction.said_in:
            await self._speak(message)
        elif self._view_id:
            await self._call("views.update", view_id=self._view_id, view=b.answer_view(message))
        else:
            answer = await self._call(
                "views.open", trigger_id=self._interaction.trigger_id, view=b.answer_view(message)
            )
            self._view_id = str(_mapping(_mapping(answer).get("view")).get("id") or "")

    async def _post(self, message: Message, *, instead: bool) -> None:
        """A response_url works without membership, and five times in half an hour (PLATFORM.md, Response addresses)."""
        client = response_url(self._services.client, self._interaction.response_url)
        replace = instead and self._interaction.is_ephemeral
        answer = await client.send(text=message.text, blocks=message.blocks, replace_original=replace)
        if answer.status_code == 400:
            # No defect in drawing may keep back what was to be said.
            log.error("blocks_refused", method="response_url")
            answer = await client.send(text=message.text, replace_original=replace)
        if answer.status_code != 200:
            raise ConnectionError(f"response_url answered {answer.status_code}")

    async def _speak(self, message: Message) -> None:
        """Where the bot was spoken to, seen by this person alone; as a direct message where that cannot be."""
        interaction, content = self._interaction, {"text": message.text, "blocks": message.blocks}
        thread = {"thread_ts": interaction.thread} if interaction.thread else {}
        privately = {"channel": interaction.channel, "user": interaction.actor.user, **thread}
        try:
            await self._call("chat.postEphemeral", **privately, **content)
        except CALL_FAILED as error:
            match slack_errors.kind_of(error):
                case SlackErrorKind.AWAY:
                    raise
                case SlackErrorKind.MALFORMED:
                    log.error("blocks_refused", method="chat.postEphemeral", error=slack_errors.error_code(error))
                    await self._call("chat.postEphemeral", **privately, text=message.text)
                case _:
                    await self._call("chat.postMessage", channel=interaction.actor.user, **content)

    async def _call(self, method: str, **arguments: Any) -> object:
        return (await self._services.client.api_call(method, json=arguments)).data


def _card_of(message: Mapping[str, Any]) -> str:
    metadata = _mapping(message.get("metadata"))
    is_card = metadata.get("event_type") == CARD
    return str(_mapping(metadata.get("event_payload")).get("instance_id") or "") if is_card else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
