"""The whole sandbox as one object: make-believe Slack and Novita in this process, the real bot in two others."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from bot.sandbox.children import Child, Trouble
from bot.sandbox.journal import Journal, Listener
from bot.sandbox.novita import SandboxNovita
from bot.sandbox.slack import SandboxSlack
from core.adapters.redis_server import ensure_server
from core.domain.errors import SettingsError

_LOOK_SECONDS = 0.5
"""How often the bot looks at Novita: make-believe instances come up in seconds."""


class Sandbox:
    """Owns everything that runs. A page, a rehearsal or a test needs only this."""

    def __init__(self, listener: Listener = lambda role, line: None) -> None:
        self.slack = SandboxSlack()
        self.novita = SandboxNovita()
        self.slack_api = ""
        self.redis_url = ""
        self.folder = Path()
        self.children: list[Child] = []
        self.api_token = secrets.token_urlsafe(24)
        self._port = 0
        self._listener = listener

    @property
    def journals(self) -> list[Journal]:
        return [child.journal for child in self.children]

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Everything is up and wired inside the `with`, and gone after it. Raises Trouble when it cannot be."""
        async with contextlib.AsyncExitStack() as stack:
            self.folder = stack.enter_context(_temporary_folder())
            await self.novita.start()
            stack.push_async_callback(self.novita.stop)
            self.slack_api = await self.slack.start()
            stack.push_async_callback(self.slack.stop)
            await self._start_redis(stack)
            await self._start_bot(stack)
            yield

    async def death(self) -> None:
        """Waits until one of the bot's processes ends by itself, and raises Trouble then."""
        deaths = [asyncio.create_task(child.death()) for child in self.children]
        try:
            await asyncio.gather(*deaths)
        finally:
            for death in deaths:
                death.cancel()

    async def _start_redis(self, stack: contextlib.AsyncExitStack) -> None:
        """Held here too, so that it ends in order even when both children have to be killed."""
        try:
            server = await ensure_server(self.folder)
        except SettingsError as error:
            raise Trouble(f"The sandbox's own Redis does not start. {error}") from error
        stack.push_async_callback(server.close)
        self.redis_url = server.url

    async def _start_bot(self, stack: contextlib.AsyncExitStack) -> None:
        self._port = free_port()
        self.children = [Child(role, self.folder, self._listener) for role in ("web", "worker")]
        stack.push_async_callback(self._stop_bot)
        for child in self.children:
            await child.start(self._settings())
        web, _ = [await child.ready() for child in self.children]
        self.slack.bot_url = f"http://{web['addresses'][0]}"

    async def _stop_bot(self) -> None:
        await asyncio.gather(*(child.stop() for child in self.children))

    def _settings(self) -> dict[str, str]:
        """Without REDIS_URL, so that the children share the embedded server of the folder."""
        return {
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_SIGNING_SECRET": self.slack.signing_secret,
            "SLACK_API_URL": self.slack_api,
            "NOVITA_API_KEY": self.novita.api_key,
            "NOVITA_API_URL": self.novita.base_url,
            "DATA_DIR": str(self.folder),
            "HOST": "127.0.0.1",
            "PORT": str(self._port),
            "PUBLIC_URL": f"http://127.0.0.1:{self._port}",
            "API_TOKEN": self.api_token,
            "ADMINS": self.slack.person("cy").id,
            "OBSERVE_INTERVAL": str(_LOOK_SECONDS),
            "LOG_FORMAT": "json",
        }


def free_port() -> int:
    """For the web process: it has to be known beforehand, because instances are told where to report."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextlib.contextmanager
def _temporary_folder() -> Iterator[Path]:
    """Removed at the end, unless something went wrong: then the logs in it are worth a look."""
    folder = Path(tempfile.mkdtemp(prefix="gpu-bot-sandbox-"))
    try:
        yield folder
    except Exception:
        raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    else:
        shutil.rmtree(folder, ignore_errors=True)
