"""Loads the settings for each kind of process, or says all that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.adapters.settings.problems import SettingProblems, account_problems, joint_problems, web_problems
from core.adapters.settings.settings import FILE, Settings
from core.domain.errors import SettingsError


def load() -> Settings:
    """The settings, with no account needed. Raises SettingsError with one line per problem."""
    return _load(lambda settings, found: {})


def for_web() -> Settings:
    """The settings of a process that answers Slack. Raises SettingsError with one line per problem."""
    return _load(web_problems)


def for_worker() -> Settings:
    """The settings of a background process. Raises SettingsError with one line per problem."""
    return _load(lambda settings, found: account_problems(settings))


def examine() -> tuple[Settings, SettingProblems]:
    """For the doctor: the settings as far as they are right, with defaults for the rest, and each problem."""
    try:
        settings, problems = _read()
    except SettingsError as error:
        settings, problems = _read(_env_file=None)
        name, _, text = str(error).partition(": ")
        problems |= {name: text}
    return settings, web_problems(settings, problems) | joint_problems(settings, problems)


def _load(check: Callable[[Settings, SettingProblems], SettingProblems]) -> Settings:
    settings, problems = _read()
    problems = check(settings, problems) | joint_problems(settings, problems)
    if problems:
        raise SettingsError("\n".join(f"{name}: {text}" for name, text in sorted(problems.items())))
    return settings


def _read(**source: Any) -> tuple[Settings, SettingProblems]:
    """The settings, with defaults in place of wrong ones, so that one run tells about all that is wrong."""
    if "_env_file" not in source:
        _refuse_what_is_no_file(Path(FILE))
    try:
        return Settings(**source), {}
    except ValidationError as error:
        problems = {str(found["loc"][0]): _sentence(dict(found)) for found in error.errors()}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f".env: cannot be read as UTF-8 text ({type(error).__name__})") from None
    return Settings(**source, **{name: _default(name) for name in problems}), problems


def _refuse_what_is_no_file(path: Path) -> None:
    """Docker makes a folder of a file that is to be mounted and is not there; pydantic would pass over it."""
    if path.is_dir():
        raise SettingsError(f"{path}: is a folder, and should be a file; remove it, and put the file there")
    if path.is_symlink() and not path.exists():
        raise SettingsError(f"{path}: leads to a file that is not there; put the file there, or remove the link")


def _default(name: str) -> Any:
    return Settings.model_fields[name.lower()].get_default(call_default_factory=True)


def _sentence(found: dict[str, Any]) -> str:
    """Our own words come as ValueError; pydantic's start with a capital and never hold the input."""
    error = found.get("ctx", {}).get("error")
    return str(error) if isinstance(error, ValueError) else str(found["msg"]).replace("Input should be", "needs to be")
