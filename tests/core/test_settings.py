"""Settings: what is read, what is refused, and that a refusal never shows a secret."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.adapters import settings
from core.adapters.settings import Settings
from core.domain.errors import SettingsError

ACCOUNT = {"SLACK_BOT_TOKEN": "xoxb-1", "NOVITA_API_KEY": "sk_1"}
DESIGN = {
    *("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN", "SLACK_API_URL", "NOVITA_API_KEY"),
    *("NOVITA_API_URL", "REDIS_URL", "DATA_DIR", "HOST", "PORT", "PUBLIC_URL", "REGION_PRIORITY", "DEFAULT_REGION"),
    "METRICS_PORT",
    *(
        "DEFAULT_LEASE",
        "MAX_LEASE",
        "ADMINS",
        "ALLOWED_CHANNELS",
        "API_TOKEN",
        "WEBHOOK_URL",
        "WEBHOOK_SECRET",
        "WEBHOOK_ALLOW_PRIVATE",
    ),
    *("OBSERVE_INTERVAL", "CATALOG_TTL", "LOG_LEVEL", "LOG_FORMAT"),
}

Environment = pytest.MonkeyPatch


def given_environment(environment: Environment, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        environment.setenv(name, value)


def complaint(read: Callable[[], Settings]) -> str:
    with pytest.raises(SettingsError) as caught:
        read()
    return str(caught.value)


def test_every_variable_of_the_contract_is_a_setting_and_in_the_example_file() -> None:
    example = Path(__file__).parents[2].joinpath(".env.example").read_text()
    named = {line.lstrip("# ").split("=")[0] for line in example.splitlines() if "=" in line}
    assert {name.upper() for name in Settings.model_fields} == DESIGN
    assert named >= DESIGN


def test_the_defaults_are_those_of_the_contract(clean_environment: Environment) -> None:
    found = settings.load()
    assert found.slack_api_url == "https://slack.com/api/"
    assert found.novita_api_url == "https://api.novita.ai"
    assert (found.host, found.port) == ("0.0.0.0", 3000)  # noqa: S104
    assert found.region_priority[:2] == ("AS-SGP-02", "CN-HK-01")
    assert found.region_priority[2:] == ("OC-AU-01", "US-CA-06", "AS-IN-01")
    assert (found.default_lease, found.max_lease) == (timedelta(hours=8), timedelta(hours=72))
    assert (found.observe_interval, found.catalog_ttl) == (timedelta(seconds=10), timedelta(seconds=30))
    assert (found.admins, found.allowed_channels, found.redis_url, found.api_token) == ((), (), None, None)
    assert (found.log_level, found.log_format) == ("info", None)
    assert found.data_dir.name == "gpu-bot"


def test_the_example_file_starts_nothing_but_breaks_nothing(clean_environment: Environment) -> None:
    Path(".env").write_text(Path(__file__).parents[2].joinpath(".env.example").read_text())
    assert settings.load() == Settings()
    assert settings.load().public_url is None


def test_a_file_in_the_working_directory_is_read_and_the_environment_wins(clean_environment: Environment) -> None:
    Path(".env").write_text("PORT=1\nHOST=127.0.0.1\nSOMETHING_ELSE=1\n")
    clean_environment.setenv("PORT", "2")
    assert (settings.load().host, settings.load().port) == ("127.0.0.1", 2)


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_a_blank_variable_counts_as_not_set(clean_environment: Environment, blank: str) -> None:
    given_environment(clean_environment, dict.fromkeys(DESIGN, blank))
    assert settings.load() == Settings.model_construct(**Settings().model_dump())
    assert settings.load().api_token is None


def test_blanks_around_a_value_are_dropped(clean_environment: Environment) -> None:
    given_environment(clean_environment, {"SLACK_BOT_TOKEN": " xoxb-1\n", "ADMINS": " U1 ,U2,, U1,"})
    assert settings.load().slack_bot_token.get_secret_value() == "xoxb-1"
    assert settings.load().admins == ("U1", "U2")


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("8h", timedelta(hours=8)),
        ("90m", timedelta(minutes=90)),
        ("1d", timedelta(days=1)),
        ("1D12H", timedelta(hours=36)),
        ("none", None),
    ],
)
def test_a_lease_is_written_as_people_say_it(
    clean_environment: Environment, text: str, length: timedelta | None
) -> None:
    given_environment(clean_environment, {"DEFAULT_LEASE": text, "MAX_LEASE": "none"})
    assert settings.load().default_lease == length


@pytest.mark.parametrize("text", ["8", "8 h", "0h", "-1h", "h", "8h30s", "forever", "99999999999d"])
def test_a_lease_that_is_no_duration_is_refused(clean_environment: Environment, text: str) -> None:
    clean_environment.setenv("MAX_LEASE", text)
    assert complaint(settings.load).startswith(f"MAX_LEASE: {text!r} is not a duration")


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1e300", "soon"])
def test_a_period_is_a_positive_number_of_seconds(clean_environment: Environment, text: str) -> None:
    clean_environment.setenv("OBSERVE_INTERVAL", text)
    assert complaint(settings.load).startswith("OBSERVE_INTERVAL: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "70000"),
        ("PORT", "http"),
        ("NOVITA_API_URL", "api.novita.ai"),
        ("PUBLIC_URL", "ftp://example.com"),
        ("PUBLIC_URL", "https://"),
        ("WEBHOOK_URL", "https://example.com:port/"),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "unix://"),
        ("ADMINS", "@ada"),
        ("ADMINS", "C012AB3CD"),
        ("ALLOWED_CHANNELS", "#gpu"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("SLACK_BOT_TOKEN", "xapp-1"),
        ("SLACK_APP_TOKEN", "xoxb-1"),
        ("NOVITA_API_KEY", "two words"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_variable(
    clean_environment: Environment, name: str, value: str
) -> None:
    clean_environment.setenv(name, value)
    text = complaint(settings.load)
    assert text.startswith(f"{name}: ")
    assert "\n" not in text


@pytest.mark.parametrize("url", ["redis://h", "rediss://u:p@h:1/2", "unix:///run/redis.sock"])
def test_every_kind_of_redis_address_is_taken(clean_environment: Environment, url: str) -> None:
    clean_environment.setenv("REDIS_URL", url)
    redis_url = settings.load().redis_url
    assert redis_url and redis_url.get_secret_value() == url


def test_addresses_end_as_their_users_need_them(clean_environment: Environment) -> None:
    given_environment(
        clean_environment,
        {"SLACK_API_URL": "http://127.0.0.1:1/api", "NOVITA_API_URL": "http://h/", "PUBLIC_URL": "https://bot/"},
    )
    found = settings.load()
    assert (found.slack_api_url, found.novita_api_url, found.public_url) == (
        "http://127.0.0.1:1/api/",
        "http://h",
        "https://bot",
    )


def test_all_problems_are_told_at_once_one_line_each(clean_environment: Environment) -> None:
    given_environment(clean_environment, {"PORT": "x", "MAX_LEASE": "x"})
    names = [line.split(":")[0] for line in complaint(settings.for_web).splitlines()]
    assert names == ["MAX_LEASE", "NOVITA_API_KEY", "PORT", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"]


def test_a_worker_needs_the_account_but_no_way_for_slack_to_reach_it(clean_environment: Environment) -> None:
    assert [line.split(":")[0] for line in complaint(settings.for_worker).splitlines()] == sorted(ACCOUNT)
    given_environment(clean_environment, ACCOUNT)
    assert settings.for_worker().novita_api_key


def test_over_http_the_bot_refuses_to_start_without_the_signing_secret(clean_environment: Environment) -> None:
    given_environment(clean_environment, ACCOUNT)
    assert complaint(settings.for_web).startswith("SLACK_SIGNING_SECRET: not set")
    clean_environment.setenv("SLACK_SIGNING_SECRET", "s" * 16)
    assert not settings.for_web().uses_socket_mode


def test_socket_mode_needs_no_signing_secret(clean_environment: Environment) -> None:
    given_environment(clean_environment, ACCOUNT | {"SLACK_APP_TOKEN": "xapp-1"})
    assert settings.for_web().uses_socket_mode


@pytest.mark.parametrize(
    ("default", "longest", "starts"),
    [("8h", "8h", True), ("9h", "8h", False), ("none", "8h", False), ("none", "none", True), ("1d", "none", True)],
)
def test_the_usual_lease_is_never_longer_than_the_longest(
    clean_environment: Environment, default: str, longest: str, starts: bool
) -> None:
    given_environment(clean_environment, {"DEFAULT_LEASE": default, "MAX_LEASE": longest})
    if starts:
        assert settings.load()
    else:
        assert complaint(settings.load).startswith("DEFAULT_LEASE: ")


def test_settings_show_no_secret_and_list_all_of_them_for_the_log(clean_environment: Environment) -> None:
    values = {
        "SLACK_BOT_TOKEN": "xoxb-hidden1",
        "SLACK_SIGNING_SECRET": "hidden2-and-long",
        "SLACK_APP_TOKEN": "xapp-hidden3",
        "NOVITA_API_KEY": "sk_hidden4",
        "API_TOKEN": "hidden5-and-longer-by-far",
        "WEBHOOK_SECRET": "hidden6-and-long",
        "WEBHOOK_URL": "https://example.com/hidden7",
        "REDIS_URL": "redis://:hidden%40@host/0",
    }
    given_environment(clean_environment, values)
    found = settings.load()
    assert "hidden" not in f"{found!r} {found}"
    assert set(found.secrets()) == {*values.values(), "hidden@"}


SECRETS = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "NOVITA_API_KEY", "API_TOKEN", "REDIS_URL", "WEBHOOK_URL")


@given(secret=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=8), name=st.sampled_from(SECRETS))
def test_a_refused_secret_is_never_repeated(secret: str, name: str) -> None:
    secret = f"{secret} {secret}\u00e9#hidden"
    with pytest.raises(ValidationError) as raised:
        Settings.model_validate({name: secret})
    assert "hidden" not in str(raised.value)


def test_a_refused_secret_is_not_in_the_message(clean_environment: Environment) -> None:
    given_environment(clean_environment, dict.fromkeys(SECRETS, "hidden value \u00e9"))
    assert "hidden" not in complaint(settings.for_web)


def test_a_file_that_is_not_text_is_one_clear_line(clean_environment: Environment) -> None:
    Path(".env").write_bytes(b"PORT=\xff\xfe\n")
    assert complaint(settings.load).startswith(".env: cannot be read")


@pytest.mark.parametrize(
    ("written", "level"),
    [("warn", "warning"), ("WARN", "warning"), ("Warning", "warning"), ("CRITICAL", "error"), ("DEBUG", "debug")],
)
def test_a_log_level_goes_by_the_names_that_other_programs_use(
    clean_environment: Environment, written: str, level: str
) -> None:
    clean_environment.setenv("LOG_LEVEL", written)
    assert settings.load().log_level == level


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "http", "'http' is no port; write a number from 0 to 65535"),
        ("PORT", "65536", "'65536' is no port; write a number from 0 to 65535"),
        ("METRICS_PORT", "-1", "'-1' is no port; write a number from 0 to 65535"),
        ("WEBHOOK_ALLOW_PRIVATE", "maybe", "'maybe' is neither; write true or false"),
        ("LOG_LEVEL", "loud", "'loud' is not known here; write debug or info or warning or error"),
        ("LOG_FORMAT", "xml", "'xml' is not known here; write json or console"),
        ("NOVITA_API_URL", "https://api.novita.ai/v3/openai", "is more than a host; write only https://api.novita.ai"),
        ("NOVITA_API_URL", "https://api.novita.ai?a=b", "is more than a host; write only https://api.novita.ai"),
        ("PUBLIC_URL", "http://foo", "is not https://: "),
        ("PUBLIC_URL", "http://10.0.0.1:3000", "is not https://: "),
        ("PUBLIC_URL", "https://foo/x?a=b", "has a ? or a # in it"),
        ("API_TOKEN", "abc", "is shorter than 24 characters; it opens everything"),
        ("API_TOKEN", "a" * 23, "is shorter than 24 characters; it opens everything"),
        ("WEBHOOK_SECRET", "a" * 15, "is shorter than 16 characters; make a new one"),
        ("SLACK_SIGNING_SECRET", "a" * 15, "is shorter than 16 characters; copy the whole one"),
        ("SLACK_BOT_TOKEN", "xapp-1-A", "is the App-Level Token, which belongs in SLACK_APP_TOKEN; copy the Bot User"),
        ("SLACK_BOT_TOKEN", "xoxp-1", "is a token of another kind, which belongs in no setting; copy the Bot User"),
        ("SLACK_BOT_TOKEN", "sk_1", "is a key of Novita's, which belongs in NOVITA_API_KEY; copy the Bot User"),
        ("SLACK_BOT_TOKEN", "foo", "does not start with xoxb-; copy the Bot User OAuth Token"),
        (
            "SLACK_APP_TOKEN",
            "xoxb-1",
            "is the Bot User OAuth Token, which belongs in SLACK_BOT_TOKEN; copy the App-Lev",
        ),
        ("SLACK_APP_TOKEN", "foo", "does not start with xapp-; copy the App-Level Token"),
        (
            "SLACK_SIGNING_SECRET",
            "xoxb-1",
            "is the Bot User OAuth Token, which belongs in SLACK_BOT_TOKEN; copy the Si",
        ),
        ("NOVITA_API_KEY", "xapp-1", "is the App-Level Token, which belongs in SLACK_APP_TOKEN; copy a key from"),
    ],
)
def test_a_wrong_value_is_told_with_its_cure_in_words_of_our_own(
    clean_environment: Environment, name: str, value: str, said: str
) -> None:
    clean_environment.setenv(name, value)
    text = complaint(settings.load)
    assert text.startswith(f"{name}: {said}")
    assert "\n" not in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_TOKEN", "a" * 24),
        ("WEBHOOK_SECRET", "a" * 16),
        ("SLACK_SIGNING_SECRET", "a" * 16),
        ("PORT", "0"),
        ("PORT", "65535"),
        ("NOVITA_API_URL", "https://api.novita.ai/"),
        ("NOVITA_API_URL", "http://127.0.0.1:9"),
        ("PUBLIC_URL", "https://example.com/behind/a/proxy"),
        ("PUBLIC_URL", "http://127.0.0.1:3000"),
        ("PUBLIC_URL", "http://localhost:3000"),
        ("WEBHOOK_ALLOW_PRIVATE", "Yes"),
    ],
)
def test_what_is_just_right_is_taken(clean_environment: Environment, name: str, value: str) -> None:
    clean_environment.setenv(name, value)
    assert settings.load()


def test_a_wrong_app_token_does_not_claim_that_the_signing_secret_is_missing(clean_environment: Environment) -> None:
    given_environment(clean_environment, ACCOUNT | {"SLACK_APP_TOKEN": "xoxb-1"})
    assert [line.partition(":")[0] for line in complaint(settings.for_web).splitlines()] == ["SLACK_APP_TOKEN"]
    assert settings.examine()[1].keys() == {"SLACK_APP_TOKEN"}


def test_whoever_has_set_neither_way_in_is_told_of_both(clean_environment: Environment) -> None:
    given_environment(clean_environment, ACCOUNT)
    assert complaint(settings.for_web).startswith("SLACK_SIGNING_SECRET: not set, and neither is SLACK_APP_TOKEN; ")


@pytest.mark.parametrize(
    ("variables", "strange"),
    [
        ({}, {}),
        ({"DEFAULT_REGION": "as-sgp-02", "REGION_PRIORITY": "cn-hk-01"}, {}),
        ({"DEFAULT_REGION": "sgp"}, {"DEFAULT_REGION": ("SGP",)}),
        ({"REGION_PRIORITY": "AS-SGP-2,AS-SGP-02,SGP"}, {"REGION_PRIORITY": ("AS-SGP-2", "SGP")}),
        ({"REGION_PRIORITY": "X", "DEFAULT_REGION": "Y"}, {"DEFAULT_REGION": ("Y",), "REGION_PRIORITY": ("X",)}),
    ],
)
def test_regions_that_novita_does_not_list_are_known_by_their_variable(
    clean_environment: Environment, variables: dict[str, str], strange: dict[str, tuple[str, ...]]
) -> None:
    given_environment(clean_environment, variables)
    assert settings.unknown_regions(settings.load(), {"AS-SGP-02", "CN-HK-01"}) == strange


def test_the_priority_that_nobody_chose_is_nobodys_mistake(clean_environment: Environment) -> None:
    assert settings.unknown_regions(settings.load(), {"EU-DE-01"}) == {}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("sk_1", "sk_1"),
        ('"sk_1"', "sk_1"),
        ("'sk_1'", "sk_1"),
        ("\"'sk_1'\"", "sk_1"),
        ("“sk_1”", "sk_1"),
        ("`sk_1`", "sk_1"),
        ("\ufeffsk_1", "sk_1"),
        ('\ufeff"sk_1"\r\n', "sk_1"),
        ("sk_1\r", "sk_1"),
        (" sk_1\t", "sk_1"),
        ("\u00a0sk_1\u200b", "sk_1"),
        ('" sk_1 "', "sk_1"),
        ("sk_'1", "sk_'1"),
        ("'sk_1", "'sk_1"),
        ("'sk_1\"", "'sk_1\""),
        ('"', '"'),
        ('""', ""),
        ("' '", ""),
        ("", ""),
        ("a b", "a b"),
    ],
)
def test_what_can_only_be_a_mistake_around_a_value_is_taken_off(written: str, read: str) -> None:
    assert Settings.model_validate({"HOST": written}).host == (read or Settings.model_fields["host"].default)


def make_folder(file: Path) -> None:
    file.mkdir()


def make_hidden(file: Path) -> None:
    file.symlink_to(file)


@pytest.mark.parametrize(
    "make",
    [
        make_folder,
        make_hidden,
        lambda file: file.write_bytes("NOVITA_API_KEY=sk_1\n".encode("utf-16")),
        lambda file: file.write_bytes("NOVITA_API_KEY=sk_ä\n".encode("latin-1")),
    ],
)
@pytest.mark.parametrize("read", [settings.load, settings.for_web, settings.for_worker])
def test_a_file_that_cannot_be_read_is_one_clear_line(
    clean_environment: Environment, make: Callable[[Path], object], read: Callable[[], Settings]
) -> None:
    make(Path(".env"))
    said = complaint(read)
    assert said.startswith(".env: ")
    assert "\n" not in said
    assert "sk_" not in said
    assert ".env" in settings.examine()[1]


@pytest.mark.parametrize("text", ["\ufeffPORT=1\r\nHOST='::'\r\n", 'PORT="1"\nHOST=::\n', "export PORT=1\nHOST=“::”\n"])
def test_a_file_that_windows_or_a_shell_wrote_is_read(clean_environment: Environment, text: str) -> None:
    Path(".env").write_bytes(text.encode())
    found = settings.load()
    assert (found.port, found.host) == (1, "::")
