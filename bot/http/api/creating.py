"""POST /api/instances: checked, recorded, carried out whoever goes away meanwhile, and the same again for a repeat."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
from datetime import datetime, timedelta

from pydantic.alias_generators import to_camel

from bot.http.api import requests
from bot.http.api.context import Answer, Context
from bot.http.api.errors import Code, Refusal, invalid, of_launch
from bot.http.api.requests import CreateBody
from bot.http.api.services import Services
from bot.http.api.shape import ENDED_KEPT
from core.domain.base import PROGRAM
from core.domain.errors import InvalidRequest, KeyOutlived
from core.domain.instance import Instance, Origin, Status
from core.domain.responses import first_response_to
from core.domain.validation import Problems
from core.services.gpus import API, Entry, RecordedLaunch

_NOT_FOUND = {"product_name": Code.PRODUCT_NOT_FOUND, "template_id": Code.TEMPLATE_NOT_FOUND}


async def create(context: Context) -> Answer:
    """Answers when Novita has answered, or when the caller has waited long enough: it goes on all the same."""
    key, services = context.idempotency_key, context.services
    until = services.clock.now() + context.patience
    body, problems = requests.read(CreateBody, await context.body())
    mark = _fingerprint(body, context.token)
    entry = Entry(
        draft=requests.draft_of(body),
        actor=PROGRAM,
        door=API,
        key=f"api:{key}" if key else "",
        fingerprint=mark,
        unread=problems,
    )
    try:
        launch = await services.gpus.begin(entry)
    except KeyOutlived:
        ended = f"This key led to an instance that ended more than {ENDED_KEPT} ago."
        raise Refusal(Code.IDEMPOTENCY_KEY_REUSED, ended) from None
    except InvalidRequest as wrong:
        raise _refusal(wrong, {**requests.missing(CreateBody, body), **problems}) from None
    if launch.is_repeat:
        return await _again(services, launch.instance, mark, until)
    launching = _Launching(services, launch)
    return _answer(await launching.outcome(until - services.clock.now()), made=201)


async def _again(services: Services, earlier: Instance, mark: str, until: datetime) -> Answer:
    """The answer to a request that was made before, once it is known."""
    is_rebuilt = earlier.intent.origin is not Origin.ASKED  # Redis had lost what the request was.
    if not is_rebuilt and not hmac.compare_digest(earlier.intent.fingerprint, mark):
        raise Refusal(Code.IDEMPOTENCY_KEY_REUSED)
    settled = await services.gpus.wait_while(lambda each: each.is_launching, earlier, services.clock, until=until)
    return _answer(settled, made=200)


def _answer(instance: Instance, *, made: int) -> Answer:
    """`made`: the status for an instance that exists. Raises Refusal when the launch came to nothing."""
    if instance.remote.id is None and instance.status is Status.FAILED:
        raise of_launch(instance)
    status = 202 if instance.is_launching else made
    return Answer(first_response_to(instance), status, {"Location": f"/api/instances/{instance.id}"})


class _Launching:
    """One launch on its way. It goes on when nobody waits for it any more, and survives its asker's hanging up."""

    def __init__(self, services: Services, launch: RecordedLaunch) -> None:
        self._services = services
        self._launch = launch
        self._instance = launch.instance
        self._is_known = asyncio.Event()
        services.background.start(self._carry_out())

    async def outcome(self, patience: timedelta) -> Instance:
        """The record as soon as it is known how it went, or as it is when the patience is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience.total_seconds()):
                await self._is_known.wait()
        return self._instance

    async def _carry_out(self) -> None:
        try:
            await self._services.gpus.finish(self._launch, self._watch)
        finally:
            self._is_known.set()

    def _watch(self, instance: Instance) -> None:
        self._instance = instance
        if not instance.is_launching:
            self._is_known.set()


def _refusal(wrong: InvalidRequest, by_field: Problems) -> Refusal:
    """`by_field`: what the body itself says of a field, by the caller's names, which is plainer."""
    problems = {**{to_camel(name): text for name, text in wrong.problems.items()}, **by_field}
    for field, code in _NOT_FOUND.items():
        if field in wrong.unknown and problems.keys() == {to_camel(field)}:
            return Refusal(code, problems[to_camel(field)])
    return invalid(problems)


def _fingerprint(body: CreateBody, token: bytes) -> str:
    """The same for the same request however it is written, and nothing that its values could be guessed from."""
    canonical = json.dumps(body.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hmac.new(token, canonical.encode(), hashlib.sha256).hexdigest()
