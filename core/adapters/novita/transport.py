"""One HTTP call to Novita: sent, timed, logged, its failure sorted into not sent, unclear and refused."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, partial
from typing import TypeVar

import httpx
import stamina
import structlog
from pydantic import SecretStr

from core.adapters.novita.errors import GONE, KIND_OF, NEXT_REGION, NO_ANSWER, refusal
from core.adapters.novita.parse import Json, parse
from core.adapters.novita.parse import date as read_date
from core.adapters.outbound import Outbound, Proxy
from core.adapters.user_agent import USER_AGENT
from core.domain.clock import Sample, steady
from core.domain.errors import NovitaError, NovitaRefused, NovitaUnclear, NovitaUnsent, RateLimited
from core.telemetry import metrics, request_id
from core.telemetry.calls import timed_call

LANES, LANE_WIDTH = 64, 4
"""Connections: room for 200 simultaneous creates beside the reads."""

KEEP_ALIVE = timedelta(seconds=30)
READ_TRIES = 3
READ_TIME = timedelta(seconds=12)
LONGEST_WAIT = timedelta(seconds=5)
"""A read that is told to wait longer fails instead: whoever asked would rather know."""

# The request had not left when these were raised. Everything else may have reached Novita.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)

metrics.know_reasons((*KIND_OF, *NEXT_REGION, *GONE, *NO_ANSWER))

_log = structlog.get_logger(__name__)

T = TypeVar("T")
Query = Mapping[str, str | int]


@dataclass(frozen=True)
class Timeouts:
    """How long each part of a call may take. Making an instance can be slow (API.md, Creating)."""

    connect: timedelta = timedelta(seconds=3)
    pool: timedelta = timedelta(seconds=5)
    read: timedelta = timedelta(seconds=10)
    create: timedelta = timedelta(seconds=60)

    def to_read_within(self, read: timedelta) -> httpx.Timeout:
        seconds = read.total_seconds()
        return httpx.Timeout(
            connect=self.connect.total_seconds(), pool=self.pool.total_seconds(), read=seconds, write=seconds
        )


@dataclass
class _Lane:
    """A few connections. httpx walks its whole pool, squared, for each request: 200 in one pool cost 30 ms a call."""

    open: Callable[[], httpx.AsyncClient]
    busy: int = 0

    @cached_property
    def http(self) -> httpx.AsyncClient:
        """Opened when the lanes before it are busy for the first time, which most never see."""
        return self.open()

    @property
    def is_open(self) -> bool:
        return "http" in vars(self)

    async def send(self, request: httpx.Request) -> httpx.Response:
        self.busy += 1
        try:
            return await self.http.send(request)
        finally:
            self.busy -= 1


def _open(base_url: str, api_key: SecretStr, outbound: Outbound) -> httpx.AsyncClient:
    proxy = outbound.proxy_for(base_url)
    return httpx.AsyncClient(
        base_url=base_url,
        headers={"Authorization": f"Bearer {api_key.get_secret_value()}", "User-Agent": USER_AGENT},
        limits=httpx.Limits(
            max_connections=LANE_WIDTH,
            max_keepalive_connections=LANE_WIDTH,
            keepalive_expiry=KEEP_ALIVE.total_seconds(),
        ),
        verify=outbound.tls,
        proxy=_through(proxy, outbound) if proxy else None,
        trust_env=False,
    )


def _through(proxy: Proxy, outbound: Outbound) -> httpx.Proxy:
    return httpx.Proxy(proxy.address, auth=proxy.auth, ssl_context=outbound.tls_to(proxy))


class Transport:
    """A pool of connections to one Novita host. GETs are tried up to three times, POSTs exactly once."""

    def __init__(self, base_url: str, api_key: SecretStr, timeouts: Timeouts, outbound: Outbound) -> None:
        self._api_key = api_key
        self._for_reads = timeouts.to_read_within(timeouts.read)
        self._for_creates = timeouts.to_read_within(timeouts.create)
        self._lanes = [_Lane(partial(_open, base_url, api_key, outbound)) for _ in range(LANES)]
        self._build = self._lanes[0].http.build_request

    async def get(self, path: str, read: Callable[[Json], T], query: Query | None = None) -> T:
        """What `read` makes of the reply. Tried again when the reply was lost, broken, or "too fast"."""
        tries = stamina.retry_context(
            on=_wait_before_retry,
            attempts=READ_TRIES,
            timeout=READ_TIME,
            wait_initial=0.1,
            wait_max=1.0,
            wait_jitter=0.2,
        )
        async for attempt in tries:
            with attempt:
                request = self._build("GET", path, params=query, timeout=self._for_reads)
                return await self._exchange(request, path, lambda content: read(parse(content)))
        raise AssertionError("a retry loop ends with an answer or an error")

    async def act(self, path: str, body: Json) -> None:
        """One POST. Any 2xx is a yes: its body may be empty (API.md, Orders)."""
        request = self._build("POST", path, json=body, timeout=self._for_reads)
        await self._exchange(request, path, lambda _: None)

    async def create(self, path: str, body: Json, read: Callable[[Json], T], hide: Iterable[str]) -> T:
        """One POST that may take a minute. The strings in `hide` never show up in an error."""
        request = self._build("POST", path, json=body, timeout=self._for_creates)
        return await self._exchange(request, path, lambda content: read(parse(content)), hide)

    async def time(self, path: str) -> Sample:
        """What time it is there, by the date of any answer, a refusal too."""
        request = self._build("GET", path, timeout=self._for_reads)
        asked = steady()
        response = await self._send(request, path)
        return Sample(read_date(response.headers.get("Date")), asked, steady())

    async def close(self) -> None:
        for lane in self._lanes:
            if lane.is_open:
                await lane.http.aclose()

    async def _exchange(
        self, request: httpx.Request, path: str, read: Callable[[bytes], T], hide: Iterable[str] = ()
    ) -> T:
        with _called(request.method, path) as call:
            response = await self._send(request, path)
            call.status = response.status_code
            if not response.is_success:
                raise self._refusal(response, hide)
            return read(response.content)

    async def _send(self, request: httpx.Request, path: str) -> httpx.Response:
        try:
            # The first of the least busy ones, so that a quiet bot keeps to a few warm connections.
            return await min(self._lanes, key=_busyness).send(request)
        except _NOT_SENT as error:
            raise NovitaUnsent(f"{request.method} {path} was not sent ({type(error).__name__})") from error
        except httpx.RequestError as error:
            raise NovitaUnclear(f"{request.method} {path} got no answer ({type(error).__name__})") from error

    def _refusal(self, response: httpx.Response, hide: Iterable[str]) -> NovitaError:
        hidden = (*hide, self._api_key.get_secret_value())
        return refusal(response.status_code, response.content, response.headers.get("Retry-After"), hidden)


def _busyness(lane: _Lane) -> int:
    return lane.busy


def _wait_before_retry(error: Exception) -> bool | timedelta:
    match error:
        case RateLimited(retry_after=timedelta() as wait):
            return wait if wait <= LONGEST_WAIT else False
        case RateLimited() | NovitaUnsent() | NovitaUnclear():
            return True
        case _:
            return False


def _outcome(error: NovitaError) -> str:
    if isinstance(error, NovitaRefused):
        return error.reason or error.kind
    return "unsent" if isinstance(error, NovitaUnsent) else "unclear"


@dataclass
class _Call:
    status: int | None = None
    """None while there is no answer."""
    outcome: str = "cancelled"

    def counted_as(self) -> str:
        is_answered = self.status is not None and (self.outcome == "ok" or self.status >= 300)
        return str(self.status) if is_answered else self.outcome


@contextmanager
def _called(method: str, path: str) -> Generator[_Call]:
    call = _Call()
    with timed_call(
        _log,
        "novita_call",
        lambda: {"method": method, "path": path, "status": call.status, "outcome": call.outcome},
        lambda seconds: metrics.novita_called(path.rpartition("/v1/")[2], call.counted_as(), seconds),
        is_asked_for=method != "GET" or bool(request_id.current()),
    ):
        try:
            yield call
            call.outcome = "ok"
        except NovitaError as error:
            call.outcome = _outcome(error)
            if isinstance(error, NovitaUnclear):
                error.is_read = method == "GET"
            raise
