"""What one person is told of an instance: how to reach it or why not, what others ask, why its channel is silent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot import wording
from bot.slack.ids import Action
from bot.views import blocks as b
from bot.views import buttons, states
from bot.views.blocks import Message
from bot.views.causes import asked_for_that
from bot.views.endpoints import endpoint_lines
from bot.views.text import channel_mention, code, date, esc, mention
from bot.wording.channels import why_no_story
from core.domain.durations import duration_words
from core.domain.instance import Instance
from core.domain.novita import Connection
from core.domain.order import Verb

_PREFIX = "instance:"
_LONGEST_ADDRESS = 1200
_MOST_ASKED = 20
_WISHES: dict[str, str] = {
    "connect": "how to connect to",
    "start": "to start",
    "stop": "to stop",
    "restart": "to restart",
    "delete": "to delete",
    "extend": "to extend",
    "again": "to start again what was",
}


def connection(instance: Instance, connection: Connection) -> Message:
    """How to reach it. Its secrets stand in the blocks only, and to the letter, as they are copied from there."""
    name = esc(instance.request.name, 100)
    warning = (
        "🔒 Only you see this. Keep it to yourself: whoever has it is in. It changes with each start, and it is stored "
        "nowhere here; Connect fetches it again."
    )
    ways = [(label, value[:_LONGEST_ADDRESS]) for label, value in _ways(connection) if value]
    blocks = [b.section(f"🔑 *How to reach {name}*"), *([b.exact(ways)] if ways else [])]
    if not connection.ssh_command:
        blocks.append(b.section("Novita gives no SSH command for it (yet): it may take a minute after the start."))
    public = endpoint_lines(connection.endpoints)
    return Message(f"How to reach {name}", [*blocks, *([b.section(public)] if public else []), b.context(warning)])


def refused(instance: Instance, action: Action, why: str, admins: Sequence[str] = ()) -> Message:
    """That it is somebody else's, and a button to ask them; where no person owns it, the admins are asked."""
    verb = action.value.removeprefix(_PREFIX)
    name = esc(instance.request.name, 100)
    text = f"{esc(why, 300)} *{name}* belongs to {mention(instance.owner.user)}."
    label = "Ask the owner" if instance.has_person else "Ask the admins"
    ask = b.button(Action.ASK_OWNER, label, value=f"{verb} {instance.id}")
    offered = [b.actions(ask)] if _wish(verb) and _to_ask(instance, admins) else []
    return Message(text, [b.section(text), *offered])


def asking(instance: Instance, verb: str, by: str, admins: Sequence[str] = ()) -> Message:
    """In the thread: who asks the owner for what, with the button that does it, if it can be done now."""
    asked = _wish(verb) or "about"
    whom = " ".join(mention(user) for user in _to_ask(instance, admins)) or "the admins"
    text = f"🙋 {mention(by)} asks {whom} {asked} *{esc(instance.request.name, 100)}*."
    action = next((one for one in buttons.LABELS if one.value == f"{_PREFIX}{verb}"), None)
    extensions = buttons.EXTENSIONS if verb.startswith("extend") else ()
    wanted = extensions or ((action,) if action else ())
    able = [buttons.button(instance, one) for one in wanted if buttons.can_work(instance, one)]
    return Message(text, [b.section(text), *([b.actions(*able)] if able else [])])


def already(instance: Instance, verb: Verb, now: datetime | None = None) -> Message:
    """Somebody asked for the same before: it is done once, and both hear of it."""
    name, done, order = esc(instance.request.name, 100), wording.VERB_DONE[verb], instance.order
    if order is None or order.verb is not verb:
        state = states.state(instance)
        return _plain(f"*{name}* was asked to be {done} before; it is {state} now.")
    when = f"{duration_words(now - order.at)} ago" if now else date(order.at)
    who = asked_for_that(order.cause, order.actor)
    return _plain(f"{who} {when}: *{name}* is being {done}. Nothing more needs to be done.")


def twice_notice() -> Message:
    """On top of a card that may stand in its channel twice."""
    text = "Slack's answer to the first card was lost, so it may be here twice. This one is kept up to date."
    return Message(text, [b.context(text)])


def private_notice(instance: Instance, why: str, bot_user: str) -> Message:
    """For the owner, when the channel takes no message. `why` is Slack's error, `bot_user` the bot's own user id."""
    channel = channel_mention(instance.request.channel) if instance.request.channel else "its channel"
    known = why_no_story(why) or f"Slack answers {code(why, 60)}"
    invited = known.replace("`/invite`", f"`/invite` {mention(bot_user)}")
    text = (
        f"The story of *{esc(instance.request.name, 100)}* cannot be told in {channel}: {invited}. "
        "The create goes on; you will hear about it here."
    )
    return Message(text, [b.section(text)])


def _ways(connection: Connection) -> list[tuple[str, str]]:
    return [
        ("SSH", connection.ssh_command),
        ("Password", connection.ssh_password.get_secret_value()),
        ("Jupyter", connection.jupyter_url),
        ("Terminal in the browser", connection.web_terminal_url),
        ("Log of the instance", connection.instance_log_url),
        ("Log of the system", connection.system_log_url),
    ]


def _wish(verb: str) -> str:
    """`to stop`, for `stop`; empty for what nobody needs to ask for. `extend:4h` is a wish to extend."""
    return _WISHES.get(verb.partition(":")[0], "")


def _to_ask(instance: Instance, admins: Sequence[str]) -> Sequence[str]:
    """Who can say yes."""
    return (instance.owner.user,) if instance.has_person else admins[:_MOST_ASKED]


def _plain(text: str) -> Message:
    return Message(text, [b.section(text)])
