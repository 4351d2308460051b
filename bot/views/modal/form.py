"""What the create modal holds so far, and what it remembers beside that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import Field as Bounded
from pydantic import ValidationError

from core.domain.base import Value
from core.domain.clip import clip
from core.domain.request import Draft, InstanceRequest, draft_as, request_of

NOTE_LIMIT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Form(Draft):
    """What is chosen and typed. `webhook_url` is as typed; `envs` holds secrets: it is read, never drawn."""

    template_name: str | None = None
    """What the template's option says, to draw it again."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """A field's name -> why what was typed into it is nothing that a draft can hold."""


class ModalContext(Value):
    """What an open modal remembers in private_metadata. It comes back from outside: never an authority."""

    channel: str = Bounded(default="", max_length=100)
    """Where the command was typed."""
    advanced: bool = False
    """Whether the webhook and the variables are shown."""
    switches: int = Bounded(default=0, ge=0, le=10_000)
    """How often the bot moved the billing choice: a choice can only be moved under a new block_id."""
    note: str = Bounded(default="", max_length=NOTE_LIMIT)
    """The line on top."""
    named: str = Bounded(default="", max_length=100)
    """The name that the bot proposed. Left as it is, it follows the template."""
    named_after: str = Bounded(default="", max_length=100)
    """The id of the template that the proposed name is made after; empty for none."""

    def dump(self) -> str:
        """For private_metadata: below its 3000 characters."""
        return self.model_dump_json()

    def noting(self, note: str) -> ModalContext:
        return self.model_copy(update={"note": clip(note, NOTE_LIMIT)})

    def proposing(self, form: Form) -> ModalContext:
        """For a form whose name the bot has made."""
        return self.model_copy(update={"named": (form.name or "")[:100], "named_after": (form.template_id or "")[:100]})

    def follows(self, form: Form) -> bool:
        """Whether the name was left as proposed, and another template was chosen since."""
        return bool(self.named) and form.name == self.named and form.template_id not in (None, self.named_after)

    def toggled(self) -> ModalContext:
        return self.model_copy(update={"advanced": not self.advanced})

    def switched(self) -> ModalContext:
        """For a form whose billing the person moved with the button instead of the choice itself."""
        return self.model_copy(update={"switches": self.switches + 1})


def form_of(draft: Draft, template_name: str | None = None) -> Form:
    """The form that asks for what the draft does."""
    return draft_as(Form, draft, template_name=template_name)


def rankable(draft: Draft) -> InstanceRequest | None:
    """The draft as a request good enough to rank offers for the price line; None while no product is chosen."""
    if not draft.product_name:
        return None
    try:
        return request_of(draft, name="draft", template_id="", envs={})
    except ValidationError:
        return None


def read_context(view: object) -> ModalContext:
    """The modal's memory; an empty one when what came back is not ours."""
    text = view.get("private_metadata") if isinstance(view, Mapping) else None
    try:
        return ModalContext.model_validate_json(text if isinstance(text, str | bytes) else "{}")
    except ValidationError:
        return ModalContext()
