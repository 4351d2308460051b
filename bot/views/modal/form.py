"""What the create modal holds so far, and reading it back from what Slack sends (PLATFORM.md, Modals).

Reading never raises: whatever is missing or not of the shape that we drew is simply not there, and the check then asks
for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pydantic import Field as Bounded
from pydantic import ValidationError

from bot.slack import typed
from bot.slack.ids import Field
from bot.views.modal.options import ANY_REGION, read_lease
from core.domain.base import BillingMode, Value
from core.domain.clip import clip
from core.domain.request import DISK_DEFAULT_GB, InstanceRequest, LeaseEnd

_GPU_NUM = re.compile(r"[1-8]")
_DISK = re.compile(r"[0-9]{1,6}")

NOTE_LIMIT = 300

Inputs = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What is chosen and typed. None means nothing (yet); `region` None also means any region.

    `rootfs_size` (GB) and `webhook_url` are as typed. `envs` holds secrets: it is read, never drawn.
    """

    name: str | None = None
    product_name: str | None = None
    template_id: str | None = None
    template_name: str | None = None
    """What the template's option says, to draw it again."""
    region: str | None = None
    gpu_num: int | None = None
    rootfs_size: str | None = None
    billing_mode: BillingMode | None = None
    lease: timedelta | None = None
    no_end: bool = False
    """Whether "No end" was chosen, which is not the same as no choice."""
    lease_end: LeaseEnd | None = None
    channel: str | None = None
    webhook_url: str | None = None
    envs: str | None = field(default=None, repr=False)

    @property
    def disk(self) -> int | None:
        """The disk in GB, or None when what was typed is no whole number."""
        return int(self.rootfs_size) if self.rootfs_size and _DISK.fullmatch(self.rootfs_size) else None


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


def opening_form(
    name: str | None,
    *,
    channel: str | None,
    lease: timedelta | None,
    region: str | None = None,
    product: str | None = None,
) -> Form:
    """What the modal shows at first. `lease` is the default one, None for no end."""
    return Form(
        name=name,
        product_name=product,
        region=region,
        gpu_num=1,
        rootfs_size=str(DISK_DEFAULT_GB),
        billing_mode=BillingMode.SPOT,
        lease=lease,
        no_end=lease is None,
        lease_end=LeaseEnd.STOP,
        channel=channel,
    )


def draft(form: Form) -> InstanceRequest | None:
    """The form as a request good enough to rank offers for its price line; None while no product is chosen."""
    if not form.product_name:
        return None
    try:
        return InstanceRequest(
            name="draft",
            product_name=form.product_name,
            template_id="",
            gpu_num=form.gpu_num or 1,
            rootfs_size=DISK_DEFAULT_GB if form.disk is None else form.disk,
            region=form.region,
            billing_mode=form.billing_mode or BillingMode.SPOT,
            lease=form.lease,
        )
    except ValidationError:
        return None


def read_context(view: object) -> ModalContext:
    """The modal's memory; an empty one when what came back is not ours."""
    text = view.get("private_metadata") if isinstance(view, Mapping) else None
    try:
        return ModalContext.model_validate_json(text if isinstance(text, str | bytes) else "{}")
    except ValidationError:
        return ModalContext()


def read_form(view: object) -> Form:
    """The form in a view as Slack sends it with a submission or a choice."""
    inputs = _inputs(view)
    lease = read_lease(_picked(inputs, Field.LEASE) or "")
    region = _picked(inputs, Field.REGION)
    gpu_num = _picked(inputs, Field.GPU_NUM) or ""
    return Form(
        name=typed.name(_typed(inputs, Field.NAME) or "") or None,
        product_name=_picked(inputs, Field.PRODUCT_NAME),
        template_id=_picked(inputs, Field.TEMPLATE_ID),
        template_name=_picked_text(inputs, Field.TEMPLATE_ID),
        region=None if region == ANY_REGION else region,
        gpu_num=int(gpu_num) if _GPU_NUM.fullmatch(gpu_num) else None,
        rootfs_size=typed.on_one_line(_typed(inputs, Field.ROOTFS_SIZE) or "") or None,
        billing_mode=_billing(_picked(inputs, Field.BILLING_MODE)),
        lease=lease.length if lease else None,
        no_end=lease is not None and lease.length is None,
        lease_end=_lease_end(_picked(inputs, Field.LEASE_END)),
        channel=_text(inputs.get(Field.CHANNEL, {}).get("selected_conversation")),
        webhook_url=typed.visible(_typed(inputs, Field.WEBHOOK_URL) or "").strip() or None,
        envs=_typed(inputs, Field.ENVS),
    )


def _inputs(view: object) -> Inputs:
    """Each field's state by action_id. State of blocks that are no longer in the view does not count."""
    values, blocks = _get(_get(view, "state"), "values"), _get(view, "blocks")
    if not isinstance(values, Mapping) or not isinstance(blocks, list):
        return {}
    kept = (values.get(block_id) for block_id in map(_block_id, blocks))
    states = [state for state in kept if isinstance(state, Mapping)]
    return {action_id: _mapping(found) for state in states for action_id, found in state.items()}


def _block_id(block: object) -> str:
    return _text(_get(block, "block_id")) or ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _get(thing: object, key: str) -> object:
    return thing.get(key) if isinstance(thing, Mapping) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _typed(inputs: Inputs, name: Field) -> str | None:
    return _text(inputs.get(name, {}).get("value"))


def _picked(inputs: Inputs, name: Field) -> str | None:
    return _text(_get(inputs.get(name, {}).get("selected_option"), "value"))


def _picked_text(inputs: Inputs, name: Field) -> str | None:
    return _text(_get(_get(inputs.get(name, {}).get("selected_option"), "text"), "text"))


def _billing(value: str | None) -> BillingMode | None:
    return next((mode for mode in BillingMode if mode.value == value), None)


def _lease_end(value: str | None) -> LeaseEnd | None:
    return next((end for end in LeaseEnd if end.value == value), None)
