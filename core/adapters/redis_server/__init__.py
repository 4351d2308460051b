"""The embedded Redis: one real server per data folder, shared by every process of the host, when REDIS_URL is not set.

The first process starts the server; the next ones find it by its socket. The server
outlives whoever started it; when it dies itself, the first of its users to notice starts it again from its append-only
log; the last user to leave shuts it down. All of that is decided under one file lock, so it happens once.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import quote

import structlog

from core.adapters.redis_server.binary import environment, find_server
from core.adapters.redis_server.folder import Folder, Lock
from core.domain.errors import SettingsError

log = structlog.get_logger(__name__)

_POLL = 0.01
_ANSWER_TIMEOUT = 1.0
_SILENCE_TIMEOUT = 10.0
_ABSENCE_TIMEOUT = 2.0
"""Seconds that a running server may stay silent, or have no socket at all, before it is replaced."""
_END_TIMEOUT = 10.0
"""Seconds to finish writing after having been asked to end."""


class EmbeddedRedis:
    """One process's use of the server of a data folder. `url` is for redis-py and stays right across restarts."""

    def __init__(self, data_dir: Path) -> None:
        """Raises SettingsError when the folder cannot be used."""
        self._folder = Folder(data_dir)
        self._use = self._folder.lock_file("users.lock")
        self._socket = Path()

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self._socket))}"

    async def ensure(self) -> bool:
        """Makes sure that the server answers; tells whether it had to be started for that.

        Raises SettingsError when there is no server program or it does not come up.
        """
        async with self._changing():
            self._use.try_shared()  # never refused: only a holder of the change lock takes it alone
            self._socket = self._folder.socket()
            if await self._is_answering():
                return False
            await self._start()
            return True

    async def watch(self) -> None:
        """Runs until cancelled: notices in the same moment that the server died, and starts it again."""
        while True:
            await self._until_it_dies()
            if await self._ensure_at_last():
                log.warning("embedded_redis_died_and_was_restarted", folder=str(self._folder.path))
            await asyncio.sleep(_POLL)

    async def close(self) -> None:
        """Leaves the server, and shuts it down when nobody else uses it. Harmless when repeated."""
        if not self._use.is_open:
            return
        try:
            async with self._changing():
                if self._use.try_alone():
                    await self._shut_down()
        except (SettingsError, OSError) as error:
            log.error("embedded_redis_did_not_stop", reason=str(error))
        finally:
            self._use.close()

    @contextlib.asynccontextmanager
    async def _changing(self) -> AsyncIterator[None]:
        with self._folder.lock_file("change.lock").closing() as lock:
            await _within(math.inf, lock.try_alone)
            yield

    async def _ensure_at_last(self) -> bool:
        """A server that cannot start now (a full disk, say) is tried again, for as long as it takes."""
        while True:
            try:
                return await self.ensure()
            except (SettingsError, OSError) as error:
                log.error("embedded_redis_did_not_restart", reason=str(error))
                await asyncio.sleep(1)

    async def _until_it_dies(self) -> None:
        """An idle connection ends with the server, at once and at no cost, which polling could not match."""
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_unix_connection(str(self._socket))
            try:
                await reader.read()
            finally:
                writer.close()

    async def _is_answering(self) -> bool:
        """Whether a server runs here and answers. One that runs but stays silent is ended, to be replaced."""
        heard = time.monotonic()
        with self._folder.lock_file("alive.lock").closing() as alive:
            while not alive.try_alone():
                answer = await _ask(self._socket, b"PING")
                if answer and not answer.startswith(b"-LOADING"):
                    return True
                if answer:
                    heard = time.monotonic()
                if time.monotonic() - heard > (_ABSENCE_TIMEOUT if answer is None else _SILENCE_TIMEOUT):
                    await self._end_by_signal(alive)
                await asyncio.sleep(_POLL)
        return False

    async def _start(self) -> None:
        said = await self._launch(find_server())
        if not await self._is_answering():
            raise SettingsError(
                f"REDIS_URL: not set, and the embedded Redis in {self._folder.path} does not start "
                f"({said or self._folder.last_words()}); mend that, or set REDIS_URL"
            )
        log.info("embedded_redis_started", folder=str(self._folder.path), scope="processes on this host only")

    async def _launch(self, program: Path) -> str:
        """Starts the server, which leaves its lock on `alive.lock` with it. Returns what it complained of."""
        self._folder.forget_pid()
        with self._folder.lock_file("alive.lock").closing() as alive:
            alive.try_alone()
            process = await asyncio.create_subprocess_exec(
                program,
                *_options(self._folder, self._socket),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=environment(),
                pass_fds=(alive.fd,),
            )
            said, _ = await process.communicate()
        return " ".join(said.decode(errors="replace").split())

    async def _shut_down(self) -> None:
        with self._folder.lock_file("alive.lock").closing() as alive:
            if not alive.try_alone():
                await _ask(self._socket, b"SHUTDOWN")
                if not await _within(_END_TIMEOUT, alive.try_alone):
                    await self._end_by_signal(alive)
                log.info("embedded_redis_stopped", folder=str(self._folder.path))
        self._folder.remove_socket_folder()

    async def _end_by_signal(self, alive: Lock) -> None:
        """The process is known to be ours: it holds `alive`, and the file with its id was removed before it began."""
        for kind in (signal.SIGTERM, signal.SIGKILL):
            pid = self._folder.pid()
            if pid is None:
                break
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, kind)
            if await _within(_END_TIMEOUT, alive.try_alone):
                return
        raise SettingsError(
            f"DATA_DIR: the Redis in {self._folder.path} neither answers nor ends; end its process, or set REDIS_URL"
        )


async def ensure_server(data_dir: Path) -> EmbeddedRedis:
    """The running server of the folder, started if need be. The caller closes what it gets.

    Raises SettingsError when the folder cannot be used, or there is no server program, or it does not start.
    """
    server = EmbeddedRedis(data_dir)
    try:
        await server.ensure()
    except BaseException:
        await server.close()
        raise
    return server


@contextlib.asynccontextmanager
async def embedded_redis(data_dir: Path) -> AsyncIterator[EmbeddedRedis]:
    """The server of the folder for the length of a `with`, watched meanwhile. Raises what `ensure_server` raises."""
    server = await ensure_server(data_dir)
    watching = asyncio.create_task(server.watch())
    try:
        yield server
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await server.close()


def _options(folder: Folder, socket: Path) -> list[str]:
    """No port, private to this user; every write reaches the log within a second, and nothing is ever evicted.

    The log holds plain commands, so that Redis and Valkey of any version can read each other's.
    """
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "daemonize": "yes",
        "dir": str(folder.path),
        "pidfile": str(folder.pid_file),
        "logfile": str(folder.log),
        "loglevel": "warning",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "aof-use-rdb-preamble": "no",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    return [word for name, value in options.items() for word in (f"--{name}", value)]


async def _ask(socket: Path, command: bytes) -> bytes | None:
    """The first line of the answer to an inline command; empty when there is none, None when nobody listens."""
    try:
        reader, writer = await asyncio.open_unix_connection(str(socket))
    except OSError:
        return None
    try:
        writer.write(command + b"\r\n")
        return await asyncio.wait_for(reader.readline(), _ANSWER_TIMEOUT)
    except (OSError, TimeoutError):
        return b""
    finally:
        writer.close()


async def _within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Whether the condition comes true in that time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_POLL)
    return True
