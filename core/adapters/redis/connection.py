"""How this program talks to Redis: few connections, short waits, and no retries but its own."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from redis.asyncio import BlockingConnectionPool, Redis, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from core.adapters.outbound import Outbound, trouble_of
from core.domain.errors import SettingsError

_CONNECTIONS = 4
"""Four beat one per command by more than twice in a burst (measured)."""

_SOCKET_SECONDS = 3.0
_PROBE_SECONDS = 2.0
_FILES = frozenset({"ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_ca_path"})
_OURS = frozenset(
    {"max_connections", "timeout", "socket_timeout", "socket_connect_timeout", "retry", "retry_on_timeout"}
    | {"retry_on_error", "decode_responses", "encoding", "encoding_errors", "connection_class", "host", "port", "path"}
)
_WAIT_FOR_CONNECTION_SECONDS = 10.0


class _Trusting(SSLConnection):
    """Trusts whom all of this program's connections trust, unless options of TLS in the address say how it is done."""

    def __init__(self, *, trusted: ssl.SSLContext, **options: Any) -> None:
        super().__init__(**options)
        if not any(name.startswith("ssl_") for name in options):
            self.ssl_context.context = trusted


def connect(url: str) -> Redis:
    """A client for `url` (redis://, rediss://, unix://). Raises SettingsError for options in it that cannot be.

    The certificates of a rediss:// server are judged as `core.adapters.outbound` says.

    redis-py's defaults are changed on purpose: it would repeat any command ten times, a write included, and raise
    at 100 connections instead of waiting.
    """
    _refuse_what_is_ours(url)
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            timeout=_WAIT_FOR_CONNECTION_SECONDS,
            socket_timeout=_SOCKET_SECONDS,
            socket_connect_timeout=_SOCKET_SECONDS,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
        if pool.connection_class is SSLConnection:
            pool.connection_class = _Trusting
            pool.connection_kwargs["trusted"] = Outbound().tls
        # What an option is worth shows when a connection is made, which needs no server.
        pool.make_connection()  # type: ignore[no-untyped-call]
    except (TypeError, ValueError, AttributeError, RedisError, OSError) as error:
        raise SettingsError(f"REDIS_URL: {_option_trouble(url, error)}") from None
    return Redis.from_pool(pool)


def _refuse_what_is_ours(url: str) -> None:
    """An option in the address would win over this program's own."""
    options = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    if taken := _OURS.intersection(dict(options)):
        raise SettingsError(f"REDIS_URL: {min(taken)} is this program's own choice; remove it after the ?")
    for name, value in options:
        if name in _FILES and not Path(value).exists():
            raise SettingsError(f"REDIS_URL: {name} is {value}, which is not there; name a file in PEM form")


def _option_trouble(url: str, error: Exception) -> str:
    """Names the option where it can be known, and never repeats what may hold a password."""
    options = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    strange = re.findall(r"unexpected keyword argument '(\w+)'", str(error))
    if strange and strange[0].startswith("ssl_"):
        return f"{strange[0]} is an option of rediss://; write that, or remove the option"
    if strange:
        return f"{strange[0]} is no option that Redis connections have; remove it after the ?"
    named = [name for name in options if name in str(error)] or sorted(options)
    return f"{named[0] if named else 'its path'} has a value that cannot be used; mend it, or remove it"


async def tls_trouble(url: str, error: BaseException) -> str:
    """What TLS has to do with an `error` of this address, and what to do; empty when it is something else."""
    trouble = trouble_of(error)
    if urlsplit(url).scheme == "redis":
        return "the server speaks TLS there; write rediss://" if await _speaks_tls(url) else ""
    if urlsplit(url).scheme != "rediss":
        return ""
    if "not trusted" in trouble:
        return f"{trouble}; set SSL_CERT_FILE, or ?ssl_ca_certs=FILE in the address, to what it is to be trusted by"
    if "speak TLS" in trouble or await _speaks_plainly(url):
        return "the server does not speak TLS there; write redis://, or its TLS port"
    return f"{trouble}; see what TLS the server wants" if trouble.startswith("TLS") else ""


async def _speaks_tls(url: str) -> bool:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return bool(await _asked(url, b"", context))


async def _speaks_plainly(url: str) -> bool:
    return (await _asked(url, b"PING\r\n", None))[:1] in (b"+", b"-")


async def _asked(url: str, words: bytes, context: ssl.SSLContext | None) -> bytes:
    """What the server says first; b"TLS" when there is nothing to ask and the handshake went well."""
    parts = urlsplit(url)
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_PROBE_SECONDS):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 6379, ssl=context)
            try:
                writer.write(words)
                return await reader.read(16) if words else b"TLS"
            finally:
                writer.close()
    return b""
