"""A view in front of a person: they read it, fill it in, press its buttons, submit or close it, as in Slack's
client.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.sandbox.slack import payloads
from bot.sandbox.slack.block_kit import problems_in_suggestions
from bot.sandbox.slack.block_kit.texts import offered_options
from bot.sandbox.slack.delivery import Ack, Delivery, Kind, deliver
from bot.sandbox.slack.filling import chosen, complaint, written
from bot.sandbox.slack.forms import SLOTS, elements_in
from bot.sandbox.slack.reading import text_of
from bot.sandbox.slack.submission import Outcome, Submission, apply_answer
from bot.sandbox.slack.views import View
from bot.sandbox.slack.workspace import Member, Workspace

Json = dict[str, Any]
DEFAULT_QUERY_LENGTH = 3
"""external_select asks from this many characters on unless min_query_length says otherwise (PLATFORM.md, Block Kit)."""


@dataclass(frozen=True)
class FormField:
    """One field as a person sees it.

    `value` is the typed text, the chosen option's text, an id, or a list of these.
    """

    action_id: str
    block_id: str
    type: str
    label: str
    hint: str
    value: Any
    options: list[str]
    optional: bool
    error: str


class Screen:
    """A modal or home tab of one person. It follows the view: after an update it shows the new content."""

    def __init__(self, workspace: Workspace, delivery: Delivery, member: Member, view: View) -> None:
        self.view = view
        self._workspace = workspace
        self._delivery = delivery
        self._member = member
        self._suggested: dict[str, list[Json]] = {}

    @property
    def callback_id(self) -> str:
        return self.view.callback_id

    @property
    def is_open(self) -> bool:
        return self.view.is_open

    def text(self) -> str:
        """Everything written on it, and the errors under its fields."""
        lines = [text_of(self.view.blocks), *self.view.errors.values(), self.view.notice]
        return "\n".join(line for line in lines if line)

    def fields(self) -> dict[str, FormField]:
        """Everything that can be filled in, by action_id."""
        return {field.action_id: field for field in self._fields()}

    def _fields(self) -> Iterator[FormField]:
        for block, element in elements_in(self.view.blocks):
            if element["type"] in SLOTS:
                yield FormField(
                    action_id=element["action_id"],
                    block_id=block["block_id"],
                    type=element["type"],
                    label=block["label"]["text"] if "label" in block else "",
                    hint=block["hint"]["text"] if "hint" in block else "",
                    value=_readable(self._state_of(block, element)),
                    options=[option["text"]["text"] for option in offered_options(element)],
                    optional=bool(block.get("optional")),
                    error=self.view.errors.get(block["block_id"], ""),
                )

    async def choose(self, action_id: str, wanted: str) -> Ack | None:
        """Chooses an option by value or text, a conversation or person by name. The ack, if the bot was told.

        Raises LookupError when it is not offered. In a menu that searches, the last search's options are
        offered, or else `wanted` is searched for.
        """
        block, element = self._element(action_id)
        options = self._suggested.get(action_id, [])
        if element["type"].endswith("external_select") and not options:
            await self.search(action_id, wanted)
            options = self._suggested.get(action_id, [])
        before = self._state_of(block, element)
        value = chosen(self._workspace, self._member, element, wanted, before, options)
        return await self._enter(block, element, value, tell=True)

    async def fill(self, action_id: str, text: str, *, enter: bool = False) -> Ack | None:
        """Types into a text field, replacing what was there;

        `enter` presses Enter after it. The ack, if the bot was told.
        """
        block, element = self._element(action_id)
        config = element.get("dispatch_action_config", {}).get("trigger_actions_on", ["on_enter_pressed"])
        tell = "on_character_entered" in config or (enter and "on_enter_pressed" in config)
        return await self._enter(block, element, written(element, text), tell=tell)

    async def press(self, action_id: str, value: str | None = None) -> Ack:
        """Presses a button;

        `value` tells apart buttons with the same action_id. Confirm dialogs are accepted.
        """
        _, element = self._element(action_id, value)
        if element["type"] != "button":
            raise TypeError(f"{action_id} is a {element['type']}, not a button")
        return await self._tell(element, {})

    async def search(self, action_id: str, typed: str) -> list[str]:
        """The texts a searching menu offers for what is typed; nothing while it is shorter than
        min_query_length.
        """
        _, element = self._element(action_id)
        if len(typed) < element.get("min_query_length", DEFAULT_QUERY_LENGTH):
            return []
        payload = payloads.suggestion(self._member, self.view, element, typed)
        ack = await self._delivery.post(payload, Kind.INTERACTIVE)
        self._suggested[action_id] = self._read_suggestions(action_id, ack)
        return [option["text"]["text"] for option in self._suggested[action_id]]

    def suggested(self, action_id: str) -> list[Json]:
        """The options that the last search in a menu has found."""
        return self._suggested.get(action_id, [])

    def _read_suggestions(self, action_id: str, ack: Ack) -> list[Json]:
        try:
            answer = ack.json() if ack.ok else None
        except ValueError:
            answer = None
        problems = problems_in_suggestions(answer) if ack.ok else [ack.failure]
        if problems or answer is None:
            self._workspace.complain(f"block_suggestion of {action_id!r}: {'; '.join(problems)}")
            return []
        return offered_options(answer)

    async def _enter(self, block: Json, element: Json, value: Json, *, tell: bool) -> Ack | None:
        self._workspace.views.enter(self.view, block["block_id"], element["action_id"], value)
        dispatched = block["type"] != "input" or block.get("dispatch_action")
        if not (tell and dispatched):
            return None
        return await self._tell(element, {name: item for name, item in value.items() if name != "type"})

    async def _tell(self, element: Json, value: Json) -> Ack:
        payload = payloads.view_action(self._workspace, self._member, self.view, element, value)
        what = f"block_actions of {element['action_id']!r}"
        return await deliver(self._workspace, self._delivery, payload, Kind.INTERACTIVE, what)

    def _element(self, action_id: str, value: str | None = None) -> tuple[Json, Json]:
        if not self.view.is_open:
            raise LookupError(f"the view {self.view.callback_id!r} is closed")
        return find_element(self.view.blocks, action_id, value)

    def _state_of(self, block: Json, element: Json) -> Json:
        return self.view.state[block["block_id"]][element["action_id"]]


class Modal(Screen):
    """An open modal."""

    @property
    def title(self) -> str:
        return str(self.view.definition["title"]["text"])

    async def submit(self) -> Submission:
        """Presses Submit.

        Empty required fields and malformed ones are refused without asking the bot, as Slack does.
        """
        if "submit" not in self.view.definition:
            raise LookupError(f"the view {self.view.callback_id!r} has no submit button")
        refused = self._refused()
        if refused:
            self._workspace.views.show_errors(self.view, dict(refused.values()))
            return Submission(Outcome.REFUSED, {action_id: text for action_id, (_, text) in refused.items()})
        payload = payloads.submission(self._workspace, self._member, self.view)
        return apply_answer(self._workspace, self.view, await self._delivery.post(payload, Kind.INTERACTIVE))

    async def close(self, *, whole_stack: bool = False) -> Ack | None:
        """Presses Cancel, or with `whole_stack` the X. The ack, if the view wanted the bot to be told."""
        view = self.view
        self._workspace.views.close(view, whole_stack=whole_stack)
        if not view.definition.get("notify_on_close"):
            return None
        payload = payloads.closed(self._member, view, is_cleared=whole_stack)
        what = f"view_closed of {view.callback_id!r}"
        return await deliver(self._workspace, self._delivery, payload, Kind.INTERACTIVE, what)

    def _refused(self) -> dict[str, tuple[str, str]]:
        """action_id -> (block_id, sentence) of each field that Slack's client does not send."""
        refused = {}
        for block, element in elements_in(self.view.blocks):
            if block["type"] == "input":
                text = complaint(block, element, self._state_of(block, element))
                if text:
                    refused[element["action_id"]] = (block["block_id"], text)
        return refused


def find_element(blocks: list[Json], action_id: str, value: str | None = None) -> tuple[Json, Json]:
    """The element with an action_id (and a value, when given) and its block. Raises LookupError."""
    for block, element in elements_in(blocks):
        if element["action_id"] == action_id and value in (None, element.get("value")):
            return block, element
    present = [element["action_id"] for _, element in elements_in(blocks)]
    raise LookupError(f"there is no {action_id!r} here, only {present}")


def _readable(state: Json) -> Any:
    value = state.get(SLOTS[state["type"]].key)
    if isinstance(value, list):
        return [_option_text(item) for item in value]
    return _option_text(value)


def _option_text(value: Any) -> Any:
    return value["text"]["text"] if isinstance(value, dict) and "text" in value else value
