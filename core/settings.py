"""Reads the settings from the environment and from `.env` in the working directory, and refuses wrong ones.

The variables are those of design.md 6. A variable that is empty or blank counts as not set. Messages name the
variable and what to do; they repeat a value only where it cannot be a secret.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.addresses import is_address
from core.errors import SettingsError

REGION_PRIORITY = ("AS-SGP-02", "CN-HK-01", "OC-AU-01", "US-CA-06", "AS-IN-01")

_DURATION = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?")
_LOG_LEVELS = {"warn": "warning", "err": "error", "fatal": "error", "critical": "error", "trace": "debug"}
_KEY = re.compile(r"[\x21\x23-\x26\x28-\x5f\x61-\x7e]*")
"""What is printed, without quotes."""
_INVISIBLE = string.whitespace + "\u00a0\u200b\u200c\u200d\u2060\ufeff\0"
_QUOTES = frozenset({'""', "''", "“”", "‘’", "„“", "«»", "``"})
_HOMELESS = Path("/nonexistent/gpu-bot")
_LONGEST_DURATION = timedelta(days=3650)
_SHORTEST_PERIOD, _LONGEST_PERIOD = timedelta(milliseconds=1), timedelta(days=1)


def _duration(value: object) -> object:
    """`8h`, `90m`, `1d`, `1d12h` or `none`; anything that is not text passes through."""
    if not isinstance(value, str):
        return value
    text = value.lower()
    if text == "none":
        return None
    found = _DURATION.fullmatch(text)
    days, hours, minutes = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    length = timedelta(days=days, hours=hours, minutes=minutes)
    if not length:
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


def _bare(text: str) -> str:
    """Without what can only be a mistake: blanks, what is not seen, and the quotes that `docker --env-file` keeps."""
    text = text.strip(_INVISIBLE)
    while len(text) > 1 and text[0] + text[-1] in _QUOTES:
        text = text[1:-1].strip(_INVISIBLE)
    return text


def _comma_list(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _log_level(value: object) -> object:
    """In any case, and also by the names that other programs use."""
    level = _lower(value)
    return _LOG_LEVELS.get(level, level) if isinstance(level, str) else level


def _check_web_address(url: str) -> str:
    if not is_address(url, {"http", "https"}) or re.search(r"\s", url):
        raise ValueError("is not a web address; write it whole, like https://example.com")
    return url


def _check_redis_url(secret: SecretStr) -> SecretStr:
    url = secret.get_secret_value()
    if not (is_address(url, {"redis", "rediss"}) or (url.startswith("unix://") and urlsplit(url).path)):
        raise ValueError("is not a Redis address; write redis://HOST:6379/0, rediss://… or unix:///PATH")
    return secret


def _check_key(secret: SecretStr) -> SecretStr:
    """A key travels in an HTTP header, so a stray blank or quote mark from copying would fail much later."""
    if not _KEY.fullmatch(secret.get_secret_value()):
        raise ValueError("contains a blank or a character that no key has; copy it again")
    return secret


def _starting_with(prefix: str, name: str) -> AfterValidator:
    def check(secret: SecretStr) -> SecretStr:
        if secret.get_secret_value() and not secret.get_secret_value().startswith(prefix):
            raise ValueError(f"does not start with {prefix}; copy the {name} from the Slack app's settings")
        return secret

    return AfterValidator(check)


def _slack_ids(letters: str, example: str) -> AfterValidator:
    pattern = re.compile(f"[{letters}][A-Z0-9]+")

    def check(ids: tuple[str, ...]) -> tuple[str, ...]:
        for value in ids:
            if not pattern.fullmatch(value):
                raise ValueError(f"{value!r} is not a Slack id such as {example}; names do not work here")
        return ids

    return AfterValidator(check)


def _signing_secret(secret: SecretStr) -> SecretStr:
    if re.match("xox|xapp-", secret.get_secret_value()):
        raise ValueError("is a token; copy the Signing Secret (Basic Information of the Slack app)")
    return secret


def _data_dir() -> Path:
    """`_HOMELESS` where this user has no home, such as one in a container whom no list knows."""
    try:
        return platformdirs.user_data_path("gpu-bot", appauthor=False)
    except RuntimeError:
        return _HOMELESS


def _folder(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except (RuntimeError, OSError) as error:
        raise ValueError("cannot be found from here; write it whole, like /var/lib/gpu-bot") from error


Key = Annotated[SecretStr, AfterValidator(_check_key)]
WebAddress = Annotated[str, AfterValidator(_check_web_address)]
HostRoot = Annotated[WebAddress, AfterValidator(lambda url: url.rstrip("/"))]
Lease = Annotated[timedelta | None, BeforeValidator(_duration)]
Period = Annotated[timedelta, BeforeValidator(_seconds)]
CommaList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_list)]


class Settings(BaseSettings):
    """Every setting, checked one by one; `load`, `for_web` and `for_worker` also check them together.

    `slack_bot_token` and `novita_api_key` are empty only where neither is needed (the sandbox, the manifest).
    """

    model_config = SettingsConfigDict(
        alias_generator=str.upper,
        populate_by_name=True,
        case_sensitive=True,
        env_file=".env",
        env_file_encoding="utf-8-sig",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    slack_bot_token: Annotated[Key, _starting_with("xoxb-", "Bot User OAuth Token")] = SecretStr("")
    slack_signing_secret: Annotated[Key, AfterValidator(_signing_secret)] | None = None
    slack_app_token: Annotated[Key, _starting_with("xapp-", "App-Level Token")] | None = None
    slack_api_url: Annotated[WebAddress, AfterValidator(lambda url: url.rstrip("/") + "/")] = "https://slack.com/api/"
    """Ends with a slash, because method names are joined to it."""
    novita_api_key: Key = SecretStr("")
    novita_api_url: HostRoot = "https://api.novita.ai"
    redis_url: Annotated[SecretStr, AfterValidator(_check_redis_url)] | None = None
    """A secret, because it may hold a password. None: the embedded server."""
    data_dir: Annotated[Path, AfterValidator(_folder)] = Field(default_factory=_data_dir)
    host: str = "0.0.0.0"  # noqa: S104  a bot behind a proxy or in a container is reached from outside
    port: int = Field(default=3000, ge=0, le=65535)
    """0 lets the system choose."""
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Where a worker, which has no other port, serves health and metrics; None: nowhere."""
    public_url: HostRoot | None = None
    region_priority: CommaList = REGION_PRIORITY
    default_region: str | None = None
    default_lease: Lease = timedelta(hours=8)
    max_lease: Lease = timedelta(hours=72)
    admins: Annotated[CommaList, _slack_ids("UW", "U012AB3CD")] = ()
    allowed_channels: Annotated[CommaList, _slack_ids("CGD", "C012AB3CD")] = ()
    api_token: Key | None = None
    webhook_url: Annotated[WebAddress | None, Field(repr=False)] = None
    """Not shown: the path of a webhook is often its only secret."""
    webhook_secret: SecretStr | None = None
    webhook_allow_private: bool = False
    """Lets webhooks go to http:// and to private addresses."""
    observe_interval: Period = timedelta(seconds=10)
    catalog_ttl: Period = timedelta(seconds=30)
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_log_level)] = "info"
    log_format: Annotated[Literal["json", "console"] | None, BeforeValidator(_lower)] = None
    """None: console on a terminal, JSON elsewhere."""

    @model_validator(mode="before")
    @classmethod
    def _strip_blanks(cls, raw: dict[str, Any]) -> dict[str, Any]:
        stripped = {name: _bare(value) if isinstance(value, str) else value for name, value in raw.items()}
        return {name: value for name, value in stripped.items() if value != ""}

    @property
    def uses_socket_mode(self) -> bool:
        return self.slack_app_token is not None

    def secrets(self) -> tuple[str, ...]:
        """Every secret value that is set, for the log's mask."""
        fields = (getattr(self, name) for name in type(self).model_fields)
        values = [field.get_secret_value() for field in fields if isinstance(field, SecretStr)]
        if self.redis_url:
            values.append(unquote(urlsplit(self.redis_url.get_secret_value()).password or ""))
        return tuple(value for value in (*values, self.webhook_url) if value)


Problems = dict[str, str]
"""Variable name -> the one line about it, without the name."""


def load() -> Settings:
    """The settings, with no account needed. Raises SettingsError with one line per problem."""
    return _load(lambda settings: {})


def for_web() -> Settings:
    """The settings of a process that answers Slack. Raises SettingsError with one line per problem."""
    return _load(lambda settings: _account_problems(settings) | _slack_delivery_problems(settings))


def for_worker() -> Settings:
    """The settings of a background process. Raises SettingsError with one line per problem."""
    return _load(_account_problems)


def examine() -> tuple[Settings, Problems]:
    """For the doctor: the settings as far as they are right, with defaults for the rest, and each problem."""
    try:
        settings, problems = _read()
    except SettingsError as error:
        settings, problems = _read(_env_file=None)
        name, _, text = str(error).partition(": ")
        problems |= {name: text}
    needed = _account_problems(settings) | _slack_delivery_problems(settings)
    return settings, needed | _joint_problems(settings, problems)


def _load(check: Callable[[Settings], Problems]) -> Settings:
    settings, problems = _read()
    problems = check(settings) | _joint_problems(settings, problems)
    if problems:
        raise SettingsError("\n".join(f"{name}: {text}" for name, text in sorted(problems.items())))
    return settings


def _read(**source: Any) -> tuple[Settings, Problems]:
    """The settings, with defaults in place of wrong ones, so that one run tells about all that is wrong."""
    try:
        return Settings(**source), {}
    except ValidationError as error:
        problems = {str(found["loc"][0]): _sentence(dict(found)) for found in error.errors()}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f".env: cannot be read as UTF-8 text ({type(error).__name__})") from None
    return Settings(**source, **{name: _default(name) for name in problems}), problems


def _default(name: str) -> Any:
    return Settings.model_fields[name.lower()].get_default(call_default_factory=True)


def _sentence(found: dict[str, Any]) -> str:
    """Our own words come as ValueError; pydantic's start with a capital and never hold the input."""
    error = found.get("ctx", {}).get("error")
    return str(error) if isinstance(error, ValueError) else str(found["msg"]).replace("Input should be", "needs to be")


def _joint_problems(settings: Settings, found: Problems) -> Problems:
    """What is wrong with settings beside each other, and what was `found` wrong with each of them."""
    return _home_problems(settings) | _lease_problems(settings, found) | _webhook_problems(settings) | found


def _home_problems(settings: Settings) -> Problems:
    if settings.redis_url or settings.data_dir != _HOMELESS:
        return {}
    return {"DATA_DIR": "not set, and this user has no home folder; set it to one to write in, or set REDIS_URL"}


def _account_problems(settings: Settings) -> Problems:
    problems: Problems = {}
    if not settings.slack_bot_token:
        problems |= {"SLACK_BOT_TOKEN": "not set; it is the Bot User OAuth Token (xoxb-…) of the Slack app"}
    if not settings.novita_api_key:
        problems |= {"NOVITA_API_KEY": "not set; make a key in Novita's console"}
    return problems


def _slack_delivery_problems(settings: Settings) -> Problems:
    if settings.uses_socket_mode or settings.slack_signing_secret:
        return {}
    hint = "set it (Basic Information of the Slack app), or set SLACK_APP_TOKEN to use Socket Mode"
    return {"SLACK_SIGNING_SECRET": f"not set, and without it anybody could pose as Slack; {hint}"}


def _webhook_problems(settings: Settings) -> Problems:
    if settings.webhook_allow_private or (settings.webhook_url or "https:").lower().startswith("https:"):
        return {}
    return {"WEBHOOK_URL": "is not https://; use https, or set WEBHOOK_ALLOW_PRIVATE=true for a network of your own"}


def _lease_problems(settings: Settings, found: Problems) -> Problems:
    longest, usual = settings.max_lease, settings.default_lease
    if longest is None or found.keys() & {"DEFAULT_LEASE", "MAX_LEASE"}:
        return {}
    if usual is None:
        return {"DEFAULT_LEASE": "is none while MAX_LEASE has an end; set a duration, or MAX_LEASE=none"}
    if usual > longest:
        return {"DEFAULT_LEASE": "is longer than MAX_LEASE; shorten it, or raise MAX_LEASE"}
    return {}
