"""Reads the settings from the environment and from `.env` in the working directory, and refuses wrong ones.

The variables are those of the README's table. A variable that is empty or blank counts as not set. Messages name the
variable and what to do; they repeat a value only where it cannot be a secret.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Callable, Collection
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.addresses import is_address
from core.durations import read_duration
from core.errors import SettingsError

REGION_PRIORITY = ("AS-SGP-02", "CN-HK-01", "OC-AU-01", "US-CA-06", "AS-IN-01")

_TIGHT = re.compile(r"[0-9dhm]+", re.IGNORECASE)
"""How a duration is written here: without blanks, and not to the second."""
_LOG_LEVELS = {"warn": "warning", "err": "error", "fatal": "error", "critical": "error", "trace": "debug"}
_KEY = re.compile(r"[\x21\x23-\x26\x28-\x5f\x61-\x7e]*")
"""What is printed, without quotes."""
_INVISIBLE = string.whitespace + "\u00a0\u200b\u200c\u200d\u2060\ufeff\0"
_QUOTES = frozenset({'""', "''", "“”", "‘’", "„“", "«»", "``"})
_FILE = ".env"
_HOMELESS = Path("/nonexistent/gpu-bot")
_SHORTEST_TOKEN, _SHORTEST_SECRET = 24, 16
"""Characters. What is shorter can be found by trying."""
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


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _log_level(value: object) -> object:
    """In any case, and also by the names that other programs use."""
    level = _lower(value)
    return _LOG_LEVELS.get(level, level) if isinstance(level, str) else level


def _one_of(*choices: str) -> BeforeValidator:
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


def _truth(value: object) -> object:
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


def _belongs_in(variable: str) -> AfterValidator:
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


def _starting_with(prefix: str, variable: str) -> AfterValidator:
    def check(secret: SecretStr) -> SecretStr:
        if secret.get_secret_value() and not secret.get_secret_value().startswith(prefix):
            raise ValueError(f"does not start with {prefix}; {_WHERE[variable]}")
        return secret

    return AfterValidator(check)


def _at_least(length: int, cure: str) -> AfterValidator:
    def check(secret: SecretStr) -> SecretStr:
        if len(secret.get_secret_value()) < length:
            raise ValueError(f"is shorter than {length} characters; {cure}")
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
HostRoot = Annotated[WebAddress, AfterValidator(_check_host_only), AfterValidator(lambda url: url.rstrip("/"))]
PublicAddress = Annotated[WebAddress, AfterValidator(_check_public_url), AfterValidator(lambda url: url.rstrip("/"))]
Port = Annotated[int, BeforeValidator(_port)]
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
        env_file=_FILE,
        env_file_encoding="utf-8-sig",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    slack_bot_token: Annotated[Key, _belongs_in("SLACK_BOT_TOKEN"), _starting_with("xoxb-", "SLACK_BOT_TOKEN")] = (
        SecretStr("")
    )
    slack_signing_secret: (
        Annotated[
            Key,
            _belongs_in("SLACK_SIGNING_SECRET"),
            _at_least(_SHORTEST_SECRET, "copy the whole one (Basic Information of the Slack app)"),
        ]
        | None
    ) = None
    slack_app_token: (
        Annotated[Key, _belongs_in("SLACK_APP_TOKEN"), _starting_with("xapp-", "SLACK_APP_TOKEN")] | None
    ) = None
    slack_api_url: Annotated[WebAddress, AfterValidator(lambda url: url.rstrip("/") + "/")] = "https://slack.com/api/"
    """Ends with a slash, because method names are joined to it."""
    novita_api_key: Annotated[Key, _belongs_in("NOVITA_API_KEY")] = SecretStr("")
    novita_api_url: HostRoot = "https://api.novita.ai"
    redis_url: Annotated[SecretStr, AfterValidator(_check_redis_url)] | None = None
    """A secret, because it may hold a password. None: the embedded server."""
    data_dir: Annotated[Path, AfterValidator(_folder)] = Field(default_factory=_data_dir)
    host: str = "0.0.0.0"  # noqa: S104  a bot behind a proxy or in a container is reached from outside
    port: Port = 3000
    """0 lets the system choose."""
    metrics_port: Port | None = None
    """Where a worker, which has no other port, serves health and metrics; None: nowhere."""
    public_url: PublicAddress | None = None
    region_priority: Annotated[CommaList, BeforeValidator(_upper)] = REGION_PRIORITY
    default_region: Annotated[str, BeforeValidator(_upper)] | None = None
    default_lease: Lease = timedelta(hours=8)
    max_lease: Lease = timedelta(hours=72)
    admins: Annotated[CommaList, _slack_ids("UW", "U012AB3CD")] = ()
    allowed_channels: Annotated[CommaList, _slack_ids("CGD", "C012AB3CD")] = ()
    api_token: (
        Annotated[
            Key,
            _at_least(
                _SHORTEST_TOKEN,
                "it opens everything to whoever guesses it. Earlier versions took it: make a new one with "
                "openssl rand -hex 32, and give it to the programs that use it",
            ),
        ]
        | None
    ) = None
    webhook_url: Annotated[WebAddress | None, Field(repr=False)] = None
    """Not shown: the path of a webhook is often its only secret."""
    webhook_secret: (
        Annotated[
            SecretStr,
            _at_least(_SHORTEST_SECRET, "make a new one with openssl rand -hex 32, for the receiver too"),
        ]
        | None
    ) = None
    webhook_allow_private: Annotated[bool, BeforeValidator(_truth)] = False
    """Lets webhooks go to http:// and to private addresses."""
    observe_interval: Period = timedelta(seconds=10)
    catalog_ttl: Period = timedelta(seconds=30)
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        _one_of("debug", "info", "warning", "error"),
        BeforeValidator(_log_level),
    ] = "info"
    log_format: Annotated[Literal["json", "console"] | None, _one_of("json", "console"), BeforeValidator(_lower)] = None
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
    return _load(lambda settings, found: {})


def for_web() -> Settings:
    """The settings of a process that answers Slack. Raises SettingsError with one line per problem."""
    return _load(_web_problems)


def for_worker() -> Settings:
    """The settings of a background process. Raises SettingsError with one line per problem."""
    return _load(lambda settings, found: _account_problems(settings))


def examine() -> tuple[Settings, Problems]:
    """For the doctor: the settings as far as they are right, with defaults for the rest, and each problem."""
    try:
        settings, problems = _read()
    except SettingsError as error:
        settings, problems = _read(_env_file=None)
        name, _, text = str(error).partition(": ")
        problems |= {name: text}
    return settings, _web_problems(settings, problems) | _joint_problems(settings, problems)


def unknown_regions(settings: Settings, known: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Variable -> what it names although it is not `known`. The default of REGION_PRIORITY is nobody's mistake."""
    preferred = settings.default_region
    named: dict[str, tuple[str, ...]] = {"DEFAULT_REGION": (preferred,) if preferred else ()}
    if "region_priority" in settings.model_fields_set:
        named["REGION_PRIORITY"] = settings.region_priority
    strange = {variable: tuple(name for name in names if name not in known) for variable, names in named.items()}
    return {variable: names for variable, names in strange.items() if names}


def _load(check: Callable[[Settings, Problems], Problems]) -> Settings:
    settings, problems = _read()
    problems = check(settings, problems) | _joint_problems(settings, problems)
    if problems:
        raise SettingsError("\n".join(f"{name}: {text}" for name, text in sorted(problems.items())))
    return settings


def _read(**source: Any) -> tuple[Settings, Problems]:
    """The settings, with defaults in place of wrong ones, so that one run tells about all that is wrong."""
    if "_env_file" not in source:
        _refuse_what_is_no_file(Path(_FILE))
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


def _web_problems(settings: Settings, found: Problems) -> Problems:
    return _account_problems(settings) | _slack_delivery_problems(settings, found)


def _slack_delivery_problems(settings: Settings, found: Problems) -> Problems:
    """Whoever has set one of the two, though wrongly, does not lack the other."""
    if settings.uses_socket_mode or settings.slack_signing_secret or "SLACK_APP_TOKEN" in found:
        return {}
    return {
        "SLACK_SIGNING_SECRET": "not set, and neither is SLACK_APP_TOKEN; set that (xapp-…) for Socket Mode, "
        "or this one to be called over HTTP (both: Basic Information of the Slack app)"
    }


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
