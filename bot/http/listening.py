"""Where a process listens: HOST and PORT as sockets, of every family that the host has, or what is wrong with them."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from bot.http.connections import Acceptor, most_connections
from core.domain.errors import SettingsError

_TRIES = 20
_NOT_HERE = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.ENODEV, errno.EINVAL}

Address = tuple[socket.AddressFamily, tuple[Any, ...]]
"""A family and, in its way, a host, a port and more."""


@contextlib.asynccontextmanager
async def served(
    application: web.Application,
    host: str,
    port: int,
    variable: str = "PORT",
    *,
    share: int = 1,
    patience: float = 60.0,
) -> AsyncIterator[list[str]]:
    """Serves an application while the context lasts; gives its addresses, like `127.0.0.1:3000` and `[::1]:3000`.

    Has one part in `share` of the connections that the process may have. At the end no more requests are taken, on open
    connections neither, and those that are here have so many seconds to be answered. Raises SettingsError, naming
    HOST or the port's `variable`, when that cannot be.
    """
    sockets = await bound(host, port, variable)
    # Slack compresses nothing, and what anybody else packs is not worth unpacking.
    runner = web.AppRunner(application, auto_decompress=False, access_log=None, shutdown_timeout=patience)
    await runner.setup()
    assert runner.server is not None  # noqa: S101
    acceptor = Acceptor(runner.server, max(1, most_connections() // share))
    addresses = [_shown(each) for each in sockets]
    acceptor.listen(sockets)
    try:
        yield addresses
    finally:
        acceptor.close()
        await runner.cleanup()
        await acceptor.aclose()


async def bound(host: str, port: int, variable: str) -> list[socket.socket]:
    """Sockets for all that the host means. Raises SettingsError, naming HOST or the port's variable."""
    addresses = await _addresses(host)
    for left in range(_TRIES - 1, -1, -1):
        try:
            return _all_bound(addresses, host, port, variable)
        except _Taken:
            # A port that the system chose for the first family can be taken in the second.
            if port or not left:
                raise
    raise AssertionError("the last try returns or raises")


class _Taken(SettingsError):
    pass


async def _addresses(host: str) -> list[Address]:
    name = host.removeprefix("[").removesuffix("]")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            name, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError) as error:
        raise SettingsError(
            f"HOST: {host} is no address, and no name that leads to one; write 0.0.0.0, ::, or one of this machine"
        ) from error
    known = (socket.AF_INET, socket.AF_INET6)
    return list(dict.fromkeys((family, place) for family, _, _, _, place in found if family in known))


def _all_bound(addresses: list[Address], host: str, port: int, variable: str) -> list[socket.socket]:
    """One that this machine does not have is left out, as long as it has another."""
    sockets: list[socket.socket] = []
    missing = "it leads nowhere"
    for family, place in addresses:
        chosen = port or (int(sockets[0].getsockname()[1]) if sockets else 0)
        try:
            sockets.append(_bound(family, place, chosen))
        except OSError as error:
            if error.errno not in _NOT_HERE:
                for each in sockets:
                    each.close()
                raise _refused(error, _written(place[0], chosen), variable) from error
            missing = error.strerror or missing
    if not sockets:
        raise SettingsError(
            f"HOST: {host} is no address of this machine ({missing}); write 0.0.0.0, ::, or one that it has"
        )
    return sockets


def _refused(error: OSError, where: str, variable: str) -> SettingsError:
    said = f"{variable}: cannot listen on {where} ({error.strerror})"
    if error.errno == errno.EADDRINUSE:
        return _Taken(f"{said}; end what listens there, or choose another port")
    return SettingsError(f"{said}; choose another port, above 1023")


def _bound(family: socket.AddressFamily, place: tuple[Any, ...], port: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # `::` is every address of both families; any other is only itself.
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, place[0] != "::")
        made.bind((place[0], port, *place[2:]))
    except BaseException:
        made.close()
        raise
    return made


def _shown(listening: socket.socket) -> str:
    host, port, *_ = listening.getsockname()
    return _written(host, port)


def _written(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
