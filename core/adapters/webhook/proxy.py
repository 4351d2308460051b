"""A webhook's way through the host's proxy."""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import Iterable
from typing import Any

import httpcore

from core.adapters.outbound import Proxy
from core.adapters.webhook.ssrf import ByTcp

_LARGEST_HEAD = 65536


class ThroughProxy(ByTcp):
    """Has an HTTP proxy make each connection."""

    def __init__(self, inner: httpcore.AsyncNetworkBackend, proxy: Proxy, tls: ssl.SSLContext | None) -> None:
        super().__init__(inner)
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
            if self._tls is not None:
                stream = await stream.start_tls(self._tls, self._proxy.host, timeout)
            await stream.write(self._request(f"[{host}]:{port}" if ":" in host else f"{host}:{port}"), timeout)
            await _expect_yes(stream, timeout)
        except BaseException:
            await stream.aclose()
            raise
        return stream

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
