"""What must be true after a rehearsal, looked up at both servers and in the logs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from bot.sandbox.novita import Endpoint
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.slack import Message


@dataclass(frozen=True)
class Claim:
    """It holds when there are no `objections`."""

    words: str
    objections: list[str]


def claims(sandbox: Sandbox, card: Message, *, refused: str, used: str) -> list[Claim]:
    """`refused` and `used` are the regions, `card` the headline card that everybody sees."""
    replies = sandbox.slack.thread(card)
    calls = len(sandbox.slack.calls) + len(sandbox.novita.calls)
    return [
        Claim(f"Novita was asked twice, {refused} and {used}, and has one instance.", _instance_faults(sandbox, used)),
        Claim(
            f"One card in #gpu, edited {len(card.edits)} times, and one thread with {len(replies)} replies.",
            _story_faults(sandbox, card, replies),
        ),
        Claim(f"Slack and Novita have nothing to object to in {calls} calls.", _protocol_faults(sandbox)),
        Claim("No token, key or password in anything people see, nor in the logs.", _leaks(sandbox)),
        Claim("No error in the logs of web and worker.", [e for j in sandbox.journals for e in j.errors]),
    ]


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


def _protocol_faults(sandbox: Sandbox) -> list[str]:
    failed = [f"{call.method}: {call.error or call.status}" for call in sandbox.slack.calls if not call.ok]
    return [*sandbox.slack.problems, *failed, *sandbox.novita.violations]


def _leaks(sandbox: Sandbox) -> list[str]:
    """The places where a secret stands; the secret itself is not repeated."""
    secrets = {
        *sandbox.novita.secrets,
        *(sandbox.novita.api_key, sandbox.slack.bot_token, sandbox.slack.app_token, sandbox.slack.signing_secret),
    }
    return [place for place, text in _written(sandbox) if any(secret in text for secret in secrets)]


def _written(sandbox: Sandbox) -> Iterable[tuple[str, str]]:
    """Everything that the bot wrote, by where."""
    workspace = sandbox.slack.workspace
    for messages in workspace.messages.values():
        for message in messages.values():
            yield f"the message of {message.ts}", json.dumps(message.as_json(), ensure_ascii=False)
    for view in workspace.views.all_open():
        yield f"the modal {view.callback_id}", json.dumps(view.definition, ensure_ascii=False)
    for journal in sandbox.journals:
        yield str(journal.path), journal.path.read_text(errors="replace")
