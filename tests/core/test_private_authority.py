"""A private authority's certificates: each client works with them named, and says what is in its way without them."""

from __future__ import annotations

import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from bot.slack.client import SlackClient
from core.adapters.novita import NovitaClient
from core.adapters.outbound import Outbound, trouble_of
from core.adapters.webhook import Sent, WebhookNotifier
from core.domain.errors import NovitaUnsent
from core.domain.events import InstanceCreated
from core.domain.instance import Instance, Status
from core.services.outbox import RetryLater
from tests.core.samples import NOON, TurnedClock, instance, request
from tests.e2e.proxy import SmallProxy
from tests.tls import Authority

NAME = "inside.example.com"
PUBLIC = "93.184.215.14"
CREATED = InstanceCreated(at=NOON, novita_id="n-1")
NOT_TRUSTED = "its certificate is not trusted: "


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@asynccontextmanager
async def server(context: ssl.SSLContext | None) -> AsyncIterator[int]:
    """The port of one that takes a webhook, says who the bot is, and has no instances."""

    async def answer(call: web.Request) -> web.Response:
        await call.read()
        return web.json_response({"ok": True, "team_id": "T1", "instances": [], "total": 0})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def asks_novita(base_url: str, outbound: Outbound) -> None:
    novita = NovitaClient(base_url, SecretStr("sk_1"), outbound=outbound)
    try:
        await novita.instances()
    finally:
        await novita.aclose()


async def asks_slack(base_url: str, outbound: Outbound) -> None:
    async with aiohttp.ClientSession() as session:
        client = SlackClient(token="xoxb-1", session=session, outbound=outbound, base_url=f"{base_url}/api/")
        assert (await client.auth_test())["team_id"] == "T1"


async def posts_a_webhook(base_url: str, outbound: Outbound) -> None:
    await hook(outbound, allow_private=True).deliver(told_at(base_url), CREATED, Sent(), latest=True)


CLIENTS = [asks_novita, asks_slack, posts_a_webhook]


def hook(outbound: Outbound, **more: Any) -> WebhookNotifier:
    return WebhookNotifier(
        "webhook", lambda i: i.request.webhook_url, TurnedClock(), secret=None, outbound=outbound, **more
    )


def told_at(base_url: str) -> Instance:
    wished = request(webhook_url=f"{base_url}/hook")
    return instance(request=wished, novita_id="n-1", status=Status.STARTING, launched_at=NOON)


@pytest.mark.parametrize("ask", CLIENTS)
async def test_each_client_trusts_whom_the_environment_names_and_nobody_else(authority: Authority, ask: Any) -> None:
    async with server(authority.server()) as port:
        url = f"https://127.0.0.1:{port}"
        await ask(url, Outbound({"SSL_CERT_FILE": str(authority.file)}))
        with pytest.raises(Exception) as caught:
            await ask(url, Outbound({}))
    assert trouble_of(caught.value).startswith(NOT_TRUSTED)


@pytest.mark.parametrize("ask", CLIENTS)
async def test_each_client_goes_by_tls_through_a_proxy(authority: Authority, ask: Any) -> None:
    async with SmallProxy().open() as proxy, server(authority.server(NAME)) as port:
        environment = {"HTTPS_PROXY": proxy.url.replace("//", "//me:hush%40@"), "SSL_CERT_FILE": str(authority.file)}
        await ask(f"https://{NAME}:{port}", Outbound(environment))
        with pytest.raises(Exception) as caught:
            await ask(f"https://{NAME}:{port}", Outbound({"HTTPS_PROXY": proxy.url}))
    assert set(proxy.asked) == {f"CONNECT {NAME}:{port} HTTP/1.1"}
    assert f"Basic {base64.b64encode(b'me:hush@').decode()}" in proxy.heads[0]
    assert trouble_of(caught.value).startswith(NOT_TRUSTED)


@pytest.mark.parametrize("ask", CLIENTS)
async def test_each_client_says_what_a_proxy_refuses(ask: Any) -> None:
    async with SmallProxy().open() as proxy:
        proxy.refuses = True
        with pytest.raises(Exception) as caught:
            await ask(f"https://{NAME}", Outbound({"HTTPS_PROXY": proxy.url}))
    assert trouble_of(caught.value) == "the proxy refuses (403)"


async def test_what_a_proxy_does_not_let_through_was_never_sent() -> None:
    async with SmallProxy().open() as proxy:
        proxy.refuses = True
        novita = NovitaClient(f"https://{NAME}", SecretStr("sk_1"), outbound=Outbound({"HTTPS_PROXY": proxy.url}))
        with pytest.raises(NovitaUnsent):
            await novita.start("n-1")
        await novita.aclose()
    assert len(proxy.asked) == 1


@pytest.mark.parametrize("ask", CLIENTS)
async def test_each_client_reaches_a_proxy_that_speaks_tls_itself(authority: Authority, ask: Any) -> None:
    async with SmallProxy().open(authority.server()) as proxy, server(authority.server(NAME)) as port:
        environment = {"HTTPS_PROXY": proxy.url, "SSL_CERT_FILE": str(authority.file)}
        await ask(f"https://{NAME}:{port}", Outbound(environment))
    assert set(proxy.asked) == {f"CONNECT {NAME}:{port} HTTP/1.1"}


async def resolve(host: str, port: int) -> list[str]:
    return [PUBLIC]


@pytest.mark.parametrize("speaks_tls", [False, True])
async def test_a_webhooks_proxy_is_sent_to_the_address_that_was_checked(authority: Authority, speaks_tls: bool) -> None:
    """The certificate is still that of the name."""
    own = authority.server() if speaks_tls else None
    async with SmallProxy().open(own) as proxy, server(authority.server(NAME)) as port:
        outbound = Outbound({"HTTPS_PROXY": proxy.url, "SSL_CERT_FILE": str(authority.file)})
        await hook(outbound, resolve=resolve).deliver(told_at(f"https://{NAME}:{port}"), CREATED, Sent(), latest=True)
    assert proxy.asked == [f"CONNECT {PUBLIC}:{port} HTTP/1.1"]


async def test_what_a_proxy_leads_to_must_have_the_names_certificate(authority: Authority) -> None:
    async with SmallProxy().open() as proxy, server(authority.server("other.example.com")) as port:
        outbound = Outbound({"HTTPS_PROXY": proxy.url, "SSL_CERT_FILE": str(authority.file)})
        with pytest.raises(RetryLater, match="not trusted: Hostname mismatch"):
            await hook(outbound, resolve=resolve).deliver(
                told_at(f"https://{NAME}:{port}"), CREATED, Sent(), latest=True
            )


@pytest.mark.parametrize("ask", CLIENTS)
async def test_a_server_without_tls_is_told_as_that(ask: Any) -> None:
    async with server(None) as port:
        with pytest.raises(Exception) as caught:
            await ask(f"https://127.0.0.1:{port}", Outbound({}))
    assert trouble_of(caught.value) == "it does not speak TLS"
