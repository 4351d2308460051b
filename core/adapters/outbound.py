"""The way out of this host: through which proxy an address is reached, and whose certificates are trusted there.

All clients (Novita, Slack, Socket Mode, webhooks, the doctor) ask here and obey nothing else: `HTTPS_PROXY`,
`HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in lower or upper case, and `SSL_CERT_FILE`, `SSL_CERT_DIR`,
`REQUESTS_CA_BUNDLE` and `CURL_CA_BUNDLE`. Without one of the latter the system's certificates are trusted, and those
that certifi brings for systems that have none.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import certifi

from core.domain.errors import SettingsError

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_SECURE = {"https", "wss"}
_OPENSSLS = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_LIBRARIES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", *_OPENSSLS, *_LIBRARIES)
"""All that is asked of the environment; the first four in lower case too."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy. `variable` is where it stands; user and password are not shown."""

    scheme: str
    host: str
    port: int
    user: str
    password: str
    variable: str

    @property
    def address(self) -> str:
        """Without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def url(self) -> str:
        """With them: a secret."""
        if not self.user:
            return self.address
        return self.address.replace("://", f"://{quote(self.user, safe='')}:{quote(self.password, safe='')}@", 1)

    @property
    def auth(self) -> tuple[str, str] | None:
        return (self.user, self.password) if self.user else None

    def __repr__(self) -> str:
        return f"Proxy({self.address!r})"


@dataclass(frozen=True)
class _Exception:
    """One entry of NO_PROXY."""

    domain: str = ""
    network: Network | None = None
    port: int | None = None

    def fits(self, host: str, port: int) -> bool:
        if self.port is not None and self.port != port:
            return False
        if self.network is not None:
            address = _ip(host)
            return address is not None and address.version == self.network.version and address in self.network
        return self.domain == "*" or host == self.domain or host.endswith(f".{self.domain}")


class Outbound:
    """What the environment says, read once."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        """Raises SettingsError, naming the variable, for a proxy or certificates that cannot be used."""
        found = os.environ if environment is None else environment
        self._exceptions = list(_exceptions(_of(found, "no_proxy")[1]))
        is_off = any(each.domain == "*" and each.port is None for each in self._exceptions)
        everything = None if is_off else _proxy(*_of(found, "all_proxy"))
        self._secure = None if is_off else _proxy(*_of(found, "https_proxy")) or everything
        self._plain = None if is_off else _proxy(*_of(found, "http_proxy")) or everything
        self.trusted, self.tls = _trust(found)
        """Whose certificates, in words; and the context for all connections."""

    def proxy_for(self, url: str) -> Proxy | None:
        """The proxy through which to reach an http, https, ws or wss address; None: directly, as this very host is."""
        parts = urlsplit(url)
        proxy = self._secure if parts.scheme in _SECURE else self._plain
        host = (parts.hostname or "").rstrip(".").lower()
        if proxy is None or not host or _is_this_host(host):
            return None
        port = parts.port or _PORTS.get(parts.scheme, 0)
        return None if any(each.fits(host, port) for each in self._exceptions) else proxy

    def tls_to(self, proxy: Proxy) -> ssl.SSLContext | None:
        """For the connection to the proxy itself; None where that is a plain one."""
        return self.tls if proxy.scheme == "https" else None

    def secrets(self) -> tuple[str, ...]:
        """For the log's mask."""
        return tuple(proxy.password for proxy in (self._secure, self._plain) if proxy and proxy.password)

    def way_to(self, url: str) -> str:
        """In words, without a secret."""
        proxy = self.proxy_for(url)
        return f"through {proxy.address} ({proxy.variable})" if proxy else "directly"


def trouble_of(error: BaseException) -> str:
    """What stands in the way, where it is a matter of proxies, names and certificates; empty for anything else."""
    for each in _chain(error):
        if isinstance(each, ssl.SSLError) and not hasattr(each, "reason"):
            continue  # aiohttp's, which is one by name only; the real one is within
        if isinstance(each, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {each.verify_message or 'verification failed'}"
        if isinstance(each, ssl.SSLError):
            return _tls_trouble(each)
        if isinstance(each, socket.gaierror):
            return "no such host"
        if type(each).__name__ in ("ProxyError", "ClientHttpProxyError"):
            return f"the proxy refuses{_status_in(each)}"
        if type(each).__name__ == "ClientProxyConnectionError":
            return "the proxy does not answer"
    return ""


def _tls_trouble(error: ssl.SSLError) -> str:
    reason = str(error.reason or "").replace("_", " ").lower()
    if reason in ("wrong version number", "record layer failure", "http request", "packet length too long"):
        return "it does not speak TLS"
    return f"TLS fails ({reason or 'no reason given'})"


def _status_in(error: BaseException) -> str:
    status = getattr(error, "status", None) or next(iter(re.findall(r"\b[1-5]\d\d\b", str(error))), "")
    return f" ({status})" if status else ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it; some libraries keep that in arguments, or in attributes of their own."""
    todo, seen = [error], set[int]()
    while todo and len(seen) < 50:
        each = todo.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        more = (each.__cause__, each.__context__, getattr(each, "os_error", None), *each.args)
        todo.extend(one for one in more if isinstance(one, BaseException))


def _of(environment: Mapping[str, str], name: str) -> tuple[str, str]:
    """The variable that counts and its value; lower case goes first, and an empty one counts as not set."""
    for variable in (name, name.upper()):
        if value := _read(environment, variable):
            return variable, value
    return name.upper(), ""


def _read(environment: Mapping[str, str], variable: str) -> str:
    return environment.get(variable, "").strip().strip("\"'")


def _proxy(variable: str, value: str) -> Proxy | None:
    if not value:
        return None
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    else:
        if parts.scheme not in ("http", "https"):
            raise SettingsError(
                f"{variable}: {parts.scheme}:// proxies are not supported; name an HTTP proxy, http://HOST:PORT, "
                f"or remove it for this program (NO_PROXY=* does)"
            )
    if not host or re.search(r"\s", value):
        raise SettingsError(f"{variable}: is not a proxy's address; write http://HOST:PORT, or http://USER:PASSWORD@…")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Proxy(parts.scheme, host, port or _PORTS[parts.scheme], user, password, variable)


def _exceptions(text: str) -> Iterator[_Exception]:
    for entry in re.split(r"[\s,]+", text.lower()):
        if entry:
            yield _exception(entry)


def _exception(entry: str) -> _Exception:
    """`*`, `example.com`, `.example.com`, `*.example.com`, `10.0.0.0/8`, `::1`, `[::1]`, any of them with `:PORT`."""
    with contextlib.suppress(ValueError):
        return _Exception(network=ipaddress.ip_network(entry, strict=False))
    host, _, port = entry.rpartition(":")
    if host and port.isdigit():
        return _Exception(**{**vars(_exception(host)), "port": int(port)})
    if entry.startswith("[") and entry.endswith("]"):
        return _exception(entry[1:-1])
    return _Exception(domain=entry if entry == "*" else entry.removeprefix("*").strip("."))


def _is_this_host(host: str) -> bool:
    """A proxy is for the outside world, never for a server on this machine."""
    address = _ip(host)
    return address.is_loopback if address else host == "localhost" or host.endswith(".localhost")


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _trust(environment: Mapping[str, str]) -> tuple[str, ssl.SSLContext]:
    """Only what is named, where something is; all that can be had, where nothing is."""
    own = [(name, value) for name in _OPENSSLS if (value := _read(environment, name))]
    other = [(name, value) for name in _LIBRARIES if (value := _read(environment, name))]
    return _context(tuple(own or other[:1]))


@cache
def _context(named: tuple[tuple[str, str], ...]) -> tuple[str, ssl.SSLContext]:
    """Reading all certificates takes a while, and none of them is anybody's own."""
    if not named:
        context = ssl.create_default_context()
        context.load_verify_locations(certifi.where())
        return "the system's certificates", context
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for variable, paths in named:
        for path in paths.split(os.pathsep) if variable == "SSL_CERT_DIR" else [paths]:
            _load(context, variable, path)
    return f"the certificates of {' and '.join(variable for variable, _ in named)}", context


def _load(context: ssl.SSLContext, variable: str, path: str) -> None:
    """Raises SettingsError for what is no file of certificates, and no folder."""
    try:
        if Path(path).is_dir():
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except OSError as error:
        why = "it holds no certificates" if isinstance(error, ssl.SSLError) else error.strerror
        raise SettingsError(
            f"{variable}: {path} cannot be used ({why}); name a file of certificates in PEM form, or remove it"
        ) from None
