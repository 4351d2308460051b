"""The views people have in front of them: modals in stacks, home tabs, what is typed into them, and the hash
that guards updates (PLATFORM.md, Modals).
"""

from __future__ import annotations

import copy
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.slack.changes import Changes
from bot.sandbox.slack.constants import APP_ID, BOT_ID, TEAM_ID, VIEW_STACK_LIMIT
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.forms import State, carried_over, initial_state, with_ids

Json = dict[str, Any]
_OPTIONAL = ("title", "submit", "close")


@dataclass
class View:
    """One open modal or published home tab of one person. `errors` are shown under fields, by block_id."""

    id: str
    owner: str
    definition: Json
    hash: str
    root: str
    previous: str | None = None
    channel: str | None = None
    """Where the person was when it opened, for default_to_current_conversation."""
    state: State = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    notice: str = ""
    """Slack's own line in the view, such as "We had some trouble connecting"."""
    is_open: bool = True

    @property
    def callback_id(self) -> str:
        return str(self.definition.get("callback_id", ""))

    @property
    def external_id(self) -> str:
        return str(self.definition.get("external_id", ""))

    @property
    def blocks(self) -> list[Json]:
        return list(self.definition["blocks"])

    def as_json(self, *, with_state: bool = True) -> Json:
        """The view as Slack sends it in payloads (with what was typed) and in answers of the Web API
        (without).
        """
        definition = copy.deepcopy(self.definition)
        return {
            "id": self.id,
            "team_id": TEAM_ID,
            "app_id": APP_ID,
            "app_installed_team_id": TEAM_ID,
            "bot_id": BOT_ID,
            **dict.fromkeys(_OPTIONAL),
            "private_metadata": "",
            "callback_id": "",
            "external_id": "",
            "clear_on_close": False,
            "notify_on_close": False,
            **definition,
            "state": {"values": copy.deepcopy(self.state) if with_state else {}},
            "hash": self.hash,
            "root_view_id": self.root,
            "previous_view_id": self.previous,
        }


class Views:
    """Every view: open ones in the order they were opened, the last one on top."""

    def __init__(self, clock: Callable[[], float], changes: Changes) -> None:
        self._clock = clock
        self._changes = changes
        self._open: dict[str, View] = {}
        self._homes: dict[str, View] = {}

    def stack(self, owner: str) -> list[View]:
        """A person's open modals, the one on top last."""
        return [view for view in self._open.values() if view.owner == owner]

    def all_open(self) -> Iterator[View]:
        return iter([*self._open.values(), *self._homes.values()])

    def home(self, owner: str) -> View | None:
        return self._homes.get(owner)

    def find(self, view_id: str | None = None, external_id: str | None = None) -> View:
        """An open view. Raises SlackError not_found, also when the person has closed it."""
        for view in self.all_open():
            if (view_id and view.id == view_id) or (external_id and view.external_id == external_id):
                return view
        raise SlackError("not_found")

    def open(self, owner: str, definition: Json, channel: str | None = None) -> View:
        """Opens a modal as the root of a new stack."""
        return self._add(owner, definition, channel, None)

    def push(self, below: View, definition: Json) -> View:
        """Opens a modal over another one. Raises SlackError push_limit_reached."""
        if sum(view.root == below.root for view in self._open.values()) >= VIEW_STACK_LIMIT:
            raise SlackError("push_limit_reached")
        return self._add(below.owner, definition, below.channel, below)

    def publish(self, owner: str, definition: Json) -> View:
        """Sets a person's home tab. Each publication gets a new hash, the id stays."""
        if owner in self._homes:
            return self.update(self._homes[owner], definition)
        view = self._new(owner, definition, None, None)
        self._homes[owner] = view
        self._changes.happened("home_published", view)
        return view

    def update(self, view: View, definition: Json) -> View:
        self._refuse_taken_external_id(definition, besides=view)
        view.definition = _stored(definition)
        view.state = carried_over(view.state, view.blocks, view.channel)
        view.hash, view.errors, view.notice = self._new_hash(), {}, ""
        self._changes.happened("view_updated", view)
        return view

    def close(self, view: View, *, whole_stack: bool = False) -> None:
        for each in self.stack(view.owner):
            if each is view or (whole_stack and each.root == view.root):
                each.is_open = False
                del self._open[each.id]
                self._changes.happened("view_closed", each)

    def enter(self, view: View, block_id: str, action_id: str, value: Json) -> None:
        """What a person typed or chose."""
        view.state.setdefault(block_id, {})[action_id] = value
        view.errors.pop(block_id, None)
        self._changes.happened("view_typed", view)

    def show_errors(self, view: View, errors: dict[str, str], notice: str = "") -> None:
        view.errors, view.notice = errors, notice
        self._changes.happened("view_refused", view)

    def _add(self, owner: str, definition: Json, channel: str | None, below: View | None) -> View:
        self._refuse_taken_external_id(definition)
        view = self._new(owner, definition, channel, below)
        self._open[view.id] = view
        self._changes.happened("view_opened", view)
        return view

    def _new(self, owner: str, definition: Json, channel: str | None, below: View | None) -> View:
        view_id = f"V{secrets.token_hex(5).upper()}"
        root, previous = (below.root, below.id) if below else (view_id, None)
        view = View(view_id, owner, _stored(definition), self._new_hash(), root, previous, channel)
        view.state = initial_state(view.blocks, channel)
        return view

    def _refuse_taken_external_id(self, definition: Json, besides: View | None = None) -> None:
        wanted = definition.get("external_id")
        if wanted and any(view.external_id == wanted for view in self.all_open() if view is not besides):
            raise SlackError("duplicate_external_id")

    def _new_hash(self) -> str:
        return f"{int(self._clock())}.{secrets.token_urlsafe(6)}"


def _stored(definition: Json) -> Json:
    return {**copy.deepcopy(definition), "blocks": with_ids(definition["blocks"])}
