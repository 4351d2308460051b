"""The App Home: a person's instances with their buttons, what they have spent, and for admins everybody's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from bot import wording
from bot.slack.ids import COMMAND, Action
from bot.views import blocks as b
from bot.views import buttons
from bot.views.lists.instances import line, sums
from bot.views.paging import page as page_of
from bot.views.paging import turns
from bot.views.text import Block, mention
from core.domain.instance import Instance

PAGE_SIZE = 30
"""Three blocks each, within a view's hundred."""


def home(
    mine: Sequence[Instance],
    others: Sequence[Instance],
    *,
    now: datetime,
    is_admin: bool,
    spent_this_month: Decimal,
    page: int,
) -> Block:
    """The view. `others` are shown to admins only; both lists share one run of pages."""
    everybodys = list(others) if is_admin else []
    shown = page_of([*mine, *everybodys], page, PAGE_SIZE)
    begin, end = shown.part.start, shown.part.stop
    blocks = [*_top(mine, now, spent_this_month), *_rows(mine[begin:end], now)]
    if everybodys:
        blocks += [b.header("Everybody else's GPUs"), b.context(sums(everybodys, now))]
        theirs = everybodys[max(0, begin - len(mine)) : max(0, end - len(mine))]
        blocks += _rows(theirs, now, with_owner=True)
    return b.home_view([*blocks, *turns(shown, Action.HOME_PAGE)])


def _top(mine: Sequence[Instance], now: datetime, spent: Decimal) -> list[Block]:
    month = f"You have spent {wording.about(spent, '*')} on GPUs this month."
    blocks = [b.header("Your GPUs"), b.section(month, accessory=buttons.create_button())]
    if not mine:
        return [
            *blocks,
            b.section(
                f"You have no GPU instance right now. The button, or `{COMMAND} create`, makes one.",
                accessory=b.button(Action.HELP_ALL, "What can be typed"),
            ),
        ]
    return [*blocks, b.context(sums(mine, now))]


def _rows(instances: Sequence[Instance], now: datetime, *, with_owner: bool = False) -> list[Block]:
    rows: list[Block] = []
    for instance in instances:
        owner = f" · {mention(instance.owner.user)}" if with_owner else ""
        rows += [b.divider(), b.section(line(instance, now) + owner), *buttons.short_row(instance, now)]
    return rows
