"""Instances to live with in the tests of the whole bot: brought up at the make-believe Novita, or only on record."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.sandbox.slack import Message
from core.domain.base import Actor, BillingMode
from core.domain.identity import new_id
from core.domain.instance import Billed, Instance, Intent, Launch, Lease, Remote, Status
from core.domain.market import Offer, Region, Stock
from core.domain.offers import rank
from core.domain.request import InstanceRequest
from core.services.launch import Launcher
from core.services.outbox import Transition
from tests.bot.app_fixture import GPU, House
from tests.core.samples import record_with

TEAM = "T0SANDBOX1"
TEMPLATE = "comfy-prod"


def actor(house: House, who: str) -> Actor:
    return Actor(user=house.slack.person(who).id, team=TEAM)


def request(house: House, name: str, **changes: Any) -> InstanceRequest:
    base = {
        "name": name,
        "product_name": GPU,
        "template_id": _template_id(house),
        "channel": house.slack.channel_id("gpu"),
        "lease": timedelta(hours=8),
    }
    return InstanceRequest.model_validate(base | changes)


def _template_id(house: House) -> str:
    return next(each.id for each in house.base.catalog.templates if each.name == TEMPLATE)


async def launched(house: House, name: str = "train-1", who: str = "ada", **changes: Any) -> Instance:
    """An instance that Novita has just said yes to, its card in #gpu."""
    core = house.base
    launcher = Launcher(
        core.novita,
        core.catalog,
        core.store,
        core.unit_of_work,
        core.clock,
        process=core.store.holder,
        public_url=house.settings.public_url,
    )
    owner = actor(house, who)
    wanted = request(house, name, **changes)
    offers = rank(await core.catalog.get_market(), wanted)
    launch = await launcher.begin(wanted, offers, owner=owner, key=f"test:{new_id()}")
    await launcher.finish(launch)
    return await read(house, launch.instance.id)


async def running(house: House, name: str = "train-1", who: str = "ada", **changes: Any) -> tuple[Instance, Message]:
    """A running instance and its card."""
    made = await launched(house, name, who, **changes)
    return await seen(house, made, "is running")


async def seen(house: House, instance: Instance, text: str) -> tuple[Instance, Message]:
    """The record and the card of an instance, once the card says so."""
    card = await house.slack.wait_until(lambda: _card(house, instance, text))
    assert card is not None
    return await read(house, instance.id), card


async def running_anew(house: House, instance: Instance, card: Message) -> Instance:
    """The record once its thread has said for the second time that it runs."""
    await house.slack.wait_until(lambda: sum("is running" in each.shown for each in house.slack.thread(card)) == 2)
    return (await seen(house, instance, "is running"))[0]


def _card(house: House, instance: Instance, text: str) -> Message | None:
    cards = house.slack.person("ada").messages("gpu")
    of_it = (each for each in cards if each.metadata and instance.id in str(each.metadata))
    return next((each for each in of_it if text in each.shown), None)


async def read(house: House, instance_id: str) -> Instance:
    record = await house.base.store.get(instance_id)
    assert record is not None
    return record


async def change(house: House, instance: Instance, change: Transition) -> Instance:
    """Changes the newest version of a record, as time or another process would."""
    return await house.base.unit_of_work.update(await read(house, instance.id), change)


async def aged(house: House, instance: Instance) -> Instance:
    """The same instance, older than the time that Novita's listing may take to show a new one."""
    earlier = house.base.clock.now() - timedelta(hours=1)
    return await change(house, instance, lambda i: (record_with(i, launched_at=earlier), ()))


async def with_lease_to(house: House, instance: Instance, left: timedelta) -> Instance:
    """The same instance with so much of its lease left."""
    ends_at = house.base.clock.now() + left
    return await change(house, instance, lambda i: (record_with(i, lease_ends_at=ends_at), ()))


async def written(house: House, count: int, who: str = "ada", prefix: str = "job") -> list[Instance]:
    """So many running instances, on record only: Novita has none of them."""
    now, owner = house.base.clock.now(), actor(house, who)
    records = [_record(house, f"{prefix}-{number:03}", owner, now) for number in range(count)]
    for record in records:
        await house.base.store.begin(record, [], now)
    return records


def _record(house: House, name: str, owner: Actor, now: datetime) -> Instance:
    began = now - timedelta(hours=1)
    return Instance(
        id=new_id(),
        intent=Intent(request_key=f"test:{new_id()}", template_name=TEMPLATE),
        request=request(house, name),
        owner=owner,
        status=Status.RUNNING,
        launch=Launch(offer=_offer(), accepted_at=began),
        remote=Remote(id=f"n-{new_id()}", status="running"),
        lease=Lease(ends_at=now + timedelta(hours=7)),
        created_at=began,
        running_at=began,
        billed=(Billed(since=began),),
    )


def _offer() -> Offer:
    return Offer(
        region=Region(id="cn-hongkong-1", name="CN-HK-01"),
        product_id="4090.16c62g",
        product_name=GPU,
        price=Decimal("0.18"),
        billing_mode=BillingMode.SPOT,
        stock=Stock.NORMAL,
    )


async def told(house: House, who: str, text: str, channel: str = "gpu") -> Message:
    """The newest message that only this person sees in a channel, once one says so."""

    def found() -> Message | None:
        return next(
            (each for each in reversed(house.slack.person(who).ephemerals(channel)) if text in each.shown), None
        )

    message = await house.slack.wait_until(found)
    assert message is not None
    return message


async def started_again(house: House, who: str, message: Message, button: str = "instance:again") -> Message:
    """Presses the button that starts the same again, and then the one under the question. The question."""
    before = len(house.novita.creates)
    await house.slack.person(who).click(message, button)
    question = await told(house, who, "as you ask for it")
    assert len(house.novita.creates) == before, "it asks first"
    await house.slack.person(who).click(question, "instance:again:confirm")
    return question


async def shows(house: House, message: Message, text: str) -> None:
    """Returns once a message says so: messages are edited and replaced."""
    await house.slack.wait_until(lambda: text in message.shown)


async def in_thread(house: House, card: Message, text: str) -> Message:
    """The reply in a card's thread that says so."""
    reply = await house.slack.wait_until(
        lambda: next((each for each in house.slack.thread(card) if text in each.shown), None)
    )
    assert reply is not None
    return reply


def buttons_of(message: Message) -> list[str]:
    """The action_ids of a message's buttons, in order."""
    in_rows = [element for block in message.blocks for element in block.get("elements", []) if "action_id" in element]
    beside = [block["accessory"] for block in message.blocks if "accessory" in block]
    return [element["action_id"] for element in (*in_rows, *beside)]
