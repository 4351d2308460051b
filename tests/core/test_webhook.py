"""The outgoing webhook, against a receiver on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpcore
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from core.adapters.redis import Store, connect
from core.adapters.user_agent import USER_AGENT
from core.adapters.webhook import Forbidden, PublicOnly, Sent, WebhookNotifier
from core.domain.addresses import is_public
from core.domain.attempt import Failure, FailureKind
from core.domain.base import Cause
from core.domain.clock import Clock, SystemClock
from core.domain.events import (
    Event,
    InstanceAdopted,
    InstanceBack,
    InstanceCreated,
    InstanceDeleted,
    InstanceFailed,
    InstanceFault,
    InstanceRequested,
    InstanceRunning,
    InstanceSlow,
    InstanceStopped,
    LeaseExtended,
    LeaseQuestioned,
    LeaseReminder,
    MachineReported,
    OrderFailed,
    OrderGiven,
    OrderStuck,
    OwnerAssigned,
    PhaseChanged,
    ReportsLeftOut,
    SpotNotice,
    StartQuestioned,
    WebhookGivenUp,
)
from core.domain.instance import Instance, Origin, Status, StopReason
from core.domain.novita import Endpoint
from core.domain.order import Verb
from core.domain.request import LeaseEnd
from core.services.outbox import Abandoned, Dispatcher, RecordWriter, RetryLater
from tests.core.processes import Nothing, Told
from tests.core.samples import ADA, NOON, SECRET, TurnedClock, instance, record_with, request
from tests.patience import patience
from tests.served import served_at

NO_ROOM = Failure(kind=FailureKind.NO_CAPACITY, reason="INSUFFICIENT_RESOURCE", message="no such GPU is free")
PUBLIC = "93.184.215.14"
TOLD: dict[type[Any], dict[str, Any]] = {
    InstanceCreated: {"at": NOON, "novita_id": "n-1"},
    InstanceRunning: {"at": NOON, "endpoints": (Endpoint(port=8188, type="http", url="https://example.com"),)},
    InstanceFailed: {"at": NOON, "failure": Failure(kind=FailureKind.INSTANCE, message="image pull failed")},
    InstanceStopped: {"at": NOON, "novita_status": "exited", "reason": StopReason.LEASE, "cause": Cause.LEASE},
    InstanceDeleted: {"at": NOON, "asked": True, "cause": Cause.PERSON, "actor": ADA},
    InstanceFault: {"at": NOON, "novita_status": "running", "fault": NO_ROOM},
    InstanceSlow: {"at": NOON, "minutes": 30, "novita_status": "pulling"},
    StartQuestioned: {"at": NOON, "since": NOON, "ends_at": NOON, "verb": Verb.DELETE},
    OrderStuck: {
        "at": NOON,
        "verb": Verb.STOP,
        "cause": Cause.LEASE,
        "actor": None,
        "since": NOON,
        "tries": 9,
        "why": "no answer",
    },
    InstanceBack: {"at": NOON, "verb": Verb.DELETE, "lease_ends_at": NOON},
    OrderFailed: {
        "at": NOON,
        "verb": Verb.START,
        "cause": Cause.PERSON,
        "actor": ADA,
        "why": NO_ROOM,
        "tries": 1,
        "is_final": True,
    },
    LeaseReminder: {"at": NOON, "minutes": 15, "ends_at": NOON, "end": LeaseEnd.STOP},
    LeaseExtended: {"at": NOON, "actor": ADA, "ends_at": NOON},
    LeaseQuestioned: {"at": NOON, "stops_at": NOON},
    OwnerAssigned: {"at": NOON, "owner": ADA, "actor": ADA},
    InstanceAdopted: {"at": NOON, "novita_id": "n-1", "origin": Origin.LOST},
    SpotNotice: {"at": NOON, "reclaim_at": NOON},
}
CREATED = InstanceCreated(at=NOON + timedelta(seconds=3), novita_id="n-1")
KEY = "webhook-key"


class Receiver:
    """Answers as it is told, and keeps what came."""

    def __init__(self) -> None:
        self.came: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[web.Response] = []
        self.always = 204
        self.url = ""

    async def take(self, call: web.Request) -> web.Response:
        self.came.append((dict(call.headers), await call.read()))
        return self.answers.pop(0) if self.answers else web.Response(status=self.always)

    @property
    def news(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.came]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    async with served_at("POST", "/hook", made.take) as url:
        made.url = f"{url}/hook"
        yield made


def _hook(clock: Clock | None = None, *, allow_private: bool = True, **more: Any) -> WebhookNotifier:
    return WebhookNotifier(
        "webhook",
        lambda i: i.request.webhook_url,
        clock or TurnedClock(),
        secret=SecretStr(KEY),
        allow_private=allow_private,
        **more,
    )


def _made(url: str) -> Instance:
    return instance(request=request(webhook_url=url), novita_id="n-1", status=Status.STARTING, launched_at=NOON)


async def test_an_event_is_posted_signed_with_the_answers_fields_and_no_secret(receiver: Receiver) -> None:
    sent = await _hook().deliver(_made(receiver.url), CREATED, Sent(), latest=True)
    (headers, body), news = receiver.came[0], receiver.news[0]
    signed = f"{headers['X-Webhook-Timestamp']}.".encode() + body
    assert headers["X-Webhook-Signature"] == "sha256=" + hmac.new(KEY.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["X-Webhook-Id"] == news["id"]
    assert headers["User-Agent"] == USER_AGENT
    assert (news["type"], news["novitaInstanceId"], news["elapsedSeconds"]) == ("instance_created", "n-1", 3.0)
    assert {"instanceId", "region", "spotPrice", "estimatedReadyTime", "attempts"} <= set(news)
    assert SECRET not in body.decode()
    await _hook().deliver(_made(receiver.url), InstanceRunning(at=NOON), sent, latest=True)
    assert receiver.news[1]["id"] != news["id"]


@pytest.mark.parametrize("status", [500, 503, 408, 425, 429])
async def test_what_may_pass_is_tried_again(receiver: Receiver, status: int) -> None:
    receiver.answers = [web.Response(status=status, headers={"Retry-After": "9", "Location": "/hook"})]
    with pytest.raises(RetryLater) as raised:
        await _hook().deliver(_made(receiver.url), CREATED, Sent(), latest=True)
    assert raised.value.retry_after == timedelta(seconds=9)
    assert len(receiver.came) == 1


@pytest.mark.parametrize(("asked", "wait"), [("9" * 5000, 3600), ("1234567", 3600), ("0", None), ("soon", None)])
async def test_no_wait_that_a_receiver_asks_for_is_longer_than_an_hour_or_breaks_anything(
    receiver: Receiver, asked: str, wait: int | None
) -> None:
    receiver.answers = [web.Response(status=503, headers={"Retry-After": asked})]
    with pytest.raises(RetryLater) as raised:
        await _hook().deliver(_made(receiver.url), CREATED, Sent(), latest=True)
    assert raised.value.retry_after == (timedelta(seconds=wait) if wait else None)


async def test_what_has_arrived_has_arrived_whatever_wait_is_asked_for(receiver: Receiver) -> None:
    receiver.answers = [web.Response(status=200, headers={"Retry-After": "9" * 5000})]
    assert await _hook().deliver(_made(receiver.url), CREATED, Sent(), latest=True) == Sent(number=1)


async def test_410_ends_it_quietly_and_other_refusals_end_it_with_a_word(receiver: Receiver) -> None:
    receiver.answers = [web.Response(status=410), web.Response(status=404)]
    hook, made = _hook(), _made(receiver.url)
    with pytest.raises(Abandoned) as quietly:
        await hook.deliver(made, CREATED, Sent(), latest=True)
    assert quietly.value.news is None
    with pytest.raises(Abandoned, match="404") as aloud:
        await hook.deliver(made, CREATED, Sent(), latest=True)
    assert isinstance(aloud.value.news, WebhookGivenUp)


async def test_after_a_day_of_failures_it_is_given_up(receiver: Receiver) -> None:
    clock = TurnedClock()
    receiver.answers = [web.Response(status=500), web.Response(status=500)]
    with pytest.raises(RetryLater):
        await _hook(clock).deliver(_made(receiver.url), CREATED, Sent(), latest=True)
    clock.turn(hours=25)
    with pytest.raises(Abandoned):
        await _hook(clock).deliver(_made(receiver.url), CREATED, Sent(), latest=True)


async def test_nobody_answering_is_a_reason_to_try_again() -> None:
    with pytest.raises(RetryLater):
        await _hook().deliver(_made("http://127.0.0.1:1/hook"), CREATED, Sent(), latest=True)


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
        "https://[fec0::1]/hook",
        "https://[::127.0.0.1]:{port}/hook",
        "https://[64:ff9b::7f00:1]:{port}/hook",
        "https://[2002:7f00:1::]:{port}/hook",
        "https://0:{port}/hook",
        "https://2130706433:{port}/hook",
    ],
)
async def test_no_webhook_reaches_this_host_or_a_private_network(receiver: Receiver, url: str) -> None:
    port = receiver.url.rsplit(":", 1)[1].split("/")[0]
    with pytest.raises(Abandoned):
        await _hook(allow_private=False).deliver(_made(url.format(port=port)), CREATED, Sent(), latest=True)
    assert receiver.came == []


@given(st.ip_addresses())
def test_only_addresses_of_the_open_internet_are_public(address: Any) -> None:
    if is_public(str(address)):
        assert address.is_global
        assert not (address.is_private or address.is_loopback or address.is_link_local or address.is_multicast)


@pytest.mark.parametrize(
    "address", ["168.63.129.16", "192.0.0.9", "192.0.0.192", "3fff::1", "::ffff:168.63.129.16", "2002:a83f:8110::1"]
)
def test_addresses_that_some_pythons_call_global_are_not_public(address: str) -> None:
    assert not is_public(address)
    assert is_public(PUBLIC)


@pytest.mark.parametrize("event", [type_(**facts) for type_, facts in TOLD.items()], ids=lambda event: event.type)
async def test_the_life_of_an_instance_is_told_with_what_only_that_event_has(receiver: Receiver, event: Event) -> None:
    await _hook().deliver(_made(receiver.url), event, Sent(), latest=True)
    [news] = receiver.news
    own = event.model_dump(mode="json", exclude={"at", "type"})
    assert news["type"] == ("instance.order_failed" if isinstance(event, OrderFailed) else event.type)
    assert list(news["details"].values()) == list(own.values())
    assert "_" not in "".join(news["details"])


@pytest.mark.parametrize(
    "event",
    [
        InstanceRequested(at=NOON),
        PhaseChanged(at=NOON, novita_status="pulling"),
        OrderGiven(at=NOON, verb=Verb.STOP, cause=Cause.LEASE),
        OrderFailed(at=NOON, verb=Verb.STOP, cause=Cause.LEASE, why=NO_ROOM, tries=1, is_final=False),
        WebhookGivenUp(at=NOON, why="it answers 404"),
        MachineReported(at=NOON, text="epoch 3"),
        ReportsLeftOut(at=NOON, count=3),
    ],
    ids=lambda event: event.type,
)
async def test_steps_on_the_way_and_what_machines_say_are_for_people_only(receiver: Receiver, event: Event) -> None:
    assert await _hook().deliver(_made(receiver.url), event, Sent(number=4), latest=True) == Sent(number=4)
    assert receiver.came == []


async def test_the_readmes_snippet_knows_a_genuine_call_from_any_other(receiver: Receiver) -> None:
    readme = Path(__file__).parents[2].joinpath("README.md").read_text()
    [snippet] = [block for block in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "is_from_gpu_bot" in block]
    scope: dict[str, Any] = {}
    exec(snippet, scope)  # noqa: S102 - our own README
    is_genuine = scope["is_from_gpu_bot"]
    await WebhookNotifier(
        "webhook", lambda _: receiver.url, SystemClock(), secret=SecretStr(KEY), allow_private=True
    ).deliver(_made(receiver.url), CREATED, Sent(), latest=True)
    headers, body = receiver.came[0]
    assert is_genuine(headers, body, KEY.encode())
    assert not is_genuine(headers, body + b" ", KEY.encode())
    assert not is_genuine(headers, body, b"another-key")
    later = {**headers, "X-Webhook-Timestamp": str(int(headers["X-Webhook-Timestamp"]) + 1)}
    assert not is_genuine(later, body, KEY.encode())
    await _hook().deliver(_made(receiver.url), CREATED, Sent(), latest=True)  # by a clock that is far off
    assert not is_genuine(*receiver.came[1], KEY.encode())


@asynccontextmanager
async def rude(manners: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[str]:
    """The address of a server that has read the head of a request, and then goes its own way."""

    meetings: set[asyncio.Task[Any]] = set()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        meetings.add(asyncio.current_task())  # type: ignore[arg-type]  # it runs in one
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")
                await manners(writer)
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    finally:
        server.close()
        for meeting in meetings:
            meeting.cancel()
        await asyncio.gather(*meetings, return_exceptions=True)


async def hangs_up(writer: asyncio.StreamWriter) -> None:
    """Without a word."""


async def speaks_no_http(writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example.com ESMTP\r\n")
    await writer.drain()


async def says_nothing(writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def never_ends_its_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: of it\r\n")
        await writer.drain()


async def never_ends_its_answer(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        await writer.drain()


@pytest.mark.parametrize("manners", [hangs_up, speaks_no_http, says_nothing, never_ends_its_head])
async def test_a_receiver_without_manners_costs_no_more_than_its_time_and_is_tried_again(manners: Any) -> None:
    async with rude(manners) as url, patience():
        with pytest.raises(RetryLater):
            await _hook(patience=timedelta(seconds=0.3)).deliver(_made(url), CREATED, Sent(), latest=True)


async def test_an_answer_without_end_is_not_read() -> None:
    async with rude(never_ends_its_answer) as url, patience():
        assert await _hook().deliver(_made(url), CREATED, Sent(), latest=True) == Sent(number=1)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308, 399])
async def test_a_redirect_leads_nowhere_and_ends_it_as_its_owner_hears(receiver: Receiver, status: int) -> None:
    receiver.answers = [web.Response(status=status, headers={"Location": receiver.url, "Retry-After": "9"})]
    with pytest.raises(Abandoned, match=str(status)) as ended:
        await _hook().deliver(_made(receiver.url), CREATED, Sent(), latest=True)
    assert isinstance(ended.value.news, WebhookGivenUp)
    assert len(receiver.came) == 1


class Wire(httpcore.AsyncNetworkBackend):
    """Writes down where it is told to connect, and connects nowhere."""

    def __init__(self) -> None:
        self.went_to: list[str] = []

    async def connect_tcp(self, host: str, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        self.went_to.append(host)
        raise httpcore.ConnectError("nowhere")


def answering(*answers: list[str]) -> tuple[list[str], Callable[[str, int], Awaitable[list[str]]]]:
    """A resolver that says something else each time, and the questions it was asked."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    return asked, resolve


async def test_a_name_is_looked_up_once_and_the_address_that_was_checked_is_the_one_that_is_gone_to() -> None:
    asked, resolve = answering([PUBLIC], ["127.0.0.1"])
    wire = Wire()
    backend = PublicOnly(wire, resolve)
    with pytest.raises(httpcore.ConnectError):
        await backend.connect_tcp("rebind.example.com", 443)
    assert (asked, wire.went_to) == (["rebind.example.com"], [PUBLIC])
    with pytest.raises(Forbidden):
        await backend.connect_tcp("rebind.example.com", 443)
    assert wire.went_to == [PUBLIC]


@pytest.mark.parametrize("found", [["127.0.0.1"], [PUBLIC, "127.0.0.1"], [PUBLIC, "::1"], ["::ffff:169.254.169.254"]])
async def test_a_name_that_also_leads_inside_is_not_gone_to_at_all(receiver: Receiver, found: list[str]) -> None:
    port = receiver.url.rsplit(":", 1)[1].split("/")[0]
    _, resolve = answering(found)
    with pytest.raises(Abandoned, match="private network"):
        await _hook(allow_private=False, resolve=resolve).deliver(
            _made(f"https://hook.example.com:{port}/hook"), CREATED, Sent(), latest=True
        )
    assert receiver.came == []


class Halfway(httpcore.AsyncNetworkBackend):
    """Leads to `inside` whatever the address, but by IPv6 nowhere: refused at once, or never answered."""

    def __init__(self, inside: int, *, is_silent: bool) -> None:
        self._inside = inside
        self._is_silent = is_silent

    async def connect_tcp(self, host: str, port: int, timeout: float | None = None, *_: Any, **__: Any) -> Any:
        if ":" not in host:
            return await httpcore.AnyIOBackend().connect_tcp("127.0.0.1", self._inside)
        if not self._is_silent:
            raise httpcore.ConnectError("unreachable")
        await asyncio.sleep(60 if timeout is None else timeout)
        raise httpcore.ConnectTimeout


@pytest.mark.parametrize("is_silent", [False, True])
async def test_a_receiver_whose_ipv6_cannot_be_reached_is_reached_by_ipv4(receiver: Receiver, is_silent: bool) -> None:
    inside = int(receiver.url.rsplit(":", 1)[1].split("/")[0])
    _, resolve = answering(["2606:4700::1", "2606:4700::2", PUBLIC])
    backend = PublicOnly(Halfway(inside, is_silent=is_silent), resolve, timedelta(seconds=1))
    async with patience():
        stream = await backend.connect_tcp("both.example.com", 443)
    await stream.aclose()


class Stopwatch(httpcore.AsyncNetworkBackend):
    """Writes down how long each address may take, and reaches none."""

    def __init__(self) -> None:
        self.given: list[float | None] = []

    async def connect_tcp(self, host: str, port: int, timeout: float | None = None, *_: Any, **__: Any) -> Any:
        self.given.append(timeout)
        raise httpcore.ConnectTimeout


@pytest.mark.parametrize("count", [1, 2, 3, 9])
async def test_the_last_of_several_addresses_has_a_share_to_connect_and_one_to_answer(count: int) -> None:
    _, resolve = answering([f"2606:4700::{number}" for number in range(1, count + 1)])
    watch = Stopwatch()
    with pytest.raises(httpcore.ConnectTimeout):
        await PublicOnly(watch, resolve, timedelta(seconds=12)).connect_tcp("many.example.com", 443, 12)
    *first, last = watch.given
    assert first == [12 / (count + 1)] * (count - 1)
    assert last == 12, "the whole exchange has its own end"


@pytest.mark.parametrize("answer", [[], OSError("no such name")])
async def test_a_name_that_is_not_known_just_now_is_tried_again(answer: Any) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        if isinstance(answer, OSError):
            raise answer
        return list(answer)

    with pytest.raises(RetryLater):
        await _hook(allow_private=False, resolve=resolve).deliver(
            _made("https://hook.example.com/"), CREATED, Sent(), latest=True
        )


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("https://exämple.com/übung?q=ä b", "xn--exmple-cua.com"),
        ("https://user:pass@hook.example.com/", "hook.example.com"),
    ],
)
async def test_an_address_with_any_letters_is_one_that_can_be_gone_to(typed: str, asked: str) -> None:
    questions, resolve = answering(["127.0.0.1"])
    with pytest.raises(Abandoned, match="private"):
        await _hook(allow_private=False, resolve=resolve).deliver(_made(typed), CREATED, Sent(), latest=True)
    assert questions == [asked]


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "https://", "https:///x", "https://x:99999/", "https://" + "a" * 70]
)
async def test_an_address_that_leads_nowhere_ever_is_given_up_with_a_word(url: str) -> None:
    with pytest.raises(Abandoned, match="the address") as raised:
        await _hook().deliver(_made(url), CREATED, Sent(), latest=True)
    assert isinstance(raised.value.news, WebhookGivenUp)


async def test_what_fails_for_a_minute_arrives_once_in_order_and_under_the_same_id(
    receiver: Receiver, redis_url: str
) -> None:
    clock, store = TurnedClock(), Store(connect(redis_url))
    dispatcher = Dispatcher(store, [_hook(clock)], clock)
    writer = RecordWriter(store, dispatcher, clock)
    receiver.always = 500
    record = (
        await writer.begin(instance(request=request(webhook_url=receiver.url)), [InstanceRequested(at=NOON)])
    ).instance
    record = await writer.update(record, lambda i: (record_with(i, novita_id="n-1"), [CREATED]))
    for _ in range(60):
        await dispatcher.drain(timedelta(seconds=10))
        clock.turn(seconds=1)
        await dispatcher.sweep()
    await dispatcher.drain(timedelta(seconds=10))
    failed = len(receiver.came)
    assert 5 <= failed <= 8, "with growing pauses"
    await writer.update(record, lambda i: (i, [InstanceRunning(at=clock.now())]))
    receiver.always = 200
    clock.turn(minutes=2)
    await dispatcher.sweep()
    await dispatcher.drain(timedelta(seconds=10))
    ids = [headers["X-Webhook-Id"] for headers, _ in receiver.came]
    assert [news["type"] for news in receiver.news[failed:]] == ["instance_created", "instance_running"]
    assert len(set(ids[: failed + 1])) == 1
    assert ids[-1] != ids[0]
    assert await store.outbox_size() == 0
    await store.aclose()


async def test_a_receiver_that_takes_its_time_delays_no_other_notifier(redis_url: str) -> None:
    clock, store, ear = TurnedClock(), Store(connect(redis_url)), Told()
    async with rude(says_nothing) as url:
        dispatcher = Dispatcher(store, [_hook(clock, patience=timedelta(seconds=20)), ear], clock)
        writer = RecordWriter(store, dispatcher, clock)
        async with patience():
            record = (await writer.begin(instance(request=request(webhook_url=url)), [CREATED])).instance
            await writer.update(record, lambda i: (i, [InstanceRunning(at=NOON)]))
            while ear.types != ["instance_created", "instance_running"]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        telling = [task for task in asyncio.all_tasks() if task.get_name().startswith("tell ")]
        assert telling, "the webhook still hangs"
        for task in telling:
            task.cancel()
        await asyncio.gather(*telling, return_exceptions=True)
    await store.aclose()


async def test_a_webhook_that_fails_delays_nobody_else_and_is_told_of_in_the_end(
    receiver: Receiver, redis_url: str
) -> None:
    heard: list[str] = []

    class Ear:
        name = "ear"
        state = Nothing

        async def deliver(self, instance: Instance, event: Any, state: Nothing, *, latest: bool) -> Nothing:
            heard.append(event.type)
            return state

    clock, store = TurnedClock(), Store(connect(redis_url))
    dispatcher = Dispatcher(store, [_hook(clock), Ear()], clock)
    writer = RecordWriter(store, dispatcher, clock)
    receiver.answers = [web.Response(status=500), web.Response(status=403)]
    record = (
        await writer.begin(instance(request=request(webhook_url=receiver.url)), [InstanceRequested(at=NOON)])
    ).instance
    await writer.update(record, lambda i: (record_with(i, novita_id="n-1"), [CREATED]))
    await dispatcher.drain(timedelta(seconds=10))
    assert heard == ["instance_requested", "instance_created"]
    clock.turn(minutes=1)
    await dispatcher.sweep()
    await dispatcher.drain(timedelta(seconds=10))
    assert heard[2:] == [WebhookGivenUp(at=NOON, why="").type]
    assert len(receiver.came) == 2
    await store.aclose()
