"""The replies about an instance that people live with: orders, its lease, its end, and what Novita does by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot import wording
from bot.slack.ids import Action
from bot.views import blocks as b
from bot.views import buttons, causes, states
from bot.views.blocks import Message
from bot.views.card import kept_data, price
from bot.views.failures import CONSOLE_LINK, fault_lines, quoting, what_to_do
from bot.views.text import call, countdown, date, esc
from bot.views.thread.shape import told
from core.domain import costs
from core.domain.durations import duration_words
from core.domain.events import (
    DiskReminder,
    InstanceBack,
    InstanceDeleted,
    InstanceFault,
    InstanceStopped,
    LeaseExtended,
    LeaseReminder,
    NotTended,
    OrderFailed,
    OrderGiven,
    OrderStuck,
    SpotNotice,
    WebhookGivenUp,
)
from core.domain.instance import Instance, StopReason
from core.domain.order import Verb
from core.domain.request import LeaseEnd

_WHY_STOPPED: dict[StopReason, str] = {
    StopReason.RECLAIMED: "Novita has taken its GPU back{announced}: spot is cheaper because that may happen.",
    StopReason.PROBABLY_RECLAIMED: (
        "Nobody asked this bot to stop it. As it is spot, Novita has probably taken its GPU back; it may also have "
        "been stopped in Novita's console, or its main program has ended."
    ),
}
_STOPPED_ELSEWHERE = (
    "Nobody asked this bot to stop it: it was stopped in Novita's console, or its main program has ended."
)


def order_given(instance: Instance, event: OrderGiven) -> Message:
    """One line, so that the thread tells later who it was."""
    done = wording.VERB_DONE[event.verb]
    called = call(instance.owner.user).strip()
    if event.actor is None:
        return told(instance, "⏰", f"is being {done}: {causes.wants(event.cause, None)}", called)
    others = "" if causes.is_owner(instance, event.actor) else called
    return told(instance, "⏳", f"is being {done}, as {causes.asks(event.actor, instance)}", others)


def order_failed(instance: Instance, event: OrderFailed, admins: Sequence[str]) -> Message:
    """Whom it calls: who asked and the owner; the admins too when what the lease, or a repeated wish, ends goes on."""
    what, then = wording.explain_order(event.verb, event.why)
    called = _calls(_to_call(instance, event, admins))
    state = f"could not be {wording.VERB_DONE[event.verb]}" + ("" if event.is_final else " yet")
    first = f"{called}{quoting(what, event.why)}"
    row = buttons.row(instance, event.at, *_after_failure(event))
    return told(instance, "🔴", state, first, _what_next(instance, event, then), buttons=row)


def order_stuck(instance: Instance, event: OrderStuck, admins: Sequence[str]) -> Message:
    """It calls who asked, the owner and the admins: money runs on."""
    called = _calls([*([event.actor.user] if event.actor else []), instance.owner.user, *admins])
    why = (
        f"Last trouble: “{esc(event.why, 200)}”."
        if event.why
        else "Novita says yes to it each time, and nothing happens."
    )
    runs_on = f" It goes on running and is billed: {price(instance)}." if costs.is_billed(instance) else ""
    first = f"{called}That was asked {date(event.since)}, and sent {event.tries} times.{runs_on}"
    then = f"The bot goes on trying until it is done. If it cannot wait, do it in the {CONSOLE_LINK}."
    return told(instance, "🔴", f"is still not {wording.VERB_DONE[event.verb]}", first, f"{why} {then}")


def not_tended(instance: Instance, event: NotTended) -> Message:
    """Of the bot's own defect: what that means for the owner, and where it can be helped."""
    first = (
        f"{call(instance.owner.user)}The bot's work on it breaks again and again, so its lease may not end by itself, "
        "and what is shown of it may be old. The admins have been told."
    )
    then = f"When it is not needed any more, see in the {CONSOLE_LINK} that it is stopped or deleted."
    return told(instance, "🔴", "cannot be looked after", first, then)


def back(instance: Instance, event: InstanceBack) -> Message:
    done = f" It is still to be {wording.VERB_DONE[event.verb]}, and the bot goes on with that." if event.verb else ""
    lease = f" Its lease ends {date(event.lease_ends_at)}, as before." if event.lease_ends_at else ""
    first = (
        f"{call(instance.owner.user)}Novita had not shown it for a while, and shows it again: it is not deleted, and "
        f"may have been billed all the time.{done}{lease}"
    )
    return told(instance, "⚠️", "is there after all", first)


def stopped(instance: Instance, event: InstanceStopped) -> Message:
    offered: tuple[Action, ...] = (Action.START,)
    if event.actor is not None:
        why = f"As {causes.asks(event.actor, instance)}."
    elif event.cause is not None:
        why = f"{call(instance.owner.user)}{causes.sentence(event.cause)}"
    else:
        # Novita may take it back and say so only then.
        announced = "" if instance.standstill.reason and not instance.spot.noticed else ", as it had announced"
        said = _WHY_STOPPED.get(event.reason, _STOPPED_ELSEWHERE).format(announced=announced)
        why = f"{call(instance.owner.user)}{said}"
        offered = (*offered, *(buttons.AGAIN if event.reason in states.TAKEN_BACK else ()))
    row = buttons.row(instance, event.at, *offered)
    state = "was taken back by Novita" if event.reason is StopReason.RECLAIMED else "is stopped"
    return told(instance, "⏸️", state, why, f"{kept_data(instance)}{_cost(instance, event)}", buttons=row)


def fault(instance: Instance, event: InstanceFault) -> Message:
    """Told once for each fault; nothing is done about it by itself."""
    called = call(instance.owner.user)
    row = buttons.row(instance, event.at, Action.CONNECT, *buttons.VERBS)
    if event.fault is None:
        known = states.state(instance.replace(remote=instance.remote.replace(status=event.novita_status)))
        detail = "Until that is over Novita takes no order but to delete it. Its lease and what it costs go on."
        return told(instance, "❔", f"is {known}", f"{called}{detail}", buttons=row)
    detail = (
        f"{called}{fault_lines(event.fault)}\nIt is {states.state(instance)}. If it does not pass by itself, save what "
        f"you need, and restart it or start the same elsewhere; more is in the {CONSOLE_LINK}."
    )
    return told(instance, "⚠️", "has a fault that Novita reports", detail, buttons=row)


def deleted(instance: Instance, event: InstanceDeleted) -> Message:
    gone = f"Nothing is left of it at Novita, and nothing is billed.{_cost(instance, event)}"
    if event.asked:
        return told(instance, "⚪", "is deleted", f"{_why_deleted(instance, event)} {gone}")
    why = f"{call(instance.owner.user)}Somebody deleted it outside this bot, probably in Novita's console."
    row = buttons.row(instance, event.at, Action.AGAIN)
    return told(instance, "⚪", "is deleted", why, gone, buttons=row)


def spot_notice(instance: Instance, event: SpotNotice) -> Message:
    when = f" {countdown(event.reclaim_at)}" if event.reclaim_at else " soon; it does not say when"
    advice = (
        "Save what you need from it before that: programs on it end then, and a start may find no free GPU. "
        "You can start the same elsewhere now, on spot or on demand; this one is billed until it ends."
    )
    row = buttons.row(instance, event.at, Action.AGAIN_ON_DEMAND, Action.AGAIN, Action.CONNECT)
    detail = f"{call(instance.owner.user)}{advice}"
    return told(instance, "⚠️", f"will be taken back by Novita{when}", detail, buttons=row)


def lease_reminder(instance: Instance, event: LeaseReminder) -> Message:
    left = duration_words(event.ends_at - event.at)
    lost = {
        LeaseEnd.STOP: f"Then it is stopped: programs on it end, Novita keeps its data {wording.DATA_KEPT}.",
        LeaseEnd.DELETE: "Then it is *deleted with all its data*, as was chosen when it was created.",
    }[event.end]
    detail = f"{call(instance.owner.user)}Its lease ends {date(event.ends_at)}. {lost}"
    row = buttons.row(instance, event.at, *buttons.EXTENSIONS, Action.STOP, labels={Action.STOP: "Stop now"})
    return told(instance, "⏰", f"has {left} left", detail, buttons=row)


def lease_extended(instance: Instance, event: LeaseExtended) -> Message:
    does = "may take to come up" if instance.startup.ends_at is not None else "runs"
    until = f"{does} until {date(event.ends_at)} now" if event.ends_at else "has no end now"
    if event.is_shortened:
        until += ", which is earlier than before"
    what = "Shortened" if event.is_shortened else "Extended"
    is_owner = causes.is_owner(instance, event.actor)
    by = f"{what} by its owner." if is_owner else f"{call(instance.owner.user)}{causes.did(event.actor)}"
    return told(instance, "⏱️", until, by)


def disk_reminder(instance: Instance, event: DiskReminder) -> Message:
    weeks = "a week" if event.weeks == 1 else f"{event.weeks} weeks"
    is_past = event.data_until is not None and event.data_until <= event.at
    gone = " That time has passed, so the data may be gone." if is_past else ""
    advice = "Start it or save what you need before that, and delete it when nobody needs it."
    detail = f"{call(instance.owner.user)}{kept_data(instance)}{gone} {advice}"
    row = buttons.row(instance, event.at, Action.START, Action.DELETE)
    return told(instance, "💾", f"has been stopped for {weeks}", detail, buttons=row)


def webhook_given_up(instance: Instance, event: WebhookGivenUp) -> Message:
    sentence = f"{call(instance.owner.user)}Its webhook is told nothing more: {esc(event.why, 200)}."
    return Message(sentence, [b.section(sentence)])


def _cost(instance: Instance, event: InstanceStopped | InstanceDeleted) -> str:
    """Compute and disk as the bot saw it; nothing when it never came to that."""
    return f" It has cost {wording.about(costs.so_far(instance, event.at))}." if instance.billed else ""


def _why_deleted(instance: Instance, event: InstanceDeleted) -> str:
    """Of one that was deleted by an order."""
    if event.actor is not None:
        return f"As {causes.asks(event.actor, instance)}."
    return f"{call(instance.owner.user)}{causes.deleted_by_itself(event.cause)}" if event.cause else ""


def _to_call(instance: Instance, event: OrderFailed, admins: Sequence[str]) -> Iterable[str]:
    asked = [event.actor.user] if event.actor else []
    money_runs = event.verb.is_ending and (not event.cause.is_asked or event.tries > 1)
    return [*asked, instance.owner.user, *(admins if money_runs else ())]


def _calls(users: Iterable[str]) -> str:
    return "".join(call(user) for user in list(dict.fromkeys(users))[:20])


def _after_failure(event: OrderFailed) -> Sequence[Action]:
    if not event.is_final:
        return ()
    return (*buttons.VERBS, Action.AGAIN) if event.verb is Verb.START else tuple(buttons.VERBS)


def _what_next(instance: Instance, event: OrderFailed, then: str) -> str:
    if event.is_final:
        return f"It is not tried again by itself. {what_to_do(then)}"
    tried = "once" if event.tries == 1 else f"{event.tries} times"
    runs_on = f" Until then it may go on running and be billed: {price(instance)}." if costs.is_billed(instance) else ""
    by_hand = f" If it cannot wait, do it in the {CONSOLE_LINK}."
    return f"The bot has tried {tried} and goes on until it is done.{runs_on}{by_hand}"
