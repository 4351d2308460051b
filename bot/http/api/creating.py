"""POST /api/instances: checked, recorded, carried out whoever goes away meanwhile, and the same again for a repeat."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import secrets
from datetime import datetime, timedelta

from pydantic.alias_generators import to_camel

from bot.http.api import requests
from bot.http.api.context import Answer, Context
from bot.http.api.errors import Code, Refusal, invalid, of_launch
from bot.http.api.requests import CreateBody
from bot.http.api.services import Services
from bot.http.api.shape import ENDED_KEPT
from bot.wording.channels import silent_channel
from core.domain import validation
from core.domain.base import PROGRAM
from core.domain.errors import NotFound, NovitaError
from core.domain.instance import Instance, Origin, Status
from core.domain.market import Market
from core.domain.request import InstanceRequest
from core.domain.responses import first_response_to
from core.domain.validation import Problems
from core.services.launch import RecordedLaunch

_LOOK_PAUSE = timedelta(seconds=0.25)


async def create(context: Context) -> Answer:
    """Answers when Novita has answered, or when the caller has waited long enough: it goes on all the same."""
    key, services = context.idempotency_key, context.services
    until = services.clock.now() + context.patience
    body, problems = requests.read(CreateBody, await context.body())
    mark = _fingerprint(body, context.token)
    request_key = f"api:{key}" if key else f"once:{secrets.token_hex(16)}"
    if key and not problems:
        earlier_id = await services.store.id_for_request(request_key)
        if earlier_id is not None:
            return await _again(services, await services.store.get(earlier_id), mark, until)
    request = await _checked(services, body, problems)
    launch = await services.launcher.begin(
        request, owner=PROGRAM, policy=services.policy, key=request_key, fingerprint=mark
    )
    if launch.is_repeat:
        return await _again(services, launch.instance, mark, until)
    launching = _Launching(services, launch)
    return _answer(await launching.outcome(until - services.clock.now()), made=201)


async def _again(services: Services, earlier: Instance | None, mark: str, until: datetime) -> Answer:
    """The answer to a request that was made before, once it is known."""
    if earlier is None:
        raise Refusal(
            Code.IDEMPOTENCY_KEY_REUSED, f"This key led to an instance that ended more than {ENDED_KEPT} ago."
        )
    is_rebuilt = earlier.intent.origin is not Origin.ASKED  # Redis had lost what the request was.
    if not is_rebuilt and not hmac.compare_digest(earlier.intent.fingerprint, mark):
        raise Refusal(Code.IDEMPOTENCY_KEY_REUSED)
    return _answer(await _settled(services, earlier, until), made=200)


async def _settled(services: Services, instance: Instance, until: datetime) -> Instance:
    """The record once its launch is over, wherever that is carried out; as it is when that takes too long."""
    while instance.is_launching and services.clock.now() < until:
        await services.clock.sleep(_LOOK_PAUSE)
        instance = await services.store.get(instance.id) or instance
    return instance


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
            await self._services.launcher.finish(self._launch, self._watch)
        finally:
            self._is_known.set()

    def _watch(self, instance: Instance) -> None:
        self._instance = instance
        if not instance.is_launching:
            self._is_known.set()


async def _checked(services: Services, body: CreateBody, problems: Problems) -> InstanceRequest:
    """The request, when nothing stands in its way that can be known before. Raises Refusal and NovitaError."""
    market, obstacle = await asyncio.gather(_market(services, problems), services.reachable.obstacle(body.channel))
    draft = requests.draft_of(body, services.limits_for(PROGRAM), services.default_region)
    draft, unclear = validation.with_listed_names(draft, market)
    if body.region is None:
        unclear.pop("region", None)  # The installation's default, which is a wish as any other.
    found = validation.check(draft, market, services.limits_for(PROGRAM))
    wrong = {**(found if isinstance(found, dict) else {}), **unclear}
    if obstacle:
        wrong["channel"] = silent_channel(obstacle)
    if isinstance(found, dict) or wrong or problems:
        told = {to_camel(name): text for name, text in wrong.items()}
        raise _refusal(body, unclear, {**told, **requests.missing(CreateBody, body), **problems})
    await _check_template(services, found.template_id)
    return found


async def _market(services: Services, problems: Problems) -> Market:
    try:
        return await services.catalog.get_market()
    except NovitaError:
        if problems:
            raise invalid(problems) from None
        raise


def _refusal(body: CreateBody, unclear: Problems, problems: Problems) -> Refusal:
    """`unclear`: the fields that could mean several things, which is not the same as nothing."""
    is_unknown = body.product_name is not None and "product_name" not in unclear
    if is_unknown and problems.keys() == {"productName"}:
        return Refusal(Code.PRODUCT_NOT_FOUND, problems["productName"])
    return invalid(problems)


async def _check_template(services: Services, template_id: str) -> None:
    try:
        await services.catalog.get_template(template_id)
    except NotFound:
        raise Refusal(Code.TEMPLATE_NOT_FOUND, "Novita has no template of this id.") from None


def _fingerprint(body: CreateBody, token: bytes) -> str:
    """The same for the same request however it is written, and nothing that its values could be guessed from."""
    canonical = json.dumps(body.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hmac.new(token, canonical.encode(), hashlib.sha256).hexdigest()
