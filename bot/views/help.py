"""What `/gpu` and `/gpu help` say: what is typed daily, with the rest behind a button; and what unknown words get."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from bot import wording
from bot.slack.ids import COMMAND, Action
from bot.slack.typed import without_markup
from bot.views import blocks as b
from bot.views.blocks import Message
from bot.views.buttons import create_button, my_gpus_button
from bot.views.text import Block, code, esc
from core.domain.clip import clip
from core.domain.leases import EVENING

COMMANDS: dict[str, str] = {
    "create": "choose a GPU with live prices and create an instance",
    "list": "your instances: state, price, time left, cost so far; `list all` for everybody's",
    "status": "all about one instance, with its buttons",
    "connect": "how to reach it: SSH, Jupyter, addresses and logs, for your eyes only",
    "start": "start it again after a stop",
    "stop": f"give the GPU back and keep the data, {wording.DATA_KEPT}",
    "restart": "end its programs and begin anew",
    "delete": "destroy it with all its data",
    "extend": "let it run longer",
    "lease": "let it run so long from now, be that longer or shorter",
    "offers": "live prices and stock, region by region",
    "templates": "what can be put on an instance",
    "strays": "what runs at Novita and nobody here owns, for admins",
    "doctor": "whether everything that the bot stands on is well, for admins",
    "help": "what is typed most; `help all` shows all of this, `help stop` one of them",
}
"""Each command's word, and what it does."""

_ARGUMENTS: dict[str, str] = {
    "create": "[4090 x2 spot 4h in sgp as train-1 from pytorch]",
    "list": "[all] [@who] [NAME] [running]",
    **dict.fromkeys(("status", "connect", "start", "stop", "restart", "delete"), "NAME"),
    "extend": "NAME 4h",
    "lease": "NAME 2h",
    "offers": "[GPU] [x8]",
    "templates": "[WORDS]",
    "help": "[all]",
}

_DAILY: dict[str, str] = {
    "create 4090 4h": "a new one; `create` alone opens a form with live prices",
    "list": "your GPUs: state, cost so far, time left; `list all` for everybody's",
    "connect NAME": "SSH, Jupyter and addresses, for your eyes only",
    "extend NAME 4h": COMMANDS["extend"],
    "stop NAME": COMMANDS["stop"],
}
"""What people type most, as they would type it."""
_NAME = "NAME is a name, a part of one that fits no other, or an id."
_TITLE = "*GPUs from Slack*"
_EVERYTHING = ("all", "everything", "more", "full")


def welcome() -> Message:
    """Three lines and two buttons, for whoever typed nothing more: how to get a GPU, where those are that one has."""
    text = (
        f"{_TITLE}: `{COMMAND} create` opens a form with live prices, `{COMMAND} create 4090 4h` fills it in.\n"
        f"`{COMMAND} list` shows your GPUs: state, cost, time left, and a button to each.\n"
        f"`{COMMAND} help` says what else there is."
    )
    return Message(_plain(text), [b.section(text), b.actions(create_button(), my_gpus_button())])


def help_message() -> Message:
    """The handful of commands that people type daily, with all of them behind a button."""
    lines = "\n".join(f"• `{COMMAND} {line}`: {meaning}" for line, meaning in _DAILY.items())
    buttons = b.actions(create_button(), my_gpus_button(), _everything_button())
    blocks = [b.section(f"{_TITLE}\n{lines}"), b.context(_NAME), buttons]
    return Message(f"GPUs from Slack: {', '.join(f'{COMMAND} {line}' for line in _DAILY)}", blocks)


def everything() -> Message:
    """All commands, and what to expect of a create."""
    names = (
        f"{_NAME} What stands in [ ] may be left out. "
        f"An end may also be `until 18:00`, `tomorrow 9:00` or `tonight`, which is {EVENING}:00, all where you are."
    )
    expect = (
        "A create is tried in the region you prefer, then in the others until one has room. Its story is told in one "
        f"thread of the channel you choose. Each instance has a lease: its owner is reminded {wording.REMINDED} before "
        "the end, then it is stopped, or deleted if that was chosen. Only its owner and the admins can change it."
    )
    blocks = [
        b.section(f"{_TITLE}\n{_lines(COMMANDS)}"),
        b.context(names),
        b.context(expect),
        b.actions(create_button()),
    ]
    return Message(f"GPUs from Slack: {', '.join(f'{COMMAND} {word}' for word in COMMANDS)}", blocks)


def help_on(said: str) -> Message:
    """What follows the word help: all, a command or a word for one; with any other, what is typed daily."""
    word = said.partition(" ")[0].casefold()
    if word in _EVERYTHING:
        return everything()
    meant = (word,) if word in COMMANDS else _MEANT.get(word, ())
    if not meant:
        return help_message()
    text = _lines(meant)
    notes = [b.context(_NAME)] if any("NAME" in _usage(each) for each in meant) else []
    return Message(_plain(text), [b.section(text), *notes, b.actions(_everything_button())])


_MEANT: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("new", "launch", "make", "rent", "run", "spawn", "up", "add", "gpu", "provision"), ("create",)),
    **dict.fromkeys(("ls", "ps", "mine", "my", "instances", "all", "who"), ("list",)),
    **dict.fromkeys(("ssh", "jupyter", "login", "logs", "log", "password", "attach", "exec"), ("connect",)),
    **dict.fromkeys(("kill", "rm", "remove", "destroy", "terminate", "end", "down"), ("stop", "delete")),
    **dict.fromkeys(("pause", "off", "halt", "shutdown"), ("stop",)),
    **dict.fromkeys(("price", "prices", "pricing", "market", "gpus", "stock", "available"), ("offers",)),
    **dict.fromkeys(("cost", "costs", "spend", "spent", "bill", "billing", "usage"), ("list", "offers")),
    **dict.fromkeys(("show", "info", "describe", "details", "state", "get"), ("status",)),
    **dict.fromkeys(("resume", "on", "boot"), ("start",)),
    **dict.fromkeys(("reboot", "reset"), ("restart",)),
    **dict.fromkeys(("keep", "prolong", "renew", "longer"), ("extend",)),
    **dict.fromkeys(("shorten", "shorter", "until"), ("lease",)),
    **dict.fromkeys(("images", "image", "template"), ("templates",)),
    **dict.fromkeys(("commands", "usage?", "man", "?"), ("help",)),
}
"""Words of other tools, and which commands do that here."""


def unknown_command(word: str, rest: str = "", *, meant: str = "") -> Message:
    """Says what was not understood and what was probably meant, with the rest of the line.

    `meant`: the command that is meant for certain, of which `rest` is all that was typed.
    """
    near = get_close_matches(word.casefold()[:50], COMMANDS, n=1, cutoff=0.5)
    likely = (meant,) if meant else _MEANT.get(word.casefold(), tuple(near))
    unknown = "That begins with no command." if meant else f"The bot does not know {code(word, 50)}."
    text = f"{unknown} {_guess(likely, rest)}"
    button = create_button(rest if likely[:1] == ("create",) else "")
    return Message(text, [b.section(text), b.actions(button)])


def _guess(likely: Sequence[str], rest: str) -> str:
    if not likely:
        return f"`{COMMAND} help` lists what it can do."
    if len(likely) == 1:
        again = f" With the rest of your line: `{command_line(likely[0], rest)}`" if rest else ""
        return f"Did you mean `{COMMAND} {likely[0]}`?{again}"
    choices = "\n".join(f"• `{command_line(each, rest)}`: {COMMANDS[each]}" for each in likely)
    return f"Did you mean one of these?\n{choices}"


def command_line(command: str, rest: str) -> str:
    """The command with the rest of the line, as it may stand between backticks."""
    shown = esc(clip(without_markup(rest).replace("`", "'"), 200), 400) if rest else ""
    return f"{COMMAND} {command} {shown}".rstrip()


def _usage(word: str) -> str:
    return f"{COMMAND} {word} {_ARGUMENTS.get(word, '')}".rstrip()


def _lines(commands: Iterable[str]) -> str:
    return "\n".join(f"• `{_usage(word)}`: {COMMANDS[word]}" for word in commands)


def _plain(text: str) -> str:
    """Our own mrkdwn as it reads in a notification."""
    return text.replace("`", "").replace("*", "").replace("\n", " ")


def _everything_button() -> Block:
    return b.button(Action.HELP_ALL, "Everything")
