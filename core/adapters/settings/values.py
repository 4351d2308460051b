"""How each kind of setting is read and checked: durations, addresses, keys, lists."""

from __future__ import annotations

import math
import re
import string
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import platformdirs
from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from core.domain.addresses import is_address
from core.domain.durations import read_duration

REGION_PRIORITY = ("AS-SGP-02", "CN-HK-01", "OC-AU-01", "US-CA-06", "AS-IN-01")

_TIGHT = re.compile(r"[0-9dhm]+", re.IGNORECASE)
"""How a duration is written here: without blanks, and not to the second."""
_LOG_LEVELS = {"warn": "warning", "err": "error", "fatal": "error", "critical": "error", "trace": "debug"}
_KEY = re.compile(r"[\x21\x23-\x26\x28-\x5f\x61-\x7e]*")
"""What is printed, without quotes."""
_INVISIBLE = string.whitespace + "\u00a0\u200b\u200c\u200d\u2060\ufeff\0"
_QUOTES = frozenset({'""', "''", "“”", "‘’", "„“", "«»", "``"})
HOMELESS = Path("/nonexistent/gpu-bot")
_OWNERS = {
    "xoxb-": ("the Bot User OAuth Token", "SLACK_BOT_TOKEN"),
    "xapp-": ("the App-Level Token", "SLACK_APP_TOKEN"),
    "xox": ("a token of another kind", "no setting"),
    "sk_": ("a key of Novita's", "NOVITA_API_KEY"),
}
"""How a secret begins -> what it is, and where it belongs."""
_LONGEST_DURATION = timedelta(days=3650)
_SHORTEST_PERIOD, _LONGEST_PERIOD = timedelta(milliseconds=1), timedelta(days=1)


def _duration(value: object) -> object:
    """`8h`, `90m`, `1d`, `1d12h` or `none`; anything that is not text passes through."""
    if not isinstance(value, str):
        return value
    if value.lower() == "none":
        return None
    length = read_duration(value) if _TIGHT.fullmatch(value) else None
    if length is None:
        raise ValueError(f"{value!r} is not a duration; write for example 8h, 90m, 1d or none")
    if length > _LONGEST_DURATION:
        raise ValueError(f"{value!r} is longer than ten years; write none for no end")
    return length


def _seconds(value: object) -> object:
    """A number of seconds as text or number; a timedelta passes through."""
    if isinstance(value, timedelta):
        return value
    try:
        seconds = float(str(value))
    except ValueError:
        seconds = math.nan
    if not _SHORTEST_PERIOD.total_seconds() <= seconds <= _LONGEST_PERIOD.total_seconds():
        raise ValueError(f"{value!r} is not a number of seconds above 0 and at most 86400")
    return timedelta(seconds=seconds)


def bare(text: str) -> str:
    """Without what can only be a mistake: blanks, what is not seen, and the quotes that `docker --env-file` keeps."""
    text = text.strip(_INVISIBLE)
    while len(text) > 1 and text[0] + text[-1] in _QUOTES:
        text = text[1:-1].strip(_INVISIBLE)
    return text


def _comma_list(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))


def lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def known_log_level(value: object) -> object:
    """In any case, and also by the names that other programs use."""
    level = lower(value)
    return _LOG_LEVELS.get(level, level) if isinstance(level, str) else level


def one_of(*choices: str) -> BeforeValidator:
    def check(value: object) -> object:
        if isinstance(value, str) and value not in choices:
            raise ValueError(f"{value!r} is not known here; write {' or '.join(choices)}")
        return value

    return BeforeValidator(check)


def _port(value: object) -> object:
    text = str(value)
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) > 65535:
        raise ValueError(f"{text!r} is no port; write a number from 0 to 65535")
    return int(text)


def truth(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value.lower() in ("true", "yes", "on", "1", "t", "y"):
        return True
    if value.lower() in ("false", "no", "off", "0", "f", "n"):
        return False
    raise ValueError(f"{value!r} is neither; write true or false")


def _check_web_address(url: str) -> str:
    if not is_address(url, {"http", "https"}) or re.search(r"\s", url):
        raise ValueError("is not a web address; write it whole, like https://example.com")
    return url


def _check_host_only(url: str) -> str:
    parts = urlsplit(url)
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"is more than a host; write only {parts.scheme}://{parts.netloc.rpartition('@')[2]}")
    return url


def _check_public_url(url: str) -> str:
    """A path is right where a proxy takes it away again; the doctor tries whether the bot answers there."""
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise ValueError("has a ? or a # in it; write it like https://gpu-bot.example.com")
    if parts.scheme.lower() != "https" and not is_this_machine(url):
        raise ValueError(
            "is not https://: what instances report would travel in the open, and Slack calls nothing else; "
            "put a proxy with a certificate in front, and write https://…"
        )
    return url


def is_this_machine(url: str) -> bool:
    """Whether an address leads no further than to where it is used, as the sandbox's does."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def check_redis_url(secret: SecretStr) -> SecretStr:
    url = secret.get_secret_value()
    if not (is_address(url, {"redis", "rediss"}) or (url.startswith("unix://") and urlsplit(url).path)):
        raise ValueError("is not a Redis address; write redis://HOST:6379/0, rediss://… or unix:///PATH")
    return secret


def _check_key(secret: SecretStr) -> SecretStr:
    """A key travels in an HTTP header, so a stray blank or quote mark from copying would fail much later."""
    if not _KEY.fullmatch(secret.get_secret_value()):
        raise ValueError("contains a blank or a character that no key has; copy it again")
    return secret


def belongs_in(variable: str) -> AfterValidator:
    """Refuses what is another variable's, and says whose."""

    def check(secret: SecretStr) -> SecretStr:
        value = secret.get_secret_value().lower()
        begins = next((begins for begins in _OWNERS if value.startswith(begins)), "")
        what, owner = _OWNERS.get(begins, ("", variable))
        if owner != variable:
            raise ValueError(f"is {what}, which belongs in {owner}; {_WHERE[variable]}")
        return secret

    return AfterValidator(check)


_WHERE = {
    "SLACK_BOT_TOKEN": "copy the Bot User OAuth Token (xoxb-…; OAuth & Permissions of the Slack app) here",
    "SLACK_APP_TOKEN": "copy the App-Level Token (xapp-…; Basic Information of the Slack app) here",
    "SLACK_SIGNING_SECRET": "copy the Signing Secret (Basic Information of the Slack app) here",
    "NOVITA_API_KEY": "copy a key from Novita's console here",
}
"""What belongs in each, and where it is found."""


def starting_with(prefix: str, variable: str) -> AfterValidator:
    def check(secret: SecretStr) -> SecretStr:
        if secret.get_secret_value() and not secret.get_secret_value().startswith(prefix):
            raise ValueError(f"does not start with {prefix}; {_WHERE[variable]}")
        return secret

    return AfterValidator(check)


def at_least(length: int, cure: str) -> AfterValidator:
    def check(secret: SecretStr) -> SecretStr:
        if len(secret.get_secret_value()) < length:
            raise ValueError(f"is shorter than {length} characters; {cure}")
        return secret

    return AfterValidator(check)


def slack_ids(letters: str, example: str) -> AfterValidator:
    pattern = re.compile(f"[{letters}][A-Z0-9]+")

    def check(ids: tuple[str, ...]) -> tuple[str, ...]:
        for value in ids:
            if not pattern.fullmatch(value):
                raise ValueError(f"{value!r} is not a Slack id such as {example}; names do not work here")
        return ids

    return AfterValidator(check)


def default_data_dir() -> Path:
    """`HOMELESS` where this user has no home, such as one in a container whom no list knows."""
    try:
        return platformdirs.user_data_path("gpu-bot", appauthor=False)
    except RuntimeError:
        return HOMELESS


def folder(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except (RuntimeError, OSError) as error:
        raise ValueError("cannot be found from here; write it whole, like /var/lib/gpu-bot") from error


Key = Annotated[SecretStr, AfterValidator(_check_key)]
WebAddress = Annotated[str, AfterValidator(_check_web_address)]
HostRoot = Annotated[WebAddress, AfterValidator(_check_host_only), AfterValidator(lambda url: url.rstrip("/"))]
PublicAddress = Annotated[WebAddress, AfterValidator(_check_public_url), AfterValidator(lambda url: url.rstrip("/"))]
Port = Annotated[int, BeforeValidator(_port)]
Lease = Annotated[timedelta | None, BeforeValidator(_duration)]
Period = Annotated[timedelta, BeforeValidator(_seconds)]
CommaList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_list)]
