"""Which button does what."""

from __future__ import annotations

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.ids import Action
from bot.listeners import again, create, extending, home, listing, lookups, orders, reaching, strays
from bot.listeners.clicks import Click, Deed, on
from bot.parts import Parts

_DEEDS: dict[Action, Deed] = {
    Action.CONNECT: reaching.press_connect,
    Action.START: orders.press,
    Action.STOP: orders.press,
    Action.RESTART: orders.press,
    Action.DELETE: orders.press,
    Action.EXTEND_1H: extending.press,
    Action.EXTEND_4H: extending.press,
    Action.EXTEND_TONIGHT: extending.press,
    Action.EXTEND_MOST: extending.press,
    Action.AGAIN: again.press,
    Action.AGAIN_ON_DEMAND: again.press,
    Action.AGAIN_CONFIRM: again.press_confirm,
    Action.AGAIN_EDIT: again.press_edit,
    Action.ASK_OWNER: reaching.press_ask,
    Action.STATUS: lookups.press_status,
    Action.STRAY_ASSIGN: strays.press,
    Action.STRAY_STOP: strays.press,
    Action.STRAY_DELETE: strays.press,
    Action.STRAY_LEAVE: strays.press,
    Action.LIST_PAGE: listing.press_page,
    Action.CONFIRM_CREATE: create.press_confirm,
    Action.EDIT_CREATE: create.press_edit,
}


def register(app: AsyncApp, parts: Parts) -> None:
    async def on_link(ack: AsyncAck) -> None:
        await ack()

    for action, deed in _DEEDS.items():
        on(app, parts, action.value, home.kept_up_to_date(deed))
    on(app, parts, Action.CREATE.value, _open)
    on(app, parts, Action.HELP_ALL.value, lookups.press_help)
    on(app, parts, Action.HOME_PAGE.value, home.press_page)
    app.block_action(Action.OPEN_LINK.value)(on_link)


async def _open(parts: Parts, click: Click) -> None:
    create.open_modal(parts, click.visit)
