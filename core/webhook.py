"""The signed outgoing webhook: one of the notifiers, for programs instead of people.

A receiver checks `X-Webhook-Signature: sha256=<hex>`, the HMAC-SHA256 of "<X-Webhook-Timestamp>.<body>" under the
shared secret, and drops what it has seen before by `X-Webhook-Id`: an event may come twice, and comes in order.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket
import ssl
from base64 import b64encode
from collections.abc import Awaitable, Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import httpcore
import structlog
from pydantic import SecretStr
from pydantic.alias_generators import to_camel

from core import metrics
from core.addresses import ascii_host, is_public
from core.backoff import read_retry_after
from core.clock import Clock
from core.events import (
    Event,
    InstanceAdopted,
    InstanceBack,
    InstanceCreated,
    InstanceDeleted,
    InstanceFailed,
    InstanceFault,
    InstanceRunning,
    InstanceSlow,
    InstanceStopped,
    LeaseExtended,
    LeaseQuestioned,
    LeaseReminder,
    OrderFailed,
    OrderStuck,
    OwnerAssigned,
    SpotNotice,
    StartQuestioned,
    WebhookGivenUp,
)
from core.models import Instance
from core.outbound import Outbound, Proxy, trouble_of
from core.outbox import GivenUp, Memo, NotDelivered
from core.responses import response_to
from core.user_agent import USER_AGENT

log = structlog.get_logger(__name__)

_TOLD = (
    InstanceCreated,
    InstanceRunning,
    InstanceFailed,
    InstanceFault,
    InstanceSlow,
    StartQuestioned,
    InstanceStopped,
    InstanceDeleted,
    InstanceBack,
    OrderFailed,
    OrderStuck,
    LeaseReminder,
    LeaseExtended,
    LeaseQuestioned,
    OwnerAssigned,
    InstanceAdopted,
    SpotNotice,
)
"""What a program may wait for. The steps on the way are for people."""

_TYPES: dict[type[Event], str] = {OrderFailed: "instance.order_failed"}
"""What programs know an event by, where that is not its own name."""

_PATIENCE = timedelta(seconds=5)
"""For the whole exchange."""
_AS_IT_IS = "%/:?#[]@!$&'()*+,;=~"
"""What quoting leaves alone in an address that may be quoted already."""

_TRY_FOR = timedelta(hours=24)
_AGAIN = {408, 425, 429}
_NO_ANSWER = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, httpcore.ProxyError, OSError)
_LARGEST_HEAD = 65536

Target = Callable[[Instance], str | None]
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""From a host and a port to its IP addresses. Raises OSError when there are none."""


class Forbidden(Exception):
    """The address leads to where no webhook may go: this host, a private network, a cloud's metadata."""


async def look_up(host: str, port: int) -> list[str]:
    """What the system's resolver says."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class WebhookNotifier:
    """Posts events as JSON to the address that `target` gives for an instance; None for no webhook.

    Only https, only public addresses (checked on the address that is really connected to), no redirects;
    `allow_private` lifts the first two, for tests and for networks of one's own. `is_theirs`: the owner named it, and
    hears when it is given up. `patience` is for a whole exchange.
    """

    def __init__(
        self,
        name: str,
        target: Target,
        clock: Clock,
        *,
        secret: SecretStr | None,
        is_theirs: bool = True,
        allow_private: bool = False,
        resolve: Resolve = look_up,
        patience: timedelta = _PATIENCE,
        outbound: Outbound | None = None,
    ) -> None:
        self.name = name
        self._is_theirs = is_theirs
        self._target = target
        self._clock = clock
        self._secret = secret.get_secret_value().encode() if secret else b""
        self._allow_private = allow_private
        self._resolve = resolve
        self._outbound = outbound or Outbound({})
        self._patience = patience

    async def tell(self, instance: Instance, event: Event, memo: Memo, *, latest: bool) -> Memo:
        """Posts one event. Raises NotDelivered while it is worth another try, GivenUp when it is not."""
        url = self._target(instance)
        if url is None or not _is_told(event):
            return memo
        number = int(memo.get("number", "0"))
        body = _body(instance, event, f"{instance.id}-{number}")
        try:
            address = self._address(url)
            status, asked = await self._post(address, body, f"{instance.id}-{number}")
        except Forbidden as error:
            raise self._given_up(str(error)) from error
        except _NO_ANSWER as error:
            raise self._later(event, f"no answer ({trouble_of(error) or type(error).__name__})", None) from error
        return self._settled(event, memo, number, status, asked)

    def _pool(self, url: str) -> httpcore.AsyncConnectionPool:
        """Connections to the address itself or, when it may not be private, to the very ones that were checked.

        So it is behind a proxy too: that is asked to connect to an address that was checked here, not to a name.
        """
        proxy = self._outbound.proxy_for(url)
        backend: httpcore.AsyncNetworkBackend = httpcore.AnyIOBackend()
        if self._allow_private:
            known = httpcore.Proxy(proxy.address, auth=proxy.auth, ssl_context=self._tls(proxy)) if proxy else None
            return httpcore.AsyncConnectionPool(self._outbound.tls, network_backend=backend, proxy=known)
        if proxy:
            backend = ThroughProxy(backend, proxy, self._outbound.tls)
        backend = PublicOnly(backend, self._resolve, self._patience)
        return httpcore.AsyncConnectionPool(self._outbound.tls, network_backend=backend)

    def _tls(self, proxy: Proxy) -> ssl.SSLContext | None:
        return self._outbound.tls if proxy.scheme == "https" else None

    def _address(self, url: str) -> str:
        """The address in the letters that travel. Raises Forbidden unless it may be gone to."""
        try:
            parts = urlsplit(url)
            host, port = ascii_host(url), f":{parts.port}" if parts.port else ""
        except ValueError as error:
            raise Forbidden("the address cannot be read") from error
        if parts.scheme != "https" and not (self._allow_private and parts.scheme == "http"):
            raise Forbidden("the address is not https")
        if not host:
            raise Forbidden("the address has no host")
        place = f"[{host}]" if ":" in host else host
        path, query = (quote(part, safe=_AS_IT_IS) for part in (parts.path, parts.query))
        return urlunsplit((parts.scheme, place + port, path or "/", query, ""))

    def _settled(self, event: Event, memo: Memo, number: int, status: int, asked: bytes) -> Memo:
        if 200 <= status < 300:
            return {**memo, "number": str(number + 1)}
        if status == 410:
            raise GivenUp("it answers 410, which ends it", is_wished=True)
        if 300 <= status < 400:
            raise self._given_up(f"it answers {status}, which leads elsewhere, and no webhook is sent on")
        if 400 <= status < 500 and status not in _AGAIN:
            raise self._given_up(f"it answers {status}")
        raise self._later(event, f"it answers {status}", _wait(asked, self._clock.now()))

    def _later(self, event: Event, why: str, asked: timedelta | None) -> Exception:
        if self._clock.now() - event.at > _TRY_FOR:
            return self._given_up(f"{why}, for 24 hours")
        return NotDelivered(f"webhook: {why}", asked)

    def _given_up(self, why: str) -> GivenUp:
        """People hear of it only when the webhook was theirs."""
        return GivenUp(why, WebhookGivenUp(at=self._clock.now(), why=why) if self._is_theirs else None)

    async def _post(self, url: str, body: bytes, event_id: str) -> tuple[int, bytes]:
        """The status, and what stands in `Retry-After`."""
        timestamp = str(int(self._clock.now().timestamp()))
        headers: dict[bytes | str, bytes | str] = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "X-Webhook-Id": event_id,
            "X-Webhook-Timestamp": timestamp,
        }
        if self._secret:
            signature = hmac.new(self._secret, f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
            headers["X-Webhook-Signature"] = f"sha256={signature}"
        # The answer's body is of no interest, and may be endless: it is never read.
        with _called(self.name) as call:
            async with (
                asyncio.timeout(self._patience.total_seconds()),
                self._pool(url) as pool,
                pool.stream("POST", url, headers=headers, content=body) as answer,
            ):
                call.status = answer.status
                return answer.status, _retry_after(answer.headers)


@dataclass
class _Call:
    status: int | None = None
    """None while there is no answer."""


@contextmanager
def _called(name: str) -> Generator[_Call]:
    """One line in the log, without the address: its path is often its only secret."""
    began, call = perf_counter(), _Call()
    try:
        yield call
    finally:
        seconds = perf_counter() - began
        metrics.webhook_called(call.status, seconds)
        log.info("webhook_call", notifier=name, status=call.status, ms=round(seconds * 1000))


class PublicOnly(httpcore.AsyncNetworkBackend):
    """Connects to public addresses only, to the very ones that were checked: a second look-up could lie.

    They are tried in turn, each for its share of `patience`: behind some hosts only IPv4 can be reached from here.
    """

    def __init__(
        self, inner: httpcore.AsyncNetworkBackend, resolve: Resolve = look_up, patience: timedelta = _PATIENCE
    ) -> None:
        self._inner = inner
        self._resolve = resolve
        self._patience = patience

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        *first, last = await self._public_addresses(host, port)
        # One share more than there are addresses: the last must also have time to answer.
        share = self._patience.total_seconds() / (len(first) + 2)
        for address in first:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.ProxyError):
                return await self._inner.connect_tcp(address, port, share, local_address, socket_options)
        return await self._inner.connect_tcp(last, port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise Forbidden("the address is not one of the internet")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)

    async def _public_addresses(self, host: str, port: int) -> list[str]:
        """The host's addresses, at least one; raises Forbidden unless all of them are public."""
        try:
            addresses = await self._resolve(host, port)
        except OSError as error:
            raise httpcore.ConnectError(f"no such host ({type(error).__name__})") from error
        if not addresses:
            raise httpcore.ConnectError("no such host")
        if not all(is_public(address) for address in addresses):
            raise Forbidden("the address leads into a private network")
        return addresses


def _is_told(event: Event) -> bool:
    """An order that is still tried may yet be done: only its end is news for a program."""
    return isinstance(event, _TOLD) and (not isinstance(event, OrderFailed) or event.is_final)


class ThroughProxy(httpcore.AsyncNetworkBackend):
    """Has an HTTP proxy make each connection."""

    def __init__(self, inner: httpcore.AsyncNetworkBackend, proxy: Proxy, tls: ssl.SSLContext) -> None:
        self._inner = inner
        self._proxy = proxy
        self._tls = tls

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        stream = await self._inner.connect_tcp(
            self._proxy.host, self._proxy.port, timeout, local_address, socket_options
        )
        try:
            if self._proxy.scheme == "https":
                stream = await stream.start_tls(self._tls, self._proxy.host, timeout)
            await stream.write(self._request(f"[{host}]:{port}" if ":" in host else f"{host}:{port}"), timeout)
            await _expect_yes(stream, timeout)
        except BaseException:
            await stream.aclose()
            raise
        return stream

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise Forbidden("the address is not one of the internet")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)

    def _request(self, place: str) -> bytes:
        words = [f"CONNECT {place} HTTP/1.1", f"Host: {place}", "User-Agent: gpu-bot"]
        if self._proxy.auth:
            secret = b64encode(":".join(self._proxy.auth).encode()).decode()
            words.append(f"Proxy-Authorization: Basic {secret}")
        return "\r\n".join([*words, "", ""]).encode()


async def _expect_yes(stream: httpcore.AsyncNetworkStream, timeout: float | None) -> None:
    """Raises httpcore.ProxyError with the status when the proxy refuses."""
    head = b""
    while b"\r\n\r\n" not in head:
        more = await stream.read(4096, timeout)
        head += more
        if not more or len(head) > _LARGEST_HEAD:
            raise httpcore.ProxyError("no answer that can be read")
    status = head.split(b" ", 2)[1:2]
    if not status or not status[0].startswith(b"2"):
        raise httpcore.ProxyError(status[0][:3].decode("ascii", "replace") if status else "no status")


def _body(instance: Instance, event: Event, event_id: str) -> bytes:
    answer = response_to(instance).model_dump(mode="json", by_alias=True)
    elapsed = (event.at - instance.created_at).total_seconds()
    news = {
        "id": event_id,
        "type": _TYPES.get(type(event), event.type),
        "timestamp": event.at.isoformat(),
        "elapsedSeconds": elapsed,
        "name": instance.request.name,
        **answer,
        "details": _details(event),
    }
    return json.dumps(news, separators=(",", ":")).encode()


def _details(event: Event) -> dict[str, Any]:
    """What only this kind of event has, such as when a lease ends."""
    own = event.model_dump(mode="json", exclude={"at", "type"})
    return {to_camel(name): value for name, value in own.items()}


def _retry_after(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    return next((value for name, value in headers if name.lower() == b"retry-after"), b"")


def _wait(asked: bytes, now: datetime) -> timedelta | None:
    """How long the receiver asks to wait; None for nothing that can be read, and for no time at all."""
    return read_retry_after(asked.decode("latin-1"), now) or None
