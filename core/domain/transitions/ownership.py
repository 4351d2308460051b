"""Instances that nobody here is known to have asked for: taken onto a record, given an owner, or left alone."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from core.domain.attempt import Failure
from core.domain.base import NOBODY, Actor, BillingMode, Cause
from core.domain.events import InstanceAdopted, LeaseQuestioned, OwnerAssigned
from core.domain.instance import Instance, Intent, Launch, Lease, Origin, Remote, Status
from core.domain.market import Offer, Region, Stock
from core.domain.naming import NAME_LIMIT
from core.domain.novita import NovitaInstance
from core.domain.order import Order, Verb
from core.domain.request import request_behind
from core.domain.transitions.change import TransitionResult, changed
from core.domain.transitions.lifecycle import order_failed, ordered
from core.domain.transitions.observation import observed

LEASE_ANSWER_WITHIN = timedelta(hours=24)
"""How long people may take to say whether an instance is to go on, before it is stopped."""

_UNNAMED = re.compile(r"[^A-Za-z0-9_-]+")
_IMAGE_LIMIT = 200


def record_of(
    novita: NovitaInstance, instance_id: str, origin: Origin, lease: timedelta | None, now: datetime
) -> Instance:
    """The record of an instance that was found, rebuilt from what Novita shows, before anything is written."""
    made_at = min(novita.created_at or now, now)
    request = request_behind(novita, _name(novita, instance_id), lease)
    listed_name = "" if novita.name == f"{request.name}-{instance_id}" else novita.name
    return Instance(
        id=instance_id,
        intent=Intent(
            request_key=f"stray:{novita.id}", origin=origin, template_name=novita.image[:_IMAGE_LIMIT] or "unknown"
        ),
        request=request,
        owner=NOBODY,
        past_in_doubt=True,
        status=Status.STARTING,
        launch=Launch(offer=_offer(novita, request.billing_mode), accepted_at=made_at),
        remote=Remote(id=novita.id, listed_name=listed_name),
        created_at=made_at,
    )


def adopted(record: Instance, novita: NovitaInstance, now: datetime) -> TransitionResult | None:
    """It is taken onto its record. On one that somebody else has just written, it is seen like any other."""
    if record.version:
        return observed(record, novita, now)
    record, events = observed(record, novita, now) or (record, ())
    if record.status is Status.RUNNING and record.request.lease is not None:
        record = record.replace(lease=Lease(ends_at=now + record.request.lease))
    return record, [InstanceAdopted(at=now, novita_id=novita.id, origin=record.intent.origin), *events]


def assigned(instance: Instance, owner: Actor, actor: Actor, now: datetime) -> TransitionResult | None:
    """From here on it is an ordinary instance, whose owner is told. None when somebody owns it already."""
    if not instance.is_stray:
        return None
    changes = {
        "owner": owner,
        "is_left_alone": False,
        "past_in_doubt": False,
        "lease": instance.lease.replace(asked_at=None),
    }
    event = OwnerAssigned(at=now, owner=owner, actor=actor, lease_ends_at=instance.lease.ends_at)
    return changed(instance, changes, event)


def left_alone(instance: Instance) -> TransitionResult | None:
    """An admin has seen that nobody owns it, and lets it be."""
    if not instance.is_stray or instance.is_left_alone:
        return None
    return instance.replace(is_left_alone=True), ()


def doubted(instance: Instance) -> TransitionResult | None:
    """What people were told of it may be lost: before the end of its lease stops it, they are asked.

    So they are of one that does not come up, although they were before: they may have let it go on. And an order that
    is under way may have been done, and another been given after it; but nothing comes after a delete.
    """
    changes: dict[str, Any] = {}
    if (order := instance.order) is not None and order.verb is not Verb.DELETE and not order.in_doubt:
        changes["order"] = order.replace(in_doubt=True)
    if not instance.past_in_doubt and instance.request.lease is not None:
        changes["past_in_doubt"] = True
    if instance.startup.ends_at is not None:
        changes["startup"] = instance.startup.replace(ends_at=None)
    return (instance.replace(**changes), ()) if changes and not instance.has_ended else None


def asked_or_stopped(instance: Instance, now: datetime) -> TransitionResult | None:
    """The lease of an instance with a past in doubt is over: people are asked first, then it is stopped.

    It is never deleted: what was to happen at the end may have been changed too.
    """
    if instance.lease.asked_at is not None:
        return ordered(instance, Verb.STOP, Cause.LEASE, now)
    stops_at = now + LEASE_ANSWER_WITHIN
    lease = Lease(ends_at=stops_at, set_at=now, asked_at=now)
    return changed(instance, {"lease": lease}, LeaseQuestioned(at=now, stops_at=stops_at))


def order_dropped(instance: Instance, sent: Order, why: Failure, now: datetime) -> TransitionResult | None:
    """It may be over, and Novita does not show whether: a start is given up aloud, in place of a stop people are asked.

    With no answer it is stopped when the time for one is over.
    """
    if instance.order is None or not instance.order.is_same(sent):
        return None
    given_up = order_failed(instance, sent, why, now, is_final=True)
    if given_up is None or sent.verb is not Verb.STOP:
        return given_up
    record = given_up[0].replace(past_in_doubt=True, lease=given_up[0].lease.replace(asked_at=None))
    asked = asked_or_stopped(record, now)
    return asked and (asked[0], [*given_up[1], *asked[1]])


def _name(novita: NovitaInstance, instance_id: str) -> str:
    """The name without the bot's own ending, in the letters that names may have."""
    name = _UNNAMED.sub("-", novita.name.removesuffix(f"-{instance_id}"))[:NAME_LIMIT].strip("-")
    return name or "unnamed"


def _offer(novita: NovitaInstance, billing_mode: BillingMode) -> Offer | None:
    """None where Novita does not say what it costs."""
    if novita.price is None:
        return None
    return Offer(
        region=Region(id=novita.region_id, name=novita.region or novita.region_id or "unknown region"),
        product_id=novita.product_id,
        product_name=novita.product_name or novita.product_id,
        price=novita.price,
        billing_mode=billing_mode,
        stock=Stock.UNKNOWN,
    )
