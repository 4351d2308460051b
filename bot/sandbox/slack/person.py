"""A person of the make-believe workspace: types commands, clicks, fills in modals, and reads what is there."""

from __future__ import annotations

import re
from typing import Any

from bot.sandbox.patience import PATIENCE_SECONDS
from bot.sandbox.slack import payloads
from bot.sandbox.slack.block_kit import problems_in_message
from bot.sandbox.slack.block_kit.texts import offered_options
from bot.sandbox.slack.constants import BOT_NAME, BOT_USER, SLACKBOT
from bot.sandbox.slack.delivery import Ack, Delivery, Kind, deliver
from bot.sandbox.slack.filling import chosen, pick
from bot.sandbox.slack.responses import response_message
from bot.sandbox.slack.screen import Modal, Screen, find_element
from bot.sandbox.slack.views import View
from bot.sandbox.slack.workspace import Channel, Member, Message, Workspace
from bot.slack.ids import COMMAND

Json = dict[str, Any]
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
DIRECT = "dm"
"""The name under which `channel` arguments mean the person's direct messages with the bot."""


class Person:
    """One member, acting. Everything they do reaches the bot signed, or over its socket."""

    def __init__(self, workspace: Workspace, delivery: Delivery, member: Member) -> None:
        self.member = member
        self._workspace = workspace
        self._delivery = delivery

    @property
    def id(self) -> str:
        return self.member.id

    @property
    def name(self) -> str:
        return self.member.name

    async def command(self, line: str, channel: str = "gpu") -> Ack:
        """Types a slash command such as "/gpu create".

        What the bot answers in the ack appears in the channel.
        """
        place = self._place(channel)
        payload = payloads.command(self._workspace, self.member, place, line)
        ack = await deliver(self._workspace, self._delivery, payload, Kind.COMMAND, payload["command"])
        if ack.ok:
            self._show_reply(place, line, ack)
        else:
            self._show_failure(place, payload["command"], ack)
        return ack

    async def type(self, text: str, channel: str = "gpu", thread: Message | None = None) -> Ack | None:
        """Enter in a composer, as Slack's client takes it: a command, or a message that may call people and the bot.

        The ack, if the bot was told. Raises LookupError where they cannot write.
        """
        place = self._place(channel)
        if place.is_archived:
            raise LookupError("this channel is archived")
        if not text.startswith("/"):
            return await self._tell_if_spoken_to(place, self.say(self._escaped(text), place.id, thread))
        word = text.split()[0]
        if thread is not None:
            # Slack's client sends no command that stands in a thread, whosever it is.
            self._hear_from_slack(place, f"{word} is not supported in threads. Sorry!", thread)
        elif word != COMMAND:
            self._hear_from_slack(place, f"{word} is not a valid command.")
        else:
            return await self.command(self._escaped(text), place.id)
        return None

    async def modal(self, callback_id: str | None = None, timeout: float = PATIENCE_SECONDS) -> Modal:
        """The modal on top of this person's screen (with that callback_id), waited for.

        Raises TimeoutError.
        """

        def on_top() -> View | None:
            stack = self._workspace.views.stack(self.id)
            return stack[-1] if stack and callback_id in (None, stack[-1].callback_id) else None

        view = await self._workspace.changes.wait_until(on_top, timeout)
        assert view is not None  # noqa: S101  wait_until only returns what is truthy
        return Modal(self._workspace, self._delivery, self.member, view)

    async def click(
        self, message: Message, action_id: str, *, value: str | None = None, option: str | None = None
    ) -> Ack:
        """Presses a message's button, or picks `option` in its menu; confirm dialogs are accepted.

        Raises LookupError.
        """
        if message.deleted or message not in self.messages(message.channel, everything=True):
            raise LookupError(f"{self.name} does not see this message")
        _, element = find_element(message.blocks, action_id, value)
        payload = payloads.message_action(self._workspace, self.member, message, element, self._picked(element, option))
        what = f"block_actions of {action_id!r}"
        return await deliver(self._workspace, self._delivery, payload, Kind.INTERACTIVE, what)

    async def open_home(self) -> Ack:
        """Opens the bot's home tab."""
        view = self._workspace.views.home(self.id)
        payload = payloads.home_opened(self._workspace, self.member, view)
        return await deliver(self._workspace, self._delivery, payload, Kind.EVENT, "app_home_opened")

    def home(self) -> Screen | None:
        """The home tab the bot has published for this person."""
        view = self._workspace.views.home(self.id)
        return Screen(self._workspace, self._delivery, self.member, view) if view else None

    def say(self, text: str, channel: str = "gpu", thread: Message | None = None) -> Message:
        """Posts a message of their own, as it is; the bot is not told, whatever it says. `type` tells it."""
        place = self._place(channel)
        thread_ts = thread.ts if thread else None
        ts = self._workspace.new_ts()
        return self._workspace.post(Message(place.id, ts, self.id, text, [], thread_ts=thread_ts))

    def messages(self, channel: str = "gpu", *, everything: bool = False) -> list[Message]:
        """The channel's messages that start threads, oldest first;

        `everything` adds replies and what only they see.
        """
        place = self._place(channel)
        seen = [each for each in self._workspace.in_channel(place.id) if each.visible_to in (None, self.id)]
        return seen if everything else [each for each in seen if each.is_root and not each.visible_to]

    def thread(self, message: Message) -> list[Message]:
        """The replies under a message, oldest first."""
        everything = self.messages(message.channel, everything=True)
        return [each for each in everything if each.thread_ts == message.ts and each.ts != message.ts]

    def dms(self) -> list[Message]:
        """The direct messages with the bot."""
        return self.messages(DIRECT, everything=True)

    def ephemerals(self, channel: str | None = None) -> list[Message]:
        """What only they see, in one channel or in all."""
        places = [self._place(channel).id] if channel else list(self._workspace.messages)
        return [each for place in places for each in self._workspace.in_channel(place) if each.visible_to == self.id]

    def sees(self, channel: str = "gpu") -> str:
        """All text in front of them in a channel, threads and ephemeral messages included."""
        return "\n".join(message.shown for message in self.messages(channel, everything=True))

    def _place(self, name: str) -> Channel:
        """Raises LookupError for a channel that does not exist or that they cannot see."""
        channel = self._workspace.direct_messages(self.id) if name == DIRECT else self._workspace.channel(name)
        if (channel.is_private or channel.person) and self.id not in channel.members:
            raise LookupError(f"{self.name} does not see {name!r}")
        return channel

    def _picked(self, element: Json, option: str | None) -> Json:
        if element["type"] == "button":
            return {}
        if option is None:
            raise TypeError(f"{element['action_id']} is a {element['type']}: say which option")
        if element["type"] == "overflow":
            return {"selected_option": pick(offered_options(element), option)}
        state = chosen(self._workspace, self.member, element, option, {}, [])
        return {name: value for name, value in state.items() if name != "type"}

    def _show_reply(self, place: Channel, line: str, ack: Ack) -> None:
        if not ack.body:
            return
        reply = read_reply(ack)
        problems = ["not a message"] if reply is None else problems_in_message(reply)
        if reply is None or problems:
            self._workspace.complain(f"the answer to {line!r}: {'; '.join(problems)}")
            return
        if reply.get("response_type") == "in_channel":
            self.say(line, place.id)
        self._workspace.post(response_message(self._workspace, self.id, place.id, reply))

    def _show_failure(self, place: Channel, command: str, ack: Ack) -> None:
        word = "dispatch_failed" if ack.status else "operation_timeout"
        self._hear_from_slack(place, f"{command} failed with the error “{word}”")

    def _hear_from_slack(self, place: Channel, text: str, thread: Message | None = None) -> None:
        """Slack's own word to this person alone."""
        ts, text = self._workspace.new_ts(), text.translate(_ENTITIES)
        thread_ts = thread.ts if thread else None
        self._workspace.post(Message(place.id, ts, SLACKBOT, text, [], visible_to=self.id, thread_ts=thread_ts))

    def _escaped(self, text: str) -> str:
        """What is sent of what was typed: people that it names are called."""
        members = {member.name: member.id for member in self._workspace.members.values()}
        named = re.compile(rf"(?<![\w@])@({'|'.join(map(re.escape, members))})(?![\w-])")
        return named.sub(lambda found: f"<@{members[found[1]]}>", text.translate(_ENTITIES))

    async def _tell_if_spoken_to(self, place: Channel, message: Message) -> Ack | None:
        """Slack tells an app what is written to it and, where the app is a member, of its name, if granted that."""
        is_direct = place.person is not None
        if not is_direct and f"<@{BOT_USER}>" not in message.text:
            return None
        if BOT_USER not in place.members:
            self._hear_from_slack(place, f"You mentioned @{BOT_NAME}, but they are not in this channel.")
            return None
        if ("im:history" if is_direct else "app_mentions:read") not in self._workspace.scopes:
            return None
        payload = payloads.said(self._workspace, self.member, message)
        return await deliver(self._workspace, self._delivery, payload, Kind.EVENT, "what was said to the bot")


def read_reply(ack: Ack) -> Json | None:
    """The message in an ack: JSON when it says so, else the text itself; None when the JSON is no object."""
    if not ack.is_json:
        return {"text": ack.body}
    try:
        reply = ack.json()
    except ValueError:
        return None
    return reply if isinstance(reply, dict) else None
