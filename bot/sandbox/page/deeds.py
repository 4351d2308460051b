"""What a person does at the page: each deed is a small JSON object, done as `Person` and `Modal` do it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bot.sandbox.page.sight import HAS_HOME, channels_seen
from bot.sandbox.slack import Ack, Channel, Message, Modal, Person, SandboxSlack, Screen

Json = dict[str, Any]
LONGEST_TEXT = 12_000


class Seat:
    """A person at the page, with the screen that they have open: it remembers what its last search has found."""

    def __init__(self, slack: SandboxSlack, person: Person) -> None:
        self.slack = slack
        self.person = person
        self._screen: Screen | None = None

    async def screen(self, view_id: str) -> Screen:
        """The modal on top, or the home tab. Raises LookupError when it is not in front of them any more."""
        if self._screen is None or self._screen.view.id != view_id or not self._screen.is_open:
            self._screen = await self._found(view_id)
        return self._screen

    async def modal(self, view_id: str) -> Modal:
        screen = await self.screen(view_id)
        if not isinstance(screen, Modal):
            raise TypeError("only a modal can be submitted or closed")
        return screen

    async def _found(self, view_id: str) -> Screen:
        stack = self.slack.workspace.views.stack(self.person.id)
        if stack and stack[-1].id == view_id:
            return await self.person.modal()
        home = self.person.home()
        if home is None or home.view.id != view_id:
            raise LookupError("this view is closed")
        return home

    def channel(self, channel_id: str) -> Channel:
        """A channel that they see. Raises LookupError."""
        for channel in channels_seen(self.slack, self.person):
            if channel.id == channel_id:
                return channel
        raise LookupError(f"{self.person.name} does not see this channel")

    def message(self, channel_id: str, ts: str) -> Message:
        """A message that they see. Raises LookupError."""
        for message in self.person.messages(self.channel(channel_id).id, everything=True):
            if message.ts == ts:
                return message
        raise LookupError("this message is gone")


class Deed(BaseModel):
    """`do` answers what the page needs to know. Raises LookupError or TypeError for what is not there to do."""

    model_config = ConfigDict(extra="forbid")

    async def do(self, seat: Seat) -> Json:
        raise NotImplementedError


class _InView(Deed):
    view: str


class _AtElement(_InView):
    action_id: str


class Write(Deed):
    """Enter in the composer: a command, or a message of their own."""

    channel: str
    text: str = Field(min_length=1, max_length=LONGEST_TEXT)
    thread: str | None = None

    async def do(self, seat: Seat) -> Json:
        seat.channel(self.channel)
        root = seat.message(self.channel, self.thread) if self.thread else None
        return _told(await seat.person.type(self.text, self.channel, root))


class Click(Deed):
    """A button or menu of a message."""

    channel: str
    ts: str
    action_id: str
    value: str | None = None
    option: str | None = None

    async def do(self, seat: Seat) -> Json:
        message = seat.message(self.channel, self.ts)
        return _told(await seat.person.click(message, self.action_id, value=self.value, option=self.option))


class Fill(_AtElement):
    """Typing into a field; `enter` when it ended with Enter."""

    text: str = Field(max_length=LONGEST_TEXT)
    enter: bool = False

    async def do(self, seat: Seat) -> Json:
        return _told(await (await seat.screen(self.view)).fill(self.action_id, self.text, enter=self.enter))


class Choose(_AtElement):
    """Choosing an option, by its value or, where there is none, by its text."""

    wanted: str

    async def do(self, seat: Seat) -> Json:
        return _told(await (await seat.screen(self.view)).choose(self.action_id, self.wanted))


class Press(_AtElement):
    value: str | None = None

    async def do(self, seat: Seat) -> Json:
        return _told(await (await seat.screen(self.view)).press(self.action_id, self.value))


class Search(_AtElement):
    """Typing into a menu that asks the bot for its options."""

    typed: str = Field(max_length=LONGEST_TEXT)

    async def do(self, seat: Seat) -> Json:
        screen = await seat.screen(self.view)
        await screen.search(self.action_id, self.typed)
        return {"options": screen.suggested(self.action_id)}


class Submit(_InView):
    async def do(self, seat: Seat) -> Json:
        submission = await (await seat.modal(self.view)).submit()
        return {"outcome": submission.outcome.value}


class Close(_InView):
    whole_stack: bool = False

    async def do(self, seat: Seat) -> Json:
        return _told(await (await seat.modal(self.view)).close(whole_stack=self.whole_stack))


class OpenHome(Deed):
    """Looking at the bot's home tab. Slack tells only a bot that has one."""

    async def do(self, seat: Seat) -> Json:
        return _told(await seat.person.open_home()) if HAS_HOME else {}


DEEDS: dict[str, type[Deed]] = {
    "write": Write,
    "click": Click,
    "fill": Fill,
    "choose": Choose,
    "press": Press,
    "search": Search,
    "submit": Submit,
    "close": Close,
    "open_home": OpenHome,
}


def _told(ack: Ack | None) -> Json:
    """What stood in the way of telling the bot, if anything did."""
    return {} if ack is None or ack.ok else {"trouble": ack.failure}
