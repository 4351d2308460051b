"""Each kind of alarm in plain words: what it is, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from core.domain.clip import clip
from core.services.alarms import Alarm, AlarmKind

_FACTS_SHOWN = 10


class _Words(NamedTuple):
    what: str
    then: str
    is_grave: bool = True
    """Whether something does not work, or money is being lost, until somebody acts."""


_WORDS: dict[AlarmKind, _Words] = {
    AlarmKind.STRAY: _Words(
        "An instance at Novita that nobody here is known to have asked for",
        "Say whose it is, or stop or delete it if nobody needs it; leave it alone if another gpu-bot on this Novita "
        "account made it. Its lease asks you once more before it ends. "
        "/gpu strays lists all of them.",
        is_grave=False,
    ),
    AlarmKind.NOT_TENDED: _Words(
        "The work on one instance breaks again and again, so its lease may not end by itself",
        "See its state in Novita's console, stop it there if need be, and report the not_tended log lines as a defect.",
    ),
    AlarmKind.ORDER_STUCK: _Words(
        "Novita has not carried out an order for long: the instance goes on running and is billed",
        "The bot goes on trying. If it cannot wait, stop or delete it in Novita's console.",
    ),
    AlarmKind.UNREADABLE: _Words(
        "The record of an instance cannot be read: nothing can be changed of it, and its lease ends it only by a stop, "
        "at the time above, if one could be made out",
        "Update every process of gpu-bot to the newest version; until then watch it in Novita's console.",
    ),
    AlarmKind.KEY_TAKEN: _Words(
        "Something else stands in Redis under a key of an instance, so its news is told to nobody and lost",
        "See what else writes to keys that begin with {gpu}:, and delete that key there. Until then /gpu status says "
        "what the instance does; its lease ends all the same.",
        is_grave=False,
    ),
    AlarmKind.NOT_TOLD: _Words(
        "The story of an instance can be told to nobody",
        "Invite the bot to its channel, or see /gpu list for what it does.",
        is_grave=False,
    ),
    AlarmKind.PASSED_OVER: _Words(
        "Some news of an instance could be told to nobody, and was left out of its story",
        "See /gpu status for what it does, and report the notifier_broke log lines as a defect.",
    ),
    AlarmKind.WEBHOOK_REFUSED: _Words(
        "The receiver at WEBHOOK_URL refuses what it is sent, and hears no more of that instance",
        "See what it answers in the webhook_call log lines, and mend the receiver or WEBHOOK_URL.",
    ),
    AlarmKind.LEASE_IN_DOUBT: _Words(
        "A lease is over by a record whose past is in doubt, and there is no owner to ask",
        "It is stopped at the time above, and its data kept for a while, unless somebody keeps it.",
        is_grave=False,
    ),
    AlarmKind.CLOCKS_APART: _Words(
        "Two clocks are more than a minute apart",
        "Set the clocks of this machine and of Redis by NTP.",
    ),
    AlarmKind.REDIS_FULL: _Words(
        "The memory of Redis is full, so nothing can be created",
        "Raise its maxmemory, or remove what else it holds. Leases end all the same.",
    ),
    AlarmKind.REDIS_REFUSES: _Words(
        "Redis does not take what the bot has to write, so nothing can be created or extended, and no lease ends",
        "Mend it (a full disk, a lost primary, a password); until then watch what runs in Novita's console. "
        "All goes on by itself then.",
    ),
    AlarmKind.TASK_OVERDUE: _Words(
        "A background task of the workers has not succeeded for long, and what it does stands still",
        "See why in the task_put_off and task_broke log lines; gpu-bot doctor tries what the tasks need.",
    ),
    AlarmKind.ALL_ABSENT: _Words(
        "Novita shows none of the instances that it should: nothing of that is believed, and no record changes",
        "See that NOVITA_API_KEY is of the account with the instances, and what Novita's console shows.",
    ),
}
"""Plain text."""


@dataclass(frozen=True)
class InWords:
    """An alarm in plain text. `line` says which thing it is about; `then` is what to do."""

    what: str
    line: str
    then: str
    is_grave: bool


def in_words(alarm: Alarm) -> InWords:
    """What it says of itself; a kind without words of its own is told by its name and its facts."""
    what, then, is_grave = _WORDS.get(alarm.kind) or _Words(
        f"Alarm: {alarm.kind.value.replace('_', ' ')}", "See the log's lines about it."
    )
    about = ", ".join(f"{label}: {value}" for label, value in shown_facts(alarm).items())
    return InWords(what, clip(f"{what} ({about})" if about else what, 300), then, is_grave)


def shown_facts(alarm: Alarm) -> Mapping[str, str]:
    """What is known of it, the thing's own id last."""
    facts = {name.replace("_", " "): value for name, value in list(alarm.facts.items())[: _FACTS_SHOWN - 1] if value}
    return {**facts, "id": alarm.subject} if alarm.subject else facts
