"""What counts as an address on the web wherever one is asked for, and which lead to the open internet (pure)."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""Python calls some of the rest global too, such as the old site-local addresses (fec0::/10)."""

_INWARD = tuple(map(ipaddress.ip_network, ("168.63.129.16/32", "192.0.0.0/24", "3fff::/20")))
"""A cloud's metadata, protocol assignments and documentation: some releases of Python call these global."""

_HOST_LIMIT = 253
"""Characters in a DNS name."""


def is_address(url: str, schemes: Collection[str]) -> bool:
    """Whether it has one of the schemes, a host, and a port that is one, if any."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname)


def ascii_host(url: str) -> str:
    """The host in the letters that travel, empty without one. Raises ValueError for what cannot be a DNS name."""
    host = (urlsplit(url).hostname or "").encode("idna").decode()
    if len(host) > _HOST_LIMIT:
        raise ValueError("the host is too long")
    return host


def may_be_public(host: str) -> bool:
    """Whether it could lead to the open internet: a name, which only a look-up can tell, or an address that does."""
    address = _literal(host)
    return address is None or is_public(address)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet; what IPv6 wraps of IPv4 is judged by the IPv4 inside."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or _nat64(ip)
        if inner is not None:
            return is_public(str(inner))
        if ip not in _GLOBAL_UNICAST:
            return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _INWARD)


def _literal(host: str) -> str | None:
    """The IP address that is written there, also in the old ways of IPv4 (`127.1`, `2130706433`)."""
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return None


def _nat64(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    inside = ip in ipaddress.IPv6Network("64:ff9b::/96")
    return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if inside else None
