"""An instance's buttons: only those that can work now, with a dialog before what ends programs or destroys data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from bot import wording
from bot.slack.ids import Action
from bot.views import blocks as b
from bot.views import states
from bot.views.text import Block
from core.domain import costs, leases
from core.domain.base import BillingMode
from core.domain.durations import duration_words
from core.domain.instance import Instance, Status
from core.domain.order import Verb
from core.domain.recreating import can_recreate
from core.services.gpus import can_connect, can_extend, possible

VERBS: dict[Action, Verb] = {
    Action.START: Verb.START,
    Action.STOP: Verb.STOP,
    Action.RESTART: Verb.RESTART,
    Action.DELETE: Verb.DELETE,
}
EXTENSIONS = (Action.EXTEND_1H, Action.EXTEND_4H, Action.EXTEND_TONIGHT)
AGAIN = (Action.AGAIN, Action.AGAIN_ON_DEMAND)

LABELS: dict[Action, str] = {
    Action.CONNECT: "Connect",
    Action.START: "Start",
    Action.STOP: "Stop",
    Action.RESTART: "Restart",
    Action.DELETE: "Delete",
    Action.STATUS: "Details",
    Action.EXTEND_1H: "Extend 1 h",
    Action.EXTEND_4H: "Extend 4 h",
    Action.EXTEND_TONIGHT: "Extend until tonight",
    Action.AGAIN: "Start the same again",
    Action.AGAIN_ON_DEMAND: "Start it again on demand",
}

EXTENDED_BY: dict[Action, timedelta] = {
    Action.EXTEND_1H: timedelta(hours=1),
    Action.EXTEND_4H: timedelta(hours=4),
}
"""How much further a button moves the end. Where that is known before it is pressed, the button has its price."""

_STYLES = {Action.CONNECT: "primary", Action.START: "primary", Action.DELETE: "danger"}
_MAIN = (Action.CONNECT, *VERBS)

_CARRIED = 1500
"""Characters of a line that a button carries into the form."""


def create_button(line: str = "") -> Block:
    """Opens the form, with what the line says in it: the empty one for a line that no button can carry."""
    if 0 < len(line) <= _CARRIED:
        return b.button(Action.EDIT_CREATE, "Open the form with that", value=line, style="primary")
    return b.button(Action.CREATE, "Create a GPU instance", style="primary")


def my_gpus_button() -> Block:
    """Shows a person's own list, in place of a message that only they see."""
    return b.button(Action.LIST_PAGE, "My GPUs", value="mine 0")


def rows(instance: Instance, now: datetime) -> list[Block]:
    """Everything that can be done with it: the verbs in one line, its lease in the next."""
    return [*row(instance, now, *_MAIN, *_again(instance)), *row(instance, now, *EXTENSIONS)]


def short_row(instance: Instance, now: datetime) -> list[Block]:
    """What is done most often, in one line."""
    return row(instance, now, *_MAIN, Action.EXTEND_4H, *_again(instance))


def row(
    instance: Instance, now: datetime, *wanted: Action, labels: Mapping[Action, str] = MappingProxyType({})
) -> list[Block]:
    """Those of the wanted buttons that can work now, in one block; no block without any. `labels` are other words."""
    drawn = [button(instance, action, labels.get(action, "")) for action in wanted if can_work(instance, action, now)]
    return [b.actions(*drawn)] if drawn else []


def can_work(instance: Instance, action: Action, now: datetime | None = None) -> bool:
    """Whether a click makes sense in the state that the record shows. It is checked again when it comes.

    Without `now`, what hangs on the time of day counts as possible.
    """
    if action in VERBS:
        return VERBS[action] in possible(instance)
    if action is Action.CONNECT:
        return can_connect(instance)
    if action in EXTENSIONS:
        return _can_extend(instance, action, now)
    if action is Action.AGAIN_ON_DEMAND:
        is_spot = instance.request.billing_mode is BillingMode.SPOT
        return is_spot and can_recreate(instance, BillingMode.ON_DEMAND, now)
    return action is not Action.AGAIN or can_recreate(instance, instance.request.billing_mode, now)


def button(instance: Instance, action: Action, label: str = "") -> Block:
    """A button about the instance, whether or not it can work now."""
    dialog = _DIALOGS.get(action)
    style = "" if action is Action.START and instance.status is Status.FAILED else _STYLES.get(action, "")
    price = added_cost(instance, EXTENDED_BY[action]) if action in EXTENDED_BY else ""
    priced = f"{LABELS.get(action, 'Choose')} ({price})" if price else LABELS.get(action, "Choose")
    return b.button(
        action,
        label or priced,
        value=instance.id,
        style=style,
        confirm=dialog(instance) if dialog else None,
    )


def added_cost(instance: Instance, length: timedelta) -> str:
    """What so much more of its lease costs, `$1.44`; empty where it has none that is counted, or no price is known."""
    usd = costs.compute_for(instance, length) if instance.lease.ends_at is not None else None
    return "" if usd is None else wording.money(usd)


def disk_cost(instance: Instance) -> str:
    """`Its disk of 100 GB costs $0.20 a day meanwhile.`"""
    size, per_day = costs.disk_of(instance.request)
    return f"Its disk of {size} GB {f'costs {wording.money(per_day)} a day' if per_day else 'costs nothing'} meanwhile."


def _can_extend(instance: Instance, action: Action, now: datetime | None) -> bool:
    """Until tonight is offered where that may be later: while less than a day is left."""
    ends_at = instance.lease.ends_at or instance.startup.ends_at
    if ends_at is None or not can_extend(instance):
        return False
    return action is not Action.EXTEND_TONIGHT or now is None or ends_at - now < timedelta(days=1)


def _again(instance: Instance) -> tuple[Action, ...]:
    """Offered where this machine is of no more use: ended, failed, or taken back by Novita."""
    is_taken = instance.status is Status.STOPPED and states.stopped_because(instance) in states.TAKEN_BACK
    return AGAIN if instance.has_ended or instance.status is Status.FAILED or is_taken else ()


def _stop_dialog(instance: Instance) -> Block:
    text = (
        "Programs that run on it end, and its GPU is free for others: a start later may find none. Novita keeps the "
        f"data {wording.DATA_KEPT}. The GPU is no longer billed. {disk_cost(instance)}"
    )
    return b.confirmation(_question("Stop", instance), text, "Stop it", danger=True)


def _restart_dialog(instance: Instance) -> Block:
    text = "Programs that run on it end; what is on its disk stays. It is billed as before."
    return b.confirmation(_question("Restart", instance), text, "Restart it")


def _delete_dialog(instance: Instance) -> Block:
    kept = duration_words(leases.DATA_KEPT)
    instead = f" Stop it instead if you need the data again within {kept}." if Verb.STOP in possible(instance) else ""
    text = (
        "Everything on it is destroyed at once, and nobody can bring it back. "
        f"Nothing of it is billed any more.{instead}"
    )
    return b.confirmation(_question("Delete", instance), text, "Delete it", danger=True)


def _start_dialog(instance: Instance) -> Block:
    """Compute is paid again: how much, and for how long."""
    return b.confirmation(
        _question("Start", instance), f"{_start_cost(instance)} A start may find no free GPU.", "Start it"
    )


def _start_cost(instance: Instance) -> str:
    request, price = instance.request, instance.hourly_price
    if price is None:
        return f"It is billed again, {wording.BILLING_WORDS[request.billing_mode]}."
    hour = f"It is billed again: {wording.money(price)}/h, {wording.BILLING_WORDS[request.billing_mode]}"
    total = costs.Quote(price, price, price, costs.disk_per_day(instance), request.lease).total(price)
    if total is None or request.lease is None:
        return f"{hour}, with no end."
    return f"{hour}, {wording.money(total)} for its lease of {duration_words(request.lease)}, which is counted anew."


def _question(verb: str, instance: Instance, end: str = "?") -> str:
    gap = "" if end == "?" else " "
    return f"{verb} {instance.request.name[:70]}{gap}{end}"


_DIALOGS: dict[Action, Callable[[Instance], Block | None]] = {
    Action.START: _start_dialog,
    Action.STOP: _stop_dialog,
    Action.RESTART: _restart_dialog,
    Action.DELETE: _delete_dialog,
}
