"""The check of PUBLIC_URL: whether the outside reaches the bot there."""

from __future__ import annotations

import asyncio
import json

import aiohttp

from bot.doctor.installation import Installation
from bot.doctor.result import Result, failed, ok, warning
from core.adapters.outbound import Outbound, trouble_of
from core.adapters.user_agent import USER_AGENT

_SECONDS = 5.0
_LARGEST = 4096


async def public_url(installation: Installation) -> Result:
    """Asks /healthz as anybody outside would. Failing only where Slack comes that way too."""
    url = f"{installation.settings.public_url}/healthz"
    trouble = await _trouble(url, installation.outbound)
    if not trouble:
        return ok("the bot answers there")
    advice = f"See that a web process runs, and lead {url} to its port."
    return (warning if installation.settings.uses_socket_mode else failed)(trouble, advice)


async def _trouble(url: str, outbound: Outbound) -> str:
    """What stands in the way; empty when the bot itself answers."""
    proxy = outbound.proxy_for(url)
    try:
        async with (
            asyncio.timeout(_SECONDS),
            aiohttp.ClientSession(headers={"User-Agent": USER_AGENT}) as session,
            session.get(url, allow_redirects=False, proxy=proxy.url if proxy else None, ssl=outbound.tls) as answer,
        ):
            status, body = answer.status, await answer.content.read(_LARGEST)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return f"no answer ({trouble_of(error) or type(error).__name__})"
    if status != 200:
        return f"HTTP {status} in place of the bot"
    return "" if _is_ours(body) else "something else answers there"


def advice_on(trouble: str, variable: str) -> str:
    """What to do when a service does not answer; `trouble` is what `core.adapters.outbound` says of it, if anything."""
    if "certificate" in trouble:
        return "Set SSL_CERT_FILE to a file that holds the certificates to trust, your own authority's too."
    if "proxy" in trouble:
        return "Check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY, or take the host out by NO_PROXY."
    return f"Check the network, a proxy, and {variable}."


def _is_ours(body: bytes) -> bool:
    try:
        answer = json.loads(body)
    except ValueError:
        return False
    return isinstance(answer, dict) and answer.get("status") == "alive"
