"""Reads the settings from the environment and from `.env` in the working directory, and refuses wrong ones.

The variables are those of the README's table. A variable that is empty or blank counts as not set. Messages name the
variable and what to do; they repeat a value only where it cannot be a secret.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.adapters.settings.values import (
    REGION_PRIORITY,
    CommaList,
    HostRoot,
    Key,
    Lease,
    Period,
    Port,
    PublicAddress,
    WebAddress,
    at_least,
    bare,
    belongs_in,
    check_redis_url,
    default_data_dir,
    folder,
    known_log_level,
    lower,
    one_of,
    slack_ids,
    starting_with,
    truth,
    upper,
)

FILE = ".env"
_SHORTEST_TOKEN, _SHORTEST_SECRET = 24, 16
"""Characters. What is shorter can be found by trying."""


class Settings(BaseSettings):
    """Every setting, checked one by one; `load`, `for_web` and `for_worker` also check them together.

    `slack_bot_token` and `novita_api_key` are empty only where neither is needed (the sandbox, the manifest).
    """

    model_config = SettingsConfigDict(
        alias_generator=str.upper,
        populate_by_name=True,
        case_sensitive=True,
        env_file=FILE,
        env_file_encoding="utf-8-sig",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    slack_bot_token: Annotated[Key, belongs_in("SLACK_BOT_TOKEN"), starting_with("xoxb-", "SLACK_BOT_TOKEN")] = (
        SecretStr("")
    )
    slack_signing_secret: (
        Annotated[
            Key,
            belongs_in("SLACK_SIGNING_SECRET"),
            at_least(_SHORTEST_SECRET, "copy the whole one (Basic Information of the Slack app)"),
        ]
        | None
    ) = None
    slack_app_token: Annotated[Key, belongs_in("SLACK_APP_TOKEN"), starting_with("xapp-", "SLACK_APP_TOKEN")] | None = (
        None
    )
    slack_api_url: Annotated[WebAddress, AfterValidator(lambda url: url.rstrip("/") + "/")] = "https://slack.com/api/"
    """Ends with a slash, because method names are joined to it."""
    novita_api_key: Annotated[Key, belongs_in("NOVITA_API_KEY")] = SecretStr("")
    novita_api_url: HostRoot = "https://api.novita.ai"
    redis_url: Annotated[SecretStr, AfterValidator(check_redis_url)] | None = None
    """A secret, because it may hold a password. None: the embedded server."""
    data_dir: Annotated[Path, AfterValidator(folder)] = Field(default_factory=default_data_dir)
    host: str = "0.0.0.0"  # noqa: S104  a bot behind a proxy or in a container is reached from outside
    port: Port = 3000
    """0 lets the system choose."""
    metrics_port: Port | None = None
    """Where a worker, which has no other port, serves health and metrics; None: nowhere."""
    public_url: PublicAddress | None = None
    region_priority: Annotated[CommaList, BeforeValidator(upper)] = REGION_PRIORITY
    default_region: Annotated[str, BeforeValidator(upper)] | None = None
    default_lease: Lease = timedelta(hours=8)
    max_lease: Lease = timedelta(hours=72)
    admins: Annotated[CommaList, slack_ids("UW", "U012AB3CD")] = ()
    allowed_channels: Annotated[CommaList, slack_ids("CGD", "C012AB3CD")] = ()
    api_token: (
        Annotated[
            Key,
            at_least(
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
            at_least(_SHORTEST_SECRET, "make a new one with openssl rand -hex 32, for the receiver too"),
        ]
        | None
    ) = None
    webhook_allow_private: Annotated[bool, BeforeValidator(truth)] = False
    """Lets webhooks go to http:// and to private addresses."""
    observe_interval: Period = timedelta(seconds=10)
    catalog_ttl: Period = timedelta(seconds=30)
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        one_of("debug", "info", "warning", "error"),
        BeforeValidator(known_log_level),
    ] = "info"
    log_format: Annotated[Literal["json", "console"] | None, one_of("json", "console"), BeforeValidator(lower)] = None
    """None: console on a terminal, JSON elsewhere."""

    @model_validator(mode="before")
    @classmethod
    def _strip_blanks(cls, raw: dict[str, Any]) -> dict[str, Any]:
        stripped = {name: bare(value) if isinstance(value, str) else value for name, value in raw.items()}
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
