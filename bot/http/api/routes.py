"""Every route of /api with all that it takes and answers: what is served, and what openapi.json says of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from pydantic import BaseModel

from bot.http.api import creating, instances, market
from bot.http.api.context import IDEMPOTENCY_KEY, Answer, Context
from bot.http.api.errors import OF_A_LAUNCH, Code
from bot.http.api.requests import Asked, CreateBody, ExtendBody, InstancesQuery, NamedBody, OffersQuery, TemplatesQuery
from bot.http.api.schemas import (
    ConnectionShown,
    InstanceList,
    InstanceShown,
    OfferList,
    OrderAnswer,
    TemplateList,
    UseAnswer,
)
from core.domain.order import Verb
from core.domain.responses import CreateInstanceResponse

INSTANCES = "/api/instances"
ONE = "/api/instances/{id}"

Act = Callable[[Context], Awaitable[Answer]]


@dataclass(frozen=True)
class Outcome:
    """An answer other than an error."""

    content: type[BaseModel]
    meaning: str
    has_location: bool = False


@dataclass(frozen=True)
class Route:
    """One method of one path. `name` is its operationId."""

    method: str
    path: str
    name: str
    summary: str
    act: Act
    outcomes: Mapping[int, Outcome]
    errors: tuple[Code, ...]
    query: type[Asked] | None = None
    body: type[Asked] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


_OF_A_BODY = (
    Code.INVALID_REQUEST,
    Code.INVALID_JSON,
    Code.REQUEST_TIMEOUT,
    Code.BODY_TOO_LARGE,
    Code.UNSUPPORTED_MEDIA_TYPE,
)
_NOVITA_AWAY = (
    Code.NOVITA_UNREACHABLE,
    Code.NOVITA_BUSY,
    Code.NOVITA_KEY_REFUSED,
    Code.NOVITA_GATEWAY,
    Code.NOVITA_ERROR,
)
_OF_A_READ = (*_NOVITA_AWAY, Code.INSUFFICIENT_BALANCE, Code.QUOTA_EXCEEDED, Code.NOVITA_REJECTED)
_CREATE_HEADERS = {
    IDEMPOTENCY_KEY: "Makes repeats harmless: 1 to 255 printable ASCII characters. One key, one instance, for ever.",
    "Prefer": "`wait=SECONDS`: answer 202 after so long when Novita has not answered; 100 without it, and at most.",
}


def _create() -> Route:
    done = "The same Idempotency-Key and body came before; this is the answer to that."
    slow = "It is not known yet whether Novita made it: `Location` tells when it is. No second one is made meanwhile."
    return Route(
        "POST",
        INSTANCES,
        "createInstance",
        "Create a GPU instance. Answers when Novita has answered; the regions that are full are passed over.",
        creating.create,
        {
            201: Outcome(CreateInstanceResponse, "Novita has made it.", has_location=True),
            200: Outcome(CreateInstanceResponse, done, has_location=True),
            202: Outcome(CreateInstanceResponse, slow, has_location=True),
        },
        (
            *_OF_A_BODY,
            Code.FORBIDDEN,
            Code.PRODUCT_NOT_FOUND,
            Code.TEMPLATE_NOT_FOUND,
            Code.IDEMPOTENCY_KEY_REUSED,
            *OF_A_LAUNCH,
        ),
        body=CreateBody,
        headers=_CREATE_HEADERS,
    )


def _order(method: str, path: str, verb: Verb, again: str) -> Route:
    return Route(
        method,
        path,
        f"{verb.value}Instance",
        f"{verb.value.capitalize()} an instance. Novita is asked behind the answer, again and again if need be.",
        instances.ordering(verb),
        {
            202: Outcome(OrderAnswer, "On record; once it is over `order` is null, and `lastOrder` tells its outcome."),
            200: Outcome(OrderAnswer, f"{again} With `Prefer: wait`: it is over, as `lastOrder` tells."),
        },
        (Code.INSTANCE_NOT_FOUND, Code.WRONG_STATE),
        headers={"Prefer": "`wait=SECONDS`: answer when the order is over, or after so long, at most 100."},
    )


def _order_by_name(verb: Verb) -> Route:
    by_id = _order("POST", f"{INSTANCES}/{verb.value}", verb, "The same is under way already, or done.")
    return replace(
        by_id,
        name=f"{verb.value}InstanceByName",
        summary=f"{verb.value.capitalize()} the one instance of a name; a name that several go by is refused.",
        act=instances.ordering_by_name(verb),
        errors=(*_OF_A_BODY, Code.INSTANCE_NOT_FOUND, Code.AMBIGUOUS_NAME, Code.WRONG_STATE),
        body=NamedBody,
    )


_UNDER_WAY = "The same is under way already."

ROUTES: tuple[Route, ...] = (
    _create(),
    Route(
        "GET",
        INSTANCES,
        "listInstances",
        "The instances, newest first.",
        instances.listed,
        {200: Outcome(InstanceList, "All of them, or a page.")},
        (Code.INVALID_REQUEST, *_OF_A_READ),
        query=InstancesQuery,
    ),
    Route(
        "GET",
        f"{INSTANCES}/comprehensive",
        "listEverything",
        "The same with `source=all`.",
        instances.comprehensive,
        {200: Outcome(InstanceList, "All of them, or a page.")},
        (Code.INVALID_REQUEST, *_OF_A_READ),
        query=InstancesQuery,
    ),
    Route(
        "GET",
        ONE,
        "getInstance",
        "One instance, by its own id or Novita's.",
        instances.one,
        {200: Outcome(InstanceShown, "As it is now.")},
        (Code.INSTANCE_NOT_FOUND, *_OF_A_READ),
    ),
    *(_order_by_name(verb) for verb in (Verb.START, Verb.STOP, Verb.DELETE)),
    _order("POST", f"{ONE}/start", Verb.START, _UNDER_WAY),
    _order("POST", f"{ONE}/stop", Verb.STOP, "The same is under way already, or done."),
    _order("POST", f"{ONE}/restart", Verb.RESTART, _UNDER_WAY),
    _order("DELETE", ONE, Verb.DELETE, "The same is under way already, or done."),
    Route(
        "POST",
        f"{ONE}/extend",
        "extendInstance",
        "Move the end of its lease, at most to MAX_LEASE from now.",
        instances.extend,
        {200: Outcome(InstanceShown, "With its new `leaseEndsAt`.")},
        (*_OF_A_BODY, Code.INSTANCE_NOT_FOUND, Code.WRONG_STATE),
        body=ExtendBody,
    ),
    Route(
        "PUT",
        f"{ONE}/last-used",
        "useInstance",
        "Say that it is in use: its lease begins anew once less than half is left, at most to MAX_LEASE from now.",
        instances.used,
        {200: Outcome(UseAnswer, "`message` says what that did.")},
        (Code.INSTANCE_NOT_FOUND, Code.WRONG_STATE),
    ),
    Route(
        "GET",
        f"{ONE}/connection",
        "getConnection",
        "How to reach an instance that a program made: SSH, Jupyter, logs. Secret, and kept nowhere.",
        instances.connection,
        {200: Outcome(ConnectionShown, "Fresh from Novita.")},
        (Code.FORBIDDEN, Code.INSTANCE_NOT_FOUND, Code.WRONG_STATE, *_OF_A_READ),
    ),
    Route(
        "GET",
        "/api/offers",
        "listOffers",
        "What Novita sells: prices and stock by product, region and billing mode.",
        market.offers,
        {200: Outcome(OfferList, "As of a few seconds ago.")},
        (Code.INVALID_REQUEST, *_OF_A_READ),
        query=OffersQuery,
    ),
    Route(
        "GET",
        "/api/templates",
        "listTemplates",
        "What can be put on an instance.",
        market.templates,
        {200: Outcome(TemplateList, "All that fit.")},
        (Code.INVALID_REQUEST, *_OF_A_READ),
        query=TemplatesQuery,
    ),
)

EVERYWHERE = (Code.UNAUTHORIZED, Code.STORE_UNAVAILABLE, Code.EXPECTATION_FAILED, Code.UNEXPECTED)
"""Errors that any route may answer with."""
