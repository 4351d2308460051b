"""The terms in the create modal: how it is paid, how long it runs, and what happens then."""

from __future__ import annotations

from dataclasses import replace

from bot import wording
from bot.views import blocks as b
from bot.views.modal import options
from bot.views.modal.fields.field import FormField, Input, Scene
from bot.views.modal.form import Form
from bot.views.text import Block
from core.domain.base import BillingMode
from core.domain.durations import duration_words
from core.domain.market import Market
from core.domain.request import Field, LeaseEnd
from core.domain.validation import Limits, allowed_lease


def _draw_billing(form: Form, scene: Scene) -> Block:
    element = b.radio(list(options.BILLINGS.values()), options.BILLINGS[form.billing_mode or BillingMode.SPOT])
    block_id = f"{Field.BILLING_MODE.value}:{scene.context.switches}"
    return b.input_(Field.BILLING_MODE, "Billing", element, block_id=block_id)


def _read_billing(form: Form, given: Input) -> Form:
    return replace(form, billing_mode=next((mode for mode in BillingMode if mode.value == given.picked), None))


def _draw_lease(form: Form, scene: Scene) -> Block:
    limits = scene.limits
    choices = options.leases(limits.max_lease, limits.default_lease, form.lease, endless=limits.allow_no_end)
    return b.input_(
        Field.LEASE,
        "Lease",
        b.static_select(choices.options, options.chosen_lease(choices, form.lease, no_end=form.no_end)),
        block_id=choices.block_id,
        hint=f"How long it may run, counted from running. Reminders come {wording.REMINDED} before, with Extend."
        + (f" At most {duration_words(limits.max_lease)}." if limits.max_lease else ""),
    )


def _read_lease(form: Form, given: Input) -> Form:
    lease = options.read_lease(given.picked or "")
    length = lease.length if lease else None
    return replace(form, lease=length, no_end=lease is not None and length is None)


def _fit_lease(form: Form, market: Market, limits: Limits) -> tuple[Form, str]:
    length, instead = allowed_lease(form.lease, limits, no_end=form.no_end)
    return replace(form, lease=length, no_end=length is None), instead


def _draw_lease_end(form: Form, scene: Scene) -> Block:
    element = b.radio(list(options.LEASE_ENDS.values()), options.LEASE_ENDS[form.lease_end or LeaseEnd.STOP])
    return b.input_(Field.LEASE_END, "When the lease is over", element)


def _read_lease_end(form: Form, given: Input) -> Form:
    return replace(form, lease_end=next((end for end in LeaseEnd if end.value == given.picked), None))


BILLING = FormField(Field.BILLING_MODE, _draw_billing, _read_billing, is_priced=True)
LEASE = FormField(Field.LEASE, _draw_lease, _read_lease, _fit_lease, is_priced=True)
LEASE_END = FormField(Field.LEASE_END, _draw_lease_end, _read_lease_end)
