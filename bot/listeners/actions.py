"""Which button does what."""

from __future__ import annotations

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.listeners import connect, create, extend, home, lifecycle, listing, lookup, recreate, strays
from bot.listeners.buttons import Click, Handler, register_button
from bot.listeners.services import Services
from bot.slack.ids import Action

_DEEDS: dict[Action, Handler] = {
    Action.CONNECT: connect.press_connect,
    Action.START: lifecycle.press,
    Action.STOP: lifecycle.press,
    Action.RESTART: lifecycle.press,
    Action.DELETE: lifecycle.press,
    Action.EXTEND_1H: extend.press,
    Action.EXTEND_4H: extend.press,
    Action.EXTEND_TONIGHT: extend.press,
    Action.EXTEND_MOST: extend.press,
    Action.AGAIN: recreate.press,
    Action.AGAIN_ON_DEMAND: recreate.press,
    Action.AGAIN_CONFIRM: recreate.press_confirm,
    Action.AGAIN_EDIT: recreate.press_edit,
    Action.ASK_OWNER: connect.press_ask,
    Action.STATUS: lookup.press_status,
    Action.STRAY_ASSIGN: strays.press,
    Action.STRAY_STOP: strays.press,
    Action.STRAY_DELETE: strays.press,
    Action.STRAY_LEAVE: strays.press,
    Action.LIST_PAGE: listing.press_page,
    Action.CONFIRM_CREATE: create.press_confirm,
    Action.EDIT_CREATE: create.press_edit,
}


def register(app: AsyncApp, services: Services) -> None:
    async def on_link(ack: AsyncAck) -> None:
        await ack()

    for action, handler in _DEEDS.items():
        register_button(app, services, action.value, home.kept_up_to_date(handler))
    register_button(app, services, Action.CREATE.value, _open)
    register_button(app, services, Action.HELP_ALL.value, lookup.press_help)
    register_button(app, services, Action.HOME_PAGE.value, home.press_page)
    app.block_action(Action.OPEN_LINK.value)(on_link)


async def _open(services: Services, click: Click) -> None:
    create.open_modal(services, click.interaction)
