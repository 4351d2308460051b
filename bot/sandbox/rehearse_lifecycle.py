"""A rehearsal: ada lives with two GPUs until nothing of them runs, and all she is told is shown and checked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from rich.text import Text

from bot import wording
from bot.sandbox.children import Trouble
from bot.sandbox.hours import turn_forward
from bot.sandbox.novita import Machine
from bot.sandbox.play import Play, perform
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.slack import Message
from bot.sandbox.slack.forms import elements_in
from bot.sandbox.slack.terminal import message_shown, mrkdwn_text
from bot.sandbox.stage import Stage
from bot.sandbox.verdict import lifecycle_claims
from bot.slack.ids import Action
from core.domain.durations import duration_words
from core.domain.instance import Status
from core.domain.request import HOOK_VARIABLE

FIRST, SECOND = "train-1", "train-2"
ORDERS = {
    FIRST: f"/gpu create 4090 on demand 4h as {FIRST} from comfy-prod",
    SECOND: f"/gpu create 4090 spot 4h as {SECOND} from comfy-prod",
}
REPORT = "epoch 3, loss 0.21"
_BROKEN = wording.STATUS_EMOJI[Status.FAILED]
LATENCY_SECONDS = 0.05
BOOT_SECONDS = 1.5
REMINDER_LEFT, OVER = timedelta(minutes=15), timedelta(seconds=-1)


async def rehearse_lifecycle(sandbox: Sandbox, stage: Stage) -> None:
    """Plays it from beginning to end. Raises Trouble at the first thing that is not as it should be."""
    await perform(_Lifecycle(sandbox, stage))


class _Lifecycle(Play):
    """What was shown of messages is not shown again, and does not count as an answer to what came later."""

    def __init__(self, sandbox: Sandbox, stage: Stage) -> None:
        super().__init__(sandbox, stage)
        self._seen: set[str] = set()

    async def play(self) -> None:
        novita = self._sandbox.novita
        novita.latency, novita.boot_seconds = LATENCY_SECONDS, BOOT_SECONDS
        await self._look_around()
        first = await self._create(FIRST, "She asks for a GPU in one line. The bot says what that costs; she agrees.")
        private = await self._connect(first)
        await self._report(first)
        await self._extend()
        await self._remind_and_stop(first)
        await self._start(first)
        await self._console(first)
        await self._delete(first)
        second = await self._create(SECOND, "The next one is spot: cheaper, and Novita may take it back.")
        third = await self._reclaim(second)
        await self._forget(third)
        self._judge(lifecycle_claims(self._sandbox, cards=[first, second, third], private=private))

    async def _look_around(self) -> None:
        """The bot has just started: both answers wait for what a line is understood by."""
        self._heading("Ada looks at what there is: prices, stock, and the team's templates.")
        await self._type("/gpu offers 4090")
        await self._told("RTX 4090")
        await self._type("/gpu templates comfy")
        await self._told("comfy-prod")

    async def _create(self, name: str, heading: str) -> Message:
        self._heading(heading)
        await self._type(ORDERS[name])
        question = await self._told(f"Create *{name}*")
        before = self._cards()
        await self._press(question, Action.CONFIRM_CREATE)
        card = await self._new_card(before)
        with self._following("message_updated", card):
            await self._card_says(card, "is running")
        await self._replied(card, "is running", is_shown=False)
        return card

    async def _connect(self, card: Message) -> Message:
        self._heading("She connects. How to reach it is fetched at that moment, for her alone.")
        await self._press(card, Action.CONNECT)
        answer = await self._told("How to reach")
        machine = self._machine(card)
        if machine.ssh_password not in answer.shown:
            raise Trouble("The private answer does not have the SSH password of the instance.")
        if self._slack.person("bo").ephemerals() or machine.ssh_password in self._slack.person("bo").sees():
            raise Trouble("Somebody else sees how to reach it.")
        return answer

    async def _report(self, card: Message) -> None:
        self._heading("Her training says how far it is, with one line in its script, and the thread shows it.")
        self._stage.row(f"on {FIRST}", Text(f'curl "${HOOK_VARIABLE}" -d "{REPORT}"', "bold bright_white on grey19"))
        status = await self._sandbox.novita.report(self._machine(card).id, REPORT)
        if status != 200:
            raise Trouble(f"The bot answered the report with {status}.")
        await self._replied(card, REPORT)

    async def _extend(self) -> None:
        self._heading("Four hours will not do: she extends the lease.")
        await self._type(f"/gpu extend {FIRST} 4h")
        await self._told("may run until")

    async def _remind_and_stop(self, card: Message) -> None:
        self._heading("The end comes near, and she is reminded. She is done for today: the reminder's button stops it.")
        await self._replied(card, "Extended by its owner", is_shown=False)
        await self._turn_forward(card, REMINDER_LEFT)
        reminder = await self._replied(card, "min left")
        with self._following("message_updated", card):
            await self._press(reminder, Action.STOP)
            await self._card_says(card, "is stopped")
        await self._replied(card, "is stopped")

    async def _start(self, card: Message) -> None:
        self._heading("The next morning she starts it. Nothing is believed before Novita shows it.")
        with self._following("message_updated", card):
            await self._press(card, Action.START)
            await self._card_says(card, "is running")
        await self._replied(card, "is running")

    async def _console(self, card: Message) -> None:
        self._heading("Somebody stops it in Novita's own console. The card follows, and the thread says why.")
        self._sandbox.novita.stop_instance(self._machine(card).id)
        with self._following("message_updated", card):
            await self._card_says(card, "is stopped")
        await self._replied(card, "in Novita's console")

    async def _delete(self, card: Message) -> None:
        self._heading("She has what she needs, and deletes it.")
        machine, novita = self._machine(card), self._sandbox.novita
        spinner = self._stage.waiting(lambda: f"Novita says {machine.status(novita.clock()) or 'nothing of it'}")
        with spinner, self._following("message_updated", card):
            await self._press(card, Action.DELETE)
            await self._card_says(card, "is deleted")
        await self._replied(card, "is deleted")

    async def _reclaim(self, card: Message) -> Message:
        self._heading("Novita announces that it takes the spot instance back. She hears at once, with ways out.")
        machine, novita = self._machine(card), self._sandbox.novita
        novita.give_spot_notice(machine.id)
        await self._replied(card, "will be taken back by Novita")
        self._heading("It is taken back, and its region is full. She starts the same again, elsewhere.")
        novita.out_of_stock_at_create(machine.cluster.name)
        novita.reclaim(machine.id)
        news = await self._replied(card, "was taken back by Novita")
        before = self._cards()
        await self._press(news, Action.AGAIN)
        question = await self._told("as you ask for it")
        await self._press(question, Action.AGAIN_CONFIRM)
        await self._becomes(question, "is being created: its own card")
        again = await self._new_card(before)
        with self._following("message_updated", again):
            await self._card_says(again, "is running")
        await self._replied(again, "is created")
        await self._replied(again, "is running", is_shown=False)
        return again

    async def _forget(self, card: Message) -> None:
        self._heading("This one she forgets. At the end of its lease it is stopped, and costs no GPU any more.")
        await self._turn_forward(card, OVER)
        with self._following("message_updated", card):
            await self._card_says(card, "is stopped")
        await self._replied(card, "Its lease is over.")

    async def _type(self, line: str) -> None:
        self._stage.row("in #gpu", Text(line, "bold bright_white on grey19"))
        ack = await self._ada.command(line)
        if not ack.ok:
            raise Trouble(f"“{line}” failed: the bot {ack.failure}.")

    async def _press(self, message: Message, action: Action) -> None:
        """Presses a button, once it is there, and shows the dialog that comes before it."""
        button = await self._until(lambda: _button(message, action), f"There is no button for {action.value}")
        self._stage.row("presses", Text(f" {button['text']['text']} ", "bold reverse"))
        if dialog := button.get("confirm"):
            self._stage.row("Slack asks", Text(dialog["title"]["text"], "bold"), Text(dialog["text"]["text"]))
        ack = await self._ada.click(message, action)
        if not ack.ok:
            raise Trouble(f"The button for {action.value} failed: the bot {ack.failure}.")

    async def _told(self, text: str) -> Message:
        """The new private answer that says so, shown."""
        message = await self._until(lambda: self._unseen(self._ada.ephemerals(), text), f"She is not told “{text}”")
        self._show(message)
        return message

    async def _becomes(self, message: Message, text: str) -> None:
        """The answer that takes the place of a question that she was shown, shown."""
        await self._until(lambda: text in message.shown or None, f"The question does not become “{text}”")
        self._show(message)

    async def _replied(self, card: Message, text: str, *, is_shown: bool = True) -> Message:
        """The new reply in a card's thread that says so, shown unless the card has said as much."""
        found = await self._until(
            lambda: self._unseen(self._slack.thread(card), text), f"The thread does not say “{text}”"
        )
        self._seen.add(found.ts)
        if is_shown:
            self._show(found)
        return found

    def _show(self, message: Message) -> None:
        self._seen.add(message.ts)
        self._stage.show(message_shown(message, self._reader))

    def _unseen(self, messages: Iterable[Message], text: str) -> Message | None:
        return next((each for each in messages if each.ts not in self._seen and text in each.shown), None)

    async def _card_says(self, card: Message, text: str) -> None:
        """Waits for that, and no longer when all is over."""
        await self._until(lambda: text in card.shown or _BROKEN in card.shown or None, f"The card is not “{text}”")
        if text not in card.shown:
            raise Trouble(f"The card was to say “{text}”, and says: {card.text}")

    def _cards(self) -> list[Message]:
        return self._ada.messages("gpu")

    async def _new_card(self, before: list[Message]) -> Message:
        return await self._until(lambda: next(iter(self._cards()[len(before) :]), None), "No new card stands in #gpu")

    def _machine(self, card: Message) -> Machine:
        """The instance at Novita that a card is about: its name ends with the record's token, which the card has."""
        machines = self._sandbox.novita.instances.values()
        return next(each for each in machines if each.name.rpartition("-")[2] in str(card.metadata))

    async def _turn_forward(self, card: Message, left: timedelta) -> None:
        by = await turn_forward(self._sandbox.redis_url, self._machine(card).id, left)
        told = f"The clock is turned forward by {duration_words(by)}, on the record of this instance alone."
        self._stage.row("time passes", mrkdwn_text(f"_{told}_", self._reader))


def _button(message: Message, action: Action) -> dict[str, Any] | None:
    found = (element for _, element in elements_in(message.blocks) if element["action_id"] == action)
    return next(found, None)
