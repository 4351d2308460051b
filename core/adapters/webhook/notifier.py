"""The signed outgoing webhook: one of the notifiers, for programs instead of people.

A receiver checks `X-Webhook-Signature: sha256=<hex>`, the HMAC-SHA256 of "<X-Webhook-Timestamp>.<body>" under the
shared secret, and drops what it has seen before by `X-Webhook-Id`: an event may come twice, and comes in order.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit, urlunsplit

import httpcore
import structlog
from pydantic import BaseModel, SecretStr

from core.adapters.outbound import Outbound, trouble_of
from core.adapters.user_agent import USER_AGENT
from core.adapters.webhook.payload import body_of, is_told
from core.adapters.webhook.proxy import ThroughProxy
from core.adapters.webhook.ssrf import PATIENCE, Forbidden, PublicOnly, Resolve, Unreachable, look_up
from core.domain.addresses import ascii_host
from core.domain.backoff import read_retry_after
from core.domain.clock import Clock
from core.domain.events import Event, WebhookGivenUp
from core.domain.instance import Instance
from core.services.outbox import Abandoned, RetryLater
from core.telemetry import metrics
from core.telemetry.calls import timed_call

log = structlog.get_logger(__name__)
_AS_IT_IS = "%/:?#[]@!$&'()*+,;=~"
"""What quoting leaves alone in an address that may be quoted already."""

_TRY_FOR = timedelta(hours=24)
_AGAIN = {408, 425, 429}
_NO_ANSWER = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, httpcore.ProxyError, OSError)

Target = Callable[[Instance], str | None]


class Sent(BaseModel):
    """What is remembered of an instance: how many events were posted, which numbers the next."""

    number: int = 0


class WebhookNotifier:
    """Posts events as JSON to the address that `target` gives for an instance; None for no webhook.

    Only https, only public addresses (checked on the address that is really connected to), no redirects;
    `allow_private` lifts the first two, for tests and for networks of one's own. `is_theirs`: the owner named it, and
    hears when it is given up. `patience` is for a whole exchange.
    """

    state = Sent

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
        patience: timedelta = PATIENCE,
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

    async def deliver(self, instance: Instance, event: Event, state: Sent, *, latest: bool) -> Sent:
        """Posts one event. Raises RetryLater while it is worth another try, Abandoned when it is not."""
        url = self._target(instance)
        if url is None or not is_told(event):
            return state
        event_id = f"{instance.id}-{state.number}"
        body = body_of(instance, event, event_id)
        try:
            address = self._address(url)
            status, asked = await self._post(address, body, event_id)
        except Forbidden as error:
            raise self._given_up(str(error)) from error
        except _NO_ANSWER as error:
            raise self._later(event, f"no answer ({trouble_of(error) or type(error).__name__})", None) from error
        return self._settled(event, state, status, asked)

    async def reach(self, url: str) -> None:
        """Connects as a post would, without a word: no receiver takes it for an event.

        Raises Forbidden, or Unreachable with why.
        """
        address = self._address(url)
        try:
            async with asyncio.timeout(self._patience.total_seconds()):
                stream = await self._connected(address)
                await stream.aclose()
        except _NO_ANSWER as error:
            raise Unreachable(trouble_of(error) or type(error).__name__) from error

    async def _connected(self, address: str) -> httpcore.AsyncNetworkStream:
        parts, proxy = urlsplit(address), self._outbound.proxy_for(address)
        host = parts.hostname or ""
        if parts.scheme == "http":
            # A proxy takes plain posts whole, and may make connections to other ports than 443 for nobody.
            place = (proxy.host, proxy.port) if proxy else (host, parts.port or 80)
            return await httpcore.AnyIOBackend().connect_tcp(*place)
        stream = await self._backend(address).connect_tcp(host, parts.port or 443)
        try:
            return await stream.start_tls(self._outbound.tls, host)
        except BaseException:
            await stream.aclose()
            raise

    def _backend(self, url: str) -> httpcore.AsyncNetworkBackend:
        """What connects to the address itself or, when it may not be private, to the very ones that were checked."""
        proxy = self._outbound.proxy_for(url)
        backend: httpcore.AsyncNetworkBackend = httpcore.AnyIOBackend()
        if proxy:
            backend = ThroughProxy(backend, proxy, self._outbound.tls_to(proxy))
        return backend if self._allow_private else PublicOnly(backend, self._resolve, self._patience)

    def _pool(self, url: str) -> httpcore.AsyncConnectionPool:
        """Connections to the address itself or, when it may not be private, to the very ones that were checked.

        So it is behind a proxy too: that is asked to connect to an address that was checked here, not to a name.
        """
        outbound, proxy = self._outbound, self._outbound.proxy_for(url)
        if self._allow_private:
            known = (
                httpcore.Proxy(proxy.address, auth=proxy.auth, ssl_context=outbound.tls_to(proxy)) if proxy else None
            )
            return httpcore.AsyncConnectionPool(outbound.tls, network_backend=httpcore.AnyIOBackend(), proxy=known)
        return httpcore.AsyncConnectionPool(outbound.tls, network_backend=self._backend(url))

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

    def _settled(self, event: Event, state: Sent, status: int, asked: bytes) -> Sent:
        if 200 <= status < 300:
            return Sent(number=state.number + 1)
        if status == 410:
            raise Abandoned("it answers 410, which ends it", is_wished=True)
        if 300 <= status < 400:
            raise self._given_up(f"it answers {status}, which leads elsewhere, and no webhook is sent on")
        if 400 <= status < 500 and status not in _AGAIN:
            raise self._given_up(f"it answers {status}")
        raise self._later(event, f"it answers {status}", _wait(asked, self._clock.now()))

    def _later(self, event: Event, why: str, asked: timedelta | None) -> Exception:
        if self._clock.now() - event.at > _TRY_FOR:
            return self._given_up(f"{why}, for 24 hours")
        return RetryLater(f"webhook: {why}", asked)

    def _given_up(self, why: str) -> Abandoned:
        """People hear of it only when the webhook was theirs."""
        return Abandoned(why, WebhookGivenUp(at=self._clock.now(), why=why) if self._is_theirs else None)

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
    call = _Call()
    with timed_call(
        log,
        "webhook_call",
        lambda: {"notifier": name, "status": call.status},
        lambda seconds: metrics.webhook_called(call.status, seconds),
    ):
        yield call


def _retry_after(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    return next((value for name, value in headers if name.lower() == b"retry-after"), b"")


def _wait(asked: bytes, now: datetime) -> timedelta | None:
    """How long the receiver asks to wait; None for nothing that can be read, and for no time at all."""
    return read_retry_after(asked.decode("latin-1"), now) or None
