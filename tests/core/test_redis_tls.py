"""Redis and TLS: it works where the certificate is trusted, and what stands in the way is said with its cure."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from core.adapters.redis import Store, connect, tls_trouble
from core.domain.errors import StoreUnavailable
from tests.core.samples import NOON
from tests.tls import LONG_AGO, Authority, line_to


async def told(url: str) -> str:
    """What is said of a Redis that cannot be reached."""
    store = Store(connect(url))
    try:
        with pytest.raises(StoreUnavailable) as caught:
            await store.beat(NOON)
        return await tls_trouble(url, caught.value)
    finally:
        await store.aclose()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def works(url: str) -> bool:
    store = Store(connect(url))
    await store.beat(NOON)
    await store.aclose()
    return True


async def test_a_certificate_that_is_trusted_by_the_address_is_enough(redis_url: str, authority: Authority) -> None:
    async with line_to(redis_url, authority.server()) as place:
        assert await works(f"rediss://{place}?ssl_ca_certs={authority.file}")


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
async def test_a_certificate_that_is_trusted_by_the_environment_is_enough(
    redis_url: str, authority: Authority, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for other in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, str(authority.file))
    async with line_to(redis_url, authority.server()) as place:
        assert await works(f"rediss://{place}")


CERTIFICATES: dict[str, Callable[[Authority], ssl.SSLContext]] = {
    "unable to get local issuer certificate": lambda a: Authority(a.file.parent).server(),
    "IP address mismatch": lambda a: a.server("redis.example"),
    "certificate has expired": lambda a: a.server(until=LONG_AGO + timedelta(days=1)),
}


@pytest.mark.parametrize("why", CERTIFICATES)
async def test_a_certificate_that_is_not_trusted_is_told_with_its_reason(
    redis_url: str, authority: Authority, why: str
) -> None:
    async with line_to(redis_url, CERTIFICATES[why](authority)) as place:
        said = await told(f"rediss://{place}?ssl_ca_certs={authority.file}")
    assert said.startswith("its certificate is not trusted: ")
    assert why in said


async def test_tls_at_a_plain_port_is_told(redis_url: str) -> None:
    async with line_to(redis_url) as place:
        assert "write redis://" in await told(f"rediss://{place}")


async def test_plain_at_a_tls_port_is_told(redis_url: str, authority: Authority) -> None:
    async with line_to(redis_url, authority.server()) as place:
        assert "write rediss://" in await told(f"redis://{place}")


async def test_what_is_no_matter_of_tls_is_not_told_as_one(redis_url: str, authority: Authority) -> None:
    assert await told("redis://127.0.0.1:1") == ""
    assert await told("rediss://127.0.0.1:1") == ""
    async with line_to(redis_url) as place:
        assert await told(f"redis://somebody:wrong@{place}") == ""
    async with line_to(redis_url, authority.server()) as place:
        url = f"rediss://somebody:wrong@{place}?ssl_ca_certs={authority.file}"
        assert await told(url) == ""
