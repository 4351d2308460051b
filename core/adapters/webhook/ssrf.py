"""Where a webhook may go: to public addresses only, and the address that was checked is the one that is called."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import httpcore

from core.domain.addresses import is_public

PATIENCE = timedelta(seconds=5)
"""For the whole exchange."""
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""From a host and a port to its IP addresses. Raises OSError when there are none."""


class Forbidden(Exception):
    """The address leads to where no webhook may go: this host, a private network, a cloud's metadata."""


class Unreachable(Exception):
    """Nobody takes a connection at the address; the message says why."""


async def look_up(host: str, port: int) -> list[str]:
    """What the system's resolver says."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class ByTcp(httpcore.AsyncNetworkBackend):
    """One around another, for what makes the other's TCP connections in its own way; of other kinds there are none."""

    def __init__(self, inner: httpcore.AsyncNetworkBackend) -> None:
        self._inner = inner

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise Forbidden("the address is not one of the internet")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class PublicOnly(ByTcp):
    """Connects to public addresses only, to the very ones that were checked: a second look-up could lie.

    They are tried in turn, each for its share of `patience`: behind some hosts only IPv4 can be reached from here.
    """

    def __init__(
        self, inner: httpcore.AsyncNetworkBackend, resolve: Resolve = look_up, patience: timedelta = PATIENCE
    ) -> None:
        super().__init__(inner)
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
