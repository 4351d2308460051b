"""/api/instances and what is under it, except the create: lists, one instance, orders to it, its lease."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from bot.http.api import requests
from bot.http.api.context import Answer, Context
from bot.http.api.conversion import connection_shown, order_answer, shown, use_answer
from bot.http.api.errors import Code, Refusal, invalid
from bot.http.api.outside import shown_outside
from bot.http.api.requests import LONGEST, ExtendBody, InstancesQuery, NamedBody
from bot.http.api.schemas import InstanceList, InstanceShown
from bot.http.api.services import Services
from core.domain import leases
from core.domain.base import PROGRAM
from core.domain.errors import InvalidRequest
from core.domain.identity import is_own_id
from core.domain.instance import Instance, Status
from core.domain.order import Order, OrderOutcome, Verb
from core.domain.validation import Problems

_ENDED = {Status.DELETED, Status.FAILED}
_DONE = {Verb.STOP: Status.STOPPED, Verb.DELETE: Status.DELETED}
"""What these orders want; where it is so already, nothing is left to do."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


async def listed(context: Context) -> Answer:
    query = context.query(InstancesQuery)
    return await _page(context.services, query, is_all=(query.source or "").casefold() == "all")


async def comprehensive(context: Context) -> Answer:
    """As novita-ai-api names the list of all there is."""
    return await _page(context.services, context.query(InstancesQuery), is_all=True)


async def _page(services: Services, query: InstancesQuery, *, is_all: bool) -> Answer:
    after, now = _place(query.cursor), services.clock.now()
    every = [shown(each, now) for each in await _asked_for(services, query)]
    if is_all:
        every += [each for each in map(shown_outside, await services.gpus.outside()) if _is_in(each, query)]
    fitting = [each for each in every if query.owner in (None, each.owner)]
    fitting.sort(key=_order, reverse=True)
    rest = [each for each in fitting if after is None or _order(each) < after]
    page = rest[: query.limit]  # Without a limit it is all of them.
    is_more = len(rest) > len(page)
    cursor = requests.write_cursor(*_order(page[-1])) if is_more else None
    return Answer(InstanceList(instances=tuple(page), total=len(fitting), next_cursor=cursor))


async def one(context: Context) -> Answer:
    """What is on no record is asked for at Novita, unless its id could only be one of the bot's own."""
    wanted = context.instance_id
    if (known := await _known(context.services, wanted)) is not None:
        return _answer(context, known)
    if not _ID.fullmatch(wanted) or is_own_id(wanted):
        raise Refusal(Code.INSTANCE_NOT_FOUND)
    found = next((each for each in await context.services.gpus.outside() if each.id == wanted), None)
    if found is None:
        raise Refusal(Code.INSTANCE_NOT_FOUND)
    return Answer(shown_outside(found))


def ordering(verb: Verb) -> Callable[[Context], Awaitable[Answer]]:
    """The route that gives an order of this verb."""

    async def order(context: Context) -> Answer:
        return await _give(context, verb, await _find(context))

    return order


def ordering_by_name(verb: Verb) -> Callable[[Context], Awaitable[Answer]]:
    """The route that gives an order of this verb to the one instance of a name."""

    async def order(context: Context) -> Answer:
        body, problems = requests.read(NamedBody, await context.body())
        if problems := {**requests.missing(NamedBody, body), **problems}:
            raise invalid(problems)
        return await _give(context, verb, await _find_named(context.services, body.instance_name or ""))

    return order


async def used(context: Context) -> Answer:
    """A sign of use: what kept an instance from being stopped by novita-ai-api renews its lease here."""
    instance = await _find(context)
    if instance.has_ended:
        raise Refusal(Code.WRONG_STATE, "It has ended.")
    renewed = await context.services.gpus.used(instance.id, PROGRAM)
    return Answer(use_answer(renewed, context.services.clock.now(), _use_words(instance, renewed)))


async def connection(context: Context) -> Answer:
    """Secrets, so only of what programs made: people's machines hold values that the token's holder need not know."""
    instance = await _find(context)
    if instance.owner != PROGRAM:
        raise Refusal(Code.FORBIDDEN, "Only what was made with this token is shown: its owner has `/gpu connect`.")
    try:
        reached, found = await context.services.gpus.connect(instance.id, PROGRAM)
    except InvalidRequest as impossible:
        raise _wrong_state(impossible) from None
    return Answer(connection_shown(reached, found))


async def extend(context: Context) -> Answer:
    body, now = requests.read(ExtendBody, await context.body()), context.services.clock.now()
    instance = await _find(context)
    by, until = _how_far(*body, instance, now)
    gpus = context.services.gpus
    try:
        if until is not None:
            moved = await gpus.extend_until(instance.id, until, PROGRAM)
        else:
            moved = await gpus.extend(instance.id, by, PROGRAM)
    except InvalidRequest as impossible:
        raise _wrong_state(impossible) from None
    return _answer(context, moved)


async def _give(context: Context, verb: Verb, instance: Instance) -> Answer:
    """Once on record the order is given, whatever becomes of this process: a worker takes up what was left."""
    if instance.unreadable is None and _is_done(instance, verb):
        return _ordered(context, verb, instance, f"It is {instance.status.value} already.")
    try:
        ordered = await context.services.gpus.order(verb, instance.id, PROGRAM)
    except InvalidRequest as impossible:
        newest = await context.services.gpus.get(instance.id)
        if newest is not None and newest.version != instance.version and _is_done(newest, verb):
            return await _give(context, verb, newest)
        raise _wrong_state(impossible) from None
    if not ordered.is_repeat:
        context.services.background.start(context.services.gpus.carry_out(ordered.instance))
    if context.wished_patience is not None and (order := ordered.instance.order) is not None:
        settled = await _settled(context.services, ordered.instance, order, context.wished_patience)
        if not order.is_same(settled.order):
            return _ordered(context, verb, settled, _how_it_went(settled, order))
    if ordered.is_repeat:
        return _ordered(context, verb, ordered.instance, f"A {verb.value} is under way already.")
    message = f"The order to {verb.value} is on record, and Novita is being asked."
    return _ordered(context, verb, ordered.instance, message, status=202)


def _is_done(instance: Instance, verb: Verb) -> bool:
    """Whether nothing is left to do."""
    return instance.status is _DONE.get(verb) and instance.order is None


async def _settled(services: Services, instance: Instance, order: Order, patience: timedelta) -> Instance:
    """The record once this order is over, whoever carries it out; as it is when that takes too long."""
    clock = services.clock
    until = clock.now() + patience
    return await services.gpus.wait_while(lambda each: order.is_same(each.order), instance, clock, until=until)


def _how_it_went(instance: Instance, order: Order) -> str:
    """Raises Refusal for an order that lost against another."""
    last = instance.last_order
    if last is None or last.at != order.at or last.outcome is OrderOutcome.SUPERSEDED:
        said = f"The {order.verb.value} came to nothing: something else took its place."
        raise Refusal(Code.WRONG_STATE, f"{said} It is {instance.status.value}.")
    if last.outcome is OrderOutcome.FAILED:
        return f"The {order.verb.value} failed: {last.message or last.reason}"
    return f"The {order.verb.value} is done."


async def _find(context: Context) -> Instance:
    """By our id or Novita's. Raises Refusal."""
    found = await _known(context.services, context.instance_id)
    if found is None:
        raise Refusal(Code.INSTANCE_NOT_FOUND)
    return found


async def _known(services: Services, wanted: str) -> Instance | None:
    """The record of this id, ours or Novita's."""
    if not _ID.fullmatch(wanted):
        return None
    if (known := await services.gpus.get(wanted)) is not None:
        return known
    kept = await services.gpus.retained(services.clock.now())
    return next((each for each in kept if each.remote.id == wanted), None)


async def _find_named(services: Services, name: str) -> Instance:
    """The only instance of this name among those that have not ended. Raises Refusal."""
    found = [each for each in await services.gpus.live() if name in (each.request.name, each.novita_name)]
    if not found:
        raise Refusal(Code.INSTANCE_NOT_FOUND, "There is no instance of this name now.")
    if len(found) > 1:
        listed = ", ".join(f"{each.id} ({each.status.value})" for each in sorted(found, key=_order, reverse=True))
        raise Refusal(Code.AMBIGUOUS_NAME, f"{len(found)} instances go by this name: {listed}. Order by id.")
    return found[0]


async def _asked_for(services: Services, query: InstancesQuery) -> list[Instance]:
    """Those in the states asked for, and only then those that have ended."""
    if not query.status:
        return await services.gpus.live()
    wants_ended = bool(_ENDED & set(query.status))
    known = await services.gpus.retained(services.clock.now()) if wants_ended else await services.gpus.live()
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
    place = requests.read_cursor(cursor)
    if place is None:
        raise invalid({"cursor": "Expected `nextCursor` of an earlier page."})
    return place


def _order(instance: Instance | InstanceShown) -> tuple[datetime, str]:
    """What Novita does not date is as old as can be."""
    return instance.created_at or datetime.min.replace(tzinfo=UTC), instance.id


def _is_in(each: InstanceShown, query: InstancesQuery) -> bool:
    return not query.status or each.status in query.status


def _wrong_state(impossible: InvalidRequest) -> Refusal:
    return Refusal(Code.WRONG_STATE, " ".join(impossible.problems.values()))


def _use_words(before: Instance, after: Instance) -> str:
    if after.lease.ends_at is None:
        return f"It is {after.status.value}, and no lease runs that could be renewed."
    if after.order is not None:
        return f"A {after.order.verb.value} is under way, so its lease is not renewed."
    end = f"{after.lease.ends_at:%Y-%m-%d %H:%M} UTC"
    if after.lease.ends_at == before.lease.ends_at:
        return f"Its lease ends at {end}. A sign of use renews it once less than half of it is left."
    return f"Its lease was renewed, and ends at {end}."


def _ordered(context: Context, verb: Verb, instance: Instance, message: str, *, status: int = 200) -> Answer:
    return Answer(order_answer(instance, context.services.clock.now(), verb, message), status)


def _answer(context: Context, instance: Instance) -> Answer:
    return Answer(shown(instance, context.services.clock.now()))
