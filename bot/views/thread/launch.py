"""The replies on the way up: created, in doubt, slow, running, failed."""

from __future__ import annotations

from datetime import timedelta

from bot import wording
from bot.slack.ids import Action
from bot.views import blocks as b
from bot.views import buttons, states
from bot.views.attempts import attempt_lines, refusals
from bot.views.blocks import Message
from bot.views.card import lease, place, price, what
from bot.views.endpoints import endpoint_lines
from bot.views.failures import cost_of_failure, failure_lines, looked_for
from bot.views.text import call, date, esc
from bot.views.thread.shape import told
from core.domain.attempt import FailureKind
from core.domain.durations import duration_words
from core.domain.events import (
    AnswerLost,
    InstanceCreated,
    InstanceFailed,
    InstanceRunning,
    InstanceSlow,
    LaunchInterrupted,
    StartQuestioned,
)
from core.domain.instance import Instance
from core.domain.order import Verb
from core.domain.request import HOOK_VARIABLE
from core.domain.validation import unlisted_words


def created(instance: Instance, event: InstanceCreated) -> Message:
    how = "It was found at Novita under its name, after the answer had been lost.\n" if event.found else ""
    ready = instance.estimated_ready_at
    soon = f" It should be running {date(ready)}." if ready and instance.running_at is None else ""
    unmet = f"{esc(unlisted_words(instance.intent.unlisted_region), 200)}\n" if instance.intent.unlisted_region else ""
    made = f"{what(instance)} in *{place(instance)}*, {price(instance)}. Billing begins with the image pull.{soon}"
    detail = f"{how}{unmet}{made}"
    tried = attempt_lines(instance.launch.attempts) if refusals(instance.launch.attempts) else ""
    return told(instance, "✅", "is created", detail, f"Tried:\n{tried}" if tried else "")


def answer_lost(instance: Instance, event: AnswerLost) -> Message:
    return _in_doubt(instance, f"Novita's answer from {esc(event.attempt.region, 60)} was lost")


def interrupted(instance: Instance, _: LaunchInterrupted) -> Message:
    return _in_doubt(instance, "the bot was interrupted while it waited for Novita")


def slow(instance: Instance, event: InstanceSlow) -> Message:
    known = states.state(instance.replace(remote=instance.remote.replace(status=event.novita_status)))
    detail = (
        f"It is {known}. A large image takes long to pull, and the pull is billed: "
        f"{price(instance)}. If it should not go on, delete it."
    )
    row = buttons.row(instance, event.at, Action.DELETE)
    waited = duration_words(timedelta(minutes=event.minutes))
    return told(instance, "🐢", f"is still not running after {waited}", detail, buttons=row)


def questioned(instance: Instance, event: StartQuestioned) -> Message:
    """Its owner decides; without an answer it ends, and nothing that exists is lost by that."""
    done, verb = wording.VERB_DONE[event.verb], event.verb
    lost = "It has never run, so no data is lost by that." if verb is Verb.DELETE else "Its data is kept."
    detail = (
        f"{call(instance.owner.user)}It began to come up {date(event.since)}, and that may be billed: "
        f"{price(instance)}. *It is {done} at {date(event.ends_at)} unless you let it go on.* {lost}"
    )
    labels = {Action.EXTEND_1H: "Wait 1 h more", Action.EXTEND_4H: "Wait 4 h more"}
    row = buttons.row(instance, event.at, Action.EXTEND_1H, Action.EXTEND_4H, Action.DELETE, labels=labels)
    return told(instance, "⏰", "still does not come up", detail, buttons=row)


def running(instance: Instance, event: InstanceRunning) -> Message:
    ends = f" Lease: {lease(instance)}." if instance.request.lease else ""
    detail = f"{call(instance.owner.user)}{what(instance)} in {place(instance)}, {price(instance)}.{ends}"
    login = "Connect shows its owner the SSH command and password; a program may take a while to answer."
    row = buttons.row(instance, event.at, Action.CONNECT)
    report = f'Programs on it can write here: `curl "${HOOK_VARIABLE}" -d "…"`.' if instance.hook.digest else ""
    return told(instance, "🟢", "is running", detail, endpoint_lines(event.endpoints), login, report, buttons=row)


def failed(instance: Instance, event: InstanceFailed) -> Message:
    state = "was not created" if instance.remote.id is None else "failed"
    detail = f"{call(instance.owner.user)}{failure_lines(event.failure)}"
    tried = attempt_lines(instance.launch.attempts) if instance.remote.id is None else ""
    row = buttons.row(instance, event.at, *buttons.AGAIN, Action.DELETE)
    if event.failure.kind is FailureKind.MONEY:
        top_up = b.button(Action.OPEN_LINK, "Top up at Novita", url=wording.BILLING_URL, style="primary")
        row = [b.actions(top_up, *(element for block in row for element in block["elements"]))]
    parts = (detail, f"Tried:\n{tried}" if tried else "", cost_of_failure(instance))
    return told(instance, "🔴", state, *parts, buttons=row)


def _in_doubt(instance: Instance, why: str) -> Message:
    return told(instance, "❔", f"may or may not have been made: {why}", looked_for(instance))
