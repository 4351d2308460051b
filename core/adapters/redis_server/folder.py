"""The private folder of the embedded server: its files, the three locks, and a place for its socket.

Three locks tell who is there, because the system drops them with the process that holds them, however it ends:
`change.lock` is held while the server is started or stopped; `users.lock` is shared by all who use the server; and
`alive.lock` is inherited by the server itself, so it is free exactly when no server runs on this folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from core.domain.errors import SettingsError

_SOCKET = "redis.sock"
_LONGEST_SOCKET = 103 if sys.platform == "darwin" else 107
"""Bytes in a Unix socket's path: 107 on Linux, 103 on macOS."""


class Folder:
    """`DATA_DIR/redis`, readable by this user alone."""

    def __init__(self, data_dir: Path) -> None:
        """Makes the folder. Raises SettingsError when it cannot be made, or belongs to somebody else."""
        self.path = data_dir.absolute() / "redis"
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make_private(self.path)
            with self.lock_file("change.lock").closing() as lock:
                lock.try_shared()
        except OSError as error:
            raise SettingsError(
                f"DATA_DIR: {self.path} cannot be used ({error.strerror or error}); choose a folder that this user "
                "can write to, or set REDIS_URL"
            ) from None
        self.log = self.path / "server.log"
        self.pid_file = self.path / "server.pid"
        self._record = self.path / "socket-folder"

    def lock_file(self, name: str) -> Lock:
        return Lock(self.path / name)

    def socket(self) -> Path:
        """Where the socket is or is to be: beside the data, or in a short folder when that path is too long.

        A short folder that has gone (they live in the temporary folder) is made again under its old name, so that
        addresses already handed out stay right.
        """
        beside = self.path / _SOCKET
        if len(os.fsencode(beside)) <= _LONGEST_SOCKET:
            return beside
        try:
            return self._short_folder() / _SOCKET
        except OSError as error:
            raise SettingsError(
                f"DATA_DIR: too long a path for a socket, and the temporary folder cannot be used ({error.strerror}); "
                "choose a shorter one, or set REDIS_URL"
            ) from None

    def _short_folder(self) -> Path:
        if not self._record.exists():
            return self._new_folder()
        folder = Path(self._record.read_text())
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        try:
            _make_private(folder)
        except OSError:
            return self._new_folder()
        return folder

    def _new_folder(self) -> Path:
        """mkdtemp's name cannot be guessed and its folder is private from the first moment."""
        folder = Path(tempfile.mkdtemp(prefix="gpu-bot-", dir=_short_temporary_folder()))
        self._record.write_text(str(folder))
        return folder

    def remove_socket_folder(self) -> None:
        """Tidies up after the server has ended."""
        with contextlib.suppress(OSError):
            Path(self._record.read_text()).rmdir()
            self._record.unlink()

    def pid(self) -> int | None:
        """The server's process id, which it writes itself."""
        try:
            return int(self.pid_file.read_text())
        except (OSError, ValueError):
            return None

    def forget_pid(self) -> None:
        self.pid_file.unlink(missing_ok=True)

    def last_words(self) -> str:
        """The last line of the server's log."""
        try:
            lines = self.log.read_text(errors="replace").splitlines()
        except OSError:
            return "no log"
        return next((line for line in reversed(lines) if line.strip()), "empty log")


class Lock:
    """An advisory lock on a file. Closing it, or the end of every process that has it open, lets it go."""

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @property
    def is_open(self) -> bool:
        return self.fd >= 0

    def try_alone(self) -> bool:
        return self._try(fcntl.LOCK_EX)

    def try_shared(self) -> bool:
        return self._try(fcntl.LOCK_SH)

    def _try(self, kind: int) -> bool:
        try:
            fcntl.flock(self.fd, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Harmless when repeated."""
        if self.is_open:
            os.close(self.fd)
            self.fd = -1

    @contextlib.contextmanager
    def closing(self) -> Iterator[Lock]:
        try:
            yield self
        finally:
            self.close()


def _make_private(folder: Path) -> None:
    """Raises PermissionError for a folder that somebody else could have put there."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise PermissionError(0, "it belongs to somebody else")
    if stat.S_IMODE(found.st_mode) & 0o077:
        folder.chmod(0o700)


def _short_temporary_folder() -> str:
    """The system's, unless it is so deep that a socket would not fit either."""
    chosen = tempfile.gettempdir()
    return chosen if len(os.fsencode(chosen)) < _LONGEST_SOCKET - len("/gpu-bot-12345678/") - len(_SOCKET) else "/tmp"  # noqa: S108
