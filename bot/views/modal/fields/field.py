"""What a field of the create modal is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from bot.views.modal.form import Form, ModalContext
from bot.views.text import Block
from core.domain.market import Market
from core.domain.request import Field
from core.domain.validation import Limits


class Scene(NamedTuple):
    """What a form is drawn beside."""

    market: Market
    limits: Limits
    context: ModalContext


class Input:
    """The state of one input as Slack sends it. None where there is none, or one that is not of its shape."""

    def __init__(self, state: object) -> None:
        self._state = _mapping(state)

    @property
    def typed(self) -> str:
        """Empty where nothing was."""
        return _text(self._state.get("value")) or ""

    @property
    def picked(self) -> str | None:
        """The value of the option."""
        return _text(_mapping(self._state.get("selected_option")).get("value"))

    @property
    def picked_text(self) -> str | None:
        """What the option says."""
        return _text(_mapping(_mapping(self._state.get("selected_option")).get("text")).get("text"))

    @property
    def conversation(self) -> str | None:
        return _text(self._state.get("selected_conversation"))


def unfitted(form: Form, market: Market, limits: Limits) -> tuple[Form, str]:
    """Nothing to fit."""
    return form, ""


@dataclass(frozen=True, slots=True)
class FormField:
    """One input of the create modal; its block_id starts with the field's name, which is its action_id."""

    name: Field
    draw: Callable[[Form, Scene], Block]
    read: Callable[[Form, Input], Form]
    """The form with what the input holds."""
    fit: Callable[[Form, Market, Limits], tuple[Form, str]] = unfitted
    """The form as the input can show it, and the sentence that this is not what was wished for, if it is not."""
    is_priced: bool = False
    """Whether the price line and the other menus follow each choice: Slack reports it at once."""

    def block(self, form: Form, scene: Scene) -> Block:
        return {**self.draw(form, scene), "dispatch_action": self.is_priced}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
