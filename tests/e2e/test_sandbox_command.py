"""`gpu-bot sandbox` as people start it: from any folder, with their own settings around it, ended in any way."""

from __future__ import annotations

import io
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from bot.sandbox.children import Child, Trouble, environment
from bot.sandbox.journal import readable
from bot.sandbox.novita import Fault
from bot.sandbox.rehearse import rehearse
from bot.sandbox.rehearse_lifecycle import rehearse_lifecycle
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.stage import Stage

ROOT = Path(__file__).parents[2]
THEIRS = {
    "SLACK_BOT_TOKEN": "xoxb-of-the-real-workspace",
    "SLACK_APP_TOKEN": "xapp-of-the-real-workspace",
    "NOVITA_API_KEY": "sk_of_the_real_account",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "HTTP_PROXY": "http://127.0.0.1:1",
    "ALL_PROXY": "http://127.0.0.1:1",
    "PORT": "1",
}
"""What a user of the real bot may have set: with any of these the sandbox's bot would not come up."""


def processes() -> dict[int, tuple[int, str, str]]:
    """Parent, state and title of every process, by id."""
    listing = subprocess.run(["ps", "-eww", "-o", "pid=,ppid=,stat=,args="], capture_output=True, text=True).stdout
    rows = [line.split(None, 3) for line in listing.splitlines()]
    return {int(row[0]): (int(row[1]), row[2], row[3]) for row in rows if len(row) == 4}


def are_gone(pids: list[int]) -> bool:
    """Also when only their parent has not taken note yet."""
    running = processes()
    return all(pid not in running or running[pid][1].startswith("Z") for pid in pids)


def assert_in_order(text: str, *parts: str) -> None:
    """Wherever lines are broken: that changes with the hour of the day that they name."""
    place, flowing = 0, " ".join(text.split())
    for part in parts:
        found = flowing.find(part, place)
        assert found >= 0, f"{part!r} is missing, or comes too early, in:\n{text}"
        place = found


class Command:
    """`python -m bot sandbox …`, started in an empty folder with a temporary folder of its own."""

    def __init__(self, home: Path, *arguments: str, stdout: int = subprocess.PIPE) -> None:
        self.temporary = home / "tmp"
        self.folder = home / "cwd"
        for folder in (self.temporary, self.folder):
            folder.mkdir()
        (self.folder / ".env").write_text("\n".join(f"{name}={value}" for name, value in THEIRS.items()))
        own = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TMPDIR": str(self.temporary), "TERM": "xterm"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bot", "sandbox", *arguments],
            cwd=self.folder,
            env=own | THEIRS,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT,
        )
        self.output = ""

    def says(self, words: str) -> None:
        """Reads on until these words have come."""
        assert self._process.stdout
        while words not in self.output:
            line = self._process.stdout.readline().decode()
            assert line, f"it ended without saying {words!r}:\n{self.output}"
            self.output += line

    def started(self) -> dict[str, int]:
        """The ids of everything that it started: web, worker, redis."""
        running = processes()
        found = {title.rsplit(None, 1)[-1]: pid for pid, (parent, _, title) in running.items() if parent == self.pid}
        for pid, (_, _, title) in running.items():
            if f"unixsocket:{self.temporary}/" in title:
                found["redis"] = pid
        return found

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def stop_listening(self) -> None:
        """As `head` does, once it has read enough."""
        assert self._process.stdout
        self._process.stdout.close()

    def ends(self) -> int:
        """Waits for the end, and returns the exit code."""
        if self._process.stdout and not self._process.stdout.closed:
            self.output += self._process.stdout.read().decode()
        return self._process.wait(30)

    def close(self) -> None:
        """Ends what a failed test left."""
        if self._process.poll() is None:
            left = [self.pid, *self.started().values()]
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            self._process.wait(30)
        if self._process.stdout:
            self._process.stdout.close()


@pytest.fixture(scope="module")
def short_folder() -> Iterator[Path]:
    """Short enough for a socket in it."""
    folder = Path(tempfile.mkdtemp(prefix="gb-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def start(short_folder: Path) -> Iterator[Callable[..., Command]]:
    commands: list[Command] = []

    def begin(*arguments: str, stdout: int = subprocess.PIPE) -> Command:
        home = Path(tempfile.mkdtemp(dir=short_folder))
        commands.append(Command(home, *arguments, stdout=stdout))
        return commands[-1]

    yield begin
    for command in commands:
        command.close()


def test_a_rehearsal_shows_the_whole_story_and_leaves_nothing(start: Callable[..., Command]) -> None:
    command = start("--rehearse")
    command.says("Ready in")
    pids = command.started()
    assert set(pids) == {"web", "worker", "redis"}
    assert command.ends() == 0, command.output
    assert_in_order(
        command.output,
        "/gpu create",
        "▸ RTX 4090 24GB",
        "≈ $0.18/h in CN-HK-01, at most $0.218 elsewhere",
        "CN-HK-01 first, then AS-SGP-02",
        "▸ comfy-prod",
        "┏━ Create a GPU instance",
        "Creating comfy-ada…",
        "CN-HK-01 is full, trying AS-SGP-02.",
        "┏━ Created",
        "Open the thread",
        "is starting (pulling the image)",
        "is running",
        "2 replies",
        "• CN-HK-01: no free GPU there right now",
        "port 8188 (http)",
        "Novita was asked twice, CN-HK-01 and AS-SGP-02, and has one instance.",
        "The rehearsal went well",
    )
    assert "\x1b" not in command.output, "no escape sequence where there is no terminal"
    assert max(len(line) for line in command.output.splitlines()) <= 100
    assert are_gone(list(pids.values()))
    assert list(command.temporary.iterdir()) == []


def test_a_rehearsal_of_the_lifecycle_shows_every_verb_and_what_novita_does_by_itself(
    start: Callable[..., Command],
) -> None:
    command = start("--rehearse", "lifecycle")
    assert command.ends() == 0, command.output
    assert_in_order(
        command.output,
        "/gpu create 4090 on demand 4h as train-1",
        "Create train-1: 1 × RTX 4090 24GB, on demand?",
        "train-1 is running",
        "only visible to @ada",
        "How to reach train-1",
        "SSH: ssh -p",
        'curl "$GPU_BOT_HOOK" -d "epoch 3, loss 0.21"',
        "train-1 says",
        "/gpu extend train-1 4h",
        "may run until",
        "The clock is turned forward by 7 h",
        "train-1 has 14 min left.",
        "Slack asks",
        "train-1 is stopped",
        "train-1 is running",
        "Nobody asked this bot to stop it",
        "presses Delete",
        "train-1 is deleted",
        "train-2 will be taken back by Novita",
        "train-2 was taken back by Novita",
        "Start the same again",
        "Create train-2 again as train-3: 1 × RTX 4090 24GB, spot?",
        "is being created: its own card",
        "no free GPU there right now",
        "The clock is turned forward by",
        "Its lease is over.",
        "None of them runs any more.",
        "The rehearsal went well",
    )
    assert max(len(line) for line in command.output.splitlines()) <= 100
    assert list(command.temporary.iterdir()) == []


async def test_a_lifecycle_that_goes_wrong_says_where_and_what() -> None:
    sandbox = Sandbox()
    sandbox.novita.fail_all(Fault.refused(400, "BALANCE_NOT_ENOUGH"), "create")
    with pytest.raises(Trouble, match="The card was to say “is running”, and says"):
        async with sandbox.open():
            await rehearse_lifecycle(sandbox, Stage(Console(file=io.StringIO(), width=100)))
    shutil.rmtree(sandbox.folder)


@pytest.mark.parametrize("words", [["lifecycle"], ["--rehearse", "everything"]])
def test_a_story_that_cannot_be_played_is_wrong_use(start: Callable[..., Command], words: list[str]) -> None:
    command = start(*words)
    assert command.ends() == 2
    assert "lifecycle" in command.output
    assert "Traceback" not in command.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_sandbox_stays_until_a_signal_and_leaves_nothing(
    start: Callable[..., Command], number: signal.Signals
) -> None:
    command = start("--no-open")
    command.says("Ctrl-C ends everything")
    pids = command.started()
    assert set(pids) == {"web", "worker", "redis"}
    address = re.search(r"http://\S+/readyz", command.output)
    assert address
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    assert opener.open(address[0]).status == 200
    command.send(number)
    assert command.ends() == 0, command.output
    assert "Stopped" in command.output
    assert are_gone([command.pid, *pids.values()])
    assert list(command.temporary.iterdir()) == []


@pytest.mark.parametrize(("role", "option"), [("web", "--no-open"), ("worker", "--rehearse")])
def test_a_process_that_dies_is_named_with_the_end_of_its_log(
    start: Callable[..., Command], role: str, option: str
) -> None:
    command = start(option)
    command.says("is starting (" if option == "--rehearse" else "Ctrl-C ends everything")
    pids = command.started()
    os.kill(pids[role], signal.SIGKILL)
    assert command.ends() == 1
    assert f"✖  The bot's {role} process ended by itself, killed by signal 9." in command.output
    assert f"{role}_ready" in command.output, "the end of its log"
    assert "Traceback" not in command.output
    kept = re.search(rf"/\S+/{role}\.log", command.output.partition("✖")[2])
    assert kept and f"{role}_ready" in Path(kept[0]).read_text()
    assert are_gone(list(pids.values()))


def test_ctrl_c_in_a_terminal_ends_a_rehearsal_in_order(start: Callable[..., Command]) -> None:
    ours, its = pty.openpty()
    command = start("--rehearse", stdout=its)
    os.close(its)
    shown = b""
    while b"Novita says" not in shown:
        shown += os.read(ours, 4096)
    pids = command.started()
    command.send(signal.SIGINT)
    with pytest.raises(OSError):  # what reading a terminal without a program gives
        while True:
            shown += os.read(ours, 4096)
    os.close(ours)
    assert command.ends() == 1
    assert "Stopped before the end." in shown.decode()
    assert b"\x1b[?25h" in shown, "the cursor is back"
    assert are_gone([command.pid, *pids.values()])


def test_a_rehearsal_that_nobody_reads_on_leaves_nothing(start: Callable[..., Command]) -> None:
    command = start("--rehearse")
    command.says("Ready in")
    pids = command.started()
    command.stop_listening()
    assert command.ends() == 1
    assert are_gone(list(pids.values()))
    assert list(command.temporary.iterdir()) == []


async def test_a_process_that_cannot_start_is_trouble_with_what_it_said(tmp_path: Path) -> None:
    child = Child("nonsense", tmp_path, lambda role, line: None)
    await child.start({})
    with pytest.raises(Trouble, match="The bot's nonsense process ended by itself, with exit code 2"):
        await child.ready()
    await child.stop()
    assert any("No such command" in line for line in child.journal.end)


async def test_a_rehearsal_that_goes_wrong_says_what_and_keeps_the_logs() -> None:
    sandbox, shown = Sandbox(), io.StringIO()
    sandbox.novita.fail_all(Fault.refused(400, "BALANCE_NOT_ENOUGH"), "create")
    with pytest.raises(Trouble, match="The create ended as “Not created”"):
        async with sandbox.open():
            await rehearse(sandbox, Stage(Console(file=shown, width=100)))
    assert "too little money" in shown.getvalue(), "what she sees of it"
    assert all(journal.path.exists() for journal in sandbox.journals)
    shutil.rmtree(sandbox.folder)


def test_children_get_nothing_of_the_user_that_could_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in THEIRS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", "/somewhere")
    given = environment({"PORT": "0"})
    assert given["PATH"] == "/somewhere" and given["PORT"] == "0"
    assert not (given.keys() - {"PORT"}) & THEIRS.keys()


def test_the_real_bot_loads_nothing_of_the_sandbox() -> None:
    assert "sandbox" not in _modules_behind("bot.__main__", "bot.wiring.web", "bot.wiring.worker")


def test_a_worker_loads_nothing_of_bolt() -> None:
    assert "slack_bolt" not in _modules_behind("bot.__main__", "bot.wiring.worker")


def _modules_behind(*names: str) -> str:
    """All that is loaded with these modules."""
    program = f"import sys, {', '.join(names)}; print(*sys.modules)"
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_a_line_of_a_log_is_made_readable() -> None:
    entry = {"event": "task_put_off", "level": "warning", "timestamp": "2026-11-23T18:52:01.5Z", "task": "observe"}
    assert readable(entry) == "18:52:01 warning task_put_off task=observe"
    assert readable({"event": "broke", "exception": "Traceback\n  x"}) == "broke\nTraceback\n  x"
