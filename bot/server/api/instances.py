"""/api/instances and what is under it, except the create: lists, one instance, orders to it, its lease."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bot.parts import Parts
from bot.server.api import asking
from bot.server.api.asking import LONGEST, ExtendBody, InstancesQuery
from bot.server.api.call import Answer, Call
from bot.server.api.errors import Code, Refusal, invalid
from bot.server.api.shapes import InstanceList, shown
from core import leases
from core.errors import InvalidRequest
from core.models import PROGRAM, Instance, Status, Verb
from core.requests import Problems

_ENDED = {Status.DELETED, Status.FAILED}
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


async def listed(call: Call) -> Answer:
    query = call.query(InstancesQuery)
    after = _place(query.cursor)
    fitting = [each for each in await _asked_for(call.parts, query) if query.owner in (None, each.owner.user)]
    fitting.sort(key=_order, reverse=True)
    rest = [each for each in fitting if after is None or _order(each) < after]
    page, now = rest[: query.limit], call.parts.clock.now()
    is_more = len(rest) > len(page)
    cursor = asking.write_cursor(*_order(page[-1])) if is_more else None
    return Answer(InstanceList(instances=tuple(shown(i, now) for i in page), total=len(fitting), next_cursor=cursor))


async def one(call: Call) -> Answer:
    return _answer(call, await _find(call))


def ordering(verb: Verb) -> Callable[[Call], Awaitable[Answer]]:
    """The route that gives an order of this verb."""

    async def order(call: Call) -> Answer:
        return await _give(call, verb)

    return order


async def extend(call: Call) -> Answer:
    body, now = asking.read(ExtendBody, await call.body()), call.parts.clock.now()
    instance = await _find(call)
    by, until = _how_far(*body, instance, now)
    lifecycle, policy = call.parts.lifecycle, call.parts.policy
    try:
        if until is not None:
            moved = await lifecycle.extend_until(instance.id, until, PROGRAM, policy)
        else:
            moved = await lifecycle.extend(instance.id, by, PROGRAM, policy)
    except InvalidRequest as impossible:
        raise _wrong_state(impossible) from None
    return _answer(call, moved)


async def _give(call: Call, verb: Verb) -> Answer:
    """Once on record the order is given, whatever becomes of this process: a worker takes up what was left."""
    instance = await _find(call)
    if verb is Verb.DELETE and instance.status is Status.DELETED:
        return _answer(call, instance)
    try:
        ordered = await call.parts.lifecycle.order(verb, instance.id, PROGRAM, call.parts.policy)
    except InvalidRequest as impossible:
        raise _wrong_state(impossible) from None
    if ordered.is_repeat:
        return _answer(call, ordered.instance)
    call.parts.background.start(call.parts.lifecycle.carry_out(ordered.instance))
    return _answer(call, ordered.instance, status=202)


async def _find(call: Call) -> Instance:
    """By our id or Novita's. Raises Refusal."""
    parts, wanted = call.parts, call.instance_id
    if not _ID.fullmatch(wanted):
        raise Refusal(Code.INSTANCE_NOT_FOUND)
    if (known := await parts.store.get(wanted)) is not None:
        return known
    kept = await parts.store.kept(parts.clock.now())
    found = next((each for each in kept if each.novita_id == wanted), None)
    if found is None:
        raise Refusal(Code.INSTANCE_NOT_FOUND)
    return found


async def _asked_for(parts: Parts, query: InstancesQuery) -> list[Instance]:
    """Those in the states asked for, and only then those that have ended."""
    if not query.status:
        return await parts.store.live()
    wants_ended = bool(_ENDED & set(query.status))
    known = await parts.store.kept(parts.clock.now()) if wants_ended else await parts.store.live()
    return [each for each in known if each.status in query.status]


def _how_far(
    body: ExtendBody, problems: Problems, instance: Instance, now: datetime
) -> tuple[timedelta, datetime | None]:
    """By how much, or until when. Raises Refusal."""
    by, until = body.by or timedelta(), body.until
    if not problems and bool(by) == (until is not None):
        problems = dict.fromkeys(("by", "until"), "Give either of the two.")
    elif until is not None and not now < until <= now + LONGEST:
        problems["until"] = "It is over already, or more than ten years away."
    elif by and leases.moved(instance, by, now) - now > LONGEST:
        problems["by"] = "That is more than ten years away."
    if problems:
        raise invalid(problems)
    return by, until


def _place(cursor: str | None) -> tuple[datetime, str] | None:
    if cursor is None:
        return None
    place = asking.read_cursor(cursor)
    if place is None:
        raise invalid({"cursor": "Expected `nextCursor` of an earlier page."})
    return place


def _order(instance: Instance) -> tuple[datetime, str]:
    return instance.created_at, instance.id


def _wrong_state(impossible: InvalidRequest) -> Refusal:
    return Refusal(Code.WRONG_STATE, " ".join(impossible.problems.values()))


def _answer(call: Call, instance: Instance, *, status: int = 200) -> Answer:
    return Answer(shown(instance, call.parts.clock.now()), status)
