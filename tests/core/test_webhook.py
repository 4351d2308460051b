"""The outgoing webhook, against a receiver on loopback."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from core.events import InstanceCreated, InstanceRequested, InstanceRunning, WebhookGivenUp
from core.models import Instance, Status
from core.outbox import GivenUp, NotDelivered, Outbox
from core.store import Store, connect
from core.webhook import WebhookNotifier, is_public
from tests.core.samples import NOON, SECRET, TurnedClock, instance, request

CREATED = InstanceCreated(at=NOON + timedelta(seconds=3), novita_id="n-1")
KEY = "webhook-key"


class Receiver:
    """Answers as it is told, and keeps what came."""

    def __init__(self) -> None:
        self.came: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[web.Response] = []
        self.url = ""

    async def take(self, call: web.Request) -> web.Response:
        self.came.append((dict(call.headers), await call.read()))
        return self.answers.pop(0) if self.answers else web.Response(status=204)

    @property
    def news(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.came]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_post("/hook", made.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield made
    await runner.cleanup()


def _hook(clock: TurnedClock | None = None, *, allow_private: bool = True) -> WebhookNotifier:
    return WebhookNotifier(
        "webhook",
        lambda i: i.request.webhook_url,
        clock or TurnedClock(),
        secret=SecretStr(KEY),
        allow_private=allow_private,
    )


def _made(url: str) -> Instance:
    return instance(request=request(webhook_url=url), novita_id="n-1", status=Status.STARTING, launched_at=NOON)


async def test_an_event_is_posted_signed_with_the_answers_fields_and_no_secret(receiver: Receiver) -> None:
    memo = await _hook().tell(_made(receiver.url), CREATED, {}, latest=True)
    (headers, body), news = receiver.came[0], receiver.news[0]
    signed = f"{headers['X-Webhook-Timestamp']}.".encode() + body
    assert headers["X-Webhook-Signature"] == "sha256=" + hmac.new(KEY.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["X-Webhook-Id"] == news["id"]
    assert (news["type"], news["novitaInstanceId"], news["elapsedSeconds"]) == ("instance_created", "n-1", 3.0)
    assert {"instanceId", "region", "spotPrice", "estimatedReadyTime", "attempts"} <= set(news)
    assert SECRET not in body.decode()
    await _hook().tell(_made(receiver.url), InstanceRunning(at=NOON), memo, latest=True)
    assert receiver.news[1]["id"] != news["id"]


@pytest.mark.parametrize("status", [500, 503, 408, 425, 429, 302])
async def test_what_may_pass_is_tried_again(receiver: Receiver, status: int) -> None:
    receiver.answers = [web.Response(status=status, headers={"Retry-After": "9", "Location": "/hook"})]
    with pytest.raises(NotDelivered) as raised:
        await _hook().tell(_made(receiver.url), CREATED, {}, latest=True)
    assert raised.value.retry_after == timedelta(seconds=9)
    assert len(receiver.came) == 1, "a redirect is not followed"


async def test_410_ends_it_quietly_and_other_refusals_end_it_with_a_word(receiver: Receiver) -> None:
    receiver.answers = [web.Response(status=410), web.Response(status=404)]
    hook, made = _hook(), _made(receiver.url)
    with pytest.raises(GivenUp) as quietly:
        await hook.tell(made, CREATED, {}, latest=True)
    assert quietly.value.news is None
    with pytest.raises(GivenUp, match="404") as aloud:
        await hook.tell(made, CREATED, {}, latest=True)
    assert isinstance(aloud.value.news, WebhookGivenUp)


async def test_after_a_day_of_failures_it_is_given_up(receiver: Receiver) -> None:
    clock = TurnedClock()
    receiver.answers = [web.Response(status=500), web.Response(status=500)]
    with pytest.raises(NotDelivered):
        await _hook(clock).tell(_made(receiver.url), CREATED, {}, latest=True)
    clock.turn(hours=25)
    with pytest.raises(GivenUp):
        await _hook(clock).tell(_made(receiver.url), CREATED, {}, latest=True)


async def test_nobody_answering_is_a_reason_to_try_again() -> None:
    with pytest.raises(NotDelivered):
        await _hook().tell(_made("http://127.0.0.1:1/hook"), CREATED, {}, latest=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/hook",
        "https://127.0.0.1:{port}/hook",
        "https://localhost:{port}/hook",
        "https://[::1]:{port}/hook",
        "https://[::ffff:127.0.0.1]:{port}/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/hook",
    ],
)
async def test_no_webhook_reaches_this_host_or_a_private_network(receiver: Receiver, url: str) -> None:
    port = receiver.url.rsplit(":", 1)[1].split("/")[0]
    with pytest.raises(GivenUp):
        await _hook(allow_private=False).tell(_made(url.format(port=port)), CREATED, {}, latest=True)
    assert receiver.came == []


@given(st.ip_addresses())
def test_only_addresses_of_the_open_internet_are_public(address: Any) -> None:
    if is_public(str(address)):
        assert address.is_global
        assert not (address.is_private or address.is_loopback or address.is_link_local or address.is_multicast)


async def test_a_webhook_that_fails_delays_nobody_else_and_is_told_of_in_the_end(
    receiver: Receiver, redis_url: str
) -> None:
    heard: list[str] = []

    class Ear:
        name = "ear"

        async def tell(self, instance: Instance, event: Any, memo: dict[str, str], *, latest: bool) -> dict[str, str]:
            heard.append(event.type)
            return memo

    clock, store = TurnedClock(), Store(connect(redis_url))
    outbox = Outbox(store, [_hook(clock), Ear()], clock)
    receiver.answers = [web.Response(status=500), web.Response(status=403)]
    record = await outbox.begin(instance(request=request(webhook_url=receiver.url)), [InstanceRequested(at=NOON)])
    await outbox.update(record, lambda i: (i.model_copy(update={"novita_id": "n-1"}), [CREATED]))
    await outbox.drain(timedelta(seconds=10))
    assert heard == ["instance_requested", "instance_created"]
    clock.turn(minutes=1)
    await outbox.sweep()
    await outbox.drain(timedelta(seconds=10))
    assert heard[2:] == [WebhookGivenUp(at=NOON, why="").type]
    assert len(receiver.came) == 2
    await store.aclose()
