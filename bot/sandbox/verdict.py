"""What must be true after a rehearsal, looked up at both servers and in the logs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from bot.sandbox.novita import Endpoint
from bot.sandbox.novita.machines import GONE
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.slack import Message

_HASTE = "ratelimited"
"""What Slack says to more than a message a second in a channel, as when hours pass in seconds: it is told later."""

_LIFECYCLE_ANSWERS: dict[Endpoint, list[int]] = {
    Endpoint.CREATE: [200, 200, 400, 200],
    Endpoint.STOP: [200, 200],
    Endpoint.START: [200],
    Endpoint.DELETE: [200],
}
"""Novita's answers in the lifecycle: the third create is refused where the region is full; a lease's end stops too."""

_TOLD = {
    "* is created": 3,
    "* is running": 4,
    "* is stopped": 3,
    "epoch 3, loss 0.21": 1,
    "min left": 1,
    "* will be taken back by Novita": 1,
    "* was taken back by Novita": 1,
    "* is deleted": 1,
}
"""How often each thing is told in the threads of the lifecycle, after the name in bold."""


@dataclass(frozen=True)
class Claim:
    """It holds when there are no `objections`."""

    words: str
    objections: list[str]


def claims(sandbox: Sandbox, card: Message, *, refused: str, used: str) -> list[Claim]:
    """`refused` and `used` are the regions, `card` the headline card that everybody sees."""
    replies = sandbox.slack.thread(card)
    return [
        Claim(f"Novita was asked twice, {refused} and {used}, and has one instance.", _instance_faults(sandbox, used)),
        Claim(
            f"One card in #gpu, edited {len(card.edits)} times, and one thread with {len(replies)} replies.",
            _story_faults(sandbox, card, replies),
        ),
        *_manners(sandbox),
        Claim("No token, key or password in anything people see, nor in the logs.", _leaks(sandbox)),
    ]


def lifecycle_claims(sandbox: Sandbox, *, cards: list[Message], private: Message) -> list[Claim]:
    """`cards` are those of all instances, oldest first; `private` the answer that tells one person how to connect."""
    return [
        Claim(
            "Novita made three instances, and was asked for each stop, start and delete once.", _order_faults(sandbox)
        ),
        Claim("None of them runs any more.", _left_running(sandbox)),
        Claim("One card in #gpu for each, and nothing told twice.", _lifecycle_faults(sandbox, cards)),
        *_manners(sandbox, excused=_HASTE),
        Claim(
            "No token, key or password in the channel or in the logs, but in the one private answer.",
            _leaks(sandbox, private),
        ),
    ]


def _manners(sandbox: Sandbox, excused: str | None = None) -> list[Claim]:
    """`excused` is an error of Slack's that may come."""
    calls = len(sandbox.slack.calls) + len(sandbox.novita.calls)
    hasty = sum(call.error == excused for call in sandbox.slack.calls) if excused else 0
    but = f", but that {hasty} came too fast and had to wait" if hasty else ""
    return [
        Claim(f"Slack and Novita have nothing to object to in {calls} calls{but}.", _protocol_faults(sandbox, excused)),
        Claim("No error in the logs of web and worker.", [e for j in sandbox.journals for e in j.errors]),
    ]


def _order_faults(sandbox: Sandbox) -> list[str]:
    found = {one.value: [call.status for call in sandbox.novita.calls_of(one)] for one in _LIFECYCLE_ANSWERS}
    wanted = {one.value: answers for one, answers in _LIFECYCLE_ANSWERS.items()}
    return [f"the calls to {one} were answered {found[one]}" for one in wanted if found[one] != wanted[one]]


def _left_running(sandbox: Sandbox) -> list[str]:
    novita = sandbox.novita
    states = {machine.name: machine.status(novita.clock()) for machine in novita.instances.values()}
    return [f"{name} is {state}" for name, state in states.items() if state not in ("exited", GONE)]


def _lifecycle_faults(sandbox: Sandbox, cards: list[Message]) -> list[str]:
    standing = sandbox.slack.person("bo").messages("gpu")
    faults = [] if standing == cards else [f"there are {len(standing)} messages in #gpu"]
    replies = [reply.shown for card in cards for reply in sandbox.slack.thread(card)]
    wrong = [(text, n) for text, wanted in _TOLD.items() if (n := sum(text in each for each in replies)) != wanted]
    return [*faults, *(f"“{text}” is told {n} times" for text, n in wrong)]


def _instance_faults(sandbox: Sandbox, used: str) -> list[str]:
    answers = [call.status for call in sandbox.novita.calls_of(Endpoint.CREATE)]
    regions = [machine.cluster.name for machine in sandbox.novita.instances.values()]
    faults = [] if answers == [400, 200] else [f"the creates were answered {answers}"]
    is_right = len(regions) == 1 and sandbox.novita.cluster(used).name == regions[0]
    return faults if is_right else [*faults, f"there are instances in {regions}"]


def _story_faults(sandbox: Sandbox, card: Message, replies: list[Message]) -> list[str]:
    cards = sandbox.slack.person("bo").messages("gpu")
    faults = [] if cards == [card] else [f"there are {len(cards)} messages in #gpu"]
    is_told = len(replies) == 2 and "is created" in replies[0].shown and "is running" in replies[1].shown
    return faults if is_told else [*faults, f"the thread says {[reply.text for reply in replies]}"]


def _protocol_faults(sandbox: Sandbox, excused: str | None) -> list[str]:
    failed = [
        f"{call.method}: {call.error or call.status}"
        for call in sandbox.slack.calls
        if not call.ok and (excused is None or call.error != excused)
    ]
    return [*sandbox.slack.problems, *failed, *sandbox.novita.violations]


def _leaks(sandbox: Sandbox, private: Message | None = None) -> list[str]:
    """Where a secret is written; in `private` it may be, when only one person sees that."""
    """The places where a secret stands; the secret itself is not repeated."""
    secrets = {
        *sandbox.novita.secrets,
        *(sandbox.novita.api_key, sandbox.slack.bot_token, sandbox.slack.app_token, sandbox.slack.signing_secret),
        sandbox.api_token,
    }
    return [place for place, text in _written(sandbox, private) if any(secret in text for secret in secrets)]


def _written(sandbox: Sandbox, private: Message | None) -> Iterable[tuple[str, str]]:
    """Everything that the bot wrote, by where, but for a message that only one person sees."""
    workspace = sandbox.slack.workspace
    for messages in workspace.messages.values():
        for message in messages.values():
            if message is private and message.visible_to:
                continue
            yield f"the message of {message.ts}", json.dumps(message.as_json(), ensure_ascii=False)
    for view in workspace.views.all_open():
        yield f"the modal {view.callback_id}", json.dumps(view.definition, ensure_ascii=False)
    for journal in sandbox.journals:
        yield str(journal.path), journal.path.read_text(errors="replace")
