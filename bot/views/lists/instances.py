"""`/gpu list`: who has what, what it costs an hour, how long it still runs, what it has cost; in pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from bot import wording
from bot.slack.ids import COMMAND, Action
from bot.views import blocks as b
from bot.views import buttons, states
from bot.views.blocks import Message
from bot.views.failures import was_never_made
from bot.views.paging import page as page_of
from bot.views.paging import turns
from bot.views.text import Block, code, date, esc, mention
from core.domain import costs, leases
from core.domain.durations import duration_words
from core.domain.instance import Instance, Status
from core.domain.transitions import shows_strange_state

PAGE_SIZE = 15
"""Rows on a page: with the longest names they stay within what Slack takes (about 13,000 characters)."""


def instance_list(instances: Sequence[Instance], *, scope: str, page: int, now: datetime, query: str = "") -> Message:
    """One page of them. `scope` is "mine" or "all"; with "all" they stand under their owners, who costs most first.

    `query` is what was said to find them, for the buttons that turn pages.
    """
    if not instances:
        return _nothing(scope, is_filtered=bool(query))
    ordered = _by_owner(instances)
    shown = page_of(ordered, page, PAGE_SIZE)
    rows: list[Block] = []
    for owner, theirs in groupby(ordered[shown.part], key=lambda instance: instance.owner.user):
        rows += [_heading(owner, instances)] if scope == "all" else []
        rows += [_row(instance, now) for instance in theirs]
    title = _title(scope, is_filtered=bool(query))
    place = f"page {shown.number + 1} of {shown.count}" if shown.count > 1 else ""
    text = sums(instances, now)
    tail = [b.divider(), b.section(f"*Together:* {text}"), *turns(shown, Action.LIST_PAGE, f"{query or scope} ")]
    return Message(f"{title}: {text}", [b.header(" · ".join(filter(None, (title, place)))), *rows, *tail])


def sums(instances: Sequence[Instance], now: datetime) -> str:
    """`12 instances, 8 running, $4.32/h now, ≈ $123.40 so far`."""
    running = sum(i.status is Status.RUNNING and not shows_strange_state(i) for i in instances)
    spent = sum((costs.so_far(instance, now) for instance in instances), Decimal(0))
    disks = sum((costs.disk_per_day(i) for i in instances if i.status is Status.STOPPED), Decimal(0))
    parts = [_count(len(instances)), f"{running} running", f"{wording.money(costs.per_hour(instances))}/h now"]
    parts += [f"{wording.money(disks)} a day for disks of stopped ones"] if disks else []
    return ", ".join([*parts, f"{wording.roughly(spent)} so far"])


def line(instance: Instance, now: datetime) -> str:
    """Name, state, machine, place, price, time left and cost so far of one instance, as mrkdwn."""
    request = instance.request
    emoji, state = states.emoji(instance), states.state(instance)
    where = (
        f" in {esc(instance.launch.offer.region.name, 20)}"
        if instance.launch.offer and not was_never_made(instance)
        else ""
    )
    if instance.unreadable is not None:
        return f"{emoji} *{esc(request.name, 40)}* is {state}\n{_unread(instance)}"
    facts = [f"{request.gpu_num} × {esc(request.product_name, 22)}{where}", _price(instance), *_time(instance, now)]
    if instance.faults.present:
        facts.append("⚠️ Novita reports a fault")
    if instance.billed:
        facts.append(f"{wording.roughly(costs.so_far(instance, now))} so far")
    return f"{emoji} *{esc(request.name, 40)}* {state}\n{' · '.join(facts)}"


def _unread(instance: Instance) -> str:
    """What can be said all the same: until when it runs."""
    ends_at = leases.end_as_read(instance)
    until = f" · it is stopped {date(ends_at)}" if ends_at is not None else " · until when it may run is not known"
    return f"`{instance.id}`: nothing can be changed until the bot is updated{until}"


def _row(instance: Instance, now: datetime) -> Block:
    return b.section(line(instance, now), accessory=buttons.button(instance, Action.STATUS))


def _price(instance: Instance) -> str:
    billing = wording.BILLING_WORDS[instance.request.billing_mode]
    usd, idle = instance.hourly_price, " when it runs" if instance.status is Status.STOPPED else ""
    return f"{wording.money(usd)}/h {billing}{idle}" if usd is not None else billing


def _time(instance: Instance, now: datetime) -> list[str]:
    """What is coming: the order under way, Novita taking it back, the lease's end, the end of the data."""
    if instance.order is not None:
        return [f"to be {wording.VERB_DONE[instance.order.verb]}"]
    if instance.status is Status.STOPPED:
        return [f"data kept until {date(instance.standstill.data_until)}"] if instance.standstill.data_until else []
    if instance.status is not Status.RUNNING:
        return []
    taken = ["⚠️ Novita takes it back"] if instance.spot.noticed else []
    return [*taken, f"{duration_words(instance.lease.ends_at - now)} left" if instance.lease.ends_at else "no end"]


def _by_owner(instances: Iterable[Instance]) -> list[Instance]:
    """Those who cost most an hour first; of each, what runs first, then the newest."""
    groups: dict[str, list[Instance]] = defaultdict(list)
    for instance in instances:
        groups[instance.owner.user].append(instance)
    owners = sorted(groups, key=lambda owner: (-costs.per_hour(groups[owner]), owner))
    return [instance for owner in owners for instance in sorted(groups[owner], key=_rank)]


def _rank(instance: Instance) -> tuple[bool, bool, float]:
    return not costs.is_billed(instance), instance.has_ended, -instance.created_at.timestamp()


def _heading(owner: str, instances: Iterable[Instance]) -> Block:
    theirs = [instance for instance in instances if instance.owner.user == owner]
    return b.context(f"{mention(owner)} · {_count(len(theirs))} · {wording.money(costs.per_hour(theirs))}/h now")


def _count(number: int) -> str:
    return "1 instance" if number == 1 else f"{number} instances"


def nothing_fits(word: str) -> Message:
    """A word of the search is nobody's name, no instance's, and no state."""
    said = f"{code(word, 60)} is no owner's name, no part of an instance's name or GPU, and no state such as `running`."
    text = (
        f"{said} `{COMMAND} list` shows yours, `{COMMAND} list all` everybody's, `{COMMAND} list @name` a colleague's."
    )
    return Message(text, [b.section(text)])


def _title(scope: str, *, is_filtered: bool) -> str:
    if is_filtered:
        return "GPUs that fit" if scope == "all" else "Your GPUs that fit"
    return "Everybody's GPUs" if scope == "all" else "Your GPUs"


def _nothing(scope: str, *, is_filtered: bool) -> Message:
    if is_filtered:
        whose = "No GPU instance fits" if scope == "all" else "None of your GPU instances fits"
        text = f"{whose} that right now. `{COMMAND} list all` shows everybody's."
        return Message(text, [b.section(text)])
    whose = "Nobody has" if scope == "all" else "You have"
    hint = "" if scope == "all" else f" `{COMMAND} list all` shows everybody's."
    text = f"{whose} no GPU instance right now. `{COMMAND} create` makes one.{hint}"
    return Message(text, [b.section(text), b.actions(buttons.create_button())])
