"""The servers around the bot, each in a process of its own: `python -m tests.bench.servers slack|novita|bare`.

Each prints one JSON line with its addresses when it is ready, and ends with SIGTERM.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Awaitable, Callable

from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from bot.sandbox.novita import SandboxNovita
from bot.sandbox.slack import SandboxSlack
from bot.sandbox.slack.constants import SIGNING_SECRET
from bot.slack.ids import EVENTS_PATH
from tests.bench.desk import Desk

_HOST = "127.0.0.1"


async def slack() -> None:
    """The make-believe Slack without its rate limits, which a burst of creates would otherwise measure."""
    served = SandboxSlack(rate_limits=None)
    api = await served.start()
    desk = await _serve(Desk(served).app())
    _say("slack_ready", api=api, desk=desk, token=served.bot_token, secret=served.signing_secret)
    await _stopped()
    await served.stop()


async def novita() -> None:
    served = SandboxNovita()
    _say("novita_ready", url=await served.start(), key=served.api_key)
    await _stopped()
    await served.stop()


async def bare() -> None:
    """What every acknowledgement is compared with: reads the body, checks the signature, says nothing."""
    verifier = SignatureVerifier(SIGNING_SECRET)

    async def answer(request: web.Request) -> web.Response:
        body = await request.read()
        headers = request.headers
        timestamp, signature = headers["X-Slack-Request-Timestamp"], headers["X-Slack-Signature"]
        is_valid = verifier.is_valid(body=body, timestamp=timestamp, signature=signature)
        return web.Response(status=200 if is_valid else 401)

    app = web.Application()
    app.router.add_post(EVENTS_PATH, answer)
    _say("bare_ready", url=await _serve(app))
    await _stopped()


async def _serve(app: web.Application) -> str:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, _HOST, 0).start()
    return f"http://{_HOST}:{runner.addresses[0][1]}"


def _say(event: str, **addresses: str) -> None:
    print(json.dumps({"event": event, **addresses}), flush=True)


async def _stopped() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()


SERVERS: dict[str, Callable[[], Awaitable[None]]] = {"slack": slack, "novita": novita, "bare": bare}

if __name__ == "__main__":
    asyncio.run(SERVERS[sys.argv[1]]())  # type: ignore[arg-type]
