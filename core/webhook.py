"""The signed outgoing webhook: one of the notifiers, for programs instead of people.

A receiver checks `X-Webhook-Signature: sha256=<hex>`, the HMAC-SHA256 of "<X-Webhook-Timestamp>.<body>" under the
shared secret, and drops what it has seen before by `X-Webhook-Id`: an event may come twice, and comes in order.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import json
import socket
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import httpcore
from pydantic import SecretStr

from core.clock import Clock
from core.events import Event, InstanceRequested, PhaseChanged, RegionRefused, WebhookGivenUp
from core.models import Instance
from core.outbox import GivenUp, Memo, NotDelivered
from core.responses import response_to

_SILENT = (InstanceRequested, RegionRefused, PhaseChanged, WebhookGivenUp)
"""Steps on the way, which no program waits for."""

_TIMEOUT_SECONDS = 5.0
"""For the whole exchange: the other notifiers of the instance wait for it."""
_TRY_FOR = timedelta(hours=24)
_AGAIN = {408, 425, 429}

Target = Callable[[Instance], str | None]


class Forbidden(Exception):
    """The address leads to where no webhook may go: this host, a private network, a cloud's metadata."""


class WebhookNotifier:
    """Posts events as JSON to the address that `target` gives for an instance; None for no webhook.

    Only https, only public addresses (checked on the address that is really connected to), no redirects;
    `allow_private` lifts the first two, for tests and for networks of one's own. `is_theirs`: the owner named it, and
    hears when it is given up.
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
    ) -> None:
        self.name = name
        self._is_theirs = is_theirs
        self._target = target
        self._clock = clock
        self._secret = secret.get_secret_value().encode() if secret else b""
        self._allow_private = allow_private
        self._backend: httpcore.AsyncNetworkBackend = httpcore.AnyIOBackend()
        if not allow_private:
            self._backend = _PublicOnly(self._backend)

    async def tell(self, instance: Instance, event: Event, memo: Memo, *, latest: bool) -> Memo:
        """Posts one event. Raises NotDelivered while it is worth another try, GivenUp when it is not."""
        url = self._target(instance)
        if url is None or isinstance(event, _SILENT):
            return memo
        number = int(memo.get("number", "0"))
        body = _body(instance, event, f"{instance.id}-{number}")
        if not self._allow_private and not url.startswith("https://"):
            raise self._given_up("the address is not https")
        try:
            status, asked = await self._post(url, body, f"{instance.id}-{number}")
        except Forbidden as error:
            raise self._given_up(str(error)) from error
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError) as error:
            raise self._later(event, f"no answer ({type(error).__name__})", None) from error
        return self._settled(event, memo, number, status, asked)

    def _settled(self, event: Event, memo: Memo, number: int, status: int, asked: timedelta | None) -> Memo:
        if 200 <= status < 300:
            return {**memo, "number": str(number + 1)}
        if status == 410:
            raise GivenUp("it answers 410, which ends it")
        if 400 <= status < 500 and status not in _AGAIN:
            raise self._given_up(f"it answers {status}")
        raise self._later(event, f"it answers {status}", asked)

    def _later(self, event: Event, why: str, asked: timedelta | None) -> Exception:
        if self._clock.now() - event.at > _TRY_FOR:
            return self._given_up(f"{why}, for 24 hours")
        return NotDelivered(f"webhook: {why}", asked)

    def _given_up(self, why: str) -> GivenUp:
        """People hear of it only when the webhook was theirs."""
        return GivenUp(why, WebhookGivenUp(at=self._clock.now(), why=why) if self._is_theirs else None)

    async def _post(self, url: str, body: bytes, event_id: str) -> tuple[int, timedelta | None]:
        """The status, and how long the receiver asks to wait."""
        timestamp = str(int(self._clock.now().timestamp()))
        headers: dict[bytes | str, bytes | str] = {
            "Content-Type": "application/json",
            "User-Agent": "gpu-bot",
            "X-Webhook-Id": event_id,
            "X-Webhook-Timestamp": timestamp,
        }
        if self._secret:
            signature = hmac.new(self._secret, f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
            headers["X-Webhook-Signature"] = f"sha256={signature}"
        # The answer's body is of no interest, and may be endless: it is never read.
        async with (
            asyncio.timeout(_TIMEOUT_SECONDS),
            httpcore.AsyncConnectionPool(network_backend=self._backend) as pool,
            pool.stream("POST", url, headers=headers, content=body) as answer,
        ):
            return answer.status, _retry_after(answer.headers)


class _PublicOnly(httpcore.AsyncNetworkBackend):
    """Connects to public addresses only, to the very address that was checked: a second look-up could lie."""

    def __init__(self, inner: httpcore.AsyncNetworkBackend) -> None:
        self._inner = inner

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        address = await _public_address(host, port)
        return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise Forbidden("the address is not one of the internet")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


async def _public_address(host: str, port: int) -> str:
    """An address of the host; raises Forbidden unless all of them are public."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(f"no such host ({type(error).__name__})") from error
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not is_public(address):
            raise Forbidden("the address leads into a private network")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet; what IPv6 wraps of IPv4 is judged by the IPv4 inside."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or _nat64(ip)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


def _nat64(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    inside = ip in ipaddress.IPv6Network("64:ff9b::/96")
    return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if inside else None


def _body(instance: Instance, event: Event, event_id: str) -> bytes:
    answer = response_to(instance).model_dump(mode="json", by_alias=True)
    elapsed = (event.at - instance.created_at).total_seconds()
    news = {
        "id": event_id,
        "type": event.type,
        "timestamp": event.at.isoformat(),
        "elapsedSeconds": elapsed,
        "name": instance.request.name,
        **answer,
    }
    return json.dumps(news, separators=(",", ":")).encode()


def _retry_after(headers: list[tuple[bytes, bytes]]) -> timedelta | None:
    for name, value in headers:
        if name.lower() == b"retry-after" and value.isdigit():
            return timedelta(seconds=min(int(value), 3600))
    return None
